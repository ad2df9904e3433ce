"""A spec is read as it is meant, or refused in one line that says what is allowed."""

import pytest

from gamma_scalper.domain.exits import UserError
from gamma_scalper.exchange.specs import market_from


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("gbm:sgima=0.25", r"gbm:sgima=0.25: there is no sgima; did you mean sigma\? allowed: days, "),
        ("gmb:sigma=0.25", r"there is no market 'gmb'; did you mean gbm\? allowed: csv, gbm, "),
        ("", "there is no market ''"),
        ("gbm:sigma=9", r"gbm:sigma=9: sigma can't be '9'; allowed: 0.01 to 3 \(volatility\)"),
        ("gbm:sigma=high", "sigma can't be 'high'"),
        ("gbm:sigma=nan", "sigma can't be 'nan'"),
        ("gbm:sigma", "expected sigma=VALUE, once"),
        ("gbm:sigma=0.2,sigma=0.3", "expected sigma=VALUE, once"),
        ("gbm:step=0.5", "step can't be '0.5'; allowed: 1 to 23400 s"),
        ("gbm:smile=1.9", "smile = 1.9 with skew = -0.65 would allow arbitrage; allowed: a smile of 0 to 1.212"),
        ("gbm:start=2026-02-30", "start can't be '2026-02-30'; allowed: an ISO date"),
        ("gbm:dividends=2026-03-21:1.7", "dividends: 2026-03-21 is no session of the market"),
        ("gbm:dividends=2026-03-20:0", "dividends can't be '2026-03-20:0'"),
        ("gbm:dividends=soon", "dividends can't be 'soon'; allowed: ex-dates and amounts such as"),
        ("gbm:dividend=100", "a dividend of 100 is not allowed; allowed: 0 to 60"),
        ("gbm:dividend=1,dividends=2026-03-20:1", "would count twice; keep one"),
        ("gbm:kind=index,dividend=1", "an index pays no cash dividends; use yield"),
        ("gbm:seed=1;heston:symbol=NVDA,seed=2", "seed is of the whole market, which has 1 already"),
        ("gbm:;heston:", "two assets have one symbol"),
        ("gbm:;sv:symbol=NVDA", "there is no asset 'sv'; allowed: gbm"),
        ("gbm:start=2026-01-17,days=2", "there is no session in the 2 days from 2026-01-17"),
        ("csv:", "csv: expected a path, as csv:quotes.csv"),
        ("push", "push: start is missing"),
        ("lean:,smybol=GOOG", r"there is no smybol; did you mean symbol\?"),
    ],
)
def test_a_mistake_is_one_line_with_what_is_allowed(spec, said):
    with pytest.raises(UserError, match=said) as caught:
        market_from(spec)
    assert "\n" not in str(caught.value)


def test_the_name_says_everything_and_makes_the_same_market_again():
    market = market_from("heston:spot=180,symbol=NVDA,yield=0.01;gbm:dividend=1.5", seed=7)
    assert "seed=7" in market.name
    assert "yield=0.01" in market.name
    assert market_from(market.name).name == market.name
    assert market_from("gbm:sigma=0.2").name == market_from(" gbm: spot = 600 ").name


def test_the_seed_of_the_spec_counts_before_the_argument():
    assert market_from("gbm:seed=5", seed=9).name == market_from("gbm:seed=5").name
    assert market_from("gbm:", seed=9).name == market_from("gbm:seed=9").name
    with pytest.raises(UserError, match="seed = -1 is not allowed"):
        market_from("gbm:", seed=-1)


def test_a_market_for_pushed_quotes_begins_empty():
    market = market_from("push:start=2026-01-05")
    assert market.next_tick() is None
    assert list(market.underlyings()) == []
