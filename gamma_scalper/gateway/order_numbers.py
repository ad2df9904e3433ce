"""Whose order is which: a client's own order ids on one side, the exchange's permIds on the other."""

import re
from functools import lru_cache
from typing import NamedTuple

from attrs import Factory, define

from gamma_scalper.exchange.engine import Engine
from gamma_scalper.exchange.orders import Order
from gamma_scalper.gateway.wire.contracts import ContractFields
from gamma_scalper.gateway.wire.orders import OrderFields

_OWNER = re.compile(r"(-?\d+):(-?\d+)")


class Owner(NamedTuple):
    """A client and its number for an order; by hand it is client 0 and number 0."""

    client_id: int
    order_id: int

    def __str__(self) -> str:
        return f"{self.client_id}:{self.order_id}"

    @staticmethod
    def of(written: str) -> "Owner":
        """As a ticket carries it; an order without an owner was placed by hand."""
        return _owner(written)

    @property
    def by_hand(self) -> bool:
        return self.order_id <= 0 and self.client_id == 0


BY_HAND = Owner(0, 0)


@lru_cache(4_096)  # every event of an order names it
def _owner(written: str) -> Owner:
    found = _OWNER.fullmatch(written)
    return Owner(int(found[1]), int(found[2])) if found else BY_HAND


class Sent(NamedTuple):
    """An order in the words it came in."""

    contract: ContractFields
    order: OrderFields


@define
class OrderNumbers:
    """What outlives a connection of a client's orders."""

    _perm_ids: dict[Owner, list[int]] = Factory(dict)  # oldest first; a fault may make a second
    _sent: dict[Owner, Sent] = Factory(dict)  # those the exchange still knows
    _highest: dict[int, int] = Factory(dict)  # client -> its highest order id so far
    last_price: dict[int, float] = Factory(dict)  # permId -> its newest fill's

    @classmethod
    def of(cls, engine: Engine) -> "OrderNumbers":
        """Of an exchange that has orders already, such as a restored one."""
        numbers = cls()
        for order in sorted((*engine.open_orders(), *engine.completed_orders()), key=lambda order: order.perm_id):
            owner = Owner.of(order.ticket.owner)
            numbers.heard(owner, order.perm_id)
            numbers._use(owner)
        return numbers

    def next_id(self, client_id: int) -> int:
        """The first order id this client may use."""
        return self._highest.get(client_id, 0) + 1

    def take(self, owner: Owner, sent: Sent) -> None:
        """This id is used from now on, and these are its words."""
        self._sent[owner] = sent
        self._use(owner)

    def _use(self, owner: Owner) -> None:
        self._highest[owner.client_id] = max(self._highest.get(owner.client_id, 0), owner.order_id)
        self._perm_ids.setdefault(owner, [])

    def heard(self, owner: Owner, perm_id: int) -> None:
        """The exchange has given this order a permId."""
        known = self._perm_ids.setdefault(owner, [])
        if perm_id not in known and not owner.by_hand:
            known.append(perm_id)

    def used(self, owner: Owner) -> bool:
        """Or passed over: a new order's id is above all its client has used."""
        return owner.order_id <= self._highest.get(owner.client_id, 0)

    def order(self, owner: Owner, engine: Engine) -> Order | None:
        """The order this id means: the newest that lives, else the newest."""
        found = [order for perm_id in self._perm_ids.get(owner, ()) if (order := engine.order(perm_id)) is not None]
        return next((order for order in reversed(found) if order.alive), found[-1] if found else None)

    def sent(self, owner: Owner) -> Sent | None:
        return self._sent.get(owner)

    def forget(self, engine: Engine) -> None:
        """At midnight: the words of orders that the exchange has forgotten; their ids stay used."""
        known = {Owner.of(order.ticket.owner) for order in (*engine.open_orders(), *engine.completed_orders())}
        self._sent = {owner: sent for owner, sent in self._sent.items() if owner in known}
        self.last_price = {perm: price for perm, price in self.last_price.items() if engine.order(perm) is not None}
