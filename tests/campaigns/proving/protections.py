"""What keeps the promises, one at a time switched off, with every line of defence that it has.

The switches exist here only: each replaces code of the program for as long as it is open.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from typing import Any

from attrs import evolve

from gamma_scalper.broker.ib.executions import Executions
from gamma_scalper.broker.ib.link import IbLink
from gamma_scalper.broker.ib.router import IbRouter
from gamma_scalper.domain.entries import Looked
from gamma_scalper.domain.fills import Fill
from gamma_scalper.domain.money import Money
from gamma_scalper.domain.ports import Link
from gamma_scalper.domain.proposals import Plan
from gamma_scalper.domain.snapshots import PositionSnapshot
from gamma_scalper.pipeline import house, position_manager
from gamma_scalper.pipeline.house import TradingHouse
from gamma_scalper.pipeline.position_manager import PositionManager
from gamma_scalper.pipeline.trading_strategy import TradingStrategy
from gamma_scalper.portfolio import ledger, order_table
from gamma_scalper.portfolio.desk import Desk
from gamma_scalper.portfolio.order_table import TABLE, Kind
from gamma_scalper.risk.facts import MoneyFacts
from gamma_scalper.risk.guard import MomentGuard, OrderGuard

Off = AbstractContextManager[None]
LATER_S = 20.0


@contextmanager
def _instead(owner: Any, name: str, new: object) -> Iterator[None]:
    before = vars(owner)[name]
    setattr(owner, name, new)
    try:
        yield
    finally:
        setattr(owner, name, before)


@contextmanager
def _silent(*guards: str) -> Iterator[None]:
    """Those guards have nothing against anything."""

    def silenced(kind: type) -> Callable[..., object]:
        refusal = kind.refusal

        def instead(guard: Any, *about: Any) -> object:
            return None if guard.rule.name in guards else refusal(guard, *about)

        return instead

    with ExitStack() as stack:
        for kind in (MomentGuard, OrderGuard):
            stack.enter_context(_instead(kind, "refusal", silenced(kind)))
        yield


# -- the seven ---------------------------------------------------------------------------------------------------------


@contextmanager
def unknown_rule() -> Iterator[None]:
    """An order whose end can't be told is taken for dead, so that what it was for is ordered once more."""
    believed = {
        happening: {was: Kind.CANCELLED if to is Kind.UNKNOWN else to for was, to in transitions.items()}
        for happening, transitions in TABLE.items()
    }
    with _instead(order_table, "TABLE", believed):
        yield


@contextmanager
def execution_key() -> Iterator[None]:
    """An execution that is told twice counts twice."""
    book, executed, twice = ledger._filled, Executions.executed, set[tuple[Executions, str]]()

    def once_more(before: ledger.Ledger, fill: Fill) -> ledger.Ledger:
        if before.fills.get(fill.key) != fill or fill.intent is None:
            return book(before, fill)
        con_id, intents = fill.instrument.con_id, before.intents[fill.intent.number].keys
        each = [before.fills[key].signed_quantity for key in intents if before.fills[key].instrument.con_id == con_id]
        if abs(ledger.filled_of(before, fill.intent)[con_id]) >= 2 * abs(sum(each)):
            return before
        place = ledger.Place(fill.at, ledger._EXECUTED, fill.key)
        accounts = ledger.executed(before.accounts, fill.intent.number, fill, place, fill.signed_quantity)
        return evolve(before, accounts=accounts)

    def told_again(self: Executions, contract: Any, execution: Any) -> None:
        if execution.execId in self._told and (self, execution.execId) not in twice:
            twice.add((self, execution.execId))
            del self._told[execution.execId]
        executed(self, contract, execution)

    with (
        _instead(ledger, "_filled", once_more),
        _instead(position_manager, "told_before", lambda ledger, entry: False),
        _instead(Executions, "executed", told_again),
    ):
        yield


@contextmanager
def durable_before_send() -> Iterator[None]:
    """What is decided is sent at once, and written when the disk comes round to it."""

    async def at_once(self: TradingHouse) -> None:
        pass

    with _instead(TradingHouse, "durable", at_once):
        yield


@contextmanager
def readiness_gate() -> Iterator[None]:
    """A connection is traded on as soon as it stands, and as long as it does; the records are asked for later."""

    async def at_once(self: IbLink, why: str) -> None:
        self._attempts = 0
        self._told(Link.READY, why)
        if self._started is not None and not self._started.done():
            self._started.set_result(None)
        await self._clock.sleep(LATER_S)
        self._duties.tell(await self._duties.confirm(why))

    def not_blind(self: IbLink, cause: str, why: str) -> None:
        pass

    with (
        _silent("link", "reconciled", "reconciled: flattening"),
        _instead(IbLink, "_confirm", at_once),
        _instead(IbLink, "_go_blind", not_blind),
        _instead(IbRouter, "_ready", lambda self: None),
    ):
        yield


@contextmanager
def settled_through() -> Iterator[None]:
    """A decision is taken and carried out whatever was ordered since the position it is taken on."""
    whole = position_manager.snapshot

    def filled_alone(state: Desk) -> PositionSnapshot:
        return evolve(whole(state), live=(), settled_through=state.next_number - 1)

    def take_on(self: PositionManager, plan: Plan) -> None:
        self._propose(plan, own=False)

    with (
        _silent("old position", "one thing at a time"),
        _instead(position_manager, "snapshot", filled_alone),
        _instead(PositionManager, "_take_on", take_on),
        _instead(TradingStrategy, "_unanswered", lambda self, update: None),
    ):
        yield


@contextmanager
def age_gate() -> Iterator[None]:
    """A quote is as good as any other, however old, delayed or stuck."""

    def look(self: TradingHouse, book: str, con_ids: Any) -> Looked:
        return Looked(quotes=tuple(quote for each in con_ids if (quote := self.quote(each)) is not None))

    aged = ("quote age", "quote age: flattening", "stale market", "data lag", "old Greeks")
    with _silent(*aged, "true market", "true quotes", "too old"), _instead(TradingHouse, "look", look):
        yield


@contextmanager
def atomic_reserve() -> Iterator[None]:
    """Whoever asks may spend all that the account has, for nobody's order holds anything back."""
    reckoned = TradingHouse._money

    def unreserved(self: TradingHouse, *about: Any) -> MoneyFacts:
        facts = reckoned(self, *about)
        return evolve(facts, purse=evolve(facts.purse, reserved=Money(0, "USD")))

    with (
        _instead(house, "reserve", lambda purse, *about: purse),
        _instead(TradingHouse, "_money", unreserved),
    ):
        yield


PROTECTIONS: Mapping[str, Callable[[], Off]] = {
    "unknown-rule": unknown_rule,
    "execution-key": execution_key,
    "durable-before-send": durable_before_send,
    "readiness-gate": readiness_gate,
    "settled-through": settled_through,
    "age-gate": age_gate,
    "atomic-reserve": atomic_reserve,
}


def without(protection: str) -> Off:
    """That one switched off in this process; none for an empty name."""
    return PROTECTIONS[protection]() if protection else nullcontext()
