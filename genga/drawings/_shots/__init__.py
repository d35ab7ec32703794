"""Of stage shots alone: cuts, dissolves, camera moves."""
