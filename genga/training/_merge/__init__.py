"""How checkpoints are merged: files a tensor at a time, names, blocks, arithmetic, LoRAs, and the header."""
