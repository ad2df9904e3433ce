"""What came between two states of one ledger, as far as a profit is to be taken apart by it."""

from collections.abc import Callable, Iterator
from decimal import Decimal

from attrs import frozen

from gamma_scalper.domain.instruments import Option
from gamma_scalper.portfolio.accounts import BLANK, Sums
from gamma_scalper.portfolio.ledger import Ledger, close, quantity
from gamma_scalper.portfolio.page import Dealt, Line, Page, Place

_ZERO = Decimal(0)


@frozen(kw_only=True)
class LedgerChange:
    """Amounts of money as the later state has more of them."""

    payments: Decimal = _ZERO  # dividends, interest, fees
    commissions: Decimal = _ZERO
    traded: bool = False  # not the same holdings
    turned: bool = False  # a contract became another, or another number of the same


NO_CHANGE = LedgerChange()


def changes(before: Ledger, after: Ledger) -> LedgerChange:
    """What happened before the books were closed counts as having been before."""
    if after.accounts is before.accounts:
        return NO_CHANGE
    if after.closed != before.closed:
        before = close(before, after.closed.before, after.closed.through)
    realised = _more(before, after, lambda sums: sums.realised)
    by_trading = sum((now.standing.realised - was.standing.realised for was, now in _pages(before, after)), _ZERO)
    held = {*before.accounts.held, *after.accounts.held}
    return LedgerChange(
        payments=realised - by_trading,
        commissions=_more(before, after, lambda sums: sums.commissions),
        traded=any(quantity(before, con_id) != quantity(after, con_id) for con_id in held),
        turned=any(_turned(now) for was, now in _pages(before, after) if len(now.lines) > len(was.lines)),
    )


def last_price(ledger: Ledger, con_id: int) -> Decimal | None:
    """Per share, of the last trade in a contract; None where there was none since the books were closed."""
    line = _newest(ledger.accounts.pages.get(con_id, BLANK))
    if line is None or not isinstance(line.booking, Dealt):
        return None
    return line.booking.each / line.instrument.multiplier


def ended_at(ledger: Ledger, con_id: int, spot: Decimal) -> Decimal | None:
    """Per share, what a contract was worth when an event took it out of the book; None where a trade did.

    One that was exercised or assigned was worth what the shares made it, be that less than nothing.
    """
    line = _newest(ledger.accounts.pages.get(con_id, BLANK))
    if line is None or line.place.name not in ledger.events or not isinstance(line.booking, Dealt):
        return None
    option = line.instrument
    if isinstance(option, Option) and _delivered(ledger, option, line.place):
        return (spot - option.strike) * (1 if option.right == "C" else -1)
    return line.booking.each / option.multiplier


def _delivered(ledger: Ledger, option: Option, place: Place) -> bool:
    """Whether shares came or went in the same event."""
    page = ledger.accounts.pages.get(option.underlying_con_id, BLANK)
    return any(page.lines[number].place == place for number in range(len(page.lines)))


def _newest(page: Page) -> Line | None:
    return page.lines[len(page.lines) - 1] if page.lines else None


def _turned(page: Page) -> bool:
    line = _newest(page)
    return line is not None and not isinstance(line.booking, Dealt)


def _pages(before: Ledger, after: Ledger) -> Iterator[tuple[Page, Page]]:
    """Those that are not the same, as they were and as they are."""
    old, new = before.accounts.pages, after.accounts.pages
    for con_id in sorted({*old, *new}):
        was, now = old.get(con_id, BLANK), new.get(con_id, BLANK)
        if was is not now:
            yield was, now


def _more(before: Ledger, after: Ledger, amount: Callable[[Sums], Decimal]) -> Decimal:
    """In all currencies together, as everything in a book is in one."""
    was = sum((amount(sums) for sums in before.accounts.sums.values()), _ZERO)
    return sum((amount(sums) for sums in after.accounts.sums.values()), _ZERO) - was
