"""Small stories made by hand: what a book saw, did and earned, so that every figure can be told beforehand."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np

from gamma_scalper.domain import entries as e
from gamma_scalper.domain.fills import Commission, Fill
from gamma_scalper.domain.instruments import Option, Stock
from gamma_scalper.domain.money import Money
from gamma_scalper.domain.orders import GoodTill, Intent, IntentId, Limit, Purpose, Side
from gamma_scalper.domain.quotes import Quote
from gamma_scalper.domain.strategy_entries import Attributed
from gamma_scalper.journal.chain import Row
from gamma_scalper.portfolio.attribution import PARTS
from gamma_scalper.reports.backtest.story import Looks, SourceRows, Story

OPENS = datetime(2026, 1, 6, 14, 30, tzinfo=UTC)  # half past nine in New York
SHARE = Stock(con_id=1, symbol="SPY")
_COLUMNS = ("spot", "filled", "projected", "low", "high", "centre", "gamma", "theta", "vega", "implied")


def later(minutes: float) -> datetime:
    return OPENS + timedelta(minutes=minutes)


def option(right: str, con_id: int) -> Option:
    return Option(
        con_id=con_id, underlying_con_id=1, symbol="SPY", right=right, strike=Decimal(600), expiry=date(2026, 2, 4),
        expires_at=OPENS + timedelta(days=29), exercise="american", trading_class="SPY",
    )  # fmt: skip


CALL, PUT = option("C", 11), option("P", 12)


def interval(
    begins: float, ends: float, spot_from: float = 600.0, spot_to: float = 600.0, implied: float | None = 0.2,
    **parts: str,
) -> Attributed:  # fmt: skip
    """From one minute to another; a part that is not given is nothing."""
    amounts = {part: Decimal(parts.get(part, "0")) for part in PARTS}
    return Attributed(
        since=later(begins), until=later(ends), total=sum(amounts.values(), Decimal(0)), **amounts,
        spot_from=spot_from, spot_to=spot_to, implied_from=implied, implied_to=implied,
    )  # fmt: skip


def intent(
    number: int, side: Side, quantity: int, purpose: Purpose = Purpose.HEDGE, what: Stock | Option = SHARE,
    reason: str = "delta outside the band", book: str = "spy",
) -> Intent:  # fmt: skip
    return Intent(
        id=IntentId(book, number), purpose=purpose, instrument=what, side=side, quantity=quantity,
        pricing=Limit("600"), lifetime=GoodTill(OPENS + timedelta(days=30)), account="DU1", snapshot_ids=(1,),
        reason=reason,
    )  # fmt: skip


def ordered(*intents: Intent, mid: float = 600.0) -> e.Ordered:
    quotes = [
        Quote(con_id=each.instrument.con_id, snapshot_id=1, bid=mid - 0.01, ask=mid + 0.01, received_at=OPENS)
        for each in intents
    ]
    return e.Ordered(
        intents=intents, reserved=[Money("0")] * len(intents), patience_s=5.0, good_for_s=5.0, quotes=quotes
    )


def filled(each: Intent, price: str, at: datetime, fee: str = "0.35") -> list[object]:
    """The fill and its bill."""
    name = f"{each.id.book}.{each.id.number}.1.01"
    fill = Fill(
        intent=each.id, account="DU1", instrument=each.instrument, side=each.side, quantity=each.quantity,
        price=price, exec_id=name, perm_id=each.id.number, at=at,
    )  # fmt: skip
    return [fill, Commission(name, Money(fee))]


def traded(
    minute: float, each: Intent, price: str, fee: str = "0.35", mid: float = 600.0
) -> list[tuple[float, object]]:
    """Ordered, and filled at once."""
    return [(minute, entry) for entry in (ordered(each, mid=mid), *filled(each, price, later(minute), fee))]


def rows(told: Iterable[tuple[float, object]], book: str = "spy") -> list[Row]:
    """Each at its minute."""
    return [
        Row(seq, book, seq, later(minute), type(entry).__name__, 1, entry, "")
        for seq, (minute, entry) in enumerate(told, 1)
    ]


def looks(minutes: Sequence[float] = (), **columns: float | Sequence[float]) -> Looks:
    """A column that is not given was not known; a single number holds all the time."""
    at = np.array([int(later(minute).timestamp() * 1e9) for minute in minutes], dtype=np.int64)
    table = {
        name: np.array(np.broadcast_to(np.asarray(columns.get(name, np.nan), dtype=np.float64), at.shape))
        for name in _COLUMNS
    }
    return Looks(at=at, **table)


def story(
    told: Iterable[tuple[float, object]] = (), seen: Looks | None = None, *, market: str = "heston:step=60",
    settings: Mapping[str, str] | None = None, source: Sequence[SourceRows] = (), journal: Sequence[Row] | None = None,
    each: Mapping[str, Looks] | None = None,
) -> Story:  # fmt: skip
    seen_by = {"spy": seen or looks()} if each is None else each
    return Story(
        market=market, seed=1, first=date(2026, 1, 6), last=date(2026, 1, 7), cash=100_000, settings=settings or {},
        rows=rows(told) if journal is None else journal, looks=seen_by, source=source,
    )  # fmt: skip
