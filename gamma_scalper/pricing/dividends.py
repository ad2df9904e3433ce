"""Cash dividends, from the book's file or from the broker, and what the options themselves say of them."""

import math
import re
from collections.abc import Iterable
from datetime import date, datetime, time
from statistics import median
from zoneinfo import ZoneInfo

from attrs import evolve, field, frozen

from gamma_scalper.domain.checks import utc
from gamma_scalper.domain.quotes import Quote
from gamma_scalper.domain.sessions import years_between
from gamma_scalper.pricing.model import MarketInputs, OptionTerms, PricingModel

_DIVIDEND = re.compile(r"(\d{4}-\d{2}-\d{2})\s+(\d+(?:\.\d+)?)")
_MOST_A_YEAR = 12
_NEW_YORK = ZoneInfo("America/New_York")


@frozen
class Dividend:
    """Cash per share. It leaves the price in the night before the ex-date: from midnight on, buyers don't get it."""

    ex: date
    amount: float
    declared: bool = True  # else somebody's estimate

    def __attrs_post_init__(self) -> None:
        if not 0 < self.amount < math.inf:
            raise ValueError(f"a dividend is a positive amount, not {self.amount}")


def _in_order(dividends: Iterable[Dividend]) -> tuple[Dividend, ...]:
    return tuple(sorted(dividends, key=lambda dividend: dividend.ex))


@frozen
class DividendSchedule:
    """The dividends known of one underlying, soonest first."""

    dividends: tuple[Dividend, ...] = field(default=(), converter=_in_order)
    zone: ZoneInfo = _NEW_YORK

    def __attrs_post_init__(self) -> None:
        if len({dividend.ex for dividend in self.dividends}) < len(self.dividends):
            raise ValueError("two dividends have the same ex-date")

    def in_life(self, now: datetime, expires_at: datetime) -> tuple[tuple[float, float], ...]:
        """`(years until ex, amount)` of those between now and expiry, as `MarketInputs` takes them."""
        now, expires_at = utc(now), utc(expires_at)
        moments = [(utc(datetime.combine(due.ex, time(0), self.zone)), due.amount) for due in self.dividends]
        return tuple((years_between(now, ex), amount) for ex, amount in moments if now < ex <= expires_at)


def parse_dividends(text: str) -> DividendSchedule:
    """'2026-12-18 1.80, 2027-03-19 1.85': ex-dates and cash per share."""
    dividends = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        found = _DIVIDEND.fullmatch(part)
        if found is None:
            raise ValueError(f"cannot read {part!r}; expected an ex-date and an amount, such as 2026-12-18 1.80")
        try:
            dividends.append(Dividend(date.fromisoformat(found[1]), float(found[2])))
        except ValueError as error:
            raise ValueError(f"cannot read {part!r}: {error}") from error
    return DividendSchedule(tuple(dividends))


def from_broker(text: str, horizon: date) -> DividendSchedule:
    """The broker's dividend tick: 'past 12 months,next 12 months,next date,next amount'; empty where it knows none.

    The next one counts as declared. What the coming year's sum leaves beyond it is spread evenly, as estimates, up to
    the horizon.
    """
    parts = [part.strip() for part in text.split(",")]
    if len(parts) != 4:
        raise ValueError(f"cannot read {text!r} as dividends; expected four parts")
    if not parts[2] or not parts[3]:
        return DividendSchedule()
    try:
        year, amount = float(parts[1] or 0), float(parts[3])
        ex = date(int(parts[2][:4]), int(parts[2][4:6]), int(parts[2][6:]))
    except ValueError as error:
        raise ValueError(f"cannot read {text!r} as dividends") from error
    if not (0 <= year < math.inf and 0 <= amount < math.inf):
        raise ValueError(f"cannot read {text!r} as dividends; amounts are not negative")
    if amount == 0:
        return DividendSchedule()
    dividends = [Dividend(ex, amount)]
    left = year - amount
    more = min(max(round(left / amount), 1 if left > 0.5 * amount else 0), _MOST_A_YEAR - 1)
    for i in range(1, more + 1):
        estimated = ex.toordinal() + round(365 * i / (more + 1))
        if estimated <= horizon.toordinal():
            dividends.append(Dividend(date.fromordinal(estimated), left / more, declared=False))
    return DividendSchedule(tuple(dividends))


