"""What Stable Diffusion's families share: a base's files and the names in them, the vocabulary, windows of captions."""
