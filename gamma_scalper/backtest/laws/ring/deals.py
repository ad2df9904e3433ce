"""What a run did to its cash, from the fills and bills of its journal alone."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from attrs import frozen

from gamma_scalper.domain.entries import Delivered, Lapsed, Ordered, Paid, Replaced, TakenOver
from gamma_scalper.domain.fees import Bill, FeeParameters
from gamma_scalper.domain.fills import Commission, Fill, InferredFill
from gamma_scalper.domain.instruments import Option
from gamma_scalper.domain.orders import IntentId
from gamma_scalper.journal.chain import Row

_ZERO = Decimal(0)
_UNFORESEEN = (Delivered, Lapsed, Paid, Replaced, TakenOver, InferredFill)


class NotAsPlanned(Exception):
    """A run that no law speaks of: it holds no straddle, or its cash moved otherwise than by trades."""


@frozen(kw_only=True, eq=False)
class Deals:
    """All fills, in the order in which they came."""

    fills: Sequence[Fill]
    billed: Decimal  # by the broker's word
    ordered_at: datetime  # the straddle

    @property
    def cash(self) -> Decimal:
        return sum((fill.cash.amount for fill in self.fills), -self.billed)

    @property
    def options(self) -> list[Fill]:
        return [fill for fill in self.fills if isinstance(fill.instrument, Option)]

    @property
    def shares(self) -> list[Fill]:
        return [fill for fill in self.fills if not isinstance(fill.instrument, Option)]

    @property
    def entered_at(self) -> datetime:
        return max(fill.at for fill in self.options)

    @property
    def premium(self) -> Decimal:
        return -sum((fill.cash.amount for fill in self.options), _ZERO)

    def by_the_price_list(self, fees: FeeParameters) -> Decimal:
        """What the bills must come to."""
        running: dict[tuple[IntentId | None, int], Bill] = {}
        for fill in self.fills:
            key = fill.intent, fill.instrument.con_id
            bill = running.get(key) or Bill(fees, fill.instrument, fill.side, fill.at.date())
            running[key] = bill.after(fill.quantity, fill.price)
        return sum((bill.fees.total for bill in running.values()), _ZERO)


def deals(rows: Sequence[Row]) -> Deals:
    """Raises `NotAsPlanned`."""
    strange = next((row.entry for row in rows if isinstance(row.entry, _UNFORESEEN)), None)
    if strange is not None:
        raise NotAsPlanned(f"{type(strange).__name__} is no trade")
    fills = [row.entry for row in rows if isinstance(row.entry, Fill)]
    options = [fill for fill in fills if isinstance(fill.instrument, Option)]
    if len({fill.instrument.con_id for fill in options}) != 2:
        raise NotAsPlanned("no straddle was bought")
    entries = {fill.intent for fill in options}
    ordered = [
        row for row in rows if isinstance(row.entry, Ordered) and entries & {each.id for each in row.entry.intents}
    ]
    billed = sum((row.entry.amount.amount for row in rows if isinstance(row.entry, Commission)), _ZERO)
    return Deals(fills=fills, billed=billed, ordered_at=min(row.at for row in ordered))


def worth(fills: Sequence[Fill], prices: Mapping[int, Decimal]) -> Decimal:
    """Of what was bought and sold, as it is held at these prices."""
    each = (fill.signed_quantity * fill.instrument.multiplier * prices[fill.instrument.con_id] for fill in fills)
    return sum(each, _ZERO)
