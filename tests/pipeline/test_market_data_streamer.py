"""When a book looks again, and at which quotes."""

import asyncio
from datetime import timedelta

import pytest
from attrs import evolve
from ring_parts import BOOK, CALL, HOURS, NOON, PUT, SPY, STRADDLE, broker_greeks, option, priced, quote, quote_inbox

from gamma_scalper.domain.ports import Condition
from gamma_scalper.domain.snapshots import Shortlist
from gamma_scalper.kernel import Channel, LoopClock, Unbounded, together
from gamma_scalper.pipeline.market_data_streamer import MarketDataStreamer, StreamerParameters
from gamma_scalper.pipeline.messages import Reason, Trigger
from gamma_scalper.pipeline.universe import Universe

LOOKS = Universe(underlying=SPY, options=STRADDLE)
MOVE, BEAT = (Reason.PRICE_MOVE,), (Reason.HEARTBEAT,)


class Streaming:
    """A streamer at work on a virtual loop, and all it has triggered with the moment of it."""

    def __init__(self, start=NOON, condition=lambda con_id: Condition(), **parameters):
        self.clock = LoopClock(asyncio.get_running_loop(), start)
        self.start = start
        self.inbox = quote_inbox(BOOK)
        self.triggers: Channel[Trigger] = Channel("triggers", Unbounded(10**6, print))
        self.streamer = MarketDataStreamer(
            BOOK, self.inbox, self.triggers, self.clock, HOURS, condition,
            StreamerParameters(**parameters),
        )  # fmt: skip

    async def told(self, *script, until=0.0):
        """(second, what is told) in their order; what was triggered, and when."""
        found = []

        async def tell():
            for second, what in script:
                await self.at(second)
                self.inbox.put_nowait(what)
            await self.at(until)

        async def keep():
            async for trigger in self.triggers:
                found.append(((self.clock.now() - self.start).total_seconds(), trigger))

        await together(streams=self.streamer.run(), keeps=keep(), tells=tell())
        return found

    async def at(self, second):
        await self.clock.sleep(max((self.start - self.clock.now()).total_seconds() + second, 0))


def spot(mid, second=0.0, spread=0.02):
    return quote(SPY, mid - spread / 2, mid + spread / 2, NOON + timedelta(seconds=second))


def called(second, spot=600):
    return priced(CALL, spot, 0.15, NOON + timedelta(seconds=second))


def reasons(found):
    return [(round(second, 6), trigger.reasons) for second, trigger in found]


async def test_a_move_of_the_threshold_since_the_last_trigger_triggers_at_once():
    prices = [(1, 600.04), (2, 600.05), (3, 600.09), (3.5, 600.01), (4, 599.99)]
    script = [(0, LOOKS), (0, spot(600.0))] + [(second, spot(price, second)) for second, price in prices]
    found = reasons(await Streaming().told(*script, until=4.5))
    assert found[-2:] == [(2, MOVE), (4, MOVE)]
    assert [second for second, _ in found[:-2]] == [0] * len(found[:-2])


async def test_a_percentage_is_instead_of_dollars():
    script = [(0, spot(600.0)), (0, LOOKS), (1, spot(601.19, 1)), (2, spot(601.21, 2))]
    found = reasons(await Streaming(move_pct=0.2).told(*script, until=3))
    assert found == [(0, BEAT), (2, MOVE)]


async def test_a_heartbeat_comes_so_long_after_the_last_trigger_of_any_kind():
    script = [(0, spot(600.0)), (0, LOOKS), (3, spot(601.0, 3))]
    found = reasons(await Streaming(heartbeat_s=5).told(*script, until=14))
    assert found == [(0, BEAT), (3, MOVE), (8, BEAT), (13, BEAT)]


async def test_without_a_quote_of_the_underlying_the_heart_beats_and_carries_nothing():
    found = await Streaming().told((0, LOOKS), (1, priced(CALL, 600, 0.15)), until=11)
    assert reasons(found) == [(0, BEAT), (1, BEAT), (6, BEAT), (11, BEAT)][: len(found)]
    assert len(found) >= 3
    assert all(trigger.market is None for _, trigger in found)


async def test_before_anybody_says_what_to_look_at_the_heart_beats_too():
    found = await Streaming().told((1, spot(600.0)), until=6)
    assert [(second, trigger.market) for second, trigger in found] == [(5.0, None)]


async def test_the_first_price_ever_triggers_whatever_the_threshold():
    found = await Streaming(move=100.0).told((0, LOOKS), (1, spot(600.0, 1)), until=2)
    assert reasons(found) == [(0, BEAT), (1, MOVE)]
    assert found[-1][1].market.of(SPY.con_id).mid == pytest.approx(600.0)


