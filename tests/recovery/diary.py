"""A journal in memory, and what a house may write into one."""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from attrs import Factory, define
from hypothesis import strategies as st

from gamma_scalper.domain import entries as e
from gamma_scalper.domain.fills import Commission, Fill
from gamma_scalper.domain.instruments import Option, Stock
from gamma_scalper.domain.money import Money
from gamma_scalper.domain.orders import GoodTill, Intent, IntentId, Limit, Purpose, Side
from gamma_scalper.domain.ports import Link, LinkReport, OrderReport, Recap, Standing
from gamma_scalper.domain.snapshots import Holding
from gamma_scalper.journal.chain import Row
from gamma_scalper.journal.codec import decode, encode

OPENING = datetime(2026, 1, 5, 14, 30, tzinfo=UTC)
SPY = Stock(con_id=756733, symbol="SPY")
CALL, PUT = (
    Option(
        con_id=con_id, underlying_con_id=SPY.con_id, symbol="SPY", right=right, strike=Decimal(600),
        expiry=date(2026, 2, 20), expires_at=datetime(2026, 2, 20, 21, 15, tzinfo=UTC), trading_class="SPY",
    )
    for con_id, right in ((1001, "C"), (1002, "P"))
)  # fmt: skip


@define
class Diary:
    """Rows and snapshots; every entry goes through its text."""

    lines: list[tuple[str, datetime, str, int, bytes]] = Factory(list)
    snapshots: dict[str, tuple[int, bytes]] = Factory(dict)

    def write(self, book: str, entry: e.Entry, at: datetime) -> None:
        self.lines.append((book, at, *encode(entry)))

    def rows(self, after: int = 0) -> Iterator[Row]:
        for seq, (book, at, kind, version, payload) in enumerate(self.lines[after:], after + 1):
            yield Row(seq, book, 0, at, kind, version, decode(kind, version, payload), "")

    def snapshot(self, name: str) -> tuple[int, bytes] | None:
        return self.snapshots.get(name)

    def save_snapshot(self, name: str, payload: bytes, seq: int) -> None:
        self.snapshots[name] = seq, payload


# -- an order's rows ---------------------------------------------------------------------------------------------------


def intent(number: int, at: datetime, **changes: Any) -> Intent:
    given = {
        "id": IntentId("spy", number),
        "purpose": Purpose.HEDGE,
        "instrument": SPY,
        "side": Side.BUY if number % 2 else Side.SELL,
        "quantity": Decimal(20),
        "pricing": Limit("599.99"),
        "lifetime": GoodTill(at + timedelta(seconds=30)),
        "account": "DU1",
        "snapshot_ids": (number,),
        "reason": "a test",
    }
    return Intent(**given | changes)


def ordered(*intents: Intent, **changes: Any) -> e.Ordered:
    reserved = [Money("1000")] * len(intents)
    return e.Ordered(**{"intents": intents, "reserved": reserved, "patience_s": 15, "good_for_s": 2} | changes)


def told(number: int, at: datetime, standing: Standing, filled: int = 0) -> OrderReport:
    ref, perm_id = f"spy/{number}", 10_000 + number
    return OrderReport(at=at, order_ref=ref, perm_id=perm_id, standing=standing, filled=filled, remaining=20 - filled)


def executed(made: Intent, at: datetime, quantity: int, part: int = 1, revision: int = 1) -> Iterator[e.Entry]:
    exec_id = f"0000e0d5.{made.id.number:08x}.{part:02}.{revision:02}"
    yield Fill(
        intent=made.id, account="DU1", instrument=made.instrument, side=made.side, quantity=quantity, price="599.98",
        exec_id=exec_id, perm_id=10_000 + made.id.number, at=at,
    )  # fmt: skip
    yield Commission(exec_id, Money("1.0042"))


