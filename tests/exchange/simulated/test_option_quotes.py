"""Quotes: what exercise brings is never for sale below its worth, no bid beats an ask, spreads widen as they should."""

from datetime import UTC, datetime

import numpy as np
import pytest

from gamma_scalper.domain.money import to_decimal
from gamma_scalper.exchange.simulated import quote_kernel
from gamma_scalper.exchange.simulated.option_quotes import load_kernel
from gamma_scalper.exchange.specs import market_from
from gamma_scalper.pricing import Lattice, MarketInputs, OptionTerms

SPECS = [
    "gbm:sigma=0.2,step=900",
    "heston:sigma=0.35,spot=180,symbol=NVDA,step=900,v0=0.3",
    "gbm:sigma=0.15,step=900,dividends=2026-01-09:1.8+2026-03-20:1.8+2026-06-18:1.8+2026-09-18:1.8",
    "merton:kind=index,symbol=SPX,spot=6000,step=900",
    "regime:symbol=XYZ,spot=12,sigma=0.5,wild=1.2,skew=-0.9,smile=1.05,step=900",
]
MOMENTS = [datetime(2026, 1, 5, 14, 30, tzinfo=UTC), datetime(2026, 1, 7, 17, 0, tzinfo=UTC),
           datetime(2026, 1, 8, 20, 45, tzinfo=UTC), datetime(2026, 1, 9, 14, 30, tzinfo=UTC)]  # fmt: skip


def at(market, moment):
    while market.now < moment:
        market.advance(market.next_tick())


def ladders(market, con_id):
    """For each class and expiry: strikes, then bids and asks by right."""
    found = []
    for expiry in market.expiries(con_id):
        options = market.options(con_id, expiry)
        for name in sorted({option.trading_class for option in options}):
            sides = {}
            for right in "CP":
                chosen = [o for o in options if o.right == right and o.trading_class == name]
                offers = market.offers([option.con_id for option in chosen])
                sides[right] = (np.array([o.bid for o in offers]), np.array([o.ask for o in offers]))
            strikes = np.array([float(option.strike) for option in chosen])
            found.append((chosen[0], strikes, sides))
    return found


@pytest.mark.parametrize("spec", SPECS)
def test_nobody_can_trade_against_the_quotes_without_risk(spec):
    market = market_from(spec)
    underlying = market.underlyings()[0].con_id
    for moment in MOMENTS[:: 3 if "index" in spec else 1]:  # an index lists the most
        at(market, moment)
        stock = market.offers([underlying])[0]
        before = {}
        for option, k, sides in ladders(market, underlying):
            (call_bid, call_ask), (put_bid, put_ask) = sides["C"], sides["P"]
            assert np.all(call_bid < call_ask)
            assert np.all(put_bid < put_ask)
            higher = k[:, None] < k[None, :]
            gap = k[None, :] - k[:, None]
            for bid, ask, sign in ((call_bid, call_ask, 1), (put_bid, put_ask, -1)):
                low_bid, high_bid, low_ask, high_ask = bid[:, None], bid[None, :], ask[:, None], ask[None, :]
                dear, cheap = (high_bid, low_ask) if sign > 0 else (low_bid, high_ask)
                assert np.all((dear <= cheap + 1e-9)[higher]), "a vertical is free"
                dear, cheap = (low_bid, high_ask) if sign > 0 else (high_bid, low_ask)
                assert np.all((dear - cheap <= gap + 1e-9)[higher]), "a vertical brings more than its width"
                for step in (1, 2, 5):
                    left, middle, right = k[: -2 * step], k[step:-step], k[2 * step :]
                    share = (right - middle) / (right - left)
                    wings = share * ask[: -2 * step] + (1 - share) * ask[2 * step :]
                    assert np.all(bid[step:-step] <= wings + 1e-9), "a butterfly is free"
            if option.exercise == "american":
                assert np.all(call_ask >= stock.bid - k - 1e-9)
                assert np.all(put_ask >= k - stock.ask - 1e-9)
                for place, strike in enumerate(k):  # the same strike, the expiry before
                    if strike in before:
                        assert before[strike][0] <= call_ask[place] + 1e-9, "a calendar of calls is free"
                        assert before[strike][1] <= put_ask[place] + 1e-9, "a calendar of puts is free"
                    before[strike] = (
                        max(call_bid[place], before.get(strike, (0, 0))[0]),
                        max(put_bid[place], before.get(strike, (0, 0))[1]),
                    )
                years = (option.expires_at - market.now).total_seconds() / (365 * 86_400)
                assert np.all(call_bid - put_ask <= stock.ask - k * np.exp(-0.04 * years) + 1e-9), (
                    "a conversion is free"
                )
                paid = sum(amount for _, amount in market.dividends(underlying).in_life(market.now, option.expires_at))
                assert np.all(put_bid - call_ask <= k - stock.bid + paid + 1e-9), "a reversal is free"


