"""A stand-in for a Kubernetes cluster, and the demo on it: `make test-kubernetes`."""