def hedge(number: int, at: datetime, end: str = "filled") -> Iterator[e.Entry]:
    """From its reason to its end."""
    made = intent(number, at)
    yield ordered(made)
    if end == "not sent":
        yield e.NotSent(made.id, "too old")
        return
    yield e.Dispatched(made.id)
    yield told(number, at, Standing.WORKING)
    if end in ("filled", "corrected"):
        yield from executed(made, at, 20)
        yield told(number, at, Standing.FILLED, 20)
    if end == "corrected":
        yield from executed(made, at, 19, revision=2)
    if end == "partly":
        yield from executed(made, at, 5)
        yield e.CancelAsked(made.id, "no longer wanted")
        yield told(number, at, Standing.CANCELLED, 5)
    if end == "rejected":
        yield told(number, at, Standing.REJECTED)


def straddle(number: int, at: datetime, puts: int) -> Iterator[e.Entry]:
    """Two legs, of which the second fills as far as it does."""
    sides = {"side": Side.BUY, "quantity": 4, "purpose": Purpose.ENTRY}
    call, put = intent(number, at, instrument=CALL, **sides), intent(number + 1, at, instrument=PUT, **sides)
    yield ordered(call, put, structure=f"straddle {number}")
    yield e.Dispatched(call.id)
    yield e.Dispatched(put.id)
    yield from executed(call, at, 4)
    yield told(number, at, Standing.FILLED, 4)
    if puts:
        yield from executed(put, at, puts)
    yield told(number + 1, at, Standing.FILLED if puts == 4 else Standing.CANCELLED, puts)


# -- days --------------------------------------------------------------------------------------------------------------

_OF_THE_HOUSE: tuple[tuple[str, e.Entry], ...] = (
    ("", e.ModeChanged(e.Mode.DEGRADED, "Greeks are missing", "health")),
    ("", e.Paused("lunch", "Ann")),
    ("", e.Unpaused("Ann")),
    ("spy", e.Halted("daily loss", "-512 today")),
    ("spy", e.HaltLifted("daily loss", "Ann")),
    ("spy", e.Marked(profit_today=Decimal("-12.5"), equity=Decimal(100_000))),
    ("spy", e.BaselineDeclared([Holding(SPY, Decimal(500))])),
    ("spy", e.FlattenAsked(why="panic file", by="Ann", within_s=60)),
    ("spy", e.FlattenStopped("a mistake", "Ann")),
    ("spy", e.Elapsed()),
    ("", e.CommandTaken(number=7, name="pause", by="Ann", outcome="paused")),
)
_HAPPENINGS = st.one_of(
    st.sampled_from(("filled", "corrected", "partly", "rejected", "silent", "not sent")),
    st.integers(0, 4),  # a straddle with so many puts
    st.sampled_from(_OF_THE_HOUSE),
    st.just("restart"),
)


def begun(at: datetime) -> Iterator[tuple[str, e.Entry]]:
    """A process began, and the broker told how things stand."""
    yield "", e.SessionBegan("paper", "0.1.0", "9f3c")
    yield "spy", e.Restarted([("ack_s", 4.0)])
    yield "spy", LinkReport(at, Link.READY)
    yield "spy", Recap(at=at, why="connected", holdings=(), open_orders=())


@st.composite
def diaries(draw: st.DrawFn) -> Diary:
    """Some days of a house with one book, as they might have been written down."""
    diary, number = Diary(), 1
    for day, happenings in enumerate(draw(st.lists(st.lists(_HAPPENINGS, max_size=5), min_size=1, max_size=4))):
        at = OPENING + timedelta(days=day)
        write(diary, begun(at), at)
        diary.write("", e.DayBegan(at.date()), at)
        diary.write("spy", e.BooksClosed(at - timedelta(days=2)), at)
        for happening in happenings:
            at += timedelta(minutes=1)
            if happening == "restart":
                write(diary, begun(at), at)
            elif isinstance(happening, tuple):
                diary.write(*happening, at)
            elif isinstance(happening, int):
                write(diary, (("spy", entry) for entry in straddle(number, at, happening)), at)
                number += 2
            else:
                write(diary, (("spy", entry) for entry in hedge(number, at, happening)), at)
                number += 1
    return diary


def write(diary: Diary, noted: Iterable[tuple[str, e.Entry]], at: datetime) -> None:
    for book, entry in noted:
        diary.write(book, entry, at)