@frozen
class StrikeQuotes:
    """Call and put of one strike and expiry."""

    strike: float
    call: Quote
    put: Quote


@frozen
class ImpliedForward:
    """Where the options put the share at expiry."""

    low: float
    forward: float
    high: float

    def dividend_yield(self, inputs: MarketInputs) -> float:
        """What the way there pays besides the cash dividends of the inputs: a yield, or what borrowing costs."""
        return _yield_to(self.forward, inputs)


def implied_forward(
    model: PricingModel, inputs: MarketInputs, strikes: Iterable[StrikeQuotes], near_pct: float = 5.0
) -> ImpliedForward | None:
    """From put-call parity, for American options: at the true forward, call and put of a strike tell one volatility.

    Bid against ask gives each strike's bounds, the mids of strikes near the money the estimate. A strike of which a leg
    is bid no more than its exercise value tells nothing: there American parity is an inequality only. None where no
    strike tells, or where they contradict one another. Cash dividends in the inputs stay what they are; the yield in
    them counts for nothing.
    """
    if inputs.years == 0:
        raise ValueError("years must be positive: there is no forward to an expiry that has passed")
    bounds, estimates = [], []
    for pair in strikes:
        if abs(pair.strike / inputs.spot - 1) * 100 > near_pct or not (pair.call.usable and pair.put.usable):
            continue
        call_bid, call_ask = pair.call.bid or 0.0, pair.call.ask or 0.0
        put_bid, put_ask = pair.put.bid or 0.0, pair.put.ask or 0.0
        if call_bid <= inputs.spot - pair.strike or put_bid <= pair.strike - inputs.spot:
            continue
        estimate = _forward_at(model, inputs, pair.strike, pair.call.mid, pair.put.mid)
        low = _forward_at(model, inputs, pair.strike, call_bid, put_ask)
        high = _forward_at(model, inputs, pair.strike, call_ask, put_bid)
        if estimate is None or low is None or high is None:
            continue
        bounds.append((low, high))
        estimates.append(estimate)
    if not bounds:
        return None
    low, high = max(low for low, _ in bounds), min(high for _, high in bounds)
    return ImpliedForward(low, min(max(median(estimates), low), high), high) if low <= high else None


def _forward_at(model: PricingModel, inputs: MarketInputs, strike: float, call: float, put: float) -> float | None:
    """The forward at which one volatility explains both prices; None where there is none to be found."""
    growth = math.exp(inputs.rate * inputs.years)
    forward = strike + (call - put) * growth  # European parity: early exercise moves it a little
    for _ in range(30):
        if not 0.5 * inputs.spot < forward < 2 * inputs.spot:
            return None
        market = evolve(inputs, dividend_yield=_yield_to(forward, inputs))
        call_terms, put_terms = OptionTerms("C", strike), OptionTerms("P", strike)
        # Price both at one volatility, that of the leg out of the money; early exercise is what parity doesn't see.
        terms, price = (call_terms, call) if strike >= forward else (put_terms, put)
        vol = model.implied_vol(terms, market, price)
        if vol is None:
            return None
        gap = (call - put) - (model.price(call_terms, market, vol) - model.price(put_terms, market, vol))
        forward += gap * growth
        if abs(gap) < 1e-6 * strike:
            return forward
    return None


def _yield_to(forward: float, inputs: MarketInputs) -> float:
    """The yield at which spot, less the cash dividends, grows to the forward."""
    found = inputs.rate - math.log(forward / inputs.spot) / inputs.years
    for _ in range(20):
        carry = inputs.rate - found
        paid = sum(amount * math.exp(carry * (inputs.years - years)) for years, amount in inputs.dividends_in_life)
        step = math.log((forward + paid) / inputs.spot) / inputs.years - carry
        found -= step
        if abs(step) < 1e-13:
            break
    return found
