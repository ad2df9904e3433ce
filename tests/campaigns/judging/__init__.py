"""What must hold of a session that was played, told by the exchange and the journal alone."""
