"""What the last stage of a book's ring asks of the house the book trades in."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from gamma_scalper.domain.entries import DeskEntry, Entry, Looked
from gamma_scalper.domain.instruments import Option
from gamma_scalper.domain.orders import Intent
from gamma_scalper.domain.ports import LinkReport
from gamma_scalper.domain.proposals import Approved, Plan, Refusal, Refused
from gamma_scalper.portfolio.desk import Desk


class House(Protocol):
    """What a book asks of the house it trades in."""

    @property
    def account(self) -> str: ...

    @property
    def link(self) -> LinkReport:
        """How far the broker can be trusted just now."""
        ...

    def take_down(self, book: str, entry: Entry, at: datetime | None = None) -> datetime:
        """Into the journal, before anything is made of it; the moment it stands there with."""
        ...

    async def durable(self) -> None:
        """Return once all that was taken down would survive a power cut."""
        ...

    async def preview(self, book: str, plan: Plan) -> None:
        """Learn what has to be asked for beforehand, so that `approve` need not wait."""
        ...

    def approve(self, book: str, plan: Plan) -> Approved | Refused:
        """Checked and reserved in one step: nothing is awaited in it."""
        ...

    def still(self, intent: Intent) -> Sequence[Refusal]:
        """What speaks against sending it now: mode, pause, panic file, halt."""
        ...

    def may_instruct(self, book: str, option: Option, contracts: int, *, written: bool = False) -> Sequence[Refusal]:
        """What speaks against exercising so many of an option now."""
        ...

    def show(self, state: Desk) -> None:
        """The book's newest state, for the house's own rules."""
        ...

    def look(self, book: str, con_ids: Sequence[int]) -> Looked:
        """Newest quotes, and which of these contracts nobody can trade just now."""
        ...

    async def read_records(self, book: str) -> Sequence[DeskEntry]:
        """The broker's executions of this book, as fills, and then its lists; nothing where it does not answer."""
        ...
