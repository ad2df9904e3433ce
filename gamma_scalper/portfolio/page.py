"""One contract's page of a ledger: its lines in order of time, and the lots they leave.

Whatever comes late (a missed fill, a correction) is entered where it belongs: the page is rewound to that moment and
written again from there, so that the same lines make the same page in whatever order they were told.
"""

from bisect import bisect_left
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from attrs import field, frozen
from immutables import Map

from gamma_scalper.domain.instruments import Option, Stock
from gamma_scalper.portfolio.lots import Lot, Lots, Standing, carried, cost_of, traded


class Place(NamedTuple):
    """Where a line stands: by time; at one moment executions, then inferred ones, then events; then by name."""

    at: datetime
    rank: int
    name: str


class Dealt(NamedTuple):
    """So many came or went at a price."""

    quantity: Decimal
    each: Decimal  # multiplier included


class Turned(NamedTuple):
    """All that was held became so many of another contract, or of the same."""

    after: Stock | Option
    ratio: Decimal
    whole: bool  # fractions were paid out


class Arrived(NamedTuple):
    """Lots that were of another contract before."""

    lots: tuple[Lot, ...]


Booking = Dealt | Turned | Arrived


class Line(NamedTuple):
    place: Place
    instrument: Stock | Option
    booking: Booking
    before: Standing
    taken: tuple[Lot, ...]  # the lots it closed or made smaller, as they were: numbers from `before.first` up


@frozen
class Page:
    lines: Map[int, Line] = field(factory=Map)  # 0, 1, 2, ... by place
    lots: Lots = field(factory=Map)
    standing: Standing = field(factory=Standing)
    opening: Stock | Option | None = None  # what was held when the books were closed, as the newest line then had it

    @property
    def instrument(self) -> Stock | Option:
        """As the newest line has it."""
        if self.lines:
            return self.lines[len(self.lines) - 1].instrument
        assert self.opening is not None, "a page has a line, or holds something from before"
        return self.opening

    def open_lots(self) -> tuple[Lot, ...]:
        """The oldest first."""
        return tuple(self.lots[number] for number in range(self.standing.first, self.standing.end))


class Departed(NamedTuple):
    """Lots that go on as another contract: they are to arrive on its page, in the place of what arrived before."""

    place: Place
    after: Stock | Option
    lots: tuple[Lot, ...]


def entered(
    page: Page, place: Place, instrument: Stock | Option, booking: Booking | None
) -> tuple[Page, tuple[Departed, ...]]:
    """The page with this booking at this place, instead of what stood there; None takes it away."""
    count = len(page.lines)
    if booking is not None and (not count or page.lines[count - 1].place < place):
        return _written(page, place, instrument, booking)
    index = bisect_left(range(count), place, key=lambda number: page.lines[number].place)
    later = [page.lines[number] for number in range(index, count)]
    page = _rewound(page, index)
    if later and later[0].place == place:
        del later[0]
    again = [(line.place, line.instrument, line.booking) for line in later]
    if booking is not None:
        again.insert(0, (place, instrument, booking))
    departed: list[Departed] = []
    for each in again:
        page, gone = _written(page, *each)
        departed += gone
    return page, tuple(departed)


def _written(
    page: Page, place: Place, instrument: Stock | Option, booking: Booking
) -> tuple[Page, tuple[Departed, ...]]:
    """The page with one line more at its end."""
    lots, before, standing = page.lots, page.standing, page.standing
    departed: tuple[Departed, ...] = ()
    if isinstance(booking, Dealt):
        lots, standing = traded(lots, standing, Lot(*booking, place.at))
    elif isinstance(booking, Arrived):
        lots, standing = _received(lots, standing, booking.lots)
    else:
        new = carried(page.open_lots(), booking.ratio, whole=booking.whole)
        # What the new lots don't carry of the old cost went with the fractions.
        lost = cost_of(new) - standing.cost
        lots, standing = Map(), Standing(standing.end, standing.end, realised=standing.realised + lost)
        if booking.after.con_id == instrument.con_id:
            lots, standing = _received(lots, standing, new)
        else:
            departed = (Departed(place, booking.after, new),)
    line = Line(place, instrument, booking, before, _taken(page, standing.first))
    return Page(page.lines.set(len(page.lines), line), lots, standing, page.opening), departed


def _received(lots: Lots, standing: Standing, more: tuple[Lot, ...]) -> tuple[Lots, Standing]:
    for lot in more:
        lots, standing = traded(lots, standing, lot)
    return lots, standing


def _taken(page: Page, first: int) -> tuple[Lot, ...]:
    """The lots that are gone once `first` is the oldest, and `first` itself: it may be smaller now."""
    before = page.standing
    return tuple([page.lots[number] for number in range(before.first, min(first + 1, before.end))])


def _rewound(page: Page, count: int) -> Page:
    """The page as it was when it had so many lines."""
    lots, standing = page.lots.mutate(), page.standing
    lines = page.lines.mutate()
    for index in range(len(page.lines) - 1, count - 1, -1):
        line = lines.pop(index)
        for number in range(line.before.end, standing.end):
            lots.pop(number, None)
        for number, lot in enumerate(line.taken, line.before.first):
            lots[number] = lot
        standing = line.before
    return Page(lines.finish(), lots.finish(), standing, page.opening)


# -- closing -----------------------------------------------------------------------------------------------------------


def lines_before(page: Page, before: datetime) -> Iterator[Place]:
    """The places of the lines from before that moment."""
    for number in range(len(page.lines)):
        place = page.lines[number].place
        if place.at >= before:
            return
        yield place


def shortened(page: Page, before: datetime) -> Page:
    """Without the lines from before that moment: the lots that were open then are its opening balance."""
    count = len(page.lines)
    gone = bisect_left(range(count), before, key=lambda number: page.lines[number].place.at)
    if not gone:
        return page
    at_opening = page.lines[gone].before if gone < count else page.standing
    lines = [page.lines[number] for number in range(gone, count)]
    return Page(
        Map(enumerate(line._replace(before=_counted_from(line.before, at_opening)) for line in lines)),
        Map((number - at_opening.first, lot) for number, lot in page.lots.items()),
        _counted_from(page.standing, at_opening),
        page.lines[gone - 1].instrument if at_opening.quantity else None,
    )


def _counted_from(standing: Standing, opening: Standing) -> Standing:
    """As if the oldest lot of the opening balance were the first there ever was, and nothing had been earned before."""
    return standing._replace(
        first=standing.first - opening.first,
        end=standing.end - opening.first,
        realised=standing.realised - opening.realised,
    )
