"""Orders as the exchange keeps them, living and dead."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from attrs import Factory, define, field

from gamma_scalper.domain.fees import Bill
from gamma_scalper.exchange.events import Status
from gamma_scalper.exchange.tickets import Ticket

_ZERO = Decimal(0)


class Pending(NamedTuple):
    """A modification on its way, and the quantity the order had when it was asked for."""

    ticket: Ticket
    quantity: int


@define
class Order:
    """A ticket and what became of it."""

    perm_id: int
    ticket: Ticket
    placed_at: datetime
    status: Status = Status.PRE_SUBMITTED
    ends_at: datetime | None = None  # its lifetime's end; None: it has none
    arrived: bool = False  # in the book, not on its way there
    asleep: bool = False  # a child whose parent has not filled, a stop that was not reached
    rested: bool = False  # it stood in the book while the market was away from its limit
    why_held: str = ""
    above_bid: Decimal | None = None  # where a restricted short sale waits for a buyer
    filled: int = 0
    value: Decimal = _ZERO  # what was filled, times its prices
    pending: list[Pending] = Factory(list)  # modifications on their way, in order
    bills: dict[int, Bill] = Factory(dict)  # conId -> the running bill of that leg
    code: int | None = None
    why: str = ""
    quantity: int = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.quantity = int(self.ticket.quantity)

    @property
    def alive(self) -> bool:
        return not self.status.dead

    @property
    def left(self) -> int:
        return self.quantity - self.filled

    @property
    def average_price(self) -> Decimal:
        """To the broker's eight decimals."""
        return round(self.value / self.filled, 8) if self.filled else _ZERO

    def change(self, ticket: Ticket) -> None:
        self.ticket, self.quantity = ticket, int(ticket.quantity)


@define
class OrderBook:
    """Every order of today and every living one, and which contracts they wait for."""

    _by_id: dict[int, Order] = Factory(dict)
    _living: dict[str, dict[int, Order]] = Factory(dict)  # account -> permId -> order
    _waiting: dict[int, dict[int, None]] = Factory(dict)  # conId -> permIds
    _children: dict[int, list[int]] = Factory(dict)  # parent's permId -> permIds
    _groups: dict[tuple[str, str], list[int]] = Factory(dict)  # account and group -> permIds

    def add(self, order: Order) -> None:
        self._by_id[order.perm_id] = order
        if order.alive:
            ticket = order.ticket
            self._living.setdefault(ticket.account, {})[order.perm_id] = order
            if ticket.parent is not None:
                self._children.setdefault(ticket.parent, []).append(order.perm_id)
            if ticket.oca_group:
                self._groups.setdefault((ticket.account, ticket.oca_group), []).append(order.perm_id)

    def find(self, perm_id: int) -> Order | None:
        return self._by_id.get(perm_id)

    def wait(self, order: Order) -> None:
        """From now on quotes of its contracts concern it."""
        for leg in order.ticket.legs:
            self._waiting.setdefault(leg.con_id, {})[order.perm_id] = None

    def bury(self, order: Order) -> None:
        """It is dead: told of until midnight, but nothing concerns it any more."""
        self._living.get(order.ticket.account, {}).pop(order.perm_id, None)
        for leg in order.ticket.legs:
            waiting = self._waiting.get(leg.con_id, {})
            waiting.pop(order.perm_id, None)
            if not waiting:
                self._waiting.pop(leg.con_id, None)

    def waiting(self, con_ids: Iterable[int], after: int = 0) -> list[Order]:
        """Those that quotes of these contracts concern, the older first, from the one after this permId on."""
        found = {perm_id for con_id in con_ids for perm_id in self._waiting.get(con_id, ()) if perm_id > after}
        return [self._by_id[perm_id] for perm_id in sorted(found)]

    def awaited(self) -> list[int]:
        """Every contract some order waits for."""
        return list(self._waiting)

    def awaits(self, con_id: int) -> bool:
        return con_id in self._waiting

    def all(self) -> list[Order]:
        return list(self._by_id.values())

    def living(self, account: str = "") -> list[Order]:
        if account:
            return list(self._living.get(account, {}).values())
        return sorted((order for of in self._living.values() for order in of.values()), key=lambda order: order.perm_id)

    def children(self, perm_id: int) -> list[Order]:
        return self._alive(self._children.get(perm_id, ()))

    def group(self, account: str, name: str) -> list[Order]:
        return self._alive(self._groups.get((account, name), ()))

    def _alive(self, perm_ids: Sequence[int]) -> list[Order]:
        if not perm_ids:
            return []
        found = (self._by_id.get(perm_id) for perm_id in perm_ids)
        return [order for order in found if order is not None and order.alive]

    def restore(self, orders: Sequence[Order]) -> None:
        """As they were added; those in the book wait."""
        for order in orders:
            self.add(order)
            if order.alive and order.arrived:
                self.wait(order)

    def forget_dead(self) -> None:
        """At midnight, as a broker does."""
        living = self.living()
        self._by_id.clear()
        self._living.clear()
        self._children.clear()
        self._groups.clear()
        for order in living:
            self.add(order)
