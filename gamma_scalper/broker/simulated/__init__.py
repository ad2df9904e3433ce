"""The broker's ports straight onto the exchange, in process: for backtests, and for paper fills on real quotes."""

from gamma_scalper.broker.simulated.broker import SimulatedBroker
from gamma_scalper.broker.simulated.paper import PaperBroker
from gamma_scalper.broker.simulated.parameters import SimulatedParameters
from gamma_scalper.broker.simulated.venue import Venue

__all__ = ["PaperBroker", "SimulatedBroker", "SimulatedParameters", "Venue"]
