"""Of stage dedup alone: holds, drawings that return, in this episode and in others, flashes, camera moves."""
