"""The one reader of what the broker tells: each book hears what concerns it, the house hears the rest."""

from collections.abc import Callable, Mapping

from attrs import evolve
from loguru import logger

from gamma_scalper.domain.entries import DeskEntry, Entry
from gamma_scalper.domain.fills import Commission, Fill
from gamma_scalper.domain.orders import IntentId
from gamma_scalper.domain.ports import Altered, LinkReport, OrderEvent, OrderReport, OrderRouter, Recap, Warned
from gamma_scalper.kernel import Channel

_MOST_OWNERS = 20_000  # executions; far more than there are in the days for which bills may still come


class Listening:
    """`books` are the channels by book's name; what belongs to none of them goes to `house`."""

    def __init__(
        self,
        router: OrderRouter,
        books: Mapping[str, Channel[DeskEntry]],
        owners: Mapping[str, str],
        house: Callable[[Entry], None],
        booked: Callable[[str, Fill | Commission], bool] = lambda book, event: False,
    ) -> None:
        """`booked`: does a book that is not at work today know this already?"""
        self._booked = booked
        self._router = router
        self._books = books
        self._owners = dict(owners)  # execution key -> book
        self._house = house

    async def run(self) -> None:
        async for event in self._router.events():
            self.route(event)

    def route(self, event: OrderEvent) -> None:
        match event:
            case LinkReport():
                self._house(event)
                for channel in self._books.values():
                    channel.put_nowait(event)
            case Recap():
                self._house(event)
                for book, channel in self._books.items():
                    mine = tuple(report for report in event.open_orders if book_of(report.order_ref) == book)
                    channel.put_nowait(evolve(event, holdings=(), open_orders=mine))
            case Commission():
                self._to(self._owners.get(event.key), event)
            case Fill():
                owner = None if event.intent is None else event.intent.book
                if owner is not None:
                    self._owners[event.key] = owner
                    if len(self._owners) > _MOST_OWNERS:
                        del self._owners[next(iter(self._owners))]  # whose bill was told long ago
                self._to(owner, event)
            case OrderReport() | Altered() | Warned():
                self._to(book_of(event.order_ref), event)

    def _to(self, book: str | None, event: Fill | Commission | OrderReport | Altered | Warned) -> None:
        channel = None if book is None else self._books.get(book)
        if channel is not None:
            channel.put_nowait(event)
            return
        if book is not None:
            if isinstance(event, Fill | Commission) and self._booked(book, event):
                return  # a broker tells the day's executions to whoever connects
            logger.warning("of {}, which is not at work: {}", book, type(event).__name__)
        self._house(event)


def book_of(order_ref: str) -> str | None:
    """Whose order it is by its name; None where it is nobody's here."""
    intent = IntentId.parse(order_ref)
    return None if intent is None else intent.book
