"""Many backtests side by side: a grid of settings or a search among them, each on the same seeds."""
