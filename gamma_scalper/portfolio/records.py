"""The two sides that are compared: what the books say, and what the broker says."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from attrs import field, frozen

from gamma_scalper.domain.checks import not_empty, utc
from gamma_scalper.domain.fills import Fill
from gamma_scalper.domain.orders import Order
from gamma_scalper.domain.ports import BrokerHolding, OrderReport
from gamma_scalper.domain.snapshots import Holding
from gamma_scalper.portfolio.ledger import Ledger


def _tuple(each: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(each)


@frozen(kw_only=True)
class Claim:
    """One book's side. It is taken before the broker is asked, so that a fill meanwhile is merely told twice."""

    ledger: Ledger
    baseline: tuple[Holding, ...] = field(default=(), converter=_tuple)  # the user's own, never touched
    orders: tuple[Order, ...] = field(default=(), converter=_tuple)  # the living, those in doubt among them
    given_up: tuple[Order, ...] = field(default=(), converter=_tuple)  # dead for want of any record: may have filled
    taken_down: Mapping[int, datetime] = field(factory=dict)  # intent number -> when it was ordered
    instructed: Mapping[int, Decimal] = field(factory=dict)  # conId -> contracts it told the broker to exercise lately
    last_number: int = 0  # the highest number that was given to an intent

    @property
    def book(self) -> str:
        return self.ledger.book

    def own(self, con_id: int) -> Decimal:
        """Of the user's own."""
        return sum((held.quantity for held in self.baseline if held.instrument.con_id == con_id), Decimal(0))


@frozen
class Notice:
    """A message of the broker's about a contract, such as 2148: a position was liquidated."""

    at: datetime = field(converter=utc)
    code: int
    con_id: int


@frozen(kw_only=True)
class AccountRecords:
    """The broker's side, for one account. Executions are asked for last: what holdings show, they then tell."""

    account: str = field(validator=not_empty, repr=False)
    at: datetime = field(
        converter=utc
    )  # when asking began: what fills from here on may be in one answer and not in another
    holdings: tuple[BrokerHolding, ...] = field(converter=_tuple)
    open_orders: tuple[OrderReport, ...] = field(converter=_tuple)
    executions: tuple[Fill, ...] = field(converter=_tuple)
    executions_since: datetime = field(converter=utc)  # midnight: what filled before is told no more
    completed: tuple[OrderReport, ...] | None = None  # None: not answered
    notices: tuple[Notice, ...] = field(default=(), converter=_tuple)
