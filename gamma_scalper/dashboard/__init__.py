"""Its own process: reads the journal, writes to the inbox."""
