"""What a source of quotes becomes once read: columns by contract, and an account of every row of the source."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

import numpy as np
from attrs import field, frozen

from gamma_scalper.exchange.market import Listed
from gamma_scalper.exchange.replay.arrays import Flags, Real, Whole
from gamma_scalper.exchange.replay.hours import TradingHours


@frozen
class Account:
    """What became of the rows of a source. It can't be made so that a row is missing from it."""

    source: str
    rows: int
    used: int
    rejected: Mapping[str, int] = field(factory=dict)  # reason -> rows
    skipped: Mapping[str, int] = field(factory=dict)  # reason -> files whose rows nobody could count

    def __attrs_post_init__(self) -> None:
        if self.rows != self.used + sum(self.rejected.values()):
            raise ValueError(f"{self.source}: {self.rows} rows, but {self.used} used and {self.rejected} rejected")

    def __str__(self) -> str:
        parts = [f"{self.source}: {self.rows:,} rows, {self.used:,} used"]
        parts += [f"{count:,} rejected ({reason})" for reason, count in sorted(self.rejected.items())]
        parts += [f"{count:,} files skipped ({reason})" for reason, count in sorted(self.skipped.items())]
        return ", ".join(parts)


def total(accounts: Iterable[Account], source: str) -> Account:
    rows = used = 0
    rejected: Counter[str] = Counter()
    skipped: Counter[str] = Counter()
    for account in accounts:
        rows += account.rows
        used += account.used
        rejected.update(account.rejected)
        skipped.update(account.skipped)
    return Account(source, rows, used, dict(rejected), dict(skipped))


@frozen(eq=False)
class Columns:
    """Quotes, on a tape those of one contract in the order in which they came into force; NaN: a side is missing."""

    time: Whole  # nanoseconds UTC; on a tape no two alike
    bid: Real
    ask: Real
    bid_size: Whole
    ask_size: Whole
    last: Real

    def at(self, rows: Whole | Flags | slice) -> "Columns":
        return Columns(
            self.time[rows], self.bid[rows], self.ask[rows],
            self.bid_size[rows], self.ask_size[rows], self.last[rows],
        )  # fmt: skip

    @property
    def all(self) -> tuple[Whole | Real, ...]:
        return self.time, self.bid, self.ask, self.bid_size, self.ask_size, self.last

    @classmethod
    def joined(cls, parts: Sequence["Columns"]) -> "Columns":
        return cls(
            np.concatenate([part.time for part in parts]),
            np.concatenate([part.bid for part in parts]),
            np.concatenate([part.ask for part in parts]),
            np.concatenate([part.bid_size for part in parts]),
            np.concatenate([part.ask_size for part in parts]),
            np.concatenate([part.last for part in parts]),
        )


@frozen(eq=False)
class OpenInterest:
    """One contract's open interest, and from when each figure was known."""

    time: Whole
    contracts: Whole


@frozen
class TradingDay:
    """A day on which the source has quotes."""

    day: date
    first: int  # nanoseconds UTC of the first quote
    end: int  # of the last close of what is quoted that day


@frozen(eq=False)
class Tape:
    """A source of quotes, read and checked."""

    source: str
    contracts: Mapping[int, Listed]  # conId -> contract, the underlyings first
    quotes: Mapping[int, Columns]  # conId -> its quotes, empty ones too
    open_interest: Mapping[int, OpenInterest]  # conId -> its open interest, where the source tells
    days: tuple[TradingDay, ...]
    hours: TradingHours
    accounts: tuple[Account, ...]  # one for each file
    notices: tuple[str, ...]  # what else a person should know of the source
    fingerprint: str  # of contracts and quotes: two sources that replay alike have the same

    @property
    def account(self) -> Account:
        return total(self.accounts, self.source)
