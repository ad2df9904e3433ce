"""What a book's risk rules are steered by. A figure in shares may also be given per straddle; then that one counts."""

import re
from datetime import date
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from attrs import frozen

from gamma_scalper.domain.settings import section, setting

_MANY = 10**9
LONGEST_WINDOW_S = 600  # of orders that are counted
MOST_MARKS = 20  # that are remembered


def _is_minute(text: str) -> bool:
    return text == "" or re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", text) is not None


def _is_zone(text: str) -> bool:
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError):
        return False
    return True


def _are_dates(text: str) -> bool:
    try:
        event_dates(text)
    except ValueError:
        return False
    return True


@lru_cache(maxsize=64)
def event_dates(text: str) -> tuple[date, ...]:
    """The dates in '2026-11-18, 2027-02-24', in order."""
    return tuple(sorted(date.fromisoformat(each.strip()) for each in text.split(",") if each.strip()))


@frozen
class HedgingParameters:
    """When the delta is hedged."""

    epsilon_shares: float = setting(10.0, "less delta than this is none", unit="shares", at_least=0, at_most=_MANY)
    epsilon_per_straddle: float = setting(0.0, "the same per straddle; 0: not given", unit="shares", at_least=0)
    hedge_shares: float = setting(25.0, "delta from which on a hedge is needed", unit="shares", at_least=0, limit=True)
    hedge_per_straddle: float = setting(
        0.0, "the same per straddle; 0: not given", unit="shares", at_least=0, limit=True
    )
    force_shares: float = setting(
        500.0, "delta from which on a hedge does not wait for the cooldown", unit="shares", at_least=0, limit=True
    )
    force_per_straddle: float = setting(
        0.0, "the same per straddle; 0: not given", unit="shares", at_least=0, limit=True
    )
    min_shares: float = setting(10.0, "smallest hedge", unit="shares", at_least=0, limit=True)
    min_per_straddle: float = setting(0.0, "the same per straddle; 0: not given", unit="shares", at_least=0, limit=True)
    cooldown_s: float = setting(60.0, "from one hedge to the next", unit="s", at_least=0, limit=True)
    max_per_day: int = setting(50, "hedges a day", unit="hedges", at_least=0, limit=True)
    min_move_pct: float = setting(
        0.2, "move of the underlying since the last hedge", unit="%", at_least=0, at_most=100, limit=True
    )


@frozen
class SizeParameters:
    """How much one order may be, and how much the book may hold once it has filled."""

    max_order_shares: float = setting(500.0, "shares in one order", unit="shares", at_least=0, limit=True)
    max_order_per_straddle: float = setting(
        0.0, "the same per straddle; 0: not given", unit="shares", at_least=0, limit=True
    )
    max_order_contracts: int = setting(10, "options in one order", unit="contracts", at_least=0, limit=True)
    max_shares: float = setting(1_000.0, "shares held, long or short", unit="shares", at_least=0, limit=True)
    max_shares_per_straddle: float = setting(
        0.0, "the same per straddle; 0: not given", unit="shares", at_least=0, limit=True
    )
    max_contracts: int = setting(20, "options held, long and short together", unit="contracts", at_least=0, limit=True)
    max_notional: int = setting(250_000, "worth of the shares held, long or short", unit="$", at_least=0, limit=True)
    max_notional_per_straddle: int = setting(0, "the same per straddle; 0: not given", unit="$", at_least=0, limit=True)


