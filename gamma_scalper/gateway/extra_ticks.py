"""What a line tells besides bid and ask: the day's figures, and the generic ticks a client asks for by number."""

import math
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta

import numpy as np

from gamma_scalper.domain.instruments import Option, Stock
from gamma_scalper.gateway.errors import Refused
from gamma_scalper.gateway.lines import HALTED, Line, Tick
from gamma_scalper.gateway.moments import local_day
from gamma_scalper.gateway.roles import House
from gamma_scalper.gateway.wire.answers_of_data import TickGeneric, TickPrice, TickSize, TickString

_SILENT = {
    105: "Average Option Volume",
    162: "Index Future Premium",
    225: "Auction Data",
    256: "Inventory",
    258: "Fundamentals",
    292: "News",
    460: "Bond Factor Multiplier",
    577: "ETF Nav Last",
    586: "IPO Prices",
    587: "Mark Price By Slow Tick",
    588: "Futures Open Interest",
    595: "Short-Term Volume",
    619: "Mark Price Slow",
}
_NO_QUOTES = "mdoff"  # asked for by who wants the extra ticks alone, and gets them with the others
_EASY_TO_BORROW, _HARD_TO_BORROW, _NOTHING_TO_BORROW = 3.0, 2.0, 1.0
_MANY_SHARES = 1_000
_SECONDS_A_YEAR = 252 * 6.5 * 3600
_STEP_S = 300.0
_DAYS_AHEAD = 30
_VOLS_EVERY = timedelta(seconds=60)


