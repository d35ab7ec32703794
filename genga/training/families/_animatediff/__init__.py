"""Of family animatediff alone: a motion module in an SD 1.x base."""