@frozen
class QuoteParameters:
    """Which quotes are good enough to trade on."""

    age_s: float = setting(2.0, "age of the quote of what is traded", unit="s", above=0, at_most=60, limit=True)
    flatten_age_s: float = setting(
        30.0, "age of the quote of what is flattened", unit="s", above=0, at_most=3_600, limit=True
    )
    stale_s: float = setting(
        5.0, "age of the quote of any leg, beyond which nothing is hedged", unit="s", above=0, limit=True
    )
    lag_s: float = setting(1.0, "age of the market the Greeks were computed from", unit="s", above=0, limit=True)
    delayed: bool = setting(False, "trade on delayed quotes too; for practice alone", limit=True)
    wide_pct: float = setting(
        0.1, "spread up to which the shares are liquid and a market order may go", unit="%", at_least=0, limit=True
    )
    extreme_pct: float = setting(0.5, "spread beyond which shares are not traded", unit="%", at_least=0, limit=True)
    option_spread_pct: float = setting(
        10.0, "spread beyond which options are not traded", unit="%", at_least=0, limit=True
    )
    option_spread: float = setting(
        0.10, "spread up to which options are traded, however cheap they are", unit="$", at_least=0, limit=True
    )
    gap_pct: float = setting(
        2.0, "jump of the underlying that a second snapshot must confirm", unit="%", above=0, limit=True
    )


@frozen
class PriceParameters:
    """How far through the touch a limit may be."""

    share_collar_pct: float = setting(
        1.0, "beyond the bid or ask, shares", unit="%", at_least=0, at_most=100, limit=True
    )
    option_collar_pct: float = setting(
        25.0, "beyond the bid or ask, options", unit="%", at_least=0, at_most=100, limit=True
    )
    least_ticks: int = setting(
        10, "collar that is always allowed, since cheap options tick coarsely", unit="ticks", at_least=0, limit=True
    )
    flatten_share_collar_pct: float = setting(
        10.0, "beyond the bid or ask when flattening, shares", unit="%", at_least=0, at_most=100, limit=True
    )
    flatten_option_collar_pct: float = setting(
        50.0, "beyond the bid or ask when flattening, options", unit="%", at_least=0, at_most=100, limit=True
    )
    flatten_least_ticks: int = setting(
        20, "collar that is always allowed when flattening", unit="ticks", at_least=0, limit=True
    )


@frozen
class HoursParameters:
    """When nothing is begun."""

    after_open_s: float = setting(0.0, "from the open until the first entry", unit="s", at_least=0, limit=True)
    before_close_s: float = setting(
        900.0, "from the last entry to the close, an early one too", unit="s", at_least=0, limit=True
    )
    outside: bool = setting(False, "trade shares outside their liquid hours, by limit, to reduce and hedge", limit=True)
    restart_at: str = setting(
        "23:45",
        "when the broker's gateway restarts each day; empty: never",
        form="HH:MM or empty",
        check=_is_minute,
        limit=True,
    )
    restart_zone: str = setting(
        "America/New_York", "whose clock that is", form="a zone such as America/New_York", check=_is_zone, limit=True
    )
    restart_min: float = setting(
        5.0, "before and after that, without orders", unit="min", at_least=0, at_most=120, limit=True
    )


@frozen
class EventParameters:
    """Earnings and the like."""

    dates: str = setting(
        "", "days of events", form="dates such as 2026-11-18, 2027-02-24", check=_are_dates, limit=True
    )
    days_before: int = setting(2, "without entries", unit="days", at_least=0, at_most=60, limit=True)
    days_after: int = setting(1, "without entries", unit="days", at_least=0, at_most=60, limit=True)
    stop_hedges: bool = setting(False, "no hedges in that time either", limit=True)


@frozen
class ShortParameters:
    """Selling shares one does not have."""

    shares_to_spare: int = setting(
        1_000, "shares that must be left to borrow after ours", unit="shares", at_least=0, limit=True
    )


@frozen
class PaceParameters:
    """How many orders."""

    max_orders: int = setting(30, "orders within the window", unit="orders", at_least=0, limit=True)
    window_s: float = setting(60.0, "the window", unit="s", above=0, at_most=LONGEST_WINDOW_S)


