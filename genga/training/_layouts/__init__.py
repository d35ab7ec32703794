"""Where a base's tensors stand in files, and its modules in a LoRA: one map for whoever reads and whoever writes."""
