"""Market files of others into the store, through the readers that replay them: every row is accounted for."""

from collections import Counter
from collections.abc import Callable
from datetime import date, datetime

from attrs import field, frozen

from gamma_scalper.backtest.history.store import HistoryStore, Origin
from gamma_scalper.backtest.history.tables import DayTable, tables_of
from gamma_scalper.domain.exits import UserError
from gamma_scalper.exchange.replay import Replayed
from gamma_scalper.exchange.specs import FILES, market_from

_OTHER_SYMBOL, _OTHER_DAY = "of another symbol", "outside the days asked for"
_NO_TICKS = "price steps are not kept: options replay in steps of $0.01"


@frozen
class Wanted:
    """Which part of a source, and what becomes of days that are there already."""

    symbol: str = ""  # empty: all
    first: date | None = None
    last: date | None = None
    overwrite: bool = False

    def refuses(self, day: DayTable) -> str:
        if self.symbol and day.symbol.upper() != self.symbol.upper():
            return _OTHER_SYMBOL
        early, late = self.first is not None and day.day < self.first, self.last is not None and day.day > self.last
        return _OTHER_DAY if early or late else ""


@frozen
class ImportedDay:
    """One day of the source, as it was stored or left."""

    symbol: str
    day: date
    rows: int
    contracts: int
    stored: bool  # else it was there already, and stays as it was


@frozen
class Imported:
    """What became of the rows of a source. It can't be made so that one is missing."""

    source: str
    rows: int
    days: tuple[ImportedDay, ...]
    figures: int  # of open interest that went along with quotes
    rejected: dict[str, int] = field(factory=dict)  # reason -> rows
    skipped: dict[str, int] = field(factory=dict)  # reason -> files whose rows nobody could count
    notices: tuple[str, ...] = ()

    def __attrs_post_init__(self) -> None:
        told = self.stored + self.kept + self.figures + sum(self.rejected.values())
        if told != self.rows:
            raise ValueError(f"{self.source}: {self.rows} rows, and {told} accounted for")

    @property
    def stored(self) -> int:
        return sum(each.rows for each in self.days if each.stored)

    @property
    def kept(self) -> int:
        """Rows of days that were in the store already."""
        return sum(each.rows for each in self.days if not each.stored)


def import_days(
    store: HistoryStore,
    spec: str,
    wanted: Wanted,
    now: datetime,
    *,
    lenient: bool = False,
    told: Callable[[int, int], None] = lambda done, of: None,
) -> Imported:
    """Read `csv:PATH`, `lean:FOLDER`, `parquet:PATH` or `rec:PATH`, and store its days."""
    kind = spec.partition(":")[0]
    if kind not in FILES:
        raise UserError(f"{spec!r} is no file of quotes; allowed: {', '.join(f'{each}:PATH' for each in FILES)}")
    market = market_from(_narrowed(spec, kind, wanted), lenient=lenient)
    assert isinstance(market, Replayed)
    tape = market.tape
    tables = tables_of(tape)
    apart = tape.account.used - sum(len(columns.time) for columns in tape.quotes.values())  # rows of open interest
    rejected = Counter(tape.account.rejected) + (tables.interest_left if apart else Counter())
    notes = (_NO_TICKS,) if kind == "rec" else ()
    days = []
    for number, day in enumerate(tables.days, 1):
        rows, why = day.table.num_rows, wanted.refuses(day)
        if why:
            rejected[why] += rows
            continue
        stored = wanted.overwrite or not store.has("quotes", day.symbol, day.day)
        if stored:
            origin = Origin(
                source=tape.source, written_at=now, rows=rows, contracts=day.contracts,
                rejected=dict(tape.account.rejected), notes=notes,
            )  # fmt: skip
            store.write("quotes", day.symbol, day.day, day.table, origin)
        days.append(ImportedDay(day.symbol, day.day, rows, day.contracts, stored))
        told(number, len(tables.days))
    if not days:
        raise UserError(f"{spec}: it has quotes of {_told_days(tables.days)}; ask for some of those")
    return Imported(
        tape.source, tape.account.rows, tuple(days), tables.interest_used if apart else 0, dict(rejected),
        dict(tape.account.skipped), tape.notices,
    )  # fmt: skip


def _narrowed(spec: str, kind: str, wanted: Wanted) -> str:
    """Of what is many files only those that are wanted are read."""
    asked = {"symbol": wanted.symbol if kind == "lean" else "", "first": wanted.first, "last": wanted.last}
    return spec + "".join(f",{name}={value}" for name, value in asked.items() if value and f",{name}=" not in spec)


def _told_days(days: tuple[DayTable, ...]) -> str:
    symbols = sorted({day.symbol for day in days})
    return f"{', '.join(symbols)} from {min(day.day for day in days)} to {max(day.day for day in days)}"
