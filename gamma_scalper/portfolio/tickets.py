"""One order as the desk knows it: what was decided, what the broker said of it, what executions prove."""

import enum
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from attrs import frozen

from gamma_scalper.domain.money import Money
from gamma_scalper.domain.orders import Order, Pricing
from gamma_scalper.domain.ports import OrderReport, Standing
from gamma_scalper.portfolio.order_table import Kind, kind_of

NONE = Decimal(0)
_OVER = (Standing.FILLED, Standing.CANCELLED, Standing.REJECTED)


class Life(NamedTuple):
    """One permId of an intent. An amendment on a bad line may have made a second, and both may fill."""

    perm_id: int  # 0 until the broker has named it
    standing: Standing = Standing.PENDING  # newest that was said and meant; never UNKNOWN
    doubted: bool = False  # the standing may be false; the broker's records will tell
    said: Decimal = NONE  # filled, as reports say: never a position
    executed: Decimal = NONE  # as executions with this permId prove
    told_at: datetime | None = None
    code: int | None = None
    why: str = ""

    @property
    def over(self) -> bool:
        return self.standing in _OVER

    def told(self, report: OrderReport, quantity: Decimal) -> "Life":
        """After a report on it. Of two ways to be dead the one that says more stays."""
        if report.standing is Standing.UNKNOWN:
            return self._replace(doubted=True)
        said = report.filled
        if report.standing is Standing.FILLED and not said:
            said = quantity
        repeated = self.over and report.standing in _OVER and report.standing is not Standing.FILLED
        if repeated and (self.standing is not Standing.CANCELLED or report.standing is Standing.CANCELLED):
            known_why = self.why or report.why
            known_code = self.code if self.code is not None else report.code
            return self._replace(doubted=False, said=max(self.said, said), code=known_code, why=known_why)
        return Life(
            perm_id=self.perm_id,
            standing=report.standing,
            doubted=self.over and report.standing not in _OVER,  # it was dead, they said
            said=max(self.said, said),
            executed=self.executed,
            told_at=report.at,
            code=report.code,
            why=report.why,
        )


class Handing(enum.Enum):
    """How far an order came on its way to the broker's client, in this process."""

    NOT_YET = "not yet"
    UNDER_WAY = "under way"  # the desk gave it to be sent, and hears `Dispatched` or `NotSent`
    OVER = "over"


@frozen
class Terms:
    """What the orders of one plan have in common."""

    numbers: tuple[int, ...]  # of all of them
    ordered_at: datetime
    together: bool
    structure: str
    patience_s: float
    spacing_s: float
    decided: tuple[tuple[int, Decimal], ...] = ()  # conId, price per share it was decided at
    mends: int = 0  # first number of the structure these repair


@frozen
class Question:
    """Something about an order that the broker's records are asked for."""

    why: str
    since: datetime
    next_at: datetime  # when it is asked (again)
    asked: int = 0


@frozen
class Cancelling:
    """Its death is wanted."""

    why: str
    next_at: datetime  # when the cancel is asked for (again)
    attempts: int = 0


class Ticket(NamedTuple):
    """An order and all the desk has to remember of it."""

    order: Order
    terms: Terms
    reserved: Money
    handing: Handing = Handing.NOT_YET
    lives: tuple[Life, ...] = ()
    excess: Decimal = NONE  # executed beyond the quantity
    corrected: bool = False  # one of its executions was, and reports of what filled don't follow that
    given_at: datetime | None = None  # handed over, or given to be
    turn_at: datetime | None = None  # of a part whose turn comes
    held_since: datetime | None = None  # waits for shares to borrow
    ended_at: datetime | None = None  # of a dead one
    amended: Pricing | None = None  # newest price that was asked for
    cancelling: Cancelling | None = None
    question: Question | None = None

    @property
    def number(self) -> int:
        return self.order.intent.id.number

    @property
    def kind(self) -> Kind:
        return kind_of(self.order.state)

    @property
    def alive(self) -> bool:
        return self.order.alive

    @property
    def perm_ids(self) -> tuple[int, ...]:
        return tuple(sorted(life.perm_id for life in self.lives if life.perm_id))

    @property
    def at_broker(self) -> bool:
        """It may be there, as far as we know."""
        return self.alive and self.kind not in (Kind.PLANNED, Kind.JOURNALED)

    @property
    def executed(self) -> Decimal:
        return self.order.filled + self.excess

    @property
    def missing(self) -> Decimal:
        """Reported as filled, and not proved by executions."""
        return self.missing_with(self.executed)

    def missing_with(self, executed: Decimal) -> Decimal:
        if self.corrected:
            return NONE
        said = self.lives[0].said if len(self.lives) == 1 else sum((life.said for life in self.lives), NONE)
        return said - executed if said > executed else NONE

    def with_life(self, life: Life) -> "Ticket":
        """With this life in the place of what it was, or as a further one. A nameless one takes the first name."""
        places = [at for at, each in enumerate(self.lives) if each.perm_id in (life.perm_id, 0)]
        if not places:
            return self._replace(lives=(*self.lives, life))
        lives = list(self.lives)
        lives[places[0]] = life
        return self._replace(lives=tuple(lives))

    def life(self, perm_id: int) -> Life | None:
        """The one that is meant: by its name, the nameless one, or where no name was said the newest."""
        if not perm_id:
            return self.lives[-1] if self.lives else None
        for each in self.lives:
            if each.perm_id == perm_id:
                return each
        return next((each._replace(perm_id=perm_id) for each in self.lives if not each.perm_id), None)

    def doubted(self) -> "Ticket":
        """What was last said of its living lives counts no more; one that was never named is in doubt as such."""
        lives = tuple(life if life.over else life._replace(doubted=True) for life in self.lives)
        return self._replace(lives=lives or (Life(0, doubted=True),))
