"""Of the report of a run alone."""
