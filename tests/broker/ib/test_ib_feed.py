"""Quotes of what somebody looks at: within the number of lines, once a batch, and never stale without a word."""

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest
from ib_floor import fault, floor, option, quick

from gamma_scalper.broker.ib.codes import Codes, Meaning
from gamma_scalper.domain.instruments import Combo, Leg, Stock
from gamma_scalper.domain.orders import Side
from gamma_scalper.domain.ports import Refused, Unanswered, Warned
from gamma_scalper.domain.quotes import DataType
from gamma_scalper.exchange.faults import Kind


async def test_a_bid_and_an_ask_that_change_together_are_one_quote() -> None:
    async with floor() as here:
        await here.broker.feed.subscribe([await here.spy()])
        await here.until(lambda: here.quoted)
        here.quoted.clear()
        here.quote(1, 598.0, 598.02)
        await here.until(lambda: here.quoted)
        await asyncio.sleep(1)
        assert [(quote.bid, quote.ask) for quote in here.quoted] == [(598.0, 598.02)]
        assert here.quoted[0].data_type is DataType.LIVE
        assert (here.clock.now() - here.quoted[0].received_at).total_seconds() < 2


async def test_every_quote_has_a_name_of_its_own_also_after_a_restart() -> None:
    async with floor() as here:
        await here.broker.feed.subscribe([await here.spy(), *await here.straddle()])
        for cents in range(20):
            here.quote(1, 599 - cents / 100, 600.0)
            await asyncio.sleep(0.1)
        first = [quote.snapshot_id for quote in here.quoted]
        assert len(set(first)) == len(first) >= 20
        assert first == sorted(first)
        assert max(first) < int(here.clock.now().timestamp() * 1e6)  # where the next run would begin


async def test_a_reader_who_is_slow_gets_the_newest_of_each_contract() -> None:
    async with floor() as here:
        feed = here.broker.feed
        await feed.subscribe([await here.spy(), *await here.straddle()])
        await asyncio.sleep(1)
        here.quoted.clear()
        for cents in range(1, 11):
            here.quote(1, 599.0 - cents, 600.0)
        here.quote(11, 3.0, 3.02)
        await asyncio.sleep(1)
        assert {quote.con_id for quote in here.quoted} == {1, 11}
        assert [quote.bid for quote in here.quoted if quote.con_id == 1][-1] == 589.0


async def test_a_side_that_goes_away_is_none() -> None:
    async with floor() as here:
        await here.broker.feed.subscribe([await here.spy()])
        await here.until(lambda: here.quoted)
        here.quote(1, None, 600.0)
        await here.until(lambda: here.quoted[-1].bid is None)
        assert here.quoted[-1].ask == 600.0


async def test_beyond_the_lines_it_refuses_and_says_what_uses_them() -> None:
    async with floor(parameters=quick(lines=3)) as here:
        feed, spy, straddle = here.broker.feed, await here.spy(), await here.straddle()
        await feed.subscribe([spy, *straddle])
        with pytest.raises(Refused, match="1 more than the 3 market-data lines of this login; in use: SPY 3"):
            await feed.subscribe([await here.broker.catalogue.stock("NVDA")])
        await feed.subscribe([spy])  # a line that is there already costs none
        await feed.unsubscribe([straddle[1]])
        await feed.subscribe([await here.broker.catalogue.stock("NVDA")])


async def test_a_line_goes_when_the_last_who_asked_for_it_goes() -> None:
    async with floor() as here:
        feed, spy = here.broker.feed, await here.spy()
        await feed.subscribe([spy])
        await feed.subscribe([spy])
        await feed.unsubscribe([spy])
        here.quote(1, 590.0, 590.02)
        await here.until(lambda: here.quoted and here.quoted[-1].bid == 590.0)
        await feed.unsubscribe([spy])
        await feed.unsubscribe([spy])  # once too often is no harm
        await asyncio.sleep(1)
        here.quoted.clear()
        here.quote(1, 580.0, 580.02)
        await asyncio.sleep(1)
        assert not here.quoted
        assert feed.condition(1).frozen == "not subscribed"


async def test_a_combo_is_watched_through_its_legs() -> None:
    async with floor() as here:
        call, put = await here.straddle()
        await here.broker.feed.subscribe([Combo((Leg(call, 1), Leg(put, 1)))])
        await here.until(lambda: {quote.con_id for quote in here.quoted} == {11, 12})


async def test_a_contract_that_the_broker_does_not_know_says_so_on_its_line() -> None:
    async with floor() as here:
        await here.broker.feed.subscribe([option(99, "C", 700)])
        await here.until(lambda: here.broker.feed.condition(99).frozen.startswith("200"))


