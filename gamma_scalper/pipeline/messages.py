"""What travels in the ring's three queues. Each message carries what the next stage needs, and nothing of the last."""

import enum
from collections.abc import Iterable

from attrs import evolve, field, frozen

from gamma_scalper.domain.checks import counted, not_empty
from gamma_scalper.domain.pictures import Picture
from gamma_scalper.domain.snapshots import MarketSnapshot, PositionSnapshot


class Reason(enum.IntEnum):
    """Why the engine is to look again."""

    PRICE_MOVE = 1
    HEARTBEAT = 2
    FILL = 3
    ORDER = 4  # an order's life changed, or a wish was refused
    CONTROL = 5  # look at the governor; it carries nothing


def _in_order(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    return tuple(sorted(set(reasons)))


@frozen(kw_only=True)
class Trigger:
    """Look again. What it doesn't carry has not changed since it was last carried."""

    book: str
    seq: int = field(validator=counted)
    reasons: tuple[Reason, ...] = field(converter=_in_order, validator=not_empty)
    market: MarketSnapshot | None = None
    position: PositionSnapshot | None = None


def merged(older: Trigger, newer: Trigger) -> Trigger:
    """One trigger for two: all their reasons, the newest market, the newest position."""
    return evolve(
        newer,
        reasons=older.reasons + newer.reasons,
        market=newer.market if newer.market is not None else older.market,
        position=newer.position if newer.position is not None else older.position,
    )


@frozen(kw_only=True)
class DeltaUpdate:
    """What the engine made of one trigger."""

    book: str
    seq: int = field(validator=counted)
    reasons: tuple[Reason, ...] = field(converter=_in_order, validator=not_empty)
    picture: Picture


def newest(older: DeltaUpdate, newer: DeltaUpdate) -> DeltaUpdate:
    """One update for two: all their reasons, the newest picture, which knows all that the older one did."""
    return evolve(newer, reasons=older.reasons + newer.reasons)
