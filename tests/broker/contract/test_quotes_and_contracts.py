"""What every broker's feed and catalogue do, whichever way they are reached."""

from datetime import timedelta
from decimal import Decimal

import pytest
from worlds import FRIDAY, MONDAY, NEXT_FRIDAY, SATURDAY, SPY, Scene

from gamma_scalper.domain.instruments import Combo, Leg, Option, Stock
from gamma_scalper.domain.ports import Refused, Standing
from gamma_scalper.domain.quotes import DataType
from gamma_scalper.exchange.tickets import Halt

# -- contracts ---------------------------------------------------------------------------------------------------------


async def test_a_stock_is_found_by_its_name(world):
    spy = await world.spy()
    assert (type(spy), spy.con_id, spy.symbol, spy.currency, spy.multiplier) == (Stock, SPY, "SPY", "USD", 1)


async def test_its_tick_rule_is_the_market_s(world):
    spy = await world.spy()
    assert [spy.tick_rule.step(Decimal(price)) for price in ("0.50", "600")] == [Decimal("0.0001"), Decimal("0.01")]


async def test_the_days_trading_hours_are_the_market_s(world):
    spy = await world.spy()
    assert spy.liquid_hours is None or [(each.opens, each.closes) for each in spy.liquid_hours.on(MONDAY.date())] == [
        (MONDAY - timedelta(minutes=30), MONDAY + timedelta(hours=6))
    ]


async def test_an_unknown_stock_is_refused(world):
    with pytest.raises(Refused) as refused:
        await world.broker.catalogue.stock("NOSUCH")
    assert refused.value.code == 200


async def test_a_stock_is_no_index(world):
    with pytest.raises(Refused) as refused:
        await world.broker.catalogue.index("SPY")
    assert refused.value.code == 200


async def test_expiries_come_in_order(world):
    assert list(await world.broker.catalogue.expiries(await world.spy())) == [FRIDAY, NEXT_FRIDAY]


async def test_options_of_an_expiry_come_by_strike_with_the_call_first(world):
    options = await world.broker.catalogue.options(await world.spy(), FRIDAY)
    assert [(int(option.strike), option.right) for option in options] == [
        (590, "P"),
        (600, "C"),
        (600, "P"),
        (610, "C"),
    ]
    assert {(option.expiry, option.multiplier, option.underlying_con_id) for option in options} == {(FRIDAY, 100, SPY)}


async def test_strikes_that_are_not_wanted_are_left_out(world):
    options = await world.broker.catalogue.options(await world.spy(), FRIDAY, (Decimal(595), Decimal(605)))
    assert [option.con_id for option in options] == [11, 12]


async def test_an_expiry_without_options_is_refused(world):
    with pytest.raises(Refused):
        await world.broker.catalogue.options(await world.spy(), FRIDAY + timedelta(days=1))


async def test_a_contract_is_found_by_its_id(world):
    call, _ = await world.straddle()
    found = await world.broker.catalogue.by_con_id(call.con_id)
    assert isinstance(found, Option)
    assert (found.con_id, found.strike, found.right, found.expires_at) == (11, 600, "C", call.expires_at)


async def test_an_unknown_id_is_refused(world):
    with pytest.raises(Refused) as refused:
        await world.broker.catalogue.by_con_id(999_999)
    assert refused.value.code == 200


# -- quotes ------------------------------------------------------------------------------------------------------------


async def test_a_contract_that_is_looked_at_is_quoted(world):
    await world.broker.feed.subscribe([await world.spy()])
    world.quote(SPY, 599.99, 600.01, (300, 500))
    await world.until(lambda: (SPY, 599.99, 600.01) in world.offers())
    quote = world.quotes[-1]
    assert (quote.bid_size, quote.ask_size) == (300, 500)
    assert quote.data_type is DataType.LIVE
    assert timedelta(0) <= world.clock.now() - quote.received_at < timedelta(seconds=30)


async def test_a_quote_that_was_there_before_is_told_too(world):
    world.quote(SPY, 599.99, 600.01)
    await world.broker.feed.subscribe([await world.spy()])
    await world.until(lambda: (SPY, 599.99, 600.01) in world.offers())


async def test_each_quote_has_a_snapshot_id_of_its_own(world):
    await world.broker.feed.subscribe([await world.spy()])
    for cents in range(1, 4):
        world.quote(SPY, 600 - cents / 100, 600 + cents / 100)
        await world.until(lambda cents=cents: (SPY, 600 - cents / 100, 600 + cents / 100) in world.offers())
    ids = [quote.snapshot_id for quote in world.quotes]
    assert ids == sorted(set(ids))


async def test_a_slow_reader_is_given_the_newest_quote_of_each_contract(world):
    spy, (call, put) = await world.spy(), await world.straddle()
    await world.broker.feed.subscribe([spy, call, put])
    world.quote_all()
    await world.until(lambda: len({quote.con_id for quote in world.quotes if quote.usable}) == 3)
    await world.stop_reading_quotes()
    for cents in range(1, 16):
        world.quote(SPY, 600.00, 600 + cents / 100)
        world.quote(call.con_id, 4.00, 4 + cents / 100)
        await world.settled()
    world.read_quotes_again()
    await world.until(lambda: {(SPY, 600.15), (11, 4.15)} <= {(each.con_id, each.ask) for each in world.quotes})
    assert len(world.quotes) <= 6, "older quotes were kept for the reader"


