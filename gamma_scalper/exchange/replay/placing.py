"""Where rows fall in the days of trading: what comes too late for its contract's close is not for replay."""

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np
from attrs import frozen

from gamma_scalper.domain.instruments import Option
from gamma_scalper.exchange.market import Listed
from gamma_scalper.exchange.replay.arrays import Flags, Whole
from gamma_scalper.exchange.replay.hours import (
    TradingHours,
    moment_of,
    nanoseconds,
    new_york_day,
    new_york_midnight,
)
from gamma_scalper.exchange.replay.tape import TradingDay
from gamma_scalper.exchange.replay.verdict import Rule

OUTSIDE = "outside the days asked for"
_FOREVER = np.iinfo(np.int64).max

Days = tuple[date | None, date | None]  # the first and the last of a source that are asked for; None: its own
ALL_DAYS: Days = (None, None)


@frozen(eq=False)
class Placing:
    """The days of the calendar as columns, and what of each contract matters for them."""

    days: tuple[date, ...]
    begins: Whole  # New York midnight
    ends: Whole  # the next one
    closes: Whole  # of shares in row 0, of options in row 1
    is_option: Whole  # by contract
    orphan: Flags  # by contract: an option without underlying
    over: Whole  # by contract: the midnight after its last day
    names: Sequence[object]

    @classmethod
    def of(cls, contracts: Sequence[Listed | None], names: Sequence[object], hours: TradingHours) -> "Placing":
        shares = {session.day: nanoseconds(session.closes) for session in hours.shares.sessions}
        options = {session.day: nanoseconds(session.closes) for session in hours.options.sessions}
        return cls(
            tuple(shares),
            np.array([new_york_midnight(day) for day in shares], np.int64),
            np.array([new_york_midnight(day + timedelta(days=1)) for day in shares], np.int64),
            np.array([list(shares.values()), list(options.values())], np.int64),
            np.array([isinstance(contract, Option) for contract in contracts], np.int64),
            np.array([contract is None for contract in contracts], np.bool_),
            np.array([_over(contract) for contract in contracts], np.int64),
            names,
        )

    def rules(self, contract: Whole, time: Whole) -> list[Rule]:
        day, close = self._place(contract, time)

        def name(row: int) -> object:
            return self.names[contract[row]]

        def moment(row: int) -> str:
            return f"{name(row)} at {moment_of(int(time[row])):%Y-%m-%d %H:%M:%S.%f} UTC"

        return [
            Rule(
                "option without its underlying", self.orphan[contract], name, "options whose underlying is quoted too"
            ),
            Rule("after the contract's expiry", time >= self.over[contract], moment, "quotes until it expires"),
            Rule("no session on that day", time >= self.ends[day], moment, mistake=False),
            Rule("after the close", time > close, moment, mistake=False),
        ]

    def trading_days(self, contract: Whole, time: Whole) -> tuple[TradingDay, ...]:
        """Those with rows, each from its first row to the last close among the contracts it quotes."""
        day, close = self._place(contract, time)
        return tuple(
            TradingDay(self.days[number], int(time[day == number].min()), int(close[day == number].max()))
            for number in np.unique(day).tolist()
        )

    def _place(self, contract: Whole, time: Whole) -> tuple[Whole, Whole]:
        day = np.searchsorted(self.begins, time, side="right") - 1
        return day, self.closes[self.is_option[contract], day]


def outside(days: Days, time: Whole) -> list[Rule]:
    """A part of a source can be played; the rest of it is set aside."""
    first, last = days
    before = time < (0 if first is None else new_york_midnight(first))
    after = time >= (_FOREVER if last is None else new_york_midnight(last + timedelta(days=1)))
    return [Rule(OUTSIDE, before | after, str, mistake=False)]


def _over(contract: Listed | None) -> int:
    if not isinstance(contract, Option):
        return int(_FOREVER)
    return new_york_midnight(new_york_day(nanoseconds(contract.expires_at)) + timedelta(days=1))
