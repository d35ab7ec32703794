"""Of the page of an episode alone."""