async def test_nothing_is_quoted_any_more_once_nobody_looks(world):
    spy, (call, _) = await world.spy(), await world.straddle()
    await world.broker.feed.subscribe([spy, call])
    world.quote_all()
    await world.until(lambda: {SPY, 11} <= {quote.con_id for quote in world.quotes if quote.usable})
    await world.broker.feed.unsubscribe([spy])
    await world.settled()
    world.quotes.clear()
    world.quote(SPY, 610.00, 610.02)
    world.quote(11, 5.00, 5.02)
    await world.until(lambda: (11, 5.00, 5.02) in world.offers())
    await world.settled()
    assert {quote.con_id for quote in world.quotes} == {11}


async def test_two_who_look_are_told_until_neither_does(world):
    spy = await world.spy()
    await world.broker.feed.subscribe([spy])
    await world.broker.feed.subscribe([spy])
    await world.broker.feed.unsubscribe([spy])
    world.quote(SPY, 605.00, 605.02)
    await world.until(lambda: (SPY, 605.00, 605.02) in world.offers())
    await world.broker.feed.unsubscribe([spy])
    await world.settled()
    world.quotes.clear()
    world.quote(SPY, 610.00, 610.02)
    await world.settled()
    assert not world.quotes


async def test_a_side_that_nobody_quotes_is_none(world):
    call, _ = await world.straddle()
    await world.broker.feed.subscribe([call])
    world.quote(11, None, 0.05)
    await world.until(lambda: world.quotes and world.quotes[-1].ask == 0.05)
    assert world.quotes[-1].bid is None
    assert not world.quotes[-1].usable


@pytest.mark.scene(Scene(start=SATURDAY))
async def test_a_closed_market_offers_nothing(world):
    await world.broker.feed.subscribe([await world.spy()])
    await world.settled()
    assert not [quote for quote in world.quotes if quote.usable]


async def test_what_is_known_of_a_contract_besides_its_quote(world):
    spy = await world.spy()
    await world.broker.feed.subscribe([spy])
    world.quote(SPY, 599.99, 600.01)
    await world.until(lambda: world.quotes and world.broker.feed.condition(SPY).shortable_shares is not None)
    condition = world.broker.feed.condition(SPY)
    assert (condition.frozen, condition.data_type) == ("", DataType.LIVE)
    assert condition.halted in (False, None)
    assert condition.shortable_shares > 0


async def test_an_option_s_greeks_are_true_ones(world):
    call, put = await world.straddle()
    await world.broker.feed.subscribe([await world.spy(), call, put])

    async def both_told() -> bool:
        world.quote_all()
        await world.settled()
        return all(world.broker.feed.condition(option.con_id).greeks is not None for option in (call, put))

    await world.becomes(both_told, True)
    calls, puts = (world.broker.feed.condition(option.con_id).greeks for option in (call, put))
    assert calls.price == pytest.approx(4.01, abs=0.02)
    assert calls.underlying_price == pytest.approx(600, abs=0.02)
    assert 0.1 < calls.implied_vol < 0.25
    assert calls.implied_vol == pytest.approx(puts.implied_vol, abs=0.03)
    assert 0.45 < calls.delta < 0.6
    assert calls.delta - puts.delta == pytest.approx(1, abs=0.03)
    assert calls.vega == pytest.approx(600 * 0.4 * (4.25 / 365) ** 0.5, rel=0.05), "for the whole of volatility"
    assert calls.theta_per_day == pytest.approx(-4.01 / 2 / 4.25, rel=0.3)
    assert calls.gamma > 0


async def test_what_nobody_looks_at_counts_for_nothing(world):
    condition = world.broker.feed.condition(SPY)
    assert condition.frozen
    assert condition.data_type is None


async def test_a_combo_is_looked_at_through_its_legs(world):
    call, put = await world.straddle()
    await world.broker.feed.subscribe([Combo([Leg(call, 1), Leg(put, 1)])])
    world.quote_all()
    await world.until(lambda: {(11, 4.00, 4.02), (12, 3.90, 3.92)} <= set(world.offers()))
    assert SPY not in {quote.con_id for quote in world.quotes}


async def test_a_halt_is_told_and_nothing_is_on_offer_while_it_lasts(world):
    await world.broker.feed.subscribe([await world.spy()])
    world.quote(SPY, 599.99, 600.01)
    world.do(Halt(SPY, 30))
    world.quote(SPY, 599.98, 600.02)
    await world.until(lambda: (SPY, 599.98, 600.02) in world.offers())
    await world.settled()
    assert world.broker.feed.condition(SPY).halted


# -- a market that makes its own quotes --------------------------------------------------------------------------------


@pytest.mark.scene(Scene(market="gbm:symbol=SPY,spot=600"))
async def test_a_market_quotes_by_itself_second_after_second(world):
    spy = await world.spy()
    first, *_ = await world.broker.catalogue.expiries(spy)
    options = await world.broker.catalogue.options(spy, first, (Decimal(600), Decimal(600)))
    await world.broker.feed.subscribe([spy, *options])
    wanted = {spy.con_id, *(option.con_id for option in options)}
    await world.until(lambda: all(len(world.quotes_of(con_id)) >= 5 for con_id in wanted))
    for con_id in wanted:
        quotes = world.quotes_of(con_id)
        assert all(quote.usable for quote in quotes)
        assert [quote.received_at for quote in quotes] == sorted(quote.received_at for quote in quotes)
        assert len({(quote.bid, quote.ask) for quote in quotes}) > 1
    assert len(wanted) == 3


@pytest.mark.scene(Scene(market="gbm:symbol=SPY,spot=600"))
async def test_an_order_fills_at_what_was_quoted(world):
    spy = await world.spy()
    await world.broker.feed.subscribe([spy])
    await world.until(lambda: len(world.quotes) >= 3)
    bought = await world.buy(10, spy)
    await world.stands(bought, Standing.FILLED)
    await world.settled()
    (fill,) = world.fills(bought)
    assert float(fill.price) in {quote.ask for quote in world.quotes_of(spy.con_id)}
