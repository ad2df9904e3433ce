"""The stage that lets a strategy think: once per picture, and after a command not before its answer."""

import asyncio
from datetime import timedelta

import pytest
from attrs import evolve
from ring_parts import BOOK, CALL, NOON, PRICING, PUT, SPY, Calm, hedge, market, position, working

from gamma_scalper.domain.entries import Mode
from gamma_scalper.domain.orders import IntentId, Limit, Side
from gamma_scalper.domain.pictures import Picture
from gamma_scalper.domain.proposals import Flatten, Reprice, TradeCommand, Withdraw
from gamma_scalper.domain.strategy_entries import Decided, Noted, StrategyEntry
from gamma_scalper.kernel import Block, Channel, Conflate, LoopClock, Unbounded, Watch, together
from gamma_scalper.pipeline.messages import DeltaUpdate, Reason, newest
from gamma_scalper.pipeline.picturing import picture
from gamma_scalper.pipeline.thoughts import Thought
from gamma_scalper.pipeline.trading_strategy import TradingStrategy
from gamma_scalper.pricing import Lattice
from gamma_scalper.strategies.base import Act, Hold, Judgement, Standing

LOPSIDED = position((CALL, 2), (PUT, 1))
PRICE, BEAT, ORDER, FILL = Reason.PRICE_MOVE, Reason.HEARTBEAT, Reason.ORDER, Reason.FILL


def pictured(position_=LOPSIDED, spot=600.0, **more) -> Picture:
    return picture(Lattice(), PRICING, market(spot, **more), position_, NOON, {})[0]


class Thinking:
    """A strategy at work, and what came of it."""

    def __init__(self, strategy=Calm(), notes=""):
        self.clock = LoopClock(asyncio.get_running_loop(), NOON)
        self.deltas: Channel[DeltaUpdate] = Channel("deltas", Conflate(newest))
        self.trades: Channel[TradeCommand] = Channel("trades", Block(4))
        self.records: Channel[StrategyEntry] = Channel("records", Unbounded(1_000, print))
        self.standing, self.thoughts = Watch(Standing()), Watch[Thought | None](None)
        self.stage = TradingStrategy(
            BOOK, SPY, self.deltas, self.trades, self.clock, strategy, notes, self.standing, self.thoughts.claim(),
            self.records,
        )  # fmt: skip
        self.rules: list[str] = []
        self._updates = 0

    async def hears(self, *script, gap_s=0.1):
        """(picture, reasons ...), one after the other; or seconds to wait."""

        async def tell():
            for step in script:
                if isinstance(step, float):
                    await self.clock.sleep(step)
                    continue
                drawn, *reasons = step
                self.put(drawn, *reasons)
                await self.clock.sleep(gap_s)

        async def look():
            seen = self.thoughts.seen
            while True:
                seen = await self.thoughts.newer_than(seen.seq)
                self.rules.append(seen.value.judgement.decision.rule)

        await together(looks=look(), works=self.stage.run(), tells=tell())

    def put(self, drawn, *reasons):
        """Of this very moment, unless its market was drawn `aged`."""
        self._updates += 1
        if drawn.market is not None and drawn.market.at == NOON:
            drawn = evolve(drawn, market=evolve(drawn.market, at=self.clock.now()))
        self.deltas.put_nowait(DeltaUpdate(book=BOOK, seq=self._updates, reasons=reasons, picture=drawn))

    @property
    def commands(self):
        return read(self.trades)

    @property
    def written(self):
        return read(self.records)


def read(channel):
    return [channel.get_nowait() for _ in range(channel.qsize())]


async def test_a_burst_of_deltas_after_a_command_can_not_hedge_twice():
    thinking, lopsided = Thinking(), pictured()
    await thinking.hears(*[(lopsided, PRICE)] * 20, (lopsided, BEAT))
    assert len(thinking.commands) == 1
    assert thinking.rules == ["hedge"] + ["waiting"] * 20


