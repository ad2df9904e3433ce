"""What a simulated market is made from, as its spec says it."""

import re
from datetime import date

from attrs import frozen

from gamma_scalper.domain.instruments import Exercise
from gamma_scalper.domain.settings import keys_of, setting
from gamma_scalper.pricing.dividends import Dividend

PENNY_SYMBOLS = ("SPY", "QQQ", "IWM")  # whose options trade in pennies at any price, with expiries on every day
_DIVIDENDS = re.compile(r"\d{4}-\d{2}-\d{2}:\d+(\.\d+)?(\+\d{4}-\d{2}-\d{2}:\d+(\.\d+)?)*")


def parse_ex_dates(text: str) -> tuple[Dividend, ...]:
    """'2026-03-20:1.75+2026-06-19:1.80': ex-dates and cash per share."""
    if text and not _DIVIDENDS.fullmatch(text):
        raise ValueError(f"cannot read {text!r} as ex-dates and amounts")
    pairs = [part.split(":") for part in text.split("+") if part]
    return tuple(Dividend(date.fromisoformat(ex), float(amount)) for ex, amount in pairs)


def is_date(text: str) -> bool:
    try:
        return bool(re.fullmatch(r"20\d\d-\d\d-\d\d", text)) and bool(date.fromisoformat(text))
    except ValueError:
        return False


def are_ex_dates(text: str) -> bool:
    try:
        parse_ex_dates(text)
    except ValueError:
        return False
    return True


def _is_drift(drift: float | None) -> bool:
    return drift is None or -2.0 <= drift <= 2.0


@frozen(kw_only=True)
class MarketParameters:
    """What all assets of a market share."""

    seed: int = setting(1, "the number all chance is drawn from", at_least=0, at_most=2**63 - 1)
    start: str = setting(
        "2026-01-05",
        "the first session, or the first after it",
        form="an ISO date from 2000 to 2099, such as 2026-01-05",
        check=is_date,
    )
    days: int = setting(730, "how long the market lives", unit="calendar days", at_least=1, at_most=3_650)
    step: int = setting(1, "from one tick to the next", unit="s", at_least=1, at_most=23_400)

    @staticmethod
    def allows_seed(seed: int) -> bool:
        return next(key for key in keys_of(MarketParameters) if key.path == "seed").about.permits(seed)

    @property
    def first_date(self) -> date:
        return date.fromisoformat(self.start)


@frozen(kw_only=True)
class AssetParameters:
    """What every generator knows of its asset; volatilities and rates are per year, 0.2 being 20%."""

    symbol: str = setting(
        "SPY",
        "the asset's name; an independent path for each",
        form="1 to 8 capital letters",
        check=lambda text: bool(re.fullmatch(r"[A-Z]{1,8}", text)),
    )
    kind: str = setting("stock", "shares, or an index with European options in cash", one_of=("stock", "index"))
    spot: float = setting(600.0, "price at the close before the first session", unit="$", at_least=1, at_most=100_000)
    drift: float | None = setting(
        None,
        "growth of the price per year, dividends left aside; none: rate less yield, so that no side is favoured",
        form="-2 to 2, or none",
        check=_is_drift,
    )
    implied: float = setting(
        0.0, "long-run at-the-money implied volatility; 0: what the price really has", at_least=0, at_most=5
    )
    skew: float = setting(-0.65, "slope of the smile: rho of the SSVI surface", at_least=-0.95, at_most=0.95)
    smile: float = setting(0.8, "bend of the smile: eta of the SSVI surface", at_least=0, at_most=2)
    overnight: float = setting(0.2, "share of a session's variance that falls in the closed time before it",
                               at_least=0, at_most=0.9)  # fmt: skip
    ushape: float = setting(0.6, "share of a session's variance in the rush after open and before close", at_least=0,
                            at_most=0.95)  # fmt: skip
    rate: float = setting(0.04, "what money costs", at_least=-0.05, at_most=0.25)
    yield_: float = setting(0.0, "continuous dividend yield, or what borrowing costs", at_least=-0.05, at_most=0.25)
    dividend: float = setting(
        0.0, "cash per share, ex on the third Friday of March, June, September and December", unit="$", at_least=0,
        at_most=1_000,
    )  # fmt: skip
    dividends: str = setting(
        "",
        "cash per share by ex-date",
        form="ex-dates and amounts such as 2026-03-20:1.75+2026-06-18:1.80",
        check=are_ex_dates,
    )
    exercise: str = setting("", "of the options; empty: american for shares, european for an index",
                            one_of=("", "american", "european"))  # fmt: skip
    option_close_delay_min: int = setting(
        -1, "minutes that options trade on after the shares' close; -1: 15 for SPY, else 0", unit="min", at_least=-1,
        at_most=60,
    )  # fmt: skip
    spread_bps: float = setting(0.2, "spread of the shares; one tick at least", unit="bps", at_least=0, at_most=500)
    option_spread: float = setting(
        0.06, "spread of an option at the money in 30 days, beyond one tick, in points of volatility", unit="points",
        at_least=0, at_most=10,
    )  # fmt: skip
    turbulence: float = setting(1.0, "how spreads follow volatility: as its this-many-th power", at_least=0, at_most=3)

    def __attrs_post_init__(self) -> None:
        if self.smile * (1.0 + abs(self.skew)) > 2.0:
            raise ValueError(
                f"smile = {self.smile:g} with skew = {self.skew:g} would allow arbitrage; "
                f"allowed: a smile of 0 to {2.0 / (1.0 + abs(self.skew)):.4g}"
            )
        paying = [dividend.amount for dividend in parse_ex_dates(self.dividends)] + [self.dividend]
        if max(paying) > 0.1 * self.spot:
            raise ValueError(f"a dividend of {max(paying):g} is not allowed; allowed: 0 to {0.1 * self.spot:g}")
        if self.dividend and self.dividends:
            raise ValueError("dividend and dividends would count twice; keep one")
        if self.kind == "index" and (self.dividend or self.dividends):
            raise ValueError("an index pays no cash dividends; use yield")

    @property
    def carry(self) -> float:
        """What keeps the discounted price, with its dividends, where it is on average."""
        return self.rate - self.yield_

    @property
    def growth(self) -> float:
        return self.carry if self.drift is None else self.drift

    @property
    def option_exercise(self) -> Exercise:
        european = self.exercise == "european" or (self.exercise == "" and self.kind == "index")
        return "european" if european else "american"

    @property
    def close_delay_min(self) -> int:
        if self.option_close_delay_min >= 0:
            return self.option_close_delay_min
        return 15 if self.symbol == "SPY" else 0
