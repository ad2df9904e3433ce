"""Which straddle of a chain is bought: the cheapest to hold and to trade for the gamma it brings.

The filters are asked in this order, and the first that objects removes a straddle: quotes on both sides, open interest,
spread in percent, spread in dollars, size at the touch, Greeks. What is left is ranked by its score,

    (|theta| per day x weight + half the spreads) / gamma per $1,     all per share of the straddle,

the lowest first; equals by expiry, then by strike.
"""

from collections import Counter
from collections.abc import Callable, Iterable

from attrs import field, frozen

from gamma_scalper.domain.greeks import Greeks
from gamma_scalper.domain.instruments import Combo, Leg, Option
from gamma_scalper.domain.money import to_float
from gamma_scalper.domain.quotes import Quote
from gamma_scalper.domain.settings import setting


@frozen
class SelectionParameters:
    """Which straddles are good enough, and how the chain is looked through."""

    min_open_interest: int = setting(
        100, "contracts of open interest that call and put must each have; 0: any", at_least=0, at_most=10**9
    )
    max_spread_pct: float = setting(5.0, "widest spread of call or put, of its middle", unit="%", above=0, at_most=200)
    max_spread: float = setting(
        0.0, "widest spread of call or put; 0: any that is within max_spread_pct", unit="$", at_least=0
    )
    min_size: int = setting(1, "contracts bid for and on offer, of call and put each", at_least=0, at_most=10**6)
    theta_weight: float = setting(1.0, "what a day's decay counts against half the spreads", at_least=0, at_most=1_000)
    strikes_per_expiry: int = setting(
        9, "strikes looked at, those nearest the money", unit="strikes", at_least=1, at_most=500
    )
    max_expiries: int = setting(
        10, "expiries looked at, the soonest of those allowed; 0: all", unit="expiries", at_least=0, at_most=500
    )
    lines: int = setting(
        40,
        "market-data lines a look may use at once, beside the underlying's",
        unit="lines",
        at_least=2,
        at_most=10_000,
    )
    quotes_within_s: float = setting(
        5.0, "for the quotes and open interest of what is looked at to come", unit="s", above=0, at_most=120
    )
    rescan_s: float = setting(
        120.0, "between two looks through the chain, while the book holds no options", unit="s", at_least=5,
        at_most=86_400,
    )  # fmt: skip


# -- what is looked at, and what comes of it ---------------------------------------------------------------------------


@frozen(kw_only=True)
class Offered:
    """One option as the market shows it."""

    option: Option
    quote: Quote | None = None
    open_interest: int | None = None  # None: nobody told
    frozen: str = ""  # why its quotes do not count, where the broker says so


@frozen(kw_only=True)
class Candidate:
    """A call and a put of one strike and expiry."""

    call: Offered
    put: Offered
    greeks: Greeks | None = None  # of both together, per share; None: no volatility explains the quotes
    vol: float | None = None

    @property
    def legs(self) -> tuple[Offered, Offered]:
        return self.call, self.put

    @property
    def quotes(self) -> tuple[Quote, Quote] | None:
        """Of call and put; None unless both are quoted on both sides."""
        call, put = self.call.quote, self.put.quote
        if call is None or put is None or not (call.usable and put.usable):
            return None
        return call, put

    @property
    def premium(self) -> float | None:
        """At the middle, per share."""
        return None if self.quotes is None else sum(quote.mid for quote in self.quotes)

    @property
    def half_spread(self) -> float | None:
        """What crossing from the middle costs, both legs, per share."""
        return None if self.quotes is None else sum(quote.spread for quote in self.quotes) / 2

    @property
    def combo(self) -> Combo:
        return Combo([Leg(self.call.option, 1), Leg(self.put.option, 1)])

    def __str__(self) -> str:
        return f"{self.call.option.symbol} {self.call.option.expiry} {to_float(self.call.option.strike):g}"


@frozen
class Ranked:
    """One that passes."""

    straddle: Candidate
    score: float


@frozen
class Excluded:
    """One that does not."""

    straddle: Candidate
    filter: str  # in words that are the same for all it removes
    why: str  # this one's own figures


def _ranked(each: Iterable[Ranked]) -> tuple[Ranked, ...]:
    return tuple(each)


def _excluded(each: Iterable[Excluded]) -> tuple[Excluded, ...]:
    return tuple(each)


@frozen
class Ranking:
    """The whole outcome: the best first, and everything that was left out with its reason."""

    ranked: tuple[Ranked, ...] = field(default=(), converter=_ranked)
    excluded: tuple[Excluded, ...] = field(default=(), converter=_excluded)

    @property
    def best(self) -> Ranked | None:
        return self.ranked[0] if self.ranked else None

    def __str__(self) -> str:
        """One line for a person: the best and why, or which filter removed how many."""
        if self.best is None:
            return f"no straddle passes: {self._removed() or 'there was none to look at'}"
        among = f"best of {len(self.ranked)} that pass, of {len(self.ranked) + len(self.excluded)} looked at"
        return f"{self.best.straddle} is the {among}: {in_words(self.best)}"

    def _removed(self) -> str:
        counts = Counter(each.filter for each in self.excluded)
        return ", ".join(f"{number} {words}" for words, number in sorted(counts.items(), key=lambda each: -each[1]))


