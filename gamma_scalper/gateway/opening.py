"""An exchange with a past, from the line that names its market."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from types import MappingProxyType

from gamma_scalper.exchange.engine import Engine
from gamma_scalper.exchange.faults import NO_FAULTS, FaultSchedule
from gamma_scalper.exchange.market import Market
from gamma_scalper.exchange.parameters import ExchangeParameters
from gamma_scalper.exchange.simulated.market import SimulatedMarket
from gamma_scalper.exchange.specs import market_from
from gamma_scalper.gateway.past import Also, Past, nothing_else

PAST_SESSIONS = 5
ONE_PAPER_ACCOUNT: Mapping[str, Decimal] = MappingProxyType({"DU1234567": Decimal(1_000_000)})


def open_market(
    spec: str, *, seed: int = 0, past_sessions: int = PAST_SESSIONS, also: Also = nothing_else
) -> tuple[Market, Past]:
    """A generated market begins so many sessions before it is opened; another has no past but its own."""
    market = market_from(spec, seed=seed)
    if isinstance(market, SimulatedMarket) and past_sessions:
        return market, Past.walked(market, _opens_after(market, past_sessions), also)
    return market, Past()


def open_exchange(
    spec: str,
    *,
    seed: int = 0,
    accounts: Mapping[str, Decimal] = ONE_PAPER_ACCOUNT,
    parameters: ExchangeParameters = ExchangeParameters(),
    faults: FaultSchedule = NO_FAULTS,
    past_sessions: int = PAST_SESSIONS,
) -> tuple[Engine, Past]:
    """An exchange over it, with these accounts."""
    market, past = open_market(spec, seed=seed, past_sessions=past_sessions)
    return Engine(market, accounts=accounts, parameters=parameters, seed=seed, faults=faults), past


def _opens_after(market: Market, sessions: int) -> datetime:
    """The open of the session that follows so many, from where the market is."""
    hours = market.sessions(market.underlyings()[0].con_id)
    at = market.now - timedelta(microseconds=1)
    for _ in range(sessions + 1):
        at = hours.after(at).opens
    return at
