"""Automated options volatility trading on Interactive Brokers."""
