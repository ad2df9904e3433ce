"""Quotes fed in from outside are on offer until newer ones come."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from gamma_scalper.domain.instruments import Option, Stock
from gamma_scalper.domain.quotes import Quote
from gamma_scalper.domain.sessions import parse_liquid_hours
from gamma_scalper.exchange.market import NOTHING_ON_OFFER, UnknownContract
from gamma_scalper.exchange.replay import Pushed, trading_hours
from gamma_scalper.pricing.dividends import parse_dividends

NOON = datetime(2015, 12, 23, 17, 0, tzinfo=UTC)
DAY = date(2015, 12, 23)
SHARES = Stock(con_id=5, symbol="GOOG")
CLOSE = datetime(2015, 12, 24, 18, 0, tzinfo=UTC)


def option(con_id=6, right="C", **changes):
    fields = {"expiry": CLOSE.date(), "expires_at": CLOSE, "strike": Decimal(750), "trading_class": "GOOG", **changes}
    return Option(con_id=con_id, underlying_con_id=5, symbol="GOOG", right=right, **fields)


def quote(second=0, con_id=5, **changes):
    fields = {"snapshot_id": 1, "bid": 748.1, "ask": 748.4, "received_at": NOON + timedelta(seconds=second)}
    return Quote(con_id=con_id, **{**fields, **changes})


@pytest.fixture
def market():
    return Pushed([SHARES, option()], trading_hours(DAY, CLOSE.date()), NOON)


def test_nothing_is_on_offer_before_the_first_quote_and_it_never_ticks_by_itself(market):
    assert market.offers([5, 6]) == [NOTHING_ON_OFFER, NOTHING_ON_OFFER]
    assert (market.now, market.next_tick()) == (NOON, None)


def test_the_newest_quote_is_on_offer_and_one_overtaken_on_its_way_is_counted(market):
    assert market.push(quote(2, bid=1.0, bid_size=3))
    assert not market.push(quote(1, bid=2.0))
    assert market.offers([5]) == [(1.0, 748.4, 3, 0, None, False)]
    assert (market.now, market.late) == (NOON + timedelta(seconds=2), 1)
    assert market.push(quote(1, con_id=6))  # older, but the newest of its contract
    assert market.now == NOON + timedelta(seconds=2)
    assert market.push(quote(2, bid=None, carried=True))
    assert market.offers([5]) == [(None, 748.4, 0, 0, None, True)]


def test_quotes_of_unlisted_contracts_are_refused_until_they_are_listed(market):
    with pytest.raises(UnknownContract):
        market.push(quote(con_id=7))
    market.list_contract(option(7, "P"), open_interest=12)
    market.list_contract(option(7, "P"))
    assert market.push(quote(con_id=7))
    assert (market.open_interest(7), market.open_interest(6)) == (12, 0)


def test_a_contract_is_listed_once_and_after_its_underlying(market):
    with pytest.raises(ValueError, match="not Stock"):
        market.list_contract(Stock(con_id=6, symbol="SPY"))
    with pytest.raises(UnknownContract, match="its underlying 5"):
        Pushed([option()], trading_hours(DAY, DAY), NOON)


def test_the_chain_is_what_was_listed_and_has_not_expired(market):
    later = {"expiry": date(2015, 12, 31), "expires_at": datetime(2015, 12, 31, 21, 0, tzinfo=UTC)}
    for listed in (option(9, "P"), option(8, "C", strike=Decimal(740)), option(10, **later)):
        market.list_contract(listed)
    assert market.underlyings() == [SHARES]
    assert market.expiries(5) == [CLOSE.date(), date(2015, 12, 31)]
    assert [listed.con_id for listed in market.options(5, CLOSE.date())] == [8, 6, 9]
    market.push(quote(con_id=6))
    market.advance(CLOSE)
    assert (market.expiries(5), market.offers([6])[0].bid) == ([date(2015, 12, 31)], 748.1)
    market.advance(CLOSE + timedelta(seconds=1))
    assert market.offers([6]) == [NOTHING_ON_OFFER]
    assert market.instrument(6) == option()
    with pytest.raises(ValueError, match="is before"):
        market.advance(CLOSE)


def test_a_contracts_own_hours_hold_before_the_calendars(market):
    hours = parse_liquid_hours("20151223:0930-20151223:1615", "America/New_York")
    market.list_contract(option(7, "P", liquid_hours=hours))
    closes = [market.sessions(con_id).on(DAY)[0].closes for con_id in (5, 7)]
    assert [f"{close:%H:%M}" for close in closes] == ["21:00", "21:15"]


def test_dividends_are_those_given():
    schedule = parse_dividends("2015-12-29 0.5")
    market = Pushed([SHARES], trading_hours(DAY, DAY), NOON, dividends={5: schedule})
    assert (market.dividends(5), market.name) == (schedule, "push")
    assert Pushed([SHARES], trading_hours(DAY, DAY), NOON).dividends(5).dividends == ()


def test_it_goes_on_from_its_state(market):
    market.list_contract(option(7, "P"), open_interest=12)
    market.push(quote(3, ask=None, last=7.5))
    market.push(quote(1))
    plain = json.loads(json.dumps(dict(market.state())))
    again = Pushed([], trading_hours(DAY, CLOSE.date()), NOON)
    again.restore(plain)
    assert again.offers([5, 6, 7]) == market.offers([5, 6, 7])
    assert (again.now, again.late, again.open_interest(7)) == (market.now, 1, 12)
    assert again.state() == market.state()
    assert not again.push(quote(2))