@frozen
class LossParameters:
    """When enough was lost."""

    max_daily_loss: int = setting(1_000, "loss of a day", unit="$", at_least=0, limit=True)
    max_drawdown: int = setting(2_500, "fall from the highest equity", unit="$", at_least=0, limit=True)
    mark_age_s: float = setting(
        60.0, "age of the newest mark, beyond which the losses are not known", unit="s", above=0, limit=True
    )
    marks_in_a_row: int = setting(
        3, "marks that must all show it; one odd quote is no loss", unit="marks", at_least=1, at_most=MOST_MARKS
    )


@frozen
class MoneyParameters:
    """What may be spent."""

    budget: int = setting(100_000, "the book's own, at cost", unit="$", at_least=0, limit=True)
    cushion: int = setting(1_000, "available funds that are left alone", unit="$", at_least=0, limit=True)
    margin_cushion_pct: float = setting(
        10.0, "of the margin after an entry, left over in equity", unit="%", at_least=0, limit=True
    )
    account_age_s: float = setting(
        300.0, "age of the account's figures (a broker tells them every 3 min)", unit="s", above=0, limit=True
    )


@frozen
class GreeksParameters:
    """How much our Greeks and the broker's may differ."""

    max_divergence: float = setting(0.10, "of a leg's delta, per share", above=0, at_most=2, limit=True)


@frozen
class StructureParameters:
    """What may be entered."""

    min_dte: int = setting(21, "to expiry, at an entry", unit="days", at_least=0, at_most=3_650, limit=True)
    max_dte: int = setting(35, "to expiry, at an entry", unit="days", at_least=0, at_most=3_650, limit=True)
    moneyness_pct: float = setting(
        3.0, "between strike and spot, at an entry", unit="%", at_least=0, at_most=1_000, limit=True
    )
    max_imbalance_contracts: int = setting(
        0, "contracts that may lack in a structure before another is entered", unit="contracts", at_least=0, limit=True
    )
    sell_options: bool = setting(False, "entries may sell options too, as far as others cover them", limit=True)


@frozen
class RecordParameters:
    """How fresh the comparison of books and account is."""

    compared_s: float = setting(180.0, "since books and account were compared", unit="s", above=0, limit=True)


@frozen
class StateParameters:
    """Where the states of the market begin; they are shown, and bar nothing by themselves."""

    trend_ratio: float = setting(0.6, "efficiency ratio of 30 minutes from which on it is a trend", at_least=0)
    choppy_ratio: float = setting(0.3, "efficiency ratio below which it may be choppy", at_least=0)
    choppy_vol: float = setting(1.5, "realised over implied volatility from which on it is choppy", at_least=0)
    quiet_vol: float = setting(0.5, "realised over implied volatility up to which it is quiet", at_least=0)


@frozen
class ModeParameters:
    """How the mode follows health, down at once and up slowly."""

    degrade_after_s: float = setting(10.0, "of red before DEGRADED", unit="s", at_least=0)
    observe_after_s: float = setting(120.0, "of red before OBSERVE", unit="s", at_least=0)
    restore_after_s: float = setting(60.0, "without red before it is as it was", unit="s", at_least=0)


@frozen
class RiskParameters:
    """All of it; a section of a book's file."""

    hedging: HedgingParameters = section(HedgingParameters)
    size: SizeParameters = section(SizeParameters)
    quotes: QuoteParameters = section(QuoteParameters)
    prices: PriceParameters = section(PriceParameters)
    hours: HoursParameters = section(HoursParameters)
    events: EventParameters = section(EventParameters)
    shorts: ShortParameters = section(ShortParameters)
    pace: PaceParameters = section(PaceParameters)
    loss: LossParameters = section(LossParameters)
    money: MoneyParameters = section(MoneyParameters)
    greeks: GreeksParameters = section(GreeksParameters)
    structure: StructureParameters = section(StructureParameters)
    records: RecordParameters = section(RecordParameters)
    state: StateParameters = section(StateParameters)
    modes: ModeParameters = section(ModeParameters)