@pytest.mark.parametrize("answer", [ORDER, FILL])
async def test_the_answer_to_a_command_lets_it_decide_again(answer):
    thinking, lopsided = Thinking(), pictured()
    at_work = pictured(position((CALL, 2), (PUT, 1), live=[working(SPY, Side.SELL, 50)]))
    await thinking.hears((lopsided, PRICE), (lopsided, PRICE), (at_work, answer), (at_work, PRICE))
    assert thinking.rules == ["hedge", "waiting", "at work", "at work"]
    assert len(thinking.commands) == 1


async def test_an_answer_that_was_merged_with_newer_moves_is_still_an_answer():
    thinking, lopsided = Thinking(), pictured()
    await thinking.hears((lopsided, PRICE))
    thinking.put(lopsided, ORDER)
    thinking.put(lopsided, PRICE)
    thinking.put(lopsided, BEAT)
    await thinking.hears(0.1)
    assert thinking.rules == ["hedge", "hedge"]


async def test_nothing_is_ordered_on_the_quotes_of_before_that_an_order_s_end_comes_with():
    thinking, lopsided = Thinking(), pictured()
    of_before = evolve(lopsided, market=evolve(lopsided.market, at=NOON + timedelta(seconds=0.5)))
    await thinking.hears(2.0, (of_before, ORDER))
    assert thinking.rules == ["old quotes"] and not thinking.commands
    await thinking.hears((lopsided, PRICE))
    assert thinking.rules == ["old quotes", "hedge"] and len(thinking.commands) == 1


async def test_nothing_is_ordered_on_an_old_quote_of_what_is_traded_though_others_are_new():
    class Priced(Calm):
        def decide(self, view, memory):
            judgement, memory = super().decide(view, memory)
            command = judgement.decision.command
            priced = evolve(command, quotes=view.picture.market.quotes)
            return evolve(judgement, decision=evolve(judgement.decision, command=priced)), memory

    thinking, lopsided = Thinking(Priced()), pictured()
    fresh = [evolve(each, received_at=NOON + timedelta(seconds=2)) for each in lopsided.market.quotes]
    shares_old = [evolve(each, received_at=NOON) if each.con_id == SPY.con_id else each for each in fresh]
    options_old = [each if each.con_id == SPY.con_id else evolve(each, received_at=NOON) for each in fresh]
    now = NOON + timedelta(seconds=2)
    markets = [evolve(lopsided.market, at=now, quotes=quotes) for quotes in (shares_old, options_old)]
    told = [evolve(lopsided, market=market) for market in markets]
    await thinking.hears(2.0, (told[0], BEAT), (told[1], PRICE))
    assert thinking.rules == ["old quotes", "hedge"]


async def test_nobody_waits_for_ever():
    """The desk answers each command; if it once does not, its patience and a grace are enough."""
    thinking, lopsided = Thinking(), pictured()
    await thinking.hears((lopsided, PRICE), *[(lopsided, BEAT)] * 12, gap_s=5.0)
    assert thinking.rules[:5] == ["hedge", "waiting", "waiting", "waiting", "waiting"]
    assert 2 <= len(thinking.commands) <= 3, "ten seconds of patience, five of the plan, and ten of grace"


async def test_an_unusable_picture_holds_and_is_told_with_its_reason():
    unusable = pictured(quotes={CALL.con_id: None, PUT.con_id: None})
    thinking = Thinking()
    await thinking.hears((unusable, PRICE), (unusable, ORDER))
    assert (thinking.commands, thinking.rules) == ([], ["unusable", "unusable"])
    thought = thinking.thoughts.value
    assert "has no price" in thought.judgement.decision.why
    assert thought.deltas is None


