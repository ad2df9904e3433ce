"""All a book's desk knows at one moment, and the draft in which one step makes the next moment of it."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from attrs import Factory, define, frozen
from immutables import Map

from gamma_scalper.domain.ports import Link
from gamma_scalper.domain.snapshots import Holding
from gamma_scalper.portfolio.desk_parameters import DeskParameters
from gamma_scalper.portfolio.effects import Alarm, Effect, Halt
from gamma_scalper.portfolio.ledger import Ledger
from gamma_scalper.portfolio.tickets import Ticket


@frozen
class Errand:
    """Where the desk stands with orders of its own: it looks at quotes, asks to be permitted, and waits for deaths."""

    next_at: datetime  # when it looks (again)
    looking: bool = False
    wanting: bool = False


@frozen(kw_only=True)
class Flattening:
    """The book is being sold."""

    why: str
    began: datetime
    within_s: float
    began_with: tuple[Holding, ...]
    errand: Errand

    @property
    def deadline(self) -> datetime:
        return self.began + timedelta(seconds=self.within_s)


@frozen(kw_only=True)
class Repairing:
    """A structure whose legs are out of proportion, or were."""

    structure: str
    numbers: tuple[int, ...]  # of its intents, and of those that repaired it
    wanted: tuple[int, ...]  # of its intents alone
    attempts: int
    errand: Errand | None  # None: settled, for now


class Desk(NamedTuple):
    """One book's orders and holdings: a fold over its entries, and nothing else."""

    book: str
    parameters: DeskParameters
    ledger: Ledger
    orders: Map[int, Ticket] = Map()  # intent number -> its order, dead ones too
    live: tuple[int, ...] = ()  # numbers of those alive, rising
    next_number: int = 1
    link: Link = Link.DOWN
    asking_since: datetime | None = None  # the broker's records were asked for then, and have not come
    orphans: Map[int, datetime] = Map()  # number alive at the broker, unknown here -> when it is cancelled (again)
    rejections: Map[str, int] = Map()  # purpose -> in a row
    flattening: Flattening | None = None
    repairs: Map[int, Repairing] = Map()  # first number of a structure -> what became of it
    repairing: tuple[int, ...] = ()  # first numbers of those not settled
    alarmed: frozenset[tuple[int, str]] = frozenset()  # number of the order (0: the book), what about
    halted: frozenset[tuple[int, str]] = frozenset()  # number of the order, why

    @property
    def living(self) -> list[Ticket]:
        """In the order of their numbers."""
        return [self.orders[number] for number in self.live]

    @property
    def ready(self) -> bool:
        return self.link is Link.READY

    @property
    def settled_through(self) -> int:
        """The highest number up to which every order is dead, its fills told."""
        unsettled = (*self.live[:1], *self.orphans)
        return min(unsettled, default=self.next_number) - 1


@define
class Draft:
    """One step in the making: the desk as it becomes, and what it wants done, in this order."""

    desk: Desk
    now: datetime
    effects: list[Effect] = Factory(list)
    filled: bool = False  # the ring is to be told of a fill
    changed: bool = False  # or of an order

    @property
    def parameters(self) -> DeskParameters:
        return self.desk.parameters

    def after(self, seconds: float) -> datetime:
        return self.now + timedelta(seconds=seconds)

    def set(self, **changes: Any) -> None:
        self.desk = self.desk._replace(**changes)

    def put(self, ticket: Ticket) -> None:
        """This order as it is now."""
        desk, number = self.desk, ticket.number
        orders = desk.orders.set(number, ticket)
        if ticket.alive is (number in desk.live):
            self.desk = desk._replace(orders=orders)
            return
        live = tuple(sorted({*desk.live, number})) if ticket.alive else tuple(n for n in desk.live if n != number)
        self.desk = desk._replace(orders=orders, live=live)

    def alarm(self, number: int, about: str, text: str) -> None:
        """Once, until the order is dead or the matter was dropped."""
        key = number, about
        if key not in self.desk.alarmed:
            self.set(alarmed=self.desk.alarmed | {key})
            self.effects.append(Alarm(text))

    def halt(self, number: int, breaker: str, why: str) -> None:
        """Once for each reason."""
        if (number, why) not in self.desk.halted:
            self.set(halted=self.desk.halted | {(number, why)})
            self.effects.append(Halt(breaker, why))

    def quiet(self, number: int) -> None:
        """What was alarmed about this order, or about the book, is over."""
        kept = frozenset(key for key in self.desk.alarmed if key[0] != number)
        if len(kept) < len(self.desk.alarmed):
            self.set(alarmed=kept)

    def reject(self, purpose: str) -> bool:
        """Count a rejection; whether there were too many in a row, and counting begins anew."""
        count = self.desk.rejections.get(purpose, 0) + 1
        too_many = count >= self.parameters.max_rejections
        self.set(rejections=self.desk.rejections.set(purpose, 0 if too_many else count))
        return too_many
