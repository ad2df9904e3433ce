"""Markets that are made up, by seed: prices, an implied surface, listed chains and their quotes."""

from gamma_scalper.exchange.simulated.market import SimulatedMarket
from gamma_scalper.exchange.simulated.markets import Gbm, Heston, Merton, Regime
from gamma_scalper.exchange.simulated.parameters import AssetParameters, MarketParameters

__all__ = ["AssetParameters", "Gbm", "Heston", "MarketParameters", "Merton", "Regime", "SimulatedMarket"]
