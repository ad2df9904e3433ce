"""Orders as the exchange keeps them, living and dead."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from attrs import Factory, define, field

from gamma_scalper.domain.fees import Bill
from gamma_scalper.exchange.events import Status
from gamma_scalper.exchange.tickets import Ticket

_ZERO = Decimal(0)


@define
class Order:
    """A ticket and what became of it."""

    perm_id: int
    ticket: Ticket
    placed_at: datetime
    status: Status = Status.PRE_SUBMITTED
    arrived: bool = False  # in the book, not on its way there
    asleep: bool = False  # a child whose parent has not filled, a stop that was not reached
    rested: bool = False  # it met a quote before, so it fills at its own limit
    why_held: str = ""
    above_bid: Decimal | None = None  # where a restricted short sale waits for a buyer
    filled: int = 0
    value: Decimal = _ZERO  # what was filled, times its prices
    pending: Ticket | None = None  # a modification on its way
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

    def change(self, ticket: Ticket) -> None:
        self.ticket, self.quantity = ticket, int(ticket.quantity)

    @property
    def average_price(self) -> Decimal:
        """To the broker's eight decimals."""
        return round(self.value / self.filled, 8) if self.filled else _ZERO


@define
class OrderBook:
    """Every order of today and every living one, and which contracts they wait for."""

    _by_id: dict[int, Order] = Factory(dict)
    _living: dict[int, Order] = Factory(dict)
    _waiting: dict[int, list[int]] = Factory(dict)  # conId -> permIds, in order of arrival

    def add(self, order: Order) -> None:
        self._by_id[order.perm_id] = order
        if order.alive:
            self._living[order.perm_id] = order

    def find(self, perm_id: int) -> Order | None:
        return self._by_id.get(perm_id)

    def wait(self, order: Order) -> None:
        """From now on quotes of its contracts concern it."""
        for leg in order.ticket.legs:
            waiting = self._waiting.setdefault(leg.con_id, [])
            if order.perm_id not in waiting:
                waiting.append(order.perm_id)

    def bury(self, order: Order) -> None:
        """It is dead: told of until midnight, but nothing concerns it any more."""
        self._living.pop(order.perm_id, None)
        for leg in order.ticket.legs:
            waiting = self._waiting.get(leg.con_id, [])
            if order.perm_id in waiting:
                waiting.remove(order.perm_id)
                if not waiting:
                    del self._waiting[leg.con_id]

    def waiting(self, con_id: int) -> tuple[Order, ...]:
        """Those a quote of this contract concerns."""
        waiting = self._waiting.get(con_id)
        return tuple(self._by_id[perm_id] for perm_id in waiting) if waiting else ()

    def awaited(self) -> list[int]:
        """Every contract some order waits for."""
        return list(self._waiting)

    def queues(self) -> list[tuple[int, list[int]]]:
        """Who waits for what, in order; with `all`, everything there is to remember."""
        return list(self._waiting.items())

    def restore(self, orders: Sequence[Order], queues: Sequence[tuple[int, list[int]]]) -> None:
        self._by_id = {order.perm_id: order for order in orders}
        self._living = {order.perm_id: order for order in orders if order.alive}
        self._waiting = {con_id: list(perm_ids) for con_id, perm_ids in queues}

    def all(self) -> list[Order]:
        return list(self._by_id.values())

    def living(self, account: str = "") -> list[Order]:
        return [order for order in self._living.values() if account in ("", order.ticket.account)]

    def children(self, perm_id: int) -> list[Order]:
        return [order for order in self.living() if order.ticket.parent == perm_id]

    def group(self, account: str, name: str) -> list[Order]:
        return [order for order in self.living(account) if name and order.ticket.oca_group == name]

    def forget_dead(self) -> None:
        """At midnight, as a broker does."""
        self._by_id = dict(self._living)
