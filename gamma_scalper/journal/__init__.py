"""Everything that happened, append-only and chained, and the inbox for commands from outside."""
