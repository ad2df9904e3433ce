"""Interactive Brokers through ib_insync; nothing outside this folder names that library."""
