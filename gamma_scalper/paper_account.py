"""The simulated account and the market it trades in: begun anew, or gone on with where the last run stopped."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from attrs import field, frozen

from gamma_scalper.domain.fees import FeeParameters
from gamma_scalper.exchange.diary import Diary, KeptEngine
from gamma_scalper.exchange.engine import Engine
from gamma_scalper.exchange.parameters import ExchangeParameters
from gamma_scalper.exchange.specs import market_from
from gamma_scalper.gateway.opening import open_market
from gamma_scalper.gateway.past import Also, Past, nothing_else
from gamma_scalper.system import SIMULATED_ACCOUNT, SystemParameters


@frozen
class OfflinePast:
    """What is remembered of the days before the market opens: one gives a prior close, and more hold up the start."""

    sessions: int = 1
    also: Also = nothing_else  # which options besides the underlyings


@frozen
class Kept:
    """Where account and market are kept, up to when whoever traded in it has seen it, and by which price list."""

    path: Path
    until: datetime | None = None
    fees: FeeParameters = field(factory=FeeParameters)


@contextmanager
def offline_market(
    system: SystemParameters, kept: Kept | None, before: OfflinePast = OfflinePast()
) -> Iterator[tuple[Engine, Past]]:
    """Of GATEWAY=embedded. Kept, it is written down until the end; else it is forgotten then."""
    if kept is None:
        yield _begun(system, ExchangeParameters(venue=system.venue), before)
        return
    parameters = ExchangeParameters(venue=system.venue, fees=kept.fees)
    with Diary(kept.path) as diary:
        if diary.market:
            market, past = open_market(system.market, seed=system.seed, past_sessions=0)  # its past is not kept
            engine = diary.restored(market, parameters, system.seed, kept.until)
        else:
            engine, past = _begun(system, parameters, before)
        engine.diary = diary
        try:
            yield engine, past
        finally:
            diary.keep(engine)


def _begun(system: SystemParameters, parameters: ExchangeParameters, before: OfflinePast) -> tuple[KeptEngine, Past]:
    market, past = open_market(system.market, seed=system.seed, past_sessions=before.sessions, also=before.also)
    engine = KeptEngine(market, accounts=_accounts(system), parameters=parameters, seed=system.seed)
    for underlying in market.underlyings():
        series = past.series(underlying.con_id)
        if series is not None and series.figures.prior_close > 0:
            engine.closed_at(underlying.con_id, series.figures.prior_close)  # kept, as the past is not
    return engine, past


@contextmanager
def paper_fills(system: SystemParameters, now: datetime, kept: Kept | None) -> Iterator[Engine]:
    """Our own exchange on a broker's quotes, which begins today or goes on since the day it began."""
    spec = f"push:start={now.date()}"
    if kept is None:
        yield Engine(market_from(spec), accounts=_accounts(system), parameters=ExchangeParameters(venue=system.venue))
        return
    parameters = ExchangeParameters(venue=system.venue, fees=kept.fees)
    with Diary(kept.path) as diary:
        if diary.market:
            engine = diary.restored(market_from(diary.market), parameters, seed=0)
        else:
            engine = KeptEngine(market_from(spec), accounts=_accounts(system), parameters=parameters)
        engine.diary = diary
        try:
            yield engine
        finally:
            diary.keep(engine)


def _accounts(system: SystemParameters) -> dict[str, Decimal]:
    return {SIMULATED_ACCOUNT: Decimal(system.paper_cash)}
