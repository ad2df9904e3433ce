"""An asset of a simulated market: what is listed of it, when that trades, and what it pays."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal

import numpy as np
import numpy.typing as npt
from attrs import evolve

from gamma_scalper.domain.instruments import (
    NICKEL_DIME_TICKS,
    PENNY_NICKEL_TICKS,
    PENNY_TICKS,
    Index,
    Option,
    Settlement,
    Stock,
    TickRule,
)
from gamma_scalper.domain.sessions import Session, Sessions
from gamma_scalper.exchange.simulated.listing import Series, rules_for, third_friday
from gamma_scalper.exchange.simulated.markets import Generator
from gamma_scalper.exchange.simulated.parameters import PENNY_SYMBOLS, parse_ex_dates
from gamma_scalper.exchange.simulated.quote_kernel import Terms
from gamma_scalper.exchange.simulated.variance_time import VarianceTime
from gamma_scalper.pricing.dividends import Dividend, DividendSchedule

Floats = npt.NDArray[np.float64]

_QUARTERS = (3, 6, 9, 12)


class Asset:
    """Shares or an index, and the terms of its options.

    Shares are quoted until the last of their options closes, as they are after hours; their liquid hours end before.
    """

    def __init__(self, con_id: int, generator: Generator, shares: Sessions) -> None:
        self.con_id, self.generator, self.shares = con_id, generator, shares
        self.symbol = generator.symbol
        pennies = self.symbol in PENNY_SYMBOLS
        volatility = max(generator.mean_variance**0.5, generator.implied)
        self.rules = rules_for(generator.kind, pennies, volatility)
        self.options = _closing_later(shares, generator.close_delay_min)
        self.opens = np.array([session.opens.timestamp() for session in shares.sessions])
        self.share_closes = np.array([session.closes.timestamp() for session in shares.sessions])
        self.option_closes = np.array([session.closes.timestamp() for session in self.options.sessions])
        self.place_of = {session.day: i for i, session in enumerate(shares.sessions)}
        self.time = VarianceTime(shares, generator.overnight, generator.ushape)
        self.schedule = DividendSchedule(tuple(self._dividends()), shares.zone)
        self.ex_moments = np.array([_midnight(due.ex, shares) for due in self.schedule.dividends], dtype=np.float64)
        self.amounts = np.array([due.amount for due in self.schedule.dividends], dtype=np.float64)
        self.dues = np.array((self.ex_moments, self.time.at(self.ex_moments), self.amounts))
        self.instrument = self._underlying()
        self.tick_rule: TickRule = PENNY_NICKEL_TICKS
        if generator.kind == "index":
            self.tick_rule = NICKEL_DIME_TICKS
        elif pennies:
            self.tick_rule = PENNY_TICKS
        (_, small), (since, large) = self.tick_rule.bands[0], self.tick_rule.bands[-1]
        self.terms = np.array(_terms(generator, 100.0 * float(small), 100.0 * float(large), float(since)))

    def _underlying(self) -> Stock | Index:
        if self.generator.kind == "index":
            return Index(con_id=self.con_id, symbol=self.symbol, liquid_hours=self.shares)
        return Stock(con_id=self.con_id, symbol=self.symbol, trading_class=self.symbol, liquid_hours=self.shares)

    def _dividends(self) -> Iterator[Dividend]:
        for due in parse_ex_dates(self.generator.dividends):
            if due.ex not in self.place_of:
                raise ValueError(
                    f"dividends: {due.ex} is no session of the market, which knows {self.shares.first} to "
                    f"{self.shares.last}"
                )
            yield due
        if self.generator.dividend:
            for year in range(self.shares.first.year, self.shares.last.year + 1):
                for month in _QUARTERS:
                    ex = third_friday(year, month)
                    ex = ex if ex in self.place_of else ex - timedelta(days=1)
                    if ex in self.place_of:
                        yield Dividend(ex, self.generator.dividend)

    def paid_on(self, day: date) -> float:
        return sum(due.amount for due in self.schedule.dividends if due.ex == day)

    def ends(self, series: Series) -> tuple[float, float]:
        """When its trading ends, and up to when its value depends on the price."""
        place = self.place_of[date.fromordinal(series.expiry)]
        if series.morning:
            return float(self.option_closes[place - 1]), float(self.opens[place])
        closes = self.share_closes if self.generator.kind == "index" else self.option_closes
        return float(closes[place]), float(closes[place])

    def option(self, con_id: int, series: Series, strike_cents: int, put: bool) -> Option:
        cash = self.generator.kind == "index"
        settlement: Settlement = "physical"
        if cash:
            settlement = "cash_am" if series.morning else "cash_pm"
        expires_at, _ = self.ends(series)
        return Option(
            con_id=con_id,
            underlying_con_id=self.con_id,
            symbol=self.symbol,
            right="P" if put else "C",
            strike=Decimal(strike_cents) / 100,
            expiry=date.fromordinal(series.expiry),
            expires_at=datetime.fromtimestamp(expires_at, self.shares.zone),
            exercise=self.generator.option_exercise,
            settlement=settlement,
            trading_class=f"{self.symbol}W" if cash and not series.morning else self.symbol,
            tick_rule=self.tick_rule,
            liquid_hours=self.options,
        )


def _terms(generator: Generator, small: float, large: float, since: float) -> Terms:
    return Terms(
        american=float(generator.option_exercise == "american"),
        rate=generator.rate,
        dividend_yield=generator.yield_,
        skew=generator.skew,
        smile=generator.smile,
        mean=generator.mean_variance,
        reversion=generator.reversion,
        level=generator.implied**2 / generator.mean_variance if generator.implied else 1.0,
        spread=generator.option_spread,
        turbulence=generator.turbulence,
        small=small,
        large=large,
        since=since,
    )


def _closing_later(shares: Sessions, minutes: int) -> Sessions:
    delay = timedelta(minutes=minutes)
    later = tuple(Session(session.day, session.opens, session.closes + delay) for session in shares.sessions)
    return evolve(shares, sessions=later)


def _midnight(day: date, sessions: Sessions) -> float:
    return datetime.combine(day, time(0), sessions.zone).timestamp()
