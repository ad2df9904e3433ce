"""Cash dividends of what a book holds in shares: nobody tells a trader of them, and the shares have lost them."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from gamma_scalper.domain.entries import Paid
from gamma_scalper.domain.instruments import Stock
from gamma_scalper.domain.money import Money, to_cents, to_decimal
from gamma_scalper.portfolio.accounts import BLANK
from gamma_scalper.portfolio.ledger import Ledger, quantity
from gamma_scalper.portfolio.page import Dealt

_NEW_YORK = ZoneInfo("America/New_York")
_DAY = timedelta(days=1)
_MORNING = time(6)  # when all that was exercised or assigned in the night is known
_LATE = timedelta(days=6)  # within what a ledger keeps open


def dividends_due(ledger: Ledger, shares: Stock, dividends: Mapping[date, float], now: datetime) -> Iterator[Paid]:
    """Of the ex-dates that have come, each once; short sellers owe them.

    They count from the ex-date on, when the price has fallen by them, however much later the cash moves.
    """
    for ex, amount in sorted(dividends.items()):
        id, known = f"dividend {shares.symbol} {ex}", datetime.combine(ex, _MORNING, _NEW_YORK)
        if id in ledger.events or not known <= now < known + _LATE:
            continue
        held = held_into(ledger, shares.con_id, ex)
        if held:
            yield Paid(
                id=id,
                amount=Money(to_cents(held * to_decimal(amount)), shares.currency),
                what=f"dividend of {amount:g} a share on {held:f} {shares.symbol}, ex {ex}",
                con_id=shares.con_id,
                accepted_by="the ex-dates",
            )


def held_into(ledger: Ledger, con_id: int, ex: date) -> Decimal:
    """Shares that carry that day's dividend: without the trades since, with what came out of options in the night."""
    page, held = ledger.accounts.pages.get(con_id, BLANK), quantity(ledger, con_id)
    begins, ends = _midnight(ex), _midnight(ex + _DAY)
    for number in range(len(page.lines)):
        place, booking = page.lines[number].place, page.lines[number].booking
        told = place.name in ledger.events  # what happened in the night is found in the morning
        if isinstance(booking, Dealt) and place.at >= (ends if told else begins):
            held -= booking.quantity
    return held


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(0), _NEW_YORK)
