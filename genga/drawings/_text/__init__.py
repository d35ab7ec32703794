"""Burnt-in text: found in frames, followed over time, left out of comparisons, measured in stills."""
