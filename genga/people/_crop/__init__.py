"""Of stage crop alone: where people are cut out."""
