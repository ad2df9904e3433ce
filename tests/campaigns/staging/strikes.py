"""Which fault struck in which state of the pipeline: counted where it takes effect, without changing what happens."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import datetime
from typing import Any, Self
from unittest.mock import patch

from gamma_scalper.domain.instruments import Option
from gamma_scalper.domain.orders import Purpose
from gamma_scalper.domain.ports import Link
from gamma_scalper.exchange import mishaps
from gamma_scalper.exchange.delivery import Delivery
from gamma_scalper.exchange.faults import Fault, FaultWatch
from gamma_scalper.exchange.floor import Floor
from gamma_scalper.portfolio.desk import Desk
from gamma_scalper.portfolio.ledger import holdings
from gamma_scalper.portfolio.order_table import Kind
from staging.mortal import Fate
from staging.plan import Mishap, Trouble
from staging.play import Stage

STATES: Sequence[str] = (
    "dead",  # no process
    "night",  # the market is closed
    "starting",  # books and account were not compared yet
    "blind",  # the broker's records are not confirmed
    "in doubt",  # the end of an order can't be told
    "flattening",
    "repairing",
    "entering",  # an order of this purpose lives; so with the next two
    "exiting",
    "hedging",
    "orphaned",  # shares, and no options
    "holding",
    "flat",
)
_BUSY = {Purpose.ENTRY: "entering", Purpose.EXIT: "exiting", Purpose.HEDGE: "hedging"}
_BY_THEMSELVES = (Mishap.DEATH, Mishap.TORN_DEATH)  # they strike later than they are drawn for


class Strikes:
    """Listens while sessions are played in this process, one after the other."""

    def __init__(self) -> None:
        self.seen: Counter[tuple[str, str]] = Counter()  # (kind, state) -> times
        self._stage: Stage | None = None
        self._known: list[tuple[FaultWatch, Fault]] = []  # that a connection has met already
        self._patches = ExitStack()

    def __enter__(self) -> Self:
        for where, name, listens in (
            (Stage, "__init__", self._begins),
            (Stage, "happens_now", self._happens),
            (Fate, "die", self._dies),
            (FaultWatch, "strikes", self._asked),
            (mishaps, "strike", self._acts),
            (Delivery, "_turned", self._turned),
        ):
            self._patches.enter_context(patch.object(where, name, listens(getattr(where, name))))
        return self

    def __exit__(self, *_: object) -> None:
        self._patches.close()

    def _note(self, kind: str) -> None:
        if self._stage is not None:
            self.seen[str(kind), state_of(self._stage)] += 1

    # -- where it takes effect -----------------------------------------------------------------------------------------

    def _begins(self, original: Callable[..., None]) -> Callable[..., None]:
        def begins(stage: Stage, *about: Any) -> None:
            self._stage = None  # what strikes while the world is made has nothing to strike
            original(stage, *about)
            self._stage, self._known = stage, []

        return begins

    def _happens(self, original: Callable[..., None]) -> Callable[..., None]:
        def happens(stage: Stage, trouble: Trouble) -> None:
            if trouble.kind not in _BY_THEMSELVES:
                self._note(trouble.kind)
            original(stage, trouble)

        return happens

    def _dies(self, original: Callable[..., None]) -> Callable[..., None]:
        def dies(fate: Fate) -> None:
            if fate.left is not None and not fate.dead:
                self._note(Mishap.TORN_DEATH if fate.torn else Mishap.DEATH)
            original(fate)

        return dies

    def _asked(self, original: Callable[..., Fault | None]) -> Callable[..., Fault | None]:
        def strikes(watch: FaultWatch, kind: Any, now: datetime, *targets: str) -> Fault | None:
            fault = original(watch, kind, now, *targets)
            if fault is not None:
                self._met(watch, fault)
            return fault

        return strikes

    def _acts(self, original: Callable[..., None]) -> Callable[..., None]:
        """The exchange starts these by itself."""

        def strike(floor: Floor, number: int) -> None:
            self._note(floor.faults.fault(number).kind)
            original(floor, number)

        return strike

    def _turned(self, original: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
        def turned(delivery: Delivery, turn: Any) -> Iterator[Any]:
            if turn.begins:
                self._met(delivery.watch, delivery.watch.fault(turn.number))
            return original(delivery, turn)

        return turned

    def _met(self, watch: FaultWatch, fault: Fault) -> None:
        """Once for each watch, which is kept for one client over all of its connections."""
        if not any(watch is each and fault is known for each, known in self._known):
            self._known.append((watch, fault))
            self._note(fault.kind)


def state_of(stage: Stage) -> str:
    """Of the house at this moment; of several books that of the busiest."""
    life = stage.life
    if life is None or life.fate.dead:
        return "dead"
    if not stage.world.is_open:
        return "night"
    if life.trading is None or life.trading.reconciling._newest is None:
        return "starting"
    if life.trading.house.link.link is not Link.READY:
        return "blind"
    return min((_of_book(desk) for desk in life.desks.values()), key=STATES.index, default="flat")


def _of_book(desk: Desk) -> str:
    if any(ticket.kind is Kind.UNKNOWN for ticket in desk.living):
        return "in doubt"
    if desk.flattening is not None:
        return "flattening"
    if desk.repairing:
        return "repairing"
    for ticket in desk.living:
        if ticket.order.intent.purpose in _BUSY:
            return _BUSY[ticket.order.intent.purpose]
    held = [each.instrument for each in holdings(desk.ledger)]
    if not held:
        return "flat"
    return "holding" if any(isinstance(each, Option) for each in held) else "orphaned"
