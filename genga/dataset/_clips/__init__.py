"""Of stage clips alone: what a clip takes out of a shot, how it moves, and what is on it."""