async def test_a_condition_holds_what_the_broker_says_besides_the_offer() -> None:
    async with floor() as here:
        call, _ = await here.straddle()
        await here.broker.feed.subscribe([await here.spy(), call])
        here.quote_all()
        await asyncio.sleep(5)
        spy, option_ = here.broker.feed.condition(1), here.broker.feed.condition(call.con_id)
        assert (spy.frozen, spy.data_type, spy.halted, spy.shortable_shares) == ("", DataType.LIVE, False, 10_000_000)
        assert option_.open_interest == 0
        assert option_.greeks is not None
        assert option_.greeks.delta == pytest.approx(0.51, abs=0.02)
        assert option_.greeks.vega == pytest.approx(25.8, abs=1)  # for all of volatility
        assert option_.greeks.underlying_price == pytest.approx(600.0)


# -- row 5 and 22: what must not be traded on --------------------------------------------------------------------------


async def test_a_competing_session_freezes_every_line_until_each_ticks_again() -> None:
    async with floor(fault(Kind.COMPETING_10197, at_s=5, target="SPY", duration_s=30)) as here:
        nvda = await here.broker.catalogue.stock("NVDA")
        await here.broker.feed.subscribe([await here.spy(), nvda])
        await asyncio.sleep(6)
        here.quote(1, 599.0, 599.02)
        await here.until(lambda: "10197" in here.broker.feed.condition(1).frozen)
        assert "10197" in here.broker.feed.condition(2).frozen
        here.quote(2, 181.0, 181.02)
        await here.until(lambda: here.broker.feed.condition(2).frozen == "")
        assert "10197" in here.broker.feed.condition(1).frozen
        await asyncio.sleep(30)
        here.quote(1, 598.0, 598.02)
        await here.until(lambda: here.broker.feed.condition(1).frozen == "")


async def test_a_silent_stream_shows_in_the_age_of_its_quote() -> None:
    async with floor(fault(Kind.SILENT_STREAM, at_s=5, target="SPY", duration_s=60)) as here:
        await here.broker.feed.subscribe([await here.spy()])
        await here.until(lambda: here.quoted)
        for _ in range(30):
            here.quote(1, 599.0, 599.02)
            await asyncio.sleep(1)
        assert here.quoted[-1].age(here.clock.now()).total_seconds() > 20


async def test_delayed_data_is_seen_in_quote_and_condition_whatever_was_asked_for() -> None:
    async with floor(fault(Kind.DELAYED_DATA, at_s=5, target="SPY", duration_s=60)) as here:
        await here.broker.feed.subscribe([await here.spy()])
        await asyncio.sleep(6)
        here.quote(1, 599.0, 599.02)
        await here.until(lambda: here.quoted and here.quoted[-1].data_type is DataType.DELAYED)
        assert here.broker.feed.condition(1).data_type is DataType.DELAYED
        await asyncio.sleep(60)
        here.quote(1, 598.0, 598.02)
        await here.until(lambda: here.quoted[-1].bid == 598.0)
        assert here.quoted[-1].data_type is DataType.LIVE


async def test_poisoned_greeks_never_come_through() -> None:
    async with floor(fault(Kind.POISONED_GREEKS, duration_s=600)) as here:
        call, put = await here.straddle()
        await here.broker.feed.subscribe([await here.spy(), call, put])
        for turn in range(60):
            here.quote(1, 599.9 + turn / 100, 600.1 + turn / 100)
            here.quote(11, 4.0 + turn / 100, 4.02 + turn / 100)
            here.quote(12, 3.9 + turn / 100, 3.92 + turn / 100)
            await asyncio.sleep(1)
            for con_id in (11, 12):
                greeks = here.broker.feed.condition(con_id).greeks
                figures = () if greeks is None else (greeks.delta, greeks.gamma, greeks.vega, greeks.theta_per_day)
                assert not [each for each in figures if each is not None and (each != each or each in (-1.0, -2.0))]


async def test_a_halt_is_told_and_so_is_its_end() -> None:
    async with floor(fault(Kind.HALT, at_s=5, target="SPY", duration_s=60)) as here:
        await here.broker.feed.subscribe([await here.spy()])
        await here.until(lambda: here.broker.feed.condition(1).halted is True)
        await here.until(lambda: here.broker.feed.condition(1).halted is False)


async def test_a_code_overruled_in_the_table_is_treated_as_the_person_wants() -> None:
    overruled = Codes({2103: Meaning.WARNING})
    async with floor(fault(Kind.DATA_FARM_2103, at_s=5, duration_s=30), codes=overruled) as here:
        await here.broker.feed.subscribe([await here.spy()])
        await here.until(lambda: 2103 in [warned.code for warned in here.of(Warned)])
        assert here.broker.feed.condition(1).frozen == ""


# -- contracts and account ---------------------------------------------------------------------------------------------


async def test_contracts_are_asked_for_once_a_day_and_found_by_number_from_then_on() -> None:
    async with floor(fault(Kind.UNANSWERED, at_s=5, target="reqContractDetails", duration_s=3600)) as here:
        catalogue, spy = here.broker.catalogue, await here.spy()
        chain = await catalogue.options(spy, (await catalogue.expiries(spy))[0])
        await asyncio.sleep(10)  # from now on nothing is answered
        assert await catalogue.stock("SPY") == spy
        assert await catalogue.options(spy, chain[0].expiry) == chain
        assert await catalogue.by_con_id(chain[0].con_id) == chain[0]
        with pytest.raises(Unanswered, match="no answer within 20 s"):
            await catalogue.stock("NVDA")


