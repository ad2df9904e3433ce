"""A simulated month, and what grows in it."""
