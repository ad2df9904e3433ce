"""First in, first out: which shares were sold, and what they had cost."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from immutables import Map

_ZERO = Decimal(0)
_SMALLEST_QUANTITY = Decimal("0.000001")
_SMALLEST_PRICE = Decimal("0.0000000001")  # beyond it a carried price is rounded; sums then stay exact


class Lot(NamedTuple):
    """So many contracts or shares taken on together, negative where sold short."""

    quantity: Decimal
    each: Decimal  # what one of them cost or brought, multiplier included
    since: datetime


class Standing(NamedTuple):
    """The sums over one contract. Its open lots are numbered from `first` up to, not including, `end`."""

    first: int = 0
    end: int = 0
    quantity: Decimal = _ZERO
    cost: Decimal = _ZERO  # of the open lots, negative where they brought in cash
    realised: Decimal = _ZERO


Lots = Map[int, Lot]  # number -> an open lot; all of them long, or all of them short


def traded(lots: Lots, standing: Standing, lot: Lot) -> tuple[Lots, Standing]:
    """Close the oldest lots of the other side at this lot's price; what is left over is a lot of its own."""
    left, each, since = lot
    first, end, quantity, cost, realised = standing
    while left and first < end:
        oldest = lots[first]
        if (oldest.quantity > 0) == (left > 0):
            break
        if abs(oldest.quantity) > abs(left):
            closed = -left
            lots = lots.set(first, Lot(oldest.quantity - closed, oldest.each, oldest.since))
        else:
            closed = oldest.quantity
            lots = lots.delete(first)
            first += 1
        left += closed
        cost -= closed * oldest.each
        realised += closed * (each - oldest.each)
    if left:
        lots = lots.set(end, Lot(left, each, since))
        end += 1
        cost += left * each
    return lots, Standing(first, end, quantity + lot.quantity, cost, realised)


def carried(lots: Iterable[Lot], ratio: Decimal, *, whole: bool) -> tuple[Lot, ...]:
    """The lots after a split: each keeps its age and its cost. `whole`: the newest lose what makes no whole one."""
    old = tuple(lots)
    total = _rounded(sum((lot.quantity for lot in old), _ZERO) * ratio, _SMALLEST_QUANTITY)
    most = abs(Decimal(int(total))) if whole else abs(total)
    new: list[Lot] = []
    held = reached = _ZERO  # of the old ones, of the new ones
    for lot in old:
        held += lot.quantity
        so_far = _rounded(held * ratio, _SMALLEST_QUANTITY)
        so_far = max(min(so_far, most), -most)
        if so_far != reached:
            new.append(Lot(so_far - reached, _rounded(lot.each / ratio, _SMALLEST_PRICE), lot.since))
        reached = so_far
    return tuple(new)


def cost_of(lots: Iterable[Lot]) -> Decimal:
    return sum((lot.quantity * lot.each for lot in lots), _ZERO)


def _rounded(number: Decimal, step: Decimal) -> Decimal:
    return number.quantize(step)
