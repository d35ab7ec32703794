"""What the families that move have in common."""
