"""Of stage stills alone: a still as a file, and stitched ones."""
