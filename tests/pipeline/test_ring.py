"""Four stages joined by three queues: what goes in as a quote comes out as an order, and only once."""

from functools import partial

from ring_parts import CALL, PUT, SPY, Ring

from gamma_scalper.domain.strategy_entries import Decided, Noted

LOPSIDED = ((CALL, 2), (PUT, 1))  # a delta of some 50 shares at the money


def drained(ring: Ring) -> list[object]:
    return [ring.records.get_nowait() for _ in range(ring.records.qsize())]


async def test_a_delta_outside_the_band_is_hedged_once_and_then_rests():
    ring = Ring(*LOPSIDED)
    await ring.run_for(60, partial(ring.push, 600.0))
    (order,) = ring.broker.placed
    assert (order.instrument, order.side.value) == (SPY, "sell")
    assert 45 <= order.quantity <= 65
    assert abs(ring.thoughts.value.picture.projected) <= 0.5
    assert ring.thoughts.value.judgement.decision.rule == "inside the band"


async def test_a_burst_of_quotes_after_a_command_can_not_hedge_twice():
    ring = Ring(*LOPSIDED)
    pushes = [partial(ring.push, 600.0 + 0.06 * (i % 2)) for i in range(200)]
    await ring.run_for(5, *pushes, every_s=0.002)
    assert len(ring.broker.placed) == 1
    assert [each.rule for each in drained(ring) if isinstance(each, Decided)].count("hedge") == 1


async def test_what_is_thought_is_told_and_what_is_decided_is_written_down():
    ring = Ring(*LOPSIDED)
    await ring.run_for(60, partial(ring.push, 600.0))
    records = drained(ring)
    assert [each.rule for each in records if isinstance(each, Decided)] == [
        "unusable",
        "hedge",
        "at work",
        "inside the band",
    ]
    assert [each.notes for each in records if isinstance(each, Noted)] == ["1"]
    assert ring.thoughts.seen.seq > 10, "a thought for every heartbeat"
