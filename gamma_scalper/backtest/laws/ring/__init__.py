"""The laws of hedging on whole backtests: the ring trades, and its cash is held against what theory says."""
