"""What a sweep tells: cells side by side, what chance alone would do, and the page a trader reads."""
