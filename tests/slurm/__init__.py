"""The demo on a Slurm of one node: `make test-slurm`."""
