"""Of family modelscope alone: its base in parts."""
