"""A day of a market in figures: what its price did, what its options cost and what volatility that implies."""

import math
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
from attrs import asdict, evolve, field, frozen

from gamma_scalper.domain.exits import ExitCode, UserError
from gamma_scalper.domain.instruments import Option
from gamma_scalper.domain.sessions import Session, Sessions, years_between
from gamma_scalper.exchange.market import Market, Offer
from gamma_scalper.exchange.replay import Replayed, Tape
from gamma_scalper.pricing import Lattice, MarketInputs, chain_greeks

Floats = npt.NDArray[np.float64]

WINDOW = timedelta(minutes=30)
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
    tape: Tape | None = None  # of a replayed file
    statistics: dict[str, float] = field(factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The figures without the ticks; None where there is no number."""
        account = None if self.tape is None else asdict(self.tape.account) | {"notices": list(self.tape.notices)}
        return {
            "schema": "market-day/1",
            "market": self.name,
            "symbol": self.symbol,
            "from": self.times[0].isoformat(),
            "to": self.times[-1].isoformat(),
            "statistics": {key: _or_none(value) for key, value in self.statistics.items()},
            "half_hours_vol": [_or_none(vol) for vol in self.halves.tolist()],
            "term": [{"days": round(days, 3), "vol": _or_none(vol)} for days, vol in self.term],
            "account": account,
        }


def describe(market: Market, sessions: int = 1, tell: Callable[[date], object] = lambda day: None) -> MarketDay:
    """Walk the market through so many sessions, from where it is, and note what its first underlying does.

    `tell` hears of each session as it begins.
    """
    if not market.underlyings():
        raise UserError(f"{market.name}: nothing is listed, so there is nothing to show", ExitCode.NOTHING_TRADABLE)
    walk = _Walk(market)
    days: set[date] = set()
    while True:
        session = walk.session()
        if session is not None:
            if session.day not in days:
                tell(session.day)
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
        self.listed: dict[str, float] = {}
        self._known: Session | None = None
        known = getattr(market, "previous_close", None)
        self._last = math.nan if known is None else float(known(self.con_id))

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
        pair = _two_sided(self.market.offers([self.con_id])[0])
        return pair and sum(pair) / 2

    def _expiries(self, now: datetime) -> dict[date, float]:
        """Those not of today, with the days until then."""
        today = now.astimezone(self.hours.zone).date()
        return {day: float((day - today).days) for day in self.market.expiries(self.con_id) if day > today}

    def _note_implied(self, now: datetime, spot: float) -> None:
        expiries = self._expiries(now)
        if expiries:
            nearest = min(expiries, key=lambda day: abs(expiries[day] - _IMPLIED_DAYS))
            listed = self.market.options(self.con_id, nearest)
            self.implied.append((now, self._smile(listed, now, spot, reach=0.02).at_the_money))

    def _note_chain(self, now: datetime, spot: float) -> None:
        listed = {day: self.market.options(self.con_id, day) for day in self.market.expiries(self.con_id)}
        self.listed = {"expiries": float(len(listed)), "contracts": float(sum(map(len, listed.values())))}
        expiries = self._expiries(now)
        if not expiries:
            return
        nearest = {days: min(expiries, key=lambda day: abs(expiries[day] - days)) for days in _SMILE_DAYS}
        for day in expiries:
            smile = self._smile(listed[day], now, spot, reach=0.35 if day in nearest.values() else 0.03)
            self.term.append((smile.days, smile.at_the_money))
            if day in nearest.values():
                self.smiles.append(smile)
        self.listed |= self._straddle(listed[nearest[_IMPLIED_DAYS]], now, spot)

    def _straddle(self, options: Sequence[Option], now: datetime, spot: float) -> dict[str, float]:
        """What call and put cost together and how far bid and ask are apart, at the nearest strike that has both."""
        evening = [option for option in options if option.settlement != "cash_am"]
        strikes = {option.strike for option in evening}
        for strike in sorted(strikes, key=lambda strike: (abs(float(strike) - spot), strike))[:10]:
            legs = [option for option in evening if option.strike == strike]
            quoted = [pair for pair in map(_two_sided, self.market.offers([leg.con_id for leg in legs])) if pair]
            if len(quoted) == 2:
                days, middle = (legs[0].expires_at - now).total_seconds() / 86_400, sum(map(sum, quoted)) / 2
                spread = sum(ask - bid for bid, ask in quoted)
                return {"straddle_days": days, "straddle_strike": float(strike), "straddle_price": middle,
                        "straddle_spread": spread}  # fmt: skip
        return {}

    def _smile(self, listed: Sequence[Option], now: datetime, spot: float, reach: float) -> Smile:
        options = [
            option
            for option in listed
            if option.settlement != "cash_am" and abs(float(option.strike) / spot - 1) < reach
            and (float(option.strike) >= spot) == (option.right == "C")
        ]  # fmt: skip
        offers = map(_two_sided, self.market.offers([option.con_id for option in options]))
        rows = [(option, float(option.strike), *pair) for option, pair in zip(options, offers, strict=True) if pair]
        rows.sort(key=lambda row: row[1])
        quoted = [row[0] for row in rows]
        strikes, bid, ask = (np.array([row[i] for row in rows]) for i in (1, 2, 3))
        days = (quoted[0].expires_at - now).total_seconds() / 86_400 if quoted else math.nan
        bids, asks = self._vols(quoted, strikes, bid, now, spot), self._vols(quoted, strikes, ask, now, spot)
        near = np.argsort(np.abs(strikes - spot))[:2]
        known = [vol for vol in ((bids[near] + asks[near]) / 2).tolist() if math.isfinite(vol)]
        at_the_money = sum(known) / len(known) if known else math.nan
        return Smile(listed[0].expiry, days, 100 * (strikes / spot - 1), bids, asks, ask - bid, at_the_money)

    def _vols(self, options: Sequence[Option], strikes: Floats, prices: Floats, now: datetime, spot: float) -> Floats:
        if not options:
            return np.empty(0)
        rate, paid = getattr(self.market, "rate", None), getattr(self.market, "dividend_yield", None)
        ends = options[0].expires_at
        costs = _USUAL_RATE if rate is None else rate(self.con_id)
        inputs = MarketInputs(spot, years_between(now, ends), costs, 0.0 if paid is None else paid(self.con_id))
        inputs = evolve(inputs, dividends=self.market.dividends(self.con_id).in_life(now, ends))
        rights, exercise = [option.right for option in options], options[0].exercise
        return chain_greeks(_MODEL, rights, strikes, inputs.years, prices, inputs, exercise=exercise).implied_vol

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
            tape=self.market.tape if isinstance(self.market, Replayed) else None,
            statistics=self._statistics(spots, moves, seconds),
        )

    def _statistics(self, spots: Floats, moves: Floats, seconds: Floats) -> dict[str, float]:
        ends = [*self.opens[1:], len(self.times)]
        traded = sum(float(seconds[end - 1] - seconds[begin]) for begin, end in zip(self.opens, ends, strict=True))
        vols = [vol for _, vol in self.implied if math.isfinite(vol)]
        cents = [100 * float(one.spread[np.abs(one.distance_pct).argmin()]) for one in self.smiles if one.spread.size]
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
        } | self.listed


def _two_sided(offer: Offer) -> tuple[float, float] | None:
    """Bid and ask, if there are both and they aren't crossed."""
    return (offer.bid, offer.ask) if offer.bid and offer.ask and 0 < offer.bid <= offer.ask else None


def _rolling(seconds: Floats, moves: Floats, opens: Sequence[int]) -> Floats:
    """Volatility over the half hour before each tick, within its session."""
    total = np.cumsum(np.nan_to_num(moves))
    window = WINDOW.total_seconds()
    since = np.searchsorted(seconds, seconds - window)
    found = np.sqrt(np.maximum(total - total[since], 0.0) * _TRADING_SECONDS / window)
    begins = np.array(opens)[np.searchsorted(opens, np.arange(seconds.size), side="right") - 1]
    found[seconds - seconds[begins] < window] = math.nan
    return np.asarray(found)


def _by_half_hour(seconds: Floats, moves: Floats, opens: Sequence[int]) -> Floats:
    """Volatility by half hour from the open, over all sessions."""
    begins = np.array(opens)[np.searchsorted(opens, np.arange(seconds.size), side="right") - 1]
    half = ((seconds - seconds[begins] - 1e-6) // WINDOW.total_seconds()).astype(np.int64)
    known = np.isfinite(moves)
    total = np.bincount(half[known], weights=moves[known])
    return np.asarray(np.sqrt(total * _TRADING_SECONDS / WINDOW.total_seconds() / len(opens)))


def _or_none(number: float) -> float | None:
    return round(number, 6) if math.isfinite(number) else None
