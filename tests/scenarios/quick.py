"""A small book that does at once what it does, and how to be somewhere else in time."""

from datetime import datetime

from theatre import Act, Played, Theatre

from gamma_scalper.domain.entries import Ordered
from gamma_scalper.domain.exits import UserError
from gamma_scalper.exchange.engine import Engine

QUICK = (
    "sizing.straddles=1",
    "entry.step_s=1",
    "entry.step_pct=100",
    "hedge.policy=fixed",
    "hedge.band_shares=5",
    "risk.hedging.cooldown_s=0",
    "streamer.heartbeat_s=2",
)


def ordered_now(played: Played) -> list[Ordered]:
    """In this play, and not in those before it."""
    return [row.entry for row in played.rows[played.before :] if isinstance(row.entry, Ordered)]


def nobody_trades_until(engine: Engine, moment: datetime) -> None:
    """The exchange goes on by itself: closes, nights, deliveries."""
    more = True
    while more:
        _, more = engine.step(moment)


def power_cut() -> Act:
    """The process is gone: nothing is withdrawn any more."""

    def act(theatre: Theatre) -> None:
        raise UserError("the power is cut")

    return act
