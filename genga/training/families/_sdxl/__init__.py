"""Of family sdxl alone: its base in parts."""
