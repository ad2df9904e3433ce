"""Journals written by hand: what a day seldom brings, in the fewest rows that a recovery follows."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from gamma_scalper.domain import entries as e
from gamma_scalper.domain.fills import Commission, Fill
from gamma_scalper.domain.instruments import Combo, Leg, Option, Stock
from gamma_scalper.domain.money import Money
from gamma_scalper.domain.orders import GoodTill, Intent, IntentId, Limit, Purpose, Side
from gamma_scalper.domain.ports import Link, LinkReport, OrderReport, Standing
from gamma_scalper.domain.quotes import Quote
from gamma_scalper.domain.strategy_entries import Decided
from gamma_scalper.journal.chain import Row

NOON = datetime(2026, 1, 12, 17, 0, tzinfo=UTC)  # in New York
ACCOUNT = "DU1234567"
SHARE = Stock(con_id=1, symbol="SPY")
CALL, PUT = (
    Option(
        con_id=con_id, underlying_con_id=1, symbol="SPY", right=right, strike="600", expiry=date(2026, 2, 20),
        expires_at=datetime(2026, 2, 20, 21, tzinfo=UTC), trading_class="SPY",
    )
    for con_id, right in ((2, "C"), (3, "P"))
)  # fmt: skip
STRADDLE = Combo([Leg(CALL, 1), Leg(PUT, 1)])
MIDS = {1: (599.99, 600.01), 2: (11.9, 12.1), 3: (9.95, 10.05)}
WHY = "delta -8 below the band"


class Story:
    """Told row by row, a second apart unless it is said otherwise."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.now = NOON
        self._counts: Counter[str] = Counter()
        self._executions = 0
        self.begin()

    def tell(self, *entries: Any, book: str = "spy", after: float = 1.0) -> "Story":
        for entry in entries:
            self.now += timedelta(seconds=after)
            self._counts[book] += 1
            seq = len(self.rows) + 1
            self.rows.append(Row(seq, book, self._counts[book], self.now, type(entry).__name__, 1, entry, ""))
        return self

    def begin(self) -> "Story":
        """A process, and a broker that is ready."""
        self.tell(e.SessionBegan("paper", "test", ""), LinkReport(self.now, Link.READY), book="")
        return self.tell(e.Restarted(), LinkReport(self.now, Link.READY))

    def end(self) -> "Story":
        return self.tell(e.SessionEnded("Ctrl+C", 0), book="")

    def order(self, *intents: Intent, sent: bool = True, decided: bool = True, **about: Any) -> "Story":
        """Decided on the quotes of this moment, written down, and the first or all of it handed over."""
        if decided:
            self.tell(Decided("hedge", intents[0].reason))
        self.tell(self.ordered(*intents, **about), after=0)
        together = about.get("together", True)
        return self.tell(*(e.Dispatched(each.id) for each in (intents if together else intents[:1]) if sent), after=0.1)

    def ordered(self, *intents: Intent, age_s: float = 1.0, **about: Any) -> e.Ordered:
        quotes = [
            Quote(con_id=con_id, snapshot_id=con_id, bid=bid, ask=ask, received_at=self.now - timedelta(seconds=age_s))
            for con_id, (bid, ask) in MIDS.items()
        ]
        return e.Ordered(
            intents=intents, reserved=[Money("0")] * len(intents), patience_s=5.0, good_for_s=5.0,
            **{"quotes": quotes} | about,
        )  # fmt: skip

    def fill(self, id: IntentId | None, instrument: Any, side: Side, quantity: int, price: str, **more: Any) -> Fill:
        """One more execution, not told yet."""
        self._executions += 1
        known = {"exec_id": f"0001.0002.{self._executions:04d}.01", "at": self.now, "perm_id": 7}
        return Fill(
            intent=id, account=ACCOUNT, instrument=instrument, side=side, quantity=quantity, price=price,
            **(known | more),
        )  # fmt: skip

    def filled(self, intent: Intent, *prices: str, bill: str | None = "1.00") -> "Story":
        """All of it at once; of a combo each leg at its own price."""
        legs = intent.instrument.legs if isinstance(intent.instrument, Combo) else (Leg(intent.instrument, 1),)
        for leg, price in zip(legs, prices, strict=True):
            told = self.fill(intent.id, leg.instrument, intent.side, int(intent.quantity) * abs(leg.ratio), price)
            self.tell(told, after=0.1)
            if bill is not None:
                self.tell(Commission(told.exec_id, Money(bill)), after=0.1)
        return self.tell(self.report(intent, Standing.FILLED, int(intent.quantity)), after=0.1)

    def report(self, intent: Intent, standing: Standing, filled: int) -> OrderReport:
        left = max(intent.quantity - filled, Decimal(0))
        return OrderReport(
            at=self.now, order_ref=str(intent.id), perm_id=7, standing=standing, filled=filled, remaining=left
        )  # fmt: skip


def intent(number: int, quantity: int = 8, side: Side = Side.BUY, limit: str = "600.10", **more: Any) -> Intent:
    """A hedge, unless it is said otherwise."""
    known = {"instrument": SHARE, "purpose": Purpose.HEDGE, "reason": WHY, "snapshot_ids": (1, 2, 3)}
    return Intent(
        id=IntentId("spy", number), side=side, quantity=quantity, pricing=Limit(limit), account=ACCOUNT,
        lifetime=GoodTill(NOON + timedelta(days=30)), **(known | more),
    )  # fmt: skip


def straddle(number: int, quantity: int = 1, side: Side = Side.BUY, limit: str = "22.20", **more: Any) -> Intent:
    known = {"instrument": STRADDLE, "purpose": Purpose.ENTRY, "reason": "the best", "snapshot_ids": (2, 3)}
    return intent(number, quantity, side, limit, **(known | more))
