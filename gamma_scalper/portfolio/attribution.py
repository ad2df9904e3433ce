"""Where a profit came from: an interval in which the position did not change, taken apart by its Greeks at the start.

The one place where this is reckoned. Money is exact: the parts of an interval sum to its change of marked equity, and
intervals that follow one another sum to the change over all of them, both to the cent.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal

from attrs import evolve, field, frozen

from gamma_scalper.domain.checks import exact, utc
from gamma_scalper.domain.greeks import Greeks
from gamma_scalper.domain.instruments import Option
from gamma_scalper.domain.money import to_cents, to_decimal, to_float
from gamma_scalper.domain.snapshots import Holding
from gamma_scalper.domain.strategy_entries import Attributed

_ZERO = Decimal(0)
_SECONDS_PER_DAY = 86_400
PARTS = ("delta", "gamma", "theta", "vega", "vanna", "volga", "zomma", "carry", "costs", "unexplained")


@frozen(kw_only=True)
class Sensitivity:
    """Of one option held, per share; volatility is None where it stands at its exercise bound."""

    con_id: int
    greeks: Greeks
    vol: float | None
    vanna: float = 0.0
    volga: float = 0.0
    zomma: float = 0.0


def _holdings(each: Iterable[Holding]) -> tuple[Holding, ...]:
    return tuple(each)


def _sensitivities(each: Iterable[Sensitivity]) -> tuple[Sensitivity, ...]:
    return tuple(each)


Options = Sequence[Sensitivity]


@frozen(kw_only=True)
class Standpoint:
    """A book seen from one moment."""

    at: datetime = field(converter=utc)
    spot: float
    equity: Decimal = field(converter=exact)  # marked at the prices below
    holdings: tuple[Holding, ...] = field(default=(), converter=_holdings)
    prices: Mapping[int, Decimal] = field(factory=dict)  # conId -> per share; of what is held now or was before
    options: tuple[Sensitivity, ...] = field(
        default=(), converter=_sensitivities
    )  # an option that lacks is unexplained

    @property
    def implied(self) -> float | None:
        """Volatility of the options held, each weighing as much as its vega."""
        known = [
            (abs(scale * each.greeks.vega), each.vol) for scale, each in _held_options(self) if each.vol is not None
        ]
        total = sum(weight for weight, _ in known)
        return sum(weight * vol for weight, vol in known) / total if total else None


@frozen(kw_only=True)
class Between:
    """What happened from the beginning of an interval to its end, besides the market."""

    payments: Decimal = _ZERO  # dividends, interest, fees; negative: we paid
    commissions: Decimal = _ZERO
    dividend: float = 0.0  # per share, that left the price
    unseen: bool = False  # nobody watched, or a contract became another: trades can't be told from the market's doing


def attributed(
    begin: Standpoint, end: Standpoint, between: Between = Between(), aged: Options | None = None
) -> Attributed:
    """The interval's profit by its causes. `end` has a price for all that was held at the beginning.

    `aged` is what its options came to by time alone. Over a night that is what theta is, and the market moved them as
    they were then; else theta is that of the beginning, times the days.
    The market moved the position that was held at the beginning; what the equity changed beyond that and beyond
    payments was lost in trading: commissions, and fills that were worse than the middle at the end.
    """
    change = end.equity - begin.equity
    total = to_cents(end.equity) - to_cents(begin.equity)
    if between.unseen:
        causes = {"theta": _theta(end, begin, end) if not begin.options else _theta(begin, begin, end)}
        costs = -between.commissions
    else:
        causes = _causes(begin, end, between.dividend, aged)
        costs = change - _moved(begin, end) - between.payments
    dropped = _shares(begin) * between.dividend
    parts = {name: _cents(to_decimal(amount)) for name, amount in causes.items()}
    parts["carry"] = _cents(between.payments - to_decimal(dropped))
    parts["costs"] = _cents(costs)
    return Attributed(
        since=begin.at,
        until=end.at,
        total=total,
        **{name: parts.get(name, _ZERO) for name in PARTS if name != "unexplained"},
        unexplained=total - sum(parts.values()),
        spot_from=begin.spot,
        spot_to=end.spot,
        implied_from=begin.implied,
        implied_to=end.implied,
    )


def joined(older: Attributed, newer: Attributed) -> Attributed:
    """Two intervals that follow one another, as one."""
    return Attributed(
        since=older.since,
        until=newer.until,
        total=older.total + newer.total,
        **{name: getattr(older, name) + getattr(newer, name) for name in PARTS},
        spot_from=older.spot_from,
        spot_to=newer.spot_to,
        implied_from=older.implied_from if older.implied_from is not None else newer.implied_from,
        implied_to=newer.implied_to if newer.implied_to is not None else older.implied_to,
    )


@frozen(kw_only=True)
class Earnings:
    """A book's intervals summed up: all there ever were, and those of the newest trading day."""

    day: date | None = None
    today: Attributed | None = None
    ever: Attributed | None = None
    squares: float = 0.0  # of today's steps of the spot, one an interval, summed: what gamma lived on


