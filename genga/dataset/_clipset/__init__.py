"""Of stage clipset alone: who is in a clip, what it repeats, its side of the split, its caption."""
