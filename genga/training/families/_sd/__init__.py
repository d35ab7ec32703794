"""What Stable Diffusion's families share: a base's files, its parts, the vocabulary, windows of captions."""