def in_words(ranked: Ranked) -> str:
    """What its score is made of."""
    greeks, half_spread = ranked.straddle.greeks, ranked.straddle.half_spread
    assert greeks is not None and half_spread is not None, "only what has both is ranked"
    return (
        f"${abs(greeks.theta_per_day):.3f} of decay a day and ${half_spread:.3f} of half spreads "
        f"for a gamma of {greeks.gamma:.4f}, score {ranked.score:.4g}"
    )


# -- the ranking -------------------------------------------------------------------------------------------------------


def rank(candidates: Iterable[Candidate], parameters: SelectionParameters) -> Ranking:
    """Filter and order them; the order they come in makes no difference."""
    ranked, excluded = [], []
    for straddle in sorted(candidates, key=_place):
        objection = _objection(straddle, parameters)
        if objection is None:
            ranked.append(Ranked(straddle, _score(straddle, parameters)))
        else:
            excluded.append(Excluded(straddle, *objection))
    return Ranking(sorted(ranked, key=lambda each: each.score), excluded)


def _place(straddle: Candidate) -> tuple[object, ...]:
    option = straddle.call.option
    return option.expiry, option.strike, option.con_id


def _score(straddle: Candidate, parameters: SelectionParameters) -> float:
    greeks, half_spread = straddle.greeks, straddle.half_spread
    assert greeks is not None and half_spread is not None, "the filters let nothing else pass"
    return (abs(greeks.theta_per_day) * parameters.theta_weight + half_spread) / greeks.gamma


# -- the filters: what each is called, and this straddle's figures; None where it has no objection ---------------------

Objection = tuple[str, str]


def _objection(straddle: Candidate, parameters: SelectionParameters) -> Objection | None:
    return next((found for ask in _FILTERS if (found := ask(straddle, parameters)) is not None), None)


def _quoted(straddle: Candidate, parameters: SelectionParameters) -> Objection | None:
    if straddle.quotes is not None:
        return None
    bad = next(each for each in straddle.legs if each.quote is None or not each.quote.usable)
    sides = "no quote" if bad.quote is None else f"{_price(bad.quote.bid)} x {_price(bad.quote.ask)}"
    return "without a quote on both sides", f"{_name(bad)}: {bad.frozen or sides}"


def _of_interest(straddle: Candidate, parameters: SelectionParameters) -> Objection | None:
    least = parameters.min_open_interest
    for leg in straddle.legs:
        if (leg.open_interest or 0) < least:
            told = "not told" if leg.open_interest is None else str(leg.open_interest)
            return f"open interest below {least}", f"{_name(leg)}: {told}"
    return None


def _tight(straddle: Candidate, parameters: SelectionParameters) -> Objection | None:
    for leg, quote in _quotes(straddle):
        if quote.spread_pct > parameters.max_spread_pct:
            return f"spread wider than {parameters.max_spread_pct:g}%", f"{_name(leg)}: {quote.spread_pct:.1f}%"
    return None


def _narrow(straddle: Candidate, parameters: SelectionParameters) -> Objection | None:
    for leg, quote in _quotes(straddle):
        if quote.spread > parameters.max_spread + _ROUNDING and parameters.max_spread:
            return f"spread wider than ${parameters.max_spread:g}", f"{_name(leg)}: ${quote.spread:.2f}"
    return None


def _sized(straddle: Candidate, parameters: SelectionParameters) -> Objection | None:
    for leg, quote in _quotes(straddle):
        if min(quote.bid_size, quote.ask_size) < parameters.min_size:
            return f"size below {parameters.min_size}", f"{_name(leg)}: {quote.bid_size} x {quote.ask_size}"
    return None


def _has_gamma(straddle: Candidate, parameters: SelectionParameters) -> Objection | None:
    if straddle.greeks is None:
        return "without a volatility", "none explains these quotes"
    return None if straddle.greeks.gamma > 0 else ("without gamma", f"{straddle.greeks.gamma:g}")


_FILTERS: tuple[Callable[[Candidate, SelectionParameters], Objection | None], ...] = (
    _quoted,
    _of_interest,
    _tight,
    _narrow,
    _sized,
    _has_gamma,
)
_ROUNDING = 1e-9  # of floats: 10.10 - 10.05 is no more than 0.05


def _quotes(straddle: Candidate) -> tuple[tuple[Offered, Quote], ...]:
    quotes = straddle.quotes
    assert quotes is not None, "the first filter asks for them"
    return (straddle.call, quotes[0]), (straddle.put, quotes[1])


def _name(leg: Offered) -> str:
    return "call" if leg.option.right == "C" else "put"


def _price(price: float | None) -> str:
    return "-" if price is None else f"{price:g}"
