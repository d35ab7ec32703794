"""From a model to the raw videos and back: who made what of which content, verified."""