async def test_another_universe_is_told_at_once_with_what_is_known_of_it():
    other = option(13, "C", strike="610")
    best = Shortlist(at=NOON, why="nothing passes")
    script = [(0, LOOKS), (0, spot(600.0)), (0, priced(CALL, 600, 0.15)), (0, priced(PUT, 600, 0.15))]
    script += [(2, Universe(underlying=SPY, options=(other, PUT), shortlist=best))]
    second, trigger = (await Streaming().told(*script, until=3))[-1]
    assert (second, trigger.reasons) == (2.0, BEAT)
    assert [each.con_id for each in trigger.market.quotes] == [SPY.con_id, PUT.con_id]
    assert trigger.market.options == (other, PUT)
    assert trigger.market.shortlist is best


async def test_a_leg_that_nobody_quoted_until_now_is_told_of_at_once():
    script = [(0, LOOKS), (0, spot(600.0)), (1, called(1)), (1.5, called(1.5, 601))]
    found = reasons(await Streaming().told(*script, until=2))
    assert [each for each in found if each[0] >= 1] == [(1, BEAT)]


async def test_a_leg_that_is_quoted_again_after_a_silence_is_told_of_at_once():
    script = [(0, LOOKS), (0, spot(600.0)), *((at, called(at)) for at in (0, 0.5, 1.0, 2.5, 3.0))]
    found = reasons(await Streaming().told(*script, until=4))
    assert [each for each in found if each[0] > 0] == [(2.5, BEAT)]


async def test_a_leg_that_is_no_longer_quoted_stays_in_with_its_age():
    script = [(0, LOOKS), (0, spot(600.0)), (0, priced(CALL, 600, 0.15)), (60, spot(601.0, 60))]
    trigger = (await Streaming().told(*script, until=60.5))[-1][1]
    assert trigger.market.of(CALL.con_id).age(trigger.market.at) == timedelta(seconds=60)


async def test_an_odd_quote_moves_nothing_and_stands_in_no_snapshot_while_the_last_good_one_is_young():
    usual = [(second, spot(600.0, second)) for second in range(31)]
    odd = spot(600.5, 30.5, spread=1.0)
    script = [(0, LOOKS), *usual, (30.5, odd)]
    found = await Streaming(heartbeat_s=1.5).told(*script, until=33.5)
    assert MOVE not in [trigger.reasons for second, trigger in found if second > 0]
    seen = {second: trigger.market.of(SPY.con_id) for second, trigger in found if second > 0}
    assert seen[31.5] == spot(600.0, 30)
    assert seen[33.0] == odd, "too old by then, and nothing newer came: the market is what it is"


async def test_a_snapshot_carries_the_brokers_figures_the_session_and_the_prior_close():
    def condition(con_id):
        if con_id == SPY.con_id:
            return Condition(prior_close=598.5)
        return Condition(greeks=broker_greeks(0.5) if con_id == CALL.con_id else None)

    script = [(0, LOOKS), (0, spot(600.0))]
    market = (await Streaming(condition=condition).told(*script, until=1))[-1][1].market
    assert market.brokers == ((CALL.con_id, broker_greeks(0.5)),)
    assert market.prior_close == 598.5
    assert market.session.contains(NOON)


async def test_figures_of_the_broker_s_that_move_slowly_are_asked_for_once_a_second():
    asked = []

    def condition(con_id):
        asked.append(con_id)
        return Condition(prior_close=600.0 - len(asked))

    prices = [(i / 10, spot(600.0 + i, i / 10)) for i in range(21)]
    found = await Streaming(condition=condition).told((0, LOOKS), *prices, until=2.05)
    assert len(found) > 20
    assert asked.count(SPY.con_id) == 3
    closes = [trigger.market.prior_close for _, trigger in found if trigger.market is not None]
    assert len(set(closes)) == 3


async def test_at_night_it_looks_seldom_and_again_at_the_open():
    evening = NOON.replace(hour=21, minute=30)  # half past four in New York
    opens_in_s = 17 * 3_600.0
    late = evolve(spot(600.0), received_at=evening)
    streaming = Streaming(evening, heartbeat_s=5, closed_heartbeat_s=1_000)
    found = await streaming.told((0, LOOKS), (0, late), until=opens_in_s + 11)
    seconds = [second for second, _ in found]
    assert len([second for second in seconds if second < opens_in_s]) < 65
    assert [second for second in seconds if second >= opens_in_s] == [opens_in_s, opens_in_s + 5, opens_in_s + 10]


async def test_a_clock_that_was_set_back_breaks_no_snapshot():
    found = await Streaming().told((0, LOOKS), (0, spot(600.0, 30)), until=1)
    assert found[-1][1].market.at == NOON + timedelta(seconds=30)


async def test_run_again_it_goes_on_with_what_it_knew():
    streaming = Streaming()
    await streaming.told((0, LOOKS), (0, spot(600.0)), until=1)
    found = await streaming.told(until=7)
    assert reasons(found) == [(6, BEAT)]
    assert found[0][1].market.of(SPY.con_id) == spot(600.0)
    assert found[0][1].seq > 1
