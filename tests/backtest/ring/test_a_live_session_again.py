"""What was decided over the real client and the gateway is decided again in a backtest's ring, trigger by trigger."""

import asyncio
from datetime import datetime
from typing import NamedTuple

import pytest
from quick import QUICK
from theatre import Street, Theatre, book

from config import load_config
from gamma_scalper.backtest.history.recorded import RecordedBroker
from gamma_scalper.backtest.runner import Backtest, Run, backtest
from gamma_scalper.backtest.span import span_of
from gamma_scalper.broker.simulated import SimulatedBroker, Venue
from gamma_scalper.domain.entries import Dispatched, Ordered
from gamma_scalper.domain.proposals import Plan
from gamma_scalper.exchange.engine import Engine
from gamma_scalper.exchange.replay import Recorder
from gamma_scalper.exchange.specs import market_from
from gamma_scalper.journal.memory import MemoryJournal
from gamma_scalper.kernel import LoopClock, VirtualLoop
from gamma_scalper.pipeline.messages import Trigger
from gamma_scalper.pipeline.thoughts import Thought
from gamma_scalper.strategies.base import Act, Standing

WAVES = Street(script=((0, 600.0), (1, 600.0), (2.5, 606.0), (4, 597.0), (5.5, 604.0), (7, 599.0)))
SETTINGS = (*QUICK, "streamer.move=0.5", "selection.max_expiries=1", "selection.strikes_per_expiry=3",
            "selection.min_open_interest=0")  # fmt: skip


class Heard(NamedTuple):
    """One trigger as the engine took it."""

    at: datetime
    trigger: Trigger


class Thinking(NamedTuple):
    """One decision, and what the governor had said by then."""

    thought: Thought
    standing: Standing


class Overheard(Theatre):
    """Writes down what the engine is told, and what the strategy makes of it."""

    def __init__(self, folder, street, books, recorder):
        super().__init__(folder, street, books)
        self.recorder, self.heard, self.thinking = recorder, [], []

    async def _trade(self, minutes, acts):
        self.broker = RecordedBroker(self.broker, self.recorder)
        await super()._trade(minutes, acts)

    def _end(self, minutes):
        """The house is joined by now, and has not begun."""
        triggers, thoughts = self.trading.books["spy"].queues.triggers, self.scalping.thoughts["spy"]
        standing, take, publish = self.scalping.governor.standings["spy"], triggers._take, thoughts._publish

        def taken():
            trigger = take()
            self.heard.append(Heard(self.clock.now(), trigger))
            return trigger

        def published(thought):
            self.thinking.append(Thinking(thought, standing.value))
            publish(thought)

        triggers._take, thoughts._publish = taken, published
        return super()._end(minutes)


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    """Seven minutes over the real client: a straddle bought, and hedged through waves."""
    folder = tmp_path_factory.mktemp("live")
    with Recorder(folder / "session.rec") as recorder:
        theatre = Overheard(folder, WAVES, {"spy": book("spy", *SETTINGS)}, recorder)
        theatre.played = theatre.play(7)
    assert theatre.played.error is None
    return theatre


async def decided_again(session):
    """The stages of a backtest's ring over the recording, told what the live engine was told."""
    spec = f"rec:{session.folder / 'session.rec'}"
    asked = Backtest(
        system=load_config([], environment={}).system,
        books={"spy": book("spy", *SETTINGS)},
        market=spec,
        seed=1,
    )
    clock = LoopClock(asyncio.get_running_loop(), session.heard[0].at)
    engine = Engine(market_from(spec), accounts={"DU1234567": session.engine.account("DU1234567").cash})
    broker = SimulatedBroker(Venue(engine, clock), "DU1234567")
    trading, scalping = await Run(asked, span_of(spec, 1, None, None)).house(broker, MemoryJournal(), clock)
    ring, sights = trading.books["spy"], scalping.sights["spy"]
    governor = scalping.governor._wards["spy"].standing
    running = [
        asyncio.create_task(stage.run(), name=stage.name)
        for stage in scalping.stages(ring)
        if stage.name in ("DeltaEngine", "TradingStrategy")
    ]
    again, commands, seq = [], [], 0
    for (at, trigger), (_, standing) in zip(session.heard, session.thinking, strict=True):
        await clock.sleep((at - clock.now()).total_seconds())
        governor.publish(standing)
        ring.queues.triggers.put_nowait(trigger)
        seq, thought = await sights.thoughts.newer_than(seq)
        again.append(thought)
        await asyncio.sleep(0)
        while not ring.queues.trades.empty():
            commands.append(ring.queues.trades.get_nowait())
    for task in running:
        task.cancel()
    return again, commands


def test_the_triggers_of_a_live_session_get_the_same_decisions_in_a_backtest(session):
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        again, commands = runner.run(decided_again(session))
    first = [each.thought for each in session.thinking]
    assert len(first) > 100
    for before, after in zip(first, again, strict=True):
        assert after.picture == before.picture, "the same Greeks to the last bit"
        assert after.judgement == before.judgement
    acted = [each.judgement.decision.command for each in first if isinstance(each.judgement.decision, Act)]
    assert commands == acted
    purposes = [command.purpose.value for command in commands if isinstance(command, Plan)]
    assert purposes.count("entry") >= 1 and purposes.count("hedge") >= 4


def test_the_recorded_quotes_played_as_a_backtest_buy_the_same_straddle_and_hedge_it_at_the_same_turns(session):
    def sent(rows):
        orders = [row.entry for row in rows if isinstance(row.entry, Ordered)]
        gone = {row.entry.intent.number for row in rows if isinstance(row.entry, Dispatched)}
        return [intent for each in orders for intent in each.intents if intent.id.number in gone]

    story = backtest(
        Backtest(
            system=load_config(["venue.slippage_bps=0", "venue.participation_pct=100", "venue.partial_fill_pct=0"],
                               environment={}).system,
            books={"spy": book("spy", *SETTINGS)},
            market=f"rec:{session.folder / 'session.rec'}",
            seed=1,
        )
    )  # fmt: skip
    live, past = sent(session.played.rows), sent(story.rows)
    assert [each.purpose for each in past[:1]] == [each.purpose for each in live[:1]]
    assert past[0].instrument == live[0].instrument, "the same contracts"
    hedges = [[each for each in of if each.purpose.value == "hedge"] for of in (live, past)]
    assert abs(len(hedges[0]) - len(hedges[1])) <= 2
    turns = [[each.side for each in of] for of in hedges]
    assert _runs(turns[0]) == _runs(turns[1]), "sold on the way up, bought on the way down"


def _runs(sides):
    return [side for number, side in enumerate(sides) if number == 0 or side != sides[number - 1]]
