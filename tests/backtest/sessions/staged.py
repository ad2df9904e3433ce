"""The golden sessions, and who writes golden/ anew.

`PYTHONPATH=.:tests/backtest/ring python tests/backtest/sessions/staged.py` from the checkout does. What has changed is
then read by eye, and must still be what the tests beside them say.
"""

from collections.abc import Callable, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from playing import Had, Played, play
from taped import taped, written
from telling import told

from gamma_scalper.domain.instruments import Right
from gamma_scalper.exchange.market import Market
from gamma_scalper.exchange.specs import market_from

GOLDEN = Path(__file__).with_name("golden")
SEED = 3
KEPT = (
    "exits.min_dte=0", "exits.roll_dte=0", "exits.restrike_gamma_pct=0", "exits.stop_pct=0", "exits.target_pct=0",
    "exits.reentry_after_s=86400", "hedge.policy=fixed", "hedge.band_shares=20",
)  # fmt: skip
FLAT_ON_FRIDAY = "nights.weekend=flatten"

FRIDAY = date(2026, 11, 27)  # after Thanksgiving: it ends at 13:00 in New York
EX, DIVIDEND = date(2026, 3, 20), 1.80  # a Friday
_EVE = date(2026, 3, 19)
_PAYS = f"gbm:step=300,sigma=0.12,spot=600,dividends={EX}:{DIVIDEND}"
_SOON, _LATER = date(2026, 3, 27), date(2026, 4, 17)
EXPIRY = date(2026, 1, 9)  # a Friday too


@cache
def early_close() -> Played:
    """A book that is flat over weekends buys in the morning."""
    quick = ("selection.max_expiries=1", "selection.strikes_per_expiry=3", "hedge.policy=fixed", "hedge.band_shares=10")
    flat = (FLAT_ON_FRIDAY, "nights.flatten_before_s=600")
    return play("gbm:step=60,sigma=0.15", SEED, FRIDAY, FRIDAY, *quick, *flat)


@cache
def dividend_on_short_shares() -> Played:
    """A straddle below the market is hedged by shares sold short."""
    return _into_ex({("C", 580, _LATER): 2, ("P", 580, _LATER): 2})


@cache
def dividend_on_long_shares() -> Played:
    """And one above it by shares bought."""
    return _into_ex({("C", 620, _LATER): 2, ("P", 620, _LATER): 2})


@cache
def early_exercise() -> Played:
    """A call so deep in the money that its put is worth less than the dividend."""
    return _into_ex({("C", 560, _SOON): 2, ("P", 560, _SOON): 2})


@cache
def assignment() -> Played:
    """The same straddle, sold: whoever has the calls takes the shares for their dividend."""
    return _into_ex({("C", 560, _SOON): -2, ("P", 560, _SOON): -2})


@cache
def expiry_day() -> Played:
    """A straddle whose options nobody quotes on their last day, so that it is held to its close."""
    rows = taped(f"gbm:step=300,sigma=0.12,spot=600,start={EXPIRY.replace(day=8)}", SEED, 245, strikes=1, dte=1)
    kept = [(at, row) for at, row in rows if at < str(EXPIRY) or ",,," in row]
    with TemporaryDirectory() as folder:
        spec = f"csv:{written(Path(folder) / 'quotes.csv', kept)},step=300,option_close_delay_min=15"
        market = market_from(spec)
        options = market.options(market.underlyings()[0].con_id, EXPIRY)
        had = {each.con_id: Had(2, _middle(market, each.con_id)) for each in options}
        return play(spec, SEED, None, None, *KEPT, "hedge.band_shares=60", had=had)


SESSIONS: Mapping[str, Callable[[], Played]] = {
    "early_close": early_close,
    "dividend_day": dividend_on_short_shares,
    "early_exercise": early_exercise,
    "assignment": assignment,
    "expiry_day": expiry_day,
}


def _into_ex(straddle: Mapping[tuple[Right, int, date], int]) -> Played:
    """Held from the eve of the ex-date to its evening."""
    market = market_from(f"{_PAYS},start={_EVE}", seed=SEED)
    share = market.underlyings()[0].con_id
    had = {}
    for (right, strike, expiry), quantity in straddle.items():
        listed = market.options(share, expiry)
        con_id = next(each.con_id for each in listed if (each.right, each.strike) == (right, strike))
        had[con_id] = Had(quantity, _middle(market, con_id))
    knows = f"pricing.dividends={EX} {DIVIDEND}"
    return play(_PAYS, SEED, _EVE, EX, *KEPT, FLAT_ON_FRIDAY, knows, had=had)


def _middle(market: Market, con_id: int) -> float:
    (offer,) = market.offers([con_id])
    assert offer.bid is not None and offer.ask is not None
    return round((offer.bid + offer.ask) / 2, 2)


if __name__ == "__main__":
    for name, staged in SESSIONS.items():
        (GOLDEN / f"{name}.txt").write_text(told(staged()))
