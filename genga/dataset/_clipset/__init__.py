"""Of stage clipset alone: who is in a clip, its side of the split, its caption."""
