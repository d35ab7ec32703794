"""What families of Stable Diffusion share: files of a base and the names in them, the vocabulary, windows of captions."""
