"""The TWS wire protocol, served over the exchange to any client on this machine."""
