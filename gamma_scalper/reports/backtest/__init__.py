"""What a backtest tells: its story as it was played, its figures, and the page a trader reads."""
