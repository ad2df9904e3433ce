"""What a session earned and from what, for people."""
