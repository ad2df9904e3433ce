"""Requests for past prices keep within the broker's rations, and go no later than they must."""

import asyncio
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from gamma_scalper.broker.ib.past_pacing import PastPacing
from gamma_scalper.kernel import LoopClock, VirtualLoop

NOON = datetime(2026, 1, 5, 17, tzinfo=UTC)
TEN_MINUTES_S, IDENTICAL_S, BURST_S, MOST_IN_BURST = 600, 15, 2, 5

requests = st.tuples(st.integers(1, 3), st.integers(1, 4), st.sampled_from([1, 2]), st.sampled_from([0, 0, 1, 30]))


def sent(asked, most):
    """When each went: (contract, day, counts, seconds)."""
    found = []

    async def ask():
        loop = asyncio.get_running_loop()
        pacing = PastPacing(LoopClock(loop, NOON), most)
        for contract, day, counts, pause in asked:
            await asyncio.sleep(pause)
            await pacing.turn(contract, (contract, day), counts)
            found.append((contract, day, counts, loop.time()))

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(ask())
    return found


@given(asked=st.lists(requests, max_size=60), most=st.integers(2, 20))
def test_no_rule_of_the_broker_is_ever_broken(asked, most):
    went = sent(asked, most)
    assert len(went) == len(asked)
    for place, (contract, day, _, at) in enumerate(went):
        earlier = went[: place + 1]
        assert sum(counts for *_, counts, then in earlier if at - then < TEN_MINUTES_S) <= most
        assert sum((c, d) == (contract, day) and at - then < IDENTICAL_S for c, d, _, then in earlier) == 1
        assert sum(c == contract and at - then < BURST_S for c, _, _, then in earlier) <= MOST_IN_BURST


def test_there_is_no_wait_while_there_is_room():
    assert [at for *_, at in sent([(number, 1, 2, 0) for number in range(30)], 60)] == [0.0] * 30


def test_the_one_beyond_waits_just_over_ten_minutes():
    times = [at for *_, at in sent([(number, 1, 2, 0) for number in range(31)], 60)]
    assert TEN_MINUTES_S < times[-1] <= TEN_MINUTES_S + 2


async def test_a_broker_that_says_too_many_is_left_alone_for_as_long_as_told():
    loop = asyncio.get_running_loop()
    pacing = PastPacing(LoopClock(loop, NOON), 60)
    pacing.hold(90)
    await asyncio.gather(*(pacing.turn(number, number) for number in range(3)))
    assert loop.time() == 90
