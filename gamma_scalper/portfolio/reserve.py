"""What may still be spent: checked and held back in one step, so that two books can't both spend the last dollar.

A pot is anything of which there is only so much: the account's cash, a book's budget, a limit in shares. What an order
may take of them at worst is held back until it is dead. A pot that nobody has stated holds nothing.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

from attrs import evolve, field, frozen
from immutables import Map

from gamma_scalper.domain.checks import exact, not_negative
from gamma_scalper.domain.money import Money
from gamma_scalper.domain.orders import IntentId
from gamma_scalper.domain.proposals import Refusal

_ZERO = Decimal(0)
_GUARD = "purse"


@frozen
class Pot:
    limit: Decimal = field(converter=exact)
    used: Decimal = field(default=_ZERO, converter=exact)  # gone already; less than nothing where it brought some in
    held_back: Decimal = field(default=_ZERO, converter=exact, validator=not_negative)  # for orders that live

    @property
    def left(self) -> Decimal:
        return self.limit - self.used - self.held_back


class Share(NamedTuple):
    """So much of one pot."""

    pot: str
    amount: Decimal


@frozen
class Purse:
    """The house's one."""

    pots: Map[str, Pot] = field(factory=Map)  # name -> the pot
    reserved: Map[IntentId, tuple[Share, ...]] = field(factory=Map)  # intent -> what is held back for it, by pot

    def left(self, pot: str) -> Decimal:
        """What may still be taken of it; nothing where it was never stated."""
        return self.pots[pot].left if pot in self.pots else _ZERO

    def held_back(self, pot: str) -> Decimal:
        return self.pots[pot].held_back if pot in self.pots else _ZERO


def cash_pot(currency: str) -> str:
    return f"cash in {currency}"


def budget_pot(book: str, currency: str) -> str:
    return f"budget of {book} in {currency}"


def stated(purse: Purse, pot: str, limit: Decimal, used: Decimal = _ZERO) -> Purse:
    """A pot as it is known to be now: the broker's newest figure for cash, say. What is held back stays so."""
    return evolve(purse, pots=purse.pots.set(pot, Pot(limit, used, purse.held_back(pot))))


def reserve(
    purse: Purse,
    book: str,
    amounts: Mapping[IntentId, Money],
    limits: Mapping[IntentId, Mapping[str, Decimal]] | None = None,
) -> Purse | Refusal:
    """Hold back what each intent may cost, of the cash and of the book's budget, and of any other pots named in
    `limits`: all of it, or nothing and why."""
    wanted = {
        intent: _shares(book, amount, (limits or {}).get(intent, {})) for intent, amount in sorted(amounts.items())
    }
    pots, reserved = purse.pots, purse.reserved
    for intent, shares in wanted.items():
        if intent in reserved:
            raise ValueError(f"intent {intent} has its reserve already")
        for name, amount in shares:
            if name not in pots:
                return Refusal(_GUARD, f"intent {intent} takes {amount} of the {name}, which nobody has stated")
            pot = pots[name]
            if amount > pot.left:
                return Refusal(_GUARD, f"intent {intent} takes {amount} of the {name}, of which {pot.left} is left")
            pots = pots.set(name, evolve(pot, held_back=pot.held_back + amount))
        reserved = reserved.set(intent, shares)
    return Purse(pots, reserved)


def release(purse: Purse, intent: IntentId, spent: Money | None = None) -> Purse:
    """The intent is dead: nothing is held back for it, and what it spent is gone from cash and budget.

    Negative is what it brought in. An intent without a reserve changes nothing, so that a death may be told twice.
    """
    if intent not in purse.reserved:
        return purse
    pots = purse.pots
    for name, amount in purse.reserved[intent]:
        pots = pots.set(name, evolve(pots[name], held_back=pots[name].held_back - amount))
    if spent is not None:
        for name in (cash_pot(spent.currency), budget_pot(intent.book, spent.currency)):
            if name in pots:
                pots = pots.set(name, evolve(pots[name], used=pots[name].used + spent.amount))
    return Purse(pots, purse.reserved.delete(intent))


def _shares(book: str, amount: Money, limits: Mapping[str, Decimal]) -> tuple[Share, ...]:
    of_money = {cash_pot(amount.currency): amount.amount, budget_pot(book, amount.currency): amount.amount}
    shares = tuple(Share(pot, exact(much)) for pot, much in sorted((of_money | dict(limits)).items()))
    if any(share.amount < 0 for share in shares):
        raise ValueError("nothing less than zero can be reserved")
    return tuple(share for share in shares if share.amount)
