"""Ways to reach a market: Interactive Brokers, and the simulated exchange without a wire."""
