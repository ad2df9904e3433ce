"""A day of a market as figures and as a picture, from which a person can judge whether it is realistic."""

import math
import textwrap
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from attrs import evolve, field, frozen

from gamma_scalper.domain.exits import ExitCode, UserError
from gamma_scalper.domain.instruments import Option
from gamma_scalper.domain.sessions import Session, Sessions, years_between
from gamma_scalper.exchange.market import Market
from gamma_scalper.pricing import Lattice, MarketInputs, chain_greeks

Floats = npt.NDArray[np.float64]

_WINDOW = timedelta(minutes=30)
_SAMPLES_EVERY = timedelta(minutes=15)
_TRADING_SECONDS = 252 * 6.5 * 3600
_USUAL_RATE = 0.04  # for a market that doesn't say
_SMILE_DAYS = (1, 9, 30, 120)
_IMPLIED_DAYS = 30
_MODEL = Lattice()


@frozen(eq=False)
class Smile:
    """One expiry's options out of the money: implied volatility of bid and of ask, and the spread."""

    expiry: date
    days: float
    distance_pct: Floats  # of the strike from the spot
    bid_vol: Floats  # NaN where nobody bids
    ask_vol: Floats
    spread: Floats  # $
    at_the_money: float


@frozen(eq=False)
class MarketDay:
    """One session or more; volatilities are per year, 0.2 being 20%. Times are UTC."""

    name: str
    symbol: str
    zone: Any
    times: list[datetime]
    spots: Floats
    opens: list[int]  # where in `times` a session begins
    gaps_pct: list[float]  # from the close before; NaN where that is not known
    instantaneous: Floats | None  # volatility now, of the price's own making; None where the market doesn't say
    realised: Floats  # over the last half hour; NaN where there was none
    implied_times: list[datetime]
    implied: Floats  # at the money, about 30 days
    halves: Floats  # by half hour from the open, volatility
    smiles: list[Smile]
    term: list[tuple[float, float]]  # days, at-the-money volatility
    statistics: dict[str, float] = field(factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The figures without the ticks; None where there is no number."""
        figures = {key: _or_none(value) for key, value in self.statistics.items()}
        return {
            "schema": "market-day/1",
            "market": self.name,
            "symbol": self.symbol,
            "from": self.times[0].isoformat(),
            "to": self.times[-1].isoformat(),
            "statistics": figures,
            "half_hours_vol": [_or_none(vol) for vol in self.halves.tolist()],
            "term": [{"days": round(days, 3), "vol": _or_none(vol)} for days, vol in self.term],
        }


def describe(market: Market, sessions: int = 1) -> MarketDay:
    """Walk the market through so many sessions, from where it is, and note what its first underlying does."""
    if not market.underlyings():
        raise UserError(f"{market.name}: nothing is listed, so there is nothing to show", ExitCode.NOTHING_TRADABLE)
    walk = _Walk(market)
    days: set[date] = set()
    while True:
        session = walk.session()
        if session is not None:
            days.add(session.day)
            walk.note(session)
        tick = market.next_tick()
        if tick is None or (len(days) == sessions and tick.astimezone(walk.hours.zone).date() not in days):
            break
        market.advance(tick)
    return walk.result()


class _Walk:
    """What has been noted on the way."""

    def __init__(self, market: Market) -> None:
        self.market, self.underlying = market, market.underlyings()[0]
        self.con_id = self.underlying.con_id
        self.hours: Sessions = market.sessions(self.con_id)
        self.times: list[datetime] = []
        self.spots: list[float] = []
        self.variances: list[float] = []
        self.opens: list[int] = []
        self.gaps: list[float] = []
        self.implied: list[tuple[datetime, float]] = []
        self.smiles: list[Smile] = []
        self.term: list[tuple[float, float]] = []
        self._known: Session | None = None
        self._last = self._first_close()

    def _first_close(self) -> float:
        known = getattr(self.market, "previous_close", None)
        return float(known(self.con_id)) if known is not None else math.nan

    def session(self) -> Session | None:
        """The shares' session that is on."""
        now = self.market.now
        if self._known is None or now > self._known.closes or now < self._known.opens:
            found = [one for one in self.hours.on(now.astimezone(self.hours.zone).date()) if one.contains(now)]
            self._known = found[0] if found else None
        return self._known

    def note(self, session: Session) -> None:
        now, spot = self.market.now, self._spot()
        if spot is None:
            return
        if not self.times or self.times[-1] < session.opens:
            self.opens.append(len(self.times))
            self.gaps.append(100 * (spot / self._last - 1))
        self.times.append(now)
        self.spots.append(spot)
        self._last = spot
        variance = getattr(self.market, "variance", None)
        if variance is not None:
            self.variances.append(variance(self.con_id))
        if not session.opens + timedelta(minutes=1) <= now < session.closes - timedelta(minutes=1):
            return
        if not self.implied or now - self.implied[-1][0] >= _SAMPLES_EVERY:
            self._note_implied(now, spot)
        if not self.smiles and now >= session.opens + (session.closes - session.opens) / 2:
            self._note_chain(now, spot)

    def _spot(self) -> float | None:
        spot = getattr(self.market, "spot", None)
        if spot is not None:
            return float(spot(self.con_id))
        (offer,) = self.market.offers([self.con_id])
        if offer.bid is None or offer.ask is None or not 0 < offer.bid <= offer.ask:
            return None
        return (offer.bid + offer.ask) / 2

    def _expiries(self, now: datetime) -> dict[date, float]:
        """Those not of today, with the days until then."""
        today = now.astimezone(self.hours.zone).date()
        return {day: float((day - today).days) for day in self.market.expiries(self.con_id) if day > today}

    def _note_implied(self, now: datetime, spot: float) -> None:
        expiries = self._expiries(now)
        if expiries:
            nearest = min(expiries, key=lambda day: abs(expiries[day] - _IMPLIED_DAYS))
            vol = self._smile(nearest, now, spot, reach=0.02).at_the_money
            self.implied.append((now, vol))

    def _note_chain(self, now: datetime, spot: float) -> None:
        expiries = self._expiries(now)
        if not expiries:
            return
        chosen = {min(expiries, key=lambda day: abs(expiries[day] - days)) for days in _SMILE_DAYS}
        for day in expiries:
            smile = self._smile(day, now, spot, reach=0.35 if day in chosen else 0.03)
            self.term.append((smile.days, smile.at_the_money))
            if day in chosen:
                self.smiles.append(smile)

    def _smile(self, expiry: date, now: datetime, spot: float, reach: float) -> Smile:
        options = [
            option
            for option in self.market.options(self.con_id, expiry)
            if option.settlement != "cash_am" and abs(float(option.strike) / spot - 1) < reach
            and (float(option.strike) >= spot) == (option.right == "C")
        ]  # fmt: skip
        offers = self.market.offers([option.con_id for option in options])
        rows = [
            (option, float(option.strike), offer.bid, offer.ask)
            for option, offer in zip(options, offers, strict=True)
            if offer.bid is not None and offer.ask is not None and 0 < offer.bid <= offer.ask
        ]
        rows.sort(key=lambda row: row[1])
        quoted = [option for option, _, _, _ in rows]
        strikes, bid, ask = (np.array([row[i] for row in rows]) for i in (1, 2, 3))
        days = (quoted[0].expires_at - now).total_seconds() / 86_400 if quoted else math.nan
        bids, asks = self._vols(quoted, strikes, bid, now, spot), self._vols(quoted, strikes, ask, now, spot)
        near = np.argsort(np.abs(strikes - spot))[:2]
        mids = (bids[near] + asks[near]) / 2
        known = mids[np.isfinite(mids)]
        at_the_money = float(known.mean()) if known.size else math.nan
        return Smile(expiry, days, 100 * (strikes / spot - 1), bids, asks, ask - bid, at_the_money)

    def _vols(self, options: Sequence[Option], strikes: Floats, prices: Floats, now: datetime, spot: float) -> Floats:
        if not options:
            return np.empty(0)
        rate, paid = getattr(self.market, "rate", None), getattr(self.market, "dividend_yield", None)
        ends = options[0].expires_at
        inputs = MarketInputs(
            spot,
            years_between(now, ends),
            rate(self.con_id) if rate is not None else _USUAL_RATE,
            paid(self.con_id) if paid is not None else 0.0,
        )
        inputs = evolve(inputs, dividends=self.market.dividends(self.con_id).in_life(now, ends))
        found = chain_greeks(
            _MODEL,
            [option.right for option in options],
            strikes,
            inputs.years,
            prices,
            inputs,
            exercise=options[0].exercise,
        )
        return found.implied_vol

    def result(self) -> MarketDay:
        if len(self.times) < 3:
            raise UserError(f"{self.market.name}: no session with quotes was seen", ExitCode.NOTHING_TRADABLE)
        spots = np.array(self.spots)
        seconds = np.array([moment.timestamp() for moment in self.times])
        moves = np.diff(np.log(spots), prepend=math.nan) ** 2
        moves[self.opens] = math.nan
        return MarketDay(
            name=self.market.name,
            symbol=self.underlying.symbol,
            zone=self.hours.zone,
            times=self.times,
            spots=spots,
            opens=self.opens,
            gaps_pct=self.gaps,
            instantaneous=np.sqrt(np.array(self.variances)) if self.variances else None,
            realised=_rolling(seconds, moves, self.opens),
            implied_times=[moment for moment, _ in self.implied],
            implied=np.array([vol for _, vol in self.implied]),
            halves=_by_half_hour(seconds, moves, self.opens),
            smiles=self.smiles,
            term=[(days, vol) for days, vol in self.term if math.isfinite(vol)],
            statistics=self._statistics(spots, moves, seconds),
        )

    def _statistics(self, spots: Floats, moves: Floats, seconds: Floats) -> dict[str, float]:
        ends = [*self.opens[1:], len(self.times)]
        traded = sum(float(seconds[end - 1] - seconds[begin]) for begin, end in zip(self.opens, ends, strict=True))
        vols = [vol for _, vol in self.implied if math.isfinite(vol)]
        near = [smile for smile in self.smiles if smile.spread.size]
        cents = [100 * float(smile.spread[np.abs(smile.distance_pct).argmin()]) for smile in near]
        return {
            "sessions": float(len(self.opens)),
            "open": float(spots[0]),
            "high": float(spots.max()),
            "low": float(spots.min()),
            "close": float(spots[-1]),
            "gap_pct": self.gaps[0],
            "realised_vol": math.sqrt(float(np.nansum(moves)) * _TRADING_SECONDS / traded),
            "implied_vol_30d": sum(vols) / len(vols) if vols else math.nan,
            "spread_at_the_money_cents": cents[len(cents) // 2] if cents else math.nan,
            "largest_move_in_a_tick_pct": 100 * math.sqrt(float(np.nanmax(moves))),
            "expiries": float(len(self.term)),
        }


def _rolling(seconds: Floats, moves: Floats, opens: Sequence[int]) -> Floats:
    """Volatility over the half hour before each tick, within its session."""
    total = np.cumsum(np.nan_to_num(moves))
    window = _WINDOW.total_seconds()
    since = np.searchsorted(seconds, seconds - window)
    found = np.sqrt(np.maximum(total - total[since], 0.0) * _TRADING_SECONDS / window)
    begins = np.array(opens)[np.searchsorted(opens, np.arange(seconds.size), side="right") - 1]
    found[seconds - seconds[begins] < window] = math.nan
    return np.asarray(found)


def _by_half_hour(seconds: Floats, moves: Floats, opens: Sequence[int]) -> Floats:
    """Volatility by half hour from the open, over all sessions."""
    begins = np.array(opens)[np.searchsorted(opens, np.arange(seconds.size), side="right") - 1]
    half = ((seconds - seconds[begins] - 1e-6) // _WINDOW.total_seconds()).astype(np.int64)
    known = np.isfinite(moves)
    total = np.bincount(half[known], weights=moves[known])
    return np.asarray(np.sqrt(total * _TRADING_SECONDS / _WINDOW.total_seconds() / len(opens)))


def _or_none(number: float) -> float | None:
    return round(number, 6) if math.isfinite(number) else None


# The picture


def draw(day: MarketDay, path: Path) -> None:
    """Six panels in a file; its ending says the format."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    if path.suffix not in (".png", ".svg"):
        raise UserError(f"{path}: a picture's name ends in .png or .svg")
    with matplotlib.rc_context({"font.size": 12, "axes.grid": True, "grid.alpha": 0.3, "svg.hashsalt": day.name}):
        figure, panels = pyplot.subplots(3, 2, figsize=(13, 15.5), constrained_layout=True)
        for panel, paint in zip(
            panels.flat, (_spot_panel, _vol_panel, _smile_panel, _term_panel, _half_panel, _spread_panel), strict=True
        ):
            paint(panel, day)
        figure.suptitle(_title(day), fontsize=13)
        figure.savefig(path, dpi=110, metadata={"Date": None} if path.suffix == ".svg" else None)
        pyplot.close(figure)


def _title(day: MarketDay) -> str:
    found = day.statistics
    facts = [
        f"{day.symbol}, {day.times[0].astimezone(day.zone):%a %d %b %Y}",
        f"{found['sessions']:.0f} sessions" if found["sessions"] > 1 else "one session",
        f"realised {100 * found['realised_vol']:.1f}%",
        f"implied {100 * found['implied_vol_30d']:.1f}%",
        f"range {found['low']:.2f} to {found['high']:.2f}",
    ]
    name = textwrap.wrap(day.name.replace(",", ", "), 120)
    return "\n".join(["   ".join(facts), *name[:4]])


def _by_hours(panel: Any, day: MarketDay) -> tuple[Floats, list[int]]:
    """Hours of trading, sessions joined, as the horizontal axis; and where sessions end."""
    seconds = np.array([moment.timestamp() for moment in day.times])
    ends = [*day.opens[1:], seconds.size]
    hours, passed = np.empty(seconds.size), 0.0
    for begin, end in zip(day.opens, ends, strict=True):
        hours[begin:end] = passed + (seconds[begin:end] - seconds[begin]) / 3600
        passed = float(hours[end - 1])
        panel.axvline(passed, color="grey", alpha=0.4, linewidth=0.8)
    if len(day.opens) == 1:
        clock = day.times[0].astimezone(day.zone)
        marks = np.arange(0.5 if clock.minute == 30 else 0.0, passed + 0.01, 1.0)
        panel.set_xticks(marks, [f"{clock + timedelta(hours=float(mark)):%H}" for mark in marks])
        panel.set_xlabel(f"hour of the day ({clock.tzname()})")
    else:
        panel.set_xlabel("hours of trading, sessions joined")
    return hours, ends


def _spot_panel(panel: Any, day: MarketDay) -> None:
    hours, ends = _by_hours(panel, day)
    for begin, end, gap in zip(day.opens, ends, day.gaps_pct, strict=True):
        panel.plot(hours[begin:end], day.spots[begin:end], linewidth=0.9, color="tab:blue")
        if math.isfinite(gap):
            before = day.spots[begin] / (1 + gap / 100)
            panel.plot([hours[begin]] * 2, [before, day.spots[begin]], color="tab:red", linewidth=2.5)
            panel.plot(hours[begin], before, "o", color="tab:red", markersize=6)
    gaps = ", ".join(f"{gap:+.2f}%" for gap in day.gaps_pct[:4] if math.isfinite(gap))
    panel.set_title(f"Price; from the close before, in red: {gaps}" if gaps else "Price")
    panel.set_ylabel("$")


def _vol_panel(panel: Any, day: MarketDay) -> None:
    hours, ends = _by_hours(panel, day)
    at = np.interp([one.timestamp() for one in day.implied_times], [one.timestamp() for one in day.times], hours)
    for begin, end in zip(day.opens, ends, strict=True):
        first = begin == 0
        panel.plot(hours[begin:end], 100 * day.realised[begin:end], color="tab:orange", linewidth=0.9,
                   label="realised, last half hour" if first else None)  # fmt: skip
        if day.instantaneous is not None:
            panel.plot(hours[begin:end], 100 * day.instantaneous[begin:end], color="tab:green", linewidth=1.2,
                       label="of the process now" if first else None)  # fmt: skip
    panel.plot(at, 100 * day.implied, "o-", color="tab:blue", markersize=3, label="implied, 30 days")
    usual, most = 100 * np.nanmax(day.implied, initial=0.01), 100 * np.nanmax(day.realised, initial=0.0)
    cut = most > 4 * usual
    panel.set_ylim(bottom=0, top=4 * usual if cut else None)
    panel.set_ylabel("volatility, % a year")
    panel.set_title("Realised and implied volatility" + (f" (highest: {most:.0f}%)" if cut else ""))
    panel.legend(fontsize=10)


def _days(smile: Smile) -> str:
    return f"{smile.days:.1f} days" if smile.days < 5 else f"{smile.days:.0f} days"


def _smile_panel(panel: Any, day: MarketDay) -> None:
    for i, smile in enumerate(day.smiles):
        mid, half = (smile.bid_vol + smile.ask_vol) / 2, (smile.ask_vol - smile.bid_vol) / 2
        known = np.isfinite(mid) & (half < 0.25 * mid)
        panel.errorbar(
            smile.distance_pct[known], 100 * mid[known], yerr=100 * half[known],
            color=f"C{i}", linewidth=1, markersize=2, fmt="o-", capsize=0, label=_days(smile),
        )  # fmt: skip
    panel.set_xlabel("strike from spot, %")
    panel.set_ylabel("implied volatility, % a year")
    panel.set_title("Smile at mid-session, bars from bid to ask")
    panel.legend(fontsize=10)


def _term_panel(panel: Any, day: MarketDay) -> None:
    panel.plot([days for days, _ in day.term], [100 * vol for _, vol in day.term], "o-", markersize=4)
    panel.set_xscale("log")
    marks = [mark for mark in (1, 2, 5, 10, 30, 90, 180, 365) if day.term and mark <= 1.3 * day.term[-1][0]]
    panel.set_xticks(marks, [str(mark) for mark in marks])
    panel.minorticks_off()
    low, high = panel.get_ylim()
    panel.set_ylim(min(low, 0.9 * low), high * 1.1)
    panel.set_xlabel("days to expiry")
    panel.set_ylabel("implied volatility, % a year")
    panel.set_title("Term structure at the money")


def _half_panel(panel: Any, day: MarketDay) -> None:
    clock = day.times[0].astimezone(day.zone)
    panel.bar(np.arange(day.halves.size) + 0.5, 100 * day.halves, width=0.85, color="tab:orange")
    marks = np.arange(0, day.halves.size + 1, 2)
    panel.set_xticks(marks, [f"{clock + int(mark) * _WINDOW:%H:%M}" for mark in marks])
    panel.tick_params(axis="x", labelrotation=45)
    panel.set_ylabel("volatility, % a year of trading hours")
    panel.set_title("Realised volatility by half hour")


def _spread_panel(panel: Any, day: MarketDay) -> None:
    for i, smile in enumerate(day.smiles):
        panel.plot(smile.distance_pct, 100 * smile.spread, "o-", markersize=2.5, linewidth=0.8, color=f"C{i}",
                   label=_days(smile))  # fmt: skip
    panel.set_yscale("log")
    marks = (1, 2, 5, 10, 20, 50, 100, 200, 500)
    low, high = panel.get_ylim()
    shown = [mark for mark in marks if 0.7 * low <= mark <= 1.4 * high]
    panel.set_yticks(shown, [str(mark) for mark in shown])
    panel.minorticks_off()
    panel.set_xlabel("strike from spot, %")
    panel.set_ylabel("spread, cents a share")
    panel.set_title("Option spreads, out of the money")
    panel.legend(fontsize=10)