async def test_an_unusable_picture_after_a_command_is_an_answer_too_if_it_says_so():
    unusable = pictured(quotes={CALL.con_id: None, PUT.con_id: None})
    thinking, lopsided = Thinking(), pictured()
    await thinking.hears((lopsided, PRICE), (unusable, ORDER), (lopsided, PRICE))
    assert thinking.rules == ["hedge", "unusable", "hedge"]


async def test_every_act_is_written_down_and_of_waiting_the_beginning_before_the_command_goes():
    calm = pictured(position((CALL, 1), (PUT, 1), (SPY, -5)))
    thinking, lopsided = Thinking(), pictured()
    await thinking.hears(
        (calm, BEAT), (calm, BEAT), (lopsided, PRICE), (lopsided, BEAT), (lopsided, ORDER), (calm, FILL)
    )
    written = thinking.written
    rules = [each.rule for each in written if isinstance(each, Decided)]
    assert rules == ["inside the band", "hedge", "hedge", "inside the band"]
    assert [each.notes for each in written if isinstance(each, Noted)] == ["1", "2"]


async def test_a_decision_is_written_down_before_a_desk_that_is_awake_already_acts_on_it():
    """One that was called by something else takes the command in passing, before its own turn for it has come."""
    thinking, done = Thinking(), []

    async def writes():
        async for entry in thinking.records:
            done.append(type(entry))

    async def never_sleeps():
        while not thinking.commands:
            await asyncio.sleep(0)
        done.append("acted on")

    async with asyncio.TaskGroup() as group:
        scribe = group.create_task(writes())
        group.create_task(never_sleeps())
        await thinking.hears((pictured(), PRICE))
        scribe.cancel()
    assert done == [Noted, Decided, "acted on"]


async def test_memory_begins_with_what_was_noted():
    thinking = Thinking(notes="41")
    await thinking.hears((pictured(), PRICE))
    assert Noted("42") in thinking.written


async def test_a_waiting_book_shows_the_band_it_last_decided_by():
    thinking, lopsided = Thinking(), pictured()
    await thinking.hears((lopsided, PRICE), (lopsided, BEAT))
    judgement = thinking.thoughts.value.judgement
    assert (judgement.decision, judgement.band.high) == (Hold("waiting", "for what comes of: hedge"), 10.0)
    assert thinking.thoughts.value.deltas.target == 0.0


class Obedient:
    """Does what the governor's word says, so that one sees which word it had."""

    def begin(self, notes):
        return None

    def notes(self, memory):
        return ""

    def decide(self, view, memory):
        word = view.standing.must_exit
        command = Flatten(why=word, by="spy", within_s=60) if word else None
        return Judgement(Act("exit", word, command) if command else Hold("stay", "nothing is said")), memory


async def test_it_decides_by_the_newest_word_of_the_governor():
    thinking = Thinking(Obedient())
    writer = thinking.standing.claim()
    await thinking.hears((pictured(), BEAT))
    writer.publish(Standing(mode=Mode.LIVE, must_exit="loss limit"))
    await thinking.hears((pictured(), Reason.CONTROL))
    assert [type(each) for each in thinking.commands] == [Flatten]
    assert thinking.rules == ["stay", "exit"]


class Repeating:
    """Wants the same again and again."""

    def __init__(self, command):
        self.command = command

    def begin(self, notes):
        return None

    def notes(self, memory):
        return ""

    def decide(self, view, memory):
        return Judgement(Act("again", "it must", self.command)), memory


@pytest.mark.parametrize(
    "command",
    [
        Reprice(IntentId(BOOK, 1), Limit("600.01"), "a step"),
        Withdraw(IntentId(BOOK, 1), "a second thought"),
        Flatten(why="enough", by="spy", within_s=60),
        hedge(10, NOON, 0),
    ],
)
async def test_every_kind_of_command_is_waited_for(command):
    thinking = Thinking(Repeating(command))
    await thinking.hears(*[(pictured(), PRICE)] * 5, (pictured(), ORDER), (pictured(), PRICE))
    assert thinking.commands == [command, command]
