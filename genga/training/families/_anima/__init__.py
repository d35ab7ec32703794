"""Of family anima alone: its base in parts, and what these are called in the files of others."""
