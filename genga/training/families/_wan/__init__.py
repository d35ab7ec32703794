"""Of family wan alone: its base in parts."""
