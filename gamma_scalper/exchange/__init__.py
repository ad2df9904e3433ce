"""A market to trade against: matching, margin, lifecycle, generated or replayed quotes, faults."""
