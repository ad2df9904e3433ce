"""What an option's price says, by the market's own rate, yield and dividends."""

from datetime import timedelta

import pytest

from gamma_scalper.exchange.simulated.market import SimulatedMarket
from gamma_scalper.exchange.specs import market_from
from gamma_scalper.exchange.valuation import Valuation


@pytest.fixture(scope="module")
def market() -> SimulatedMarket:
    found = market_from("gbm:symbol=SPY,sigma=0.25,implied=0.25,skew=0,smile=0,dividend=2,yield=0.01,rate=0.05", seed=2)
    assert isinstance(found, SimulatedMarket)
    return found


def test_the_volatility_of_a_generated_quote_is_the_one_it_was_made_with(market: SimulatedMarket) -> None:
    spot = market.spot(1001)
    for place in (8, 14, 20):
        expiry = market.expiries(1001)[place]
        listed = sorted(market.options(1001, expiry), key=lambda option: abs(float(option.strike) - spot))[:6]
        made = market.implied_vol([option.con_id for option in listed])
        offers = market.offers([option.con_id for option in listed])
        for option, vol, offer in zip(listed, made, offers, strict=True):
            assert offer.bid is not None and offer.ask is not None
            found = Valuation(market).of(option, (offer.bid + offer.ask) / 2, spot, market.now)
            assert found is not None
            # The market's own volatility is that of the forward, so a dividend sets the two a little apart.
            assert found.implied_vol == pytest.approx(vol, rel=0.03)
            assert found.greeks.delta * (1 if option.right == "C" else -1) > 0
            due = market.dividends(1001).in_life(market.now, option.expires_at)
            assert found.pv_dividend == pytest.approx(sum(amount for _, amount in due))


def test_a_price_at_the_volatility_it_implies_is_the_price(market: SimulatedMarket) -> None:
    option = market.options(1001, market.expiries(1001)[12])[60]
    valuation, spot = Valuation(market), market.spot(1001)
    price = max(market.offers([option.con_id])[0].ask or 0.0, 0.5)
    found = valuation.of(option, price, spot, market.now)
    assert found is not None
    again = valuation.at(option, found.implied_vol, spot, market.now)
    assert again is not None and again.price == pytest.approx(price, rel=1e-6)
    assert again.greeks == pytest.approx(found.greeks) or again.greeks == found.greeks


def test_what_no_volatility_explains_has_no_value(market: SimulatedMarket) -> None:
    option = next(each for each in market.options(1001, market.expiries(1001)[12]) if each.right == "C")
    valuation, spot = Valuation(market), market.spot(1001)
    inside = spot - float(option.strike)
    assert inside > 0
    assert valuation.of(option, inside / 2, spot, market.now) is None  # less than exercise brings
    assert valuation.of(option, 2 * spot, spot, market.now) is None
    assert valuation.of(option, 0.0, spot, market.now) is None
    assert valuation.of(option, 5.0, spot, option.expires_at) is None
    assert valuation.at(option, 0.2, spot, option.expires_at + timedelta(days=1)) is None
    assert valuation.at(option, -0.2, spot, market.now) is None