async def test_a_restart_on_the_same_day_asks_for_nothing(tmp_path: Path) -> None:
    async with floor(cache_dir=tmp_path) as here:
        spy = await here.spy()
        chain = await here.broker.catalogue.options(spy, (await here.broker.catalogue.expiries(spy))[0])
    silence = [fault(Kind.UNANSWERED, target=name, duration_s=3600) for name in ("reqContractDetails", "reqMarketRule")]
    async with floor(*silence, cache_dir=tmp_path) as here:
        assert await here.spy() == spy
        assert await here.broker.catalogue.options(spy, chain[0].expiry) == chain


async def test_a_chain_is_by_strike_the_call_before_the_put_and_within_the_strikes_wanted() -> None:
    async with floor() as here:
        spy = await here.spy()
        chain = await here.broker.catalogue.options(spy, (await here.broker.catalogue.expiries(spy))[0])
        assert [(option.strike, option.right) for option in chain] == [
            (590, "P"),
            (600, "C"),
            (600, "P"),
            (610, "C"),
        ]
        some = await here.broker.catalogue.options(spy, chain[0].expiry, (Decimal(600), Decimal(605)))
        assert [option.con_id for option in some] == [11, 12]


async def test_what_does_not_exist_is_refused() -> None:
    async with floor() as here:
        catalogue = here.broker.catalogue
        for ask in (catalogue.stock("NOPE"), catalogue.index("VIX"), catalogue.by_con_id(4711)):
            with pytest.raises(Refused):
                await ask
        with pytest.raises(Refused):
            await catalogue.expiries(Stock(con_id=4711, symbol="NOPE"))


async def test_a_name_that_could_mean_several_is_refused_with_the_candidates() -> None:
    async with floor() as here:
        with pytest.raises(Refused, match="could be several") as refused:
            await here.broker.catalogue.stock("DUAL")
        assert "(4)" in refused.value.why
        assert "(5)" in refused.value.why
        assert (await here.broker.catalogue.by_con_id(5)).symbol == "DUAL"


async def test_an_index_and_its_options_are_found_and_quoted() -> None:
    async with floor() as here:
        catalogue = here.broker.catalogue
        spx = await catalogue.index("SPX")
        assert (spx.con_id, spx.symbol) == (3, "SPX")
        expiries = await catalogue.expiries(spx)
        (call,) = await catalogue.options(spx, expiries[0])
        assert (call.underlying_con_id, call.exercise, call.settlement) == (3, "european", "cash_pm")
        assert await catalogue.by_con_id(3) == spx
        await here.broker.feed.subscribe([spx, call])
        here.quote(3, 6000.0, 6000.5)
        here.quote(31, 20.0, 20.5)
        await here.until(lambda: {quote.con_id for quote in here.quoted} >= {31})
        with pytest.raises(Refused, match="200"):
            await catalogue.stock("SPX")


async def test_the_steps_are_those_of_the_market_rule() -> None:
    async with floor() as here:
        spy, (call, _) = await here.spy(), await here.straddle()
        listed = here.engine.market
        assert spy.tick_rule == listed.instrument(1).tick_rule
        assert call.tick_rule == listed.instrument(11).tick_rule
        assert call.liquid_hours is not None


async def test_holdings_are_asked_for_anew_each_time_and_cost_what_the_broker_says() -> None:
    async with floor(fault(Kind.UNANSWERED, at_s=30, target="reqPositions", duration_s=600)) as here:
        call, put = await here.straddle()
        await here.place(*_buy(2, call))
        await here.place(*_buy(3, put))
        await here.until(lambda: len(here.fills()) == 2)
        held = await here.broker.account.holdings()
        assert [(each.holding.instrument.con_id, each.holding.quantity, each.average_cost) for each in held] == [
            (11, 2, Decimal(402)),
            (12, 3, Decimal(392)),
        ]
        await asyncio.sleep(5)  # the broker tells of its figures when it likes
        assert (await here.broker.account.cash())[0].amount == pytest.approx(Decimal(1_000_000 - 804 - 1176), abs=10)
        await asyncio.sleep(30)
        with pytest.raises(Unanswered, match="positions"):
            await here.broker.account.holdings()


async def test_account_values_move_with_a_trade() -> None:
    async with floor() as here:
        before = here.broker.account.values
        assert before is not None
        await here.place(*_buy(100, await here.spy()))
        await here.until(lambda: here.broker.account.values.initial_margin.amount > 0)
        after = here.broker.account.values
        assert after.available_funds < before.available_funds
        assert after.at > before.at


def _buy(quantity: int, instrument: object) -> tuple[object, ...]:
    return Side.BUY, quantity, instrument