class ExtraTicks:
    """Made once for all sessions; figures that cost something are kept for a minute."""

    def __init__(self, gateway: House) -> None:
        self._gateway = gateway
        self._vols: dict[tuple[int, int], tuple[datetime, float | None]] = {}  # generic tick, conId -> when, what
        self._makers: dict[int, tuple[str, Callable[[Line, int, datetime], Iterator[Tick]]]] = {
            100: ("Option Volume", self._option_volume),
            101: ("Option Open Interest", self._open_interest),
            104: ("Historical Volatility", lambda line, con_id, now: self._vol(line, con_id, now, 23, 104)),
            106: ("Option Implied Volatility", lambda line, con_id, now: self._vol(line, con_id, now, 24, 106)),
            165: ("Miscellaneous Stats", self._ranges),
            221: ("Mark Price", self._mark),
            232: ("Mark Price", self._mark),
            233: ("RTVolume", lambda line, con_id, now: self._traded(line, con_id, now, 48)),
            236: ("Shortable", self._shortable),
            293: ("TradeCount", self._trade_count),
            294: ("TradeRate", lambda line, con_id, now: self._rate(line, con_id, now, 55)),
            295: ("VolumeRate", lambda line, con_id, now: self._rate(line, con_id, now, 56)),
            318: ("LastRTHTrade", self._last_regular),
            375: ("RTTrdVolume", lambda line, con_id, now: self._traded(line, con_id, now, 77)),
            411: ("RTHistVol", lambda line, con_id, now: self._vol(line, con_id, now, 58, 411)),
            456: ("IBDividends", self._dividends),
        }

    def numbers(self, written: str, sec_type: str) -> frozenset[int]:
        """Of a client's list; one that isn't known is refused with those that are."""
        found = set()
        for part in filter(None, (part.strip() for part in written.split(","))):
            if part == _NO_QUOTES:
                continue
            number = int(part) if part.isascii() and part.isdigit() else None
            if number not in self._makers and number not in _SILENT:
                legal = {number: name for number, (name, _) in self._makers.items()} | _SILENT
                names = ",".join(f"{number}({name})" for number, name in sorted(legal.items()))
                raise Refused(
                    321,
                    "Error validating request.-'bP' : cause - Incorrect generic tick list of "
                    f"{written}.  Legal ones for ({sec_type}) are: {names}",
                )
            if number is not None:
                found.add(number)
        return frozenset(found)

    def tell(self, line: Line, con_id: int, now: datetime) -> None:
        """The day's figures and what was asked for, as far as it is news."""
        self._tell_figures(line, con_id)
        for number in sorted(line.generic):
            if number in self._makers:
                for tick in self._makers[number][1](line, con_id, now):
                    line.tell(tick, getattr(tick, "tick_type", 0))

    # -- always told ---------------------------------------------------------------------------------------------------

    def _tell_figures(self, line: Line, con_id: int) -> None:
        """Told each second, so that what is no news should cost nothing."""
        series, types, engine = self._gateway.past.series(con_id), line.types, self._gateway.engine
        line.number(HALTED, float(engine.halted(con_id)))
        close = engine.prior_close(con_id)
        if series is not None:
            figures = series.figures
            close = close or figures.prior_close
            line.price(types.open, figures.open)
            line.price(types.high, figures.high)
            line.price(types.low, figures.low)
            if series.newest is not None:
                line.size(types.volume, figures.volume)
                line.text(types.last_time, str(int(series.newest)))
        line.price(types.close, close or math.nan)

    # -- told on request -----------------------------------------------------------------------------------------------

    def _option_volume(self, line: Line, con_id: int, now: datetime) -> Iterator[Tick]:
        """Of an option: contracts traded at this exchange today."""
        option = self._gateway.catalogue.instrument(con_id)
        if isinstance(option, Option):
            traded = sum(float(each.quantity) for each, _ in self._gateway.engine.executions() if each.con_id == con_id)
            yield TickSize(line.req_id, 29, traded if option.right == "C" else 0.0)
            yield TickSize(line.req_id, 30, traded if option.right == "P" else 0.0)

    def _open_interest(self, line: Line, con_id: int, now: datetime) -> Iterator[Tick]:
        option = self._gateway.catalogue.instrument(con_id)
        if isinstance(option, Option):
            contracts = float(self._gateway.engine.market.open_interest(con_id))
            yield TickSize(line.req_id, 27, contracts if option.right == "C" else 0.0)
            yield TickSize(line.req_id, 28, contracts if option.right == "P" else 0.0)

    def _mark(self, line: Line, con_id: int, now: datetime) -> Iterator[Tick]:
        price = self._gateway.engine.price(con_id)
        if price:
            yield TickPrice(line.req_id, 37, round(price, 4))

    def _traded(self, line: Line, con_id: int, now: datetime, tick_type: int) -> Iterator[Tick]:
        """Price, size, milliseconds, the day's volume and mean price, whether by one market maker."""
        series = self._gateway.past.series(con_id)
        if series is not None and series.newest is not None:
            figures = series.figures
            value = (
                f"{series.last};{series.traded:g};{int(series.newest * 1000)};{figures.volume:.0f};{figures.mean};false"
            )
            yield TickString(line.req_id, tick_type, value)

    def _shortable(self, line: Line, con_id: int, now: datetime) -> Iterator[Tick]:
        if isinstance(self._gateway.catalogue.instrument(con_id), Stock):
            shares = self._gateway.engine.shortable(con_id)
            level = _EASY_TO_BORROW if shares >= _MANY_SHARES else _HARD_TO_BORROW if shares else _NOTHING_TO_BORROW
            yield TickGeneric(line.req_id, 46, level)
            yield TickSize(line.req_id, 89, float(shares))

    def _dividends(self, line: Line, con_id: int, now: datetime) -> Iterator[Tick]:
        """Cash of the past and the coming twelve months, then date and amount of the next."""
        if isinstance(self._gateway.catalogue.instrument(con_id), Option):
            return
        today, year = local_day(now), timedelta(days=365)
        known = self._gateway.engine.market.dividends(con_id).dividends
        paid = sum(due.amount for due in known if today - year < due.ex <= today)
        coming = [due for due in known if today < due.ex <= today + year]
        following = f"{coming[0].ex:%Y%m%d},{coming[0].amount:g}" if coming else ","
        yield TickString(line.req_id, 59, f"{paid:g},{sum(due.amount for due in coming):g},{following}")

    def _ranges(self, line: Line, con_id: int, now: datetime) -> Iterator[Tick]:
        """Low and high of 13, 26 and 52 weeks and the mean volume, as far back as the past goes."""
        series = self._gateway.past.series(con_id)
        if series is None or math.isnan(series.low):
            return
        for low in (15, 17, 19):
            yield TickPrice(line.req_id, low, series.low)
            yield TickPrice(line.req_id, low + 1, series.high)
        yield TickSize(line.req_id, 21, series.mean_volume)

    def _trade_count(self, line: Line, con_id: int, now: datetime) -> Iterator[Tick]:
        series = self._gateway.past.series(con_id)
        if series is not None:
            yield TickGeneric(line.req_id, 54, float(series.figures.trades))

    def _rate(self, line: Line, con_id: int, now: datetime, tick_type: int) -> Iterator[Tick]:
        """Trades, or their volume, in the last minute."""
        series = self._gateway.past.series(con_id)
        if series is not None:
            recent = series.samples(now.timestamp() - 60, math.inf)
            counted = recent.volume > 0
            yield TickGeneric(line.req_id, tick_type, float(counted.sum() if tick_type == 55 else recent.volume.sum()))

    def _last_regular(self, line: Line, con_id: int, now: datetime) -> Iterator[Tick]:
        series = self._gateway.past.series(con_id)
        if series is not None and not math.isnan(series.last):
            yield TickPrice(line.req_id, 57, series.last)

    # -- volatilities --------------------------------------------------------------------------------------------------

    def _vol(self, line: Line, con_id: int, now: datetime, tick_type: int, number: int) -> Iterator[Tick]:
        known = self._vols.get((number, con_id))
        if known is None or now - known[0] >= _VOLS_EVERY:
            made = self._implied(con_id, now) if number == 106 else self._realised(con_id, now, number == 411)
            known = self._vols[number, con_id] = now, made
        if known[1] is not None:
            yield TickGeneric(line.req_id, tick_type, round(known[1], 6))

    def _realised(self, con_id: int, now: datetime, today_only: bool) -> float | None:
        """Per year, from steps of five minutes within sessions, over all that is remembered."""
        series = self._gateway.past.series(con_id)
        if series is None:
            return None
        begin = now.timestamp() - 86_400 if today_only else 0.0
        samples = series.samples(begin, math.inf)
        mids = (samples.bid + samples.ask) / 2
        known = ~np.isnan(mids)
        slots, first = np.unique(samples.at[known] // _STEP_S, return_index=True)
        moves = np.diff(np.log(mids[known][first]))[np.diff(slots) == 1] if slots.size else np.empty(0)
        if moves.size < 12:
            return None
        return float(np.sqrt(np.mean(moves**2) * _SECONDS_A_YEAR / _STEP_S))

    def _implied(self, con_id: int, now: datetime) -> float | None:
        """Of the call and the put nearest the money, some thirty days before their expiry."""
        market = self._gateway.engine.market
        if isinstance(self._gateway.catalogue.instrument(con_id), Option):
            return None
        spot, expiries = self._gateway.engine.price(con_id), market.expiries(con_id)
        if not spot or not expiries:
            return None
        today = local_day(now)

        def distance(expiry: date) -> int:
            return abs((expiry - today).days - _DAYS_AHEAD)

        listed = market.options(con_id, min(expiries, key=distance))
        nearest = sorted(listed, key=lambda option: (abs(float(option.strike) - spot), option.con_id))[:2]
        found = []
        for option, offer in zip(nearest, market.offers([each.con_id for each in nearest]), strict=True):
            if offer.bid and offer.ask:
                valued = self._gateway.valuation.of(option, (offer.bid + offer.ask) / 2, spot, now)
                found += [] if valued is None else [valued.implied_vol]
        return sum(found) / len(found) if found else None
