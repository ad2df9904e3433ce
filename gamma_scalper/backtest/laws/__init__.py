"""Thousands of simulated paths hedged at once by the bands and Greeks that trade, to be held against known laws."""