def test_quotes_keep_to_the_ticks_of_the_contract():
    for spec in SPECS:
        market = market_from(spec)
        for expiry in market.expiries(1001)[:8]:
            options = market.options(1001, expiry)
            for option, offer in zip(options, market.offers([o.con_id for o in options]), strict=True):
                assert offer.bid is not None
                assert option.tick_rule.allows(to_decimal(offer.bid))
                assert option.tick_rule.allows(to_decimal(offer.ask))
                assert (offer.bid_size == 0) == (offer.bid == 0.0)
                assert offer.ask_size > 0


def test_the_lattice_finds_the_volatility_behind_the_quote():
    market = market_from("gbm:sigma=0.2,yield=0.01")
    spot = market.spot(1001)
    expiry = market.expiries(1001)[14]
    for option in market.options(1001, expiry):
        out_of_the_money = (option.strike > spot) == (option.right == "C")
        if out_of_the_money and abs(float(option.strike) / spot - 1) < 0.05:
            (offer,), (vol,) = market.offers([option.con_id]), market.implied_vol([option.con_id])
            years = (option.expires_at - market.now).total_seconds() / (365 * 86_400)
            terms, inputs = OptionTerms(option.right, float(option.strike)), MarketInputs(spot, years, 0.04, 0.01)
            low = Lattice().implied_vol(terms, inputs, offer.bid)
            high = Lattice().implied_vol(terms, inputs, offer.ask)
            assert low <= vol <= high


def relative_spread(market, con_ids):
    return np.array([(offer.ask - offer.bid) / (offer.ask + offer.bid) for offer in market.offers(con_ids)])


def test_spreads_widen_away_from_the_money_and_with_time():
    market = market_from("gbm:sigma=0.2")
    spot = market.spot(1001)
    calls = [o for o in market.options(1001, market.expiries(1001)[14]) if o.right == "C"]
    by_distance = [o.con_id for o in calls if 0 < float(o.strike) / spot - 1 < 0.12]
    spreads = relative_spread(market, by_distance)
    thirds = np.array_split(spreads, 3)
    assert thirds[0].mean() < thirds[1].mean() < thirds[2].mean()
    deep = [o.con_id for o in calls if float(o.strike) / spot < 0.9]
    at_the_money = [o.con_id for o in calls if abs(float(o.strike) / spot - 1) < 0.01]

    def width(ids):
        return np.mean([offer.ask - offer.bid for offer in market.offers(ids)])

    assert width(deep) > width(at_the_money)
    widths = []
    for expiry in (market.expiries(1001)[i] for i in (1, 12, -1)):
        near = [o.con_id for o in market.options(1001, expiry) if abs(float(o.strike) / spot - 1) < 0.02]
        widths.append(width(near))
    assert widths[0] < widths[1] < widths[2]


def test_spreads_widen_in_turbulence():
    def width(spec):
        market = market_from(spec)
        calls = [o.con_id for o in market.options(1001, market.expiries(1001)[14]) if 590 < o.strike < 610]
        return np.mean([offer.ask - offer.bid for offer in market.offers(calls)])

    calm, wild = "heston:v0=0.04,xi=0.01", "heston:v0=0.36,xi=0.01"
    assert width(wild) > 2 * width(calm)
    assert width(wild + ",turbulence=0") < width(wild) / 2


def test_sizes_and_open_interest_are_larger_near_the_money_and_at_round_strikes():
    market = market_from("gbm:")
    options = [o for o in market.options(1001, market.expiries(1001)[14]) if o.right == "C"]
    spot = market.spot(1001)
    near = [o for o in options if abs(float(o.strike) / spot - 1) < 0.02]
    far = [o for o in options if float(o.strike) / spot - 1 > 0.1]
    assert np.mean([offer.ask_size for offer in market.offers([o.con_id for o in near])]) > 1.5 * np.mean(
        [offer.ask_size for offer in market.offers([o.con_id for o in far])]
    )
    interest = {o.strike: market.open_interest(o.con_id) for o in options if abs(float(o.strike) / spot - 1) < 0.1}
    fifties = [count for strike, count in interest.items() if strike % 50 == 0]
    others = [count for strike, count in interest.items() if strike % 10]
    assert np.mean(fifties) > 2 * np.mean(others)
    assert market.open_interest(1001) == 0


def test_shares_have_a_tick_of_spread_at_least():
    market = market_from("gbm:spot=50,spread_bps=0")
    offer = market.offers([1001])[0]
    assert round(offer.ask - offer.bid, 6) == 0.01
    assert offer.bid <= market.spot(1001) <= offer.ask
    wide = market_from("gbm:spot=500,spread_bps=10").offers([1001])[0]
    assert wide.ask - wide.bid == pytest.approx(0.5, abs=0.021)


def test_loading_the_kernel_is_all_that_the_first_quote_waits_for():
    load_kernel()
    for spec in SPECS:
        market = market_from(spec)
        ids = [option.con_id for option in market.options(1001, market.expiries(1001)[3])]
        market.offers(ids[:3])
        market.implied_vol(ids[:3])
        market.open_interest(ids[0])
    made = [quote_kernel.quote, quote_kernel.see, quote_kernel.noise]
    assert [len(function.signatures) for function in made] == [1, 1, 1]
