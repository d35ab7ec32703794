"""Of family sd15 alone: its base in parts, and the modules of it that a LoRA changes."""
