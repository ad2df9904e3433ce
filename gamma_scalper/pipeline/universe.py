"""What a book looks at: its underlying, its options, and what the chain had to offer."""

from collections.abc import Iterable

from attrs import field, frozen

from gamma_scalper.domain.instruments import Index, Option, Stock
from gamma_scalper.domain.snapshots import Shortlist


def _options(each: Iterable[Option]) -> tuple[Option, ...]:
    return tuple(each)


@frozen(kw_only=True)
class Universe:
    """Told to a book's streamer whenever it changes."""

    underlying: Stock | Index
    options: tuple[Option, ...] = field(default=(), converter=_options)  # held, ordered or wanted
    shortlist: Shortlist | None = None
