"""Past or simulated markets through the very ring that trades."""
