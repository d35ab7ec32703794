"""Of the samples alone."""
