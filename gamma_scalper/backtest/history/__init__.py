"""Past quotes and bars on disk: a store by symbol and day, and how it is filled."""
