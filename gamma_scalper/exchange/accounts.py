"""Who owns what, in double entry: whatever one party gains another loses, so that the sum of all never changes."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from attrs import Factory, define, field

STREET = "(street)"  # everybody else who trades
FEES = "(fees)"  # broker, exchanges, clearing, regulators
CARRY = "(carry)"  # issuers, lenders, the bank
OUTSIDE = "(outside)"  # where deposits come from
HOUSE = (STREET, FEES, CARRY, OUTSIDE)

_ZERO = Decimal(0)


@define
class Held:
    """So many of one contract, negative where owed, and what they cost (received, where owed) without fees."""

    quantity: Decimal = _ZERO
    cost: Decimal = _ZERO

    @property
    def average_cost(self) -> Decimal:
        """Per share or contract, multiplier included, as a broker states it."""
        return self.cost / self.quantity if self.quantity else _ZERO

    def add(self, quantity: Decimal, cost: Decimal) -> Decimal:
        """Take these in, or give them out; returns what the closed part earned."""
        if not self.quantity or (quantity > 0) == (self.quantity > 0):
            self.quantity += quantity
            self.cost += cost
            return _ZERO
        closed = min(abs(quantity), abs(self.quantity))
        released = self.cost * closed / abs(self.quantity)
        received = -cost * closed / abs(quantity)
        left = quantity + (closed if self.quantity > 0 else -closed)
        self.quantity += quantity - left
        self.cost = self.cost - released if self.quantity else _ZERO
        if left:
            self.quantity = left
            self.cost = cost * abs(left) / abs(quantity)
        return received - released


@define
class Account:
    """One party's cash and holdings."""

    name: str
    cash: Decimal = _ZERO
    held: dict[int, Held] = Factory(dict)  # conId -> Held, in the order they were first held
    realised: Decimal = _ZERO  # since midnight

    def quantity(self, con_id: int) -> Decimal:
        held = self.held.get(con_id)
        return held.quantity if held is not None else _ZERO

    def move(self, con_id: int, quantity: Decimal, cost: Decimal) -> Decimal:
        """Take in a quantity for this cost; returns what was realised by it."""
        held = self.held.setdefault(con_id, Held())
        earned = held.add(quantity, cost)
        self.realised += earned
        if not held.quantity:
            del self.held[con_id]
        return earned

    def correct(self, con_id: int, cost: Decimal) -> None:
        """What was bought or sold cost more after all; where it is gone already, it earned less."""
        if con_id in self.held:
            self.held[con_id].cost += cost
        else:
            self.realised -= cost


@define
class Accounts:
    """Every client's account and the house's own."""

    _by_name: dict[str, Account] = field(factory=lambda: {name: Account(name) for name in HOUSE})

    def __getitem__(self, name: str) -> Account:
        return self._by_name[name]

    def __contains__(self, name: str) -> bool:
        return name in self._by_name and name not in HOUSE

    def clients(self) -> Iterator[Account]:
        return (account for name, account in self._by_name.items() if name not in HOUSE)

    def all(self) -> Iterator[Account]:
        return iter(self._by_name.values())

    def open(self, name: str) -> Account:
        if name in HOUSE:
            raise ValueError(f"{name} is the house's own account")
        return self._by_name.setdefault(name, Account(name))

    def pay(self, payer: str, payee: str, amount: Decimal) -> None:
        """Cash from one to the other; a negative amount goes the other way."""
        self._by_name[payer].cash -= amount
        self._by_name[payee].cash += amount

    def trade(self, buyer: str, seller: str, con_id: int, quantity: Decimal, value: Decimal) -> tuple[Decimal, Decimal]:
        """A quantity for cash; returns what each side realised, the buyer first."""
        self.pay(buyer, seller, value)
        bought = self._by_name[buyer].move(con_id, quantity, value)
        return bought, self._by_name[seller].move(con_id, -quantity, -value)

    def state(self) -> Mapping[str, Any]:
        return {
            account.name: {
                "cash": str(account.cash),
                "realised": str(account.realised),
                "held": [[con_id, str(held.quantity), str(held.cost)] for con_id, held in account.held.items()],
            }
            for account in self.all()
        }

    @classmethod
    def of(cls, state: Mapping[str, Any]) -> "Accounts":
        accounts = cls()
        for name, kept in state.items():
            accounts._by_name[name] = Account(
                name,
                Decimal(kept["cash"]),
                {con_id: Held(Decimal(quantity), Decimal(cost)) for con_id, quantity, cost in kept["held"]},
                Decimal(kept["realised"]),
            )
        return accounts