NO_EARNINGS = Earnings()
"""Of a book of which nothing was taken down yet."""


def counted(earnings: Earnings, interval: Attributed, day: date) -> Earnings:
    """With one interval more, which ended on that trading day."""
    same = earnings.day == day
    return Earnings(
        day=day,
        today=joined(earnings.today, interval) if same and earnings.today is not None else interval,
        ever=interval if earnings.ever is None else joined(earnings.ever, interval),
        squares=(earnings.squares if same else 0.0) + (interval.spot_to - interval.spot_from) ** 2,
    )


# -- causes ------------------------------------------------------------------------------------------------------------


def _causes(begin: Standpoint, end: Standpoint, dividend: float, aged: Options | None) -> dict[str, float]:
    """In dollars. A dividend that leaves the price moves no option that knew of it, so the way is told without it."""
    way = end.spot - begin.spot + dividend
    after = {each.con_id: each.vol for each in end.options}
    causes = dict.fromkeys(("delta", "gamma", "vega", "vanna", "volga", "zomma"), 0.0)
    causes["delta"] = _shares(begin) * way
    moved = begin if aged is None else evolve(begin, options=aged)
    for scale, option in _held_options(moved):
        greeks, later = option.greeks, after.get(option.con_id)
        change = 0.0 if option.vol is None or later is None else later - option.vol
        causes["delta"] += scale * greeks.delta * way
        causes["gamma"] += scale * greeks.gamma * way**2 / 2
        causes["vega"] += scale * greeks.vega * change
        causes["vanna"] += scale * option.vanna * way * change
        causes["volga"] += scale * option.volga * change**2 / 2
        causes["zomma"] += scale * option.zomma * way**2 * change / 2
    return causes | {"theta": _theta(begin, begin, end) if aged is None else _worth(moved) - _worth(begin)}


def _worth(standpoint: Standpoint) -> float:
    """Of its options, by the model."""
    return sum(scale * option.greeks.price for scale, option in _held_options(standpoint))


def _theta(known: Standpoint, begin: Standpoint, end: Standpoint) -> float:
    """Of the options one of them knows the Greeks of, for the time between them."""
    days = (end.at - begin.at).total_seconds() / _SECONDS_PER_DAY
    return days * sum(scale * option.greeks.theta_per_day for scale, option in _held_options(known))


def _held_options(standpoint: Standpoint) -> list[tuple[float, Sensitivity]]:
    """Each with what one dollar a share of it is worth to the book."""
    scales = {held.instrument.con_id: _scale(held) for held in standpoint.holdings}
    return [(scales[each.con_id], each) for each in standpoint.options if each.con_id in scales]


def _scale(holding: Holding) -> float:
    return to_float(holding.quantity * holding.instrument.multiplier)


def _shares(standpoint: Standpoint) -> float:
    return sum(_scale(held) for held in standpoint.holdings if not isinstance(held.instrument, Option))


def _cents(amount: Decimal) -> Decimal:
    """Without a zero that has a sign."""
    return to_cents(amount) + _ZERO


def _moved(begin: Standpoint, end: Standpoint) -> Decimal:
    """What the prices did to what was held at the beginning."""
    amounts = (
        held.quantity
        * held.instrument.multiplier
        * (end.prices[held.instrument.con_id] - begin.prices[held.instrument.con_id])
        for held in begin.holdings
    )
    return sum(amounts, _ZERO)
