"""What the trade is made of: instruments, quotes, Greeks, orders, fills, money, fees, sessions. Values, no flow."""
