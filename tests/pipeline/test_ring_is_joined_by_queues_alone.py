"""No stage holds another, or anything two of them could write to, beside channels, watches, the clock and the ports."""

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial

import pytest
from attrs import frozen
from joints import faults, reach
from ring_parts import CALL, PRICING, PUT, SPY, STRADDLE, Calm, Ring

from gamma_scalper.broker.simulated import SimulatedBroker, Venue
from gamma_scalper.domain.entries import SessionBegan
from gamma_scalper.domain.ports import Condition
from gamma_scalper.exchange.engine import Engine
from gamma_scalper.exchange.parameters import ExchangeParameters
from gamma_scalper.exchange.replay import Pushed, trading_hours
from gamma_scalper.journal.memory import MemoryJournal
from gamma_scalper.kernel import LoopClock
from gamma_scalper.pipeline.book import BookParameters
from gamma_scalper.pipeline.resident import Resident
from gamma_scalper.recovery import Remembered
from gamma_scalper.scalping import Scalping
from gamma_scalper.trading import Terms, Trading

OPEN = datetime(2026, 1, 5, 15, 0, tzinfo=UTC)


def joined(ring: Ring) -> list[str]:
    """The last stage alone is handed the house and the broker."""
    return faults(ring.stages, {"manager": (ring.house, ring.broker)})


async def test_stages_are_joined_by_queues_alone():
    ring = Ring((CALL, 2), (PUT, 1))
    assert joined(ring) == []
    await ring.run_for(30, partial(ring.push, 600.0), partial(ring.push, 601.0), every_s=5)
    assert len(ring.broker.placed) == 1, "they have worked"
    assert joined(ring) == []


async def test_what_a_stage_holds_is_really_walked_through():
    ring = Ring((CALL, 2))
    await ring.run_for(10, partial(ring.push, 600.0))
    found = {way for stage, each in ring.stages.items() for way, _ in reach(each, stage, set())}
    assert {"streamer._lines", "engine._model", "engine._remembered", "manager._state.ledger"} <= found


@frozen
class Nosy(Calm):
    """A strategy that was handed something it should not have."""

    knows: object = None


def knowing(ring: Ring, knows: object) -> None:
    ring.strategy._strategy = Nosy(knows=knows)


def a_stage_in_a_strategy(ring: Ring) -> None:
    knowing(ring, ring.manager)


def a_method_of_a_stage(ring: Ring) -> None:
    knowing(ring, ring.manager.step)


def a_closure_over_a_stage(ring: Ring) -> None:
    ring.streamer._condition = lambda con_id: Condition(frozen=str(ring.engine))


def a_port_of_another_stage(ring: Ring) -> None:
    knowing(ring, ring.house.approve)


def a_dictionary_for_two(ring: Ring) -> None:
    knowing(ring, (ring.streamer._lines,))


def a_model_for_two(ring: Ring) -> None:
    knowing(ring, {"model": ring.engine._model})


def a_list_behind_two_functions(ring: Ring) -> None:
    shared: list[int] = []
    ring.streamer._condition = partial(lambda notes, con_id: Condition(), shared)
    knowing(ring, shared.append.__self__)


@pytest.mark.parametrize(
    "spoil",
    [
        a_stage_in_a_strategy,
        a_method_of_a_stage,
        a_closure_over_a_stage,
        a_port_of_another_stage,
        a_dictionary_for_two,
        a_model_for_two,
        a_list_behind_two_functions,
    ],
)
async def test_a_ring_that_is_joined_otherwise_is_found_out(spoil):
    ring = Ring((CALL, 2), (PUT, 1))
    spoil(ring)
    assert joined(ring), spoil.__name__


# -- the program's own rings -------------------------------------------------------------------------------------------


def books(*names: str) -> Scalping:
    """As the program joins them, on a market nobody quotes."""
    clock = LoopClock(asyncio.get_running_loop(), OPEN)
    hours = trading_hours(OPEN.date() - timedelta(days=10), OPEN.date() + timedelta(days=60))
    engine = Engine(
        Pushed([SPY, *STRADDLE], hours, OPEN), accounts={"DU1": Decimal(10**6)}, parameters=ExchangeParameters()
    )
    broker = SimulatedBroker(Venue(engine, clock), "DU1")
    about = {name: BookParameters(name, pricing=PRICING) for name in names}
    trading = Trading(
        broker=broker,
        journal=MemoryJournal(),
        clock=clock,
        remembered=Remembered(),
        residents=[Resident(name=name, underlying=SPY, hours=each.hours()) for name, each in about.items()],
        terms=Terms(session=SessionBegan("paper", "a test", "")),
    )
    return Scalping(trading, about, broker, clock)


def stages_of(scalping: Scalping, name: str) -> dict[str, object]:
    book = scalping._trading.books[name]
    made = [stage.run.__self__ for stage in scalping.stages(book)]
    return {f"{name}/{type(each).__name__}": each for each in (*made, book.manager)}


async def test_the_program_joins_its_stages_by_queues_alone_and_its_books_by_nothing():
    scalping = books("first", "second")
    trading, stages, ports = scalping._trading, {}, {}
    for name in ("first", "second"):
        stages |= stages_of(scalping, name)
        ports[f"{name}/PositionManager"] = (trading.house, trading.house.router)
        ports[f"{name}/MarketDataStreamer"] = (trading.board,)
    assert len(stages) == 8
    assert faults(stages, ports) == []
    del ports["first/MarketDataStreamer"], ports["second/MarketDataStreamer"]
    assert any("_condition" in each for each in faults(stages, ports)), "the board is what both streamers ask"
