"""A clock that runs faster or slower than the one it is made of."""

import asyncio
import math
from datetime import UTC, datetime, timedelta

import pytest

from gamma_scalper.kernel import LoopClock, PacedClock

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


@pytest.mark.parametrize("pace", [0.5, 1.0, 60.0])
async def test_it_begins_when_it_is_told_and_runs_at_its_pace(pace: float) -> None:
    await asyncio.sleep(7)
    clock = PacedClock(LoopClock(asyncio.get_running_loop(), NOON), NOON - timedelta(days=9), pace)
    assert (clock.now(), clock.monotonic()) == (NOON - timedelta(days=9), 0)
    await asyncio.sleep(10)
    assert clock.now() == NOON - timedelta(days=9) + timedelta(seconds=10 * pace)
    assert clock.monotonic() == pytest.approx(10 * pace)


async def test_a_sleep_is_as_long_by_its_own_time_as_was_asked_for() -> None:
    loop = asyncio.get_running_loop()
    clock = PacedClock(LoopClock(loop, NOON), NOON, 60.0)
    began = loop.time()
    await clock.sleep(120)
    assert loop.time() - began == pytest.approx(2)
    assert clock.now() == NOON + timedelta(seconds=120)


@pytest.mark.parametrize("pace", [0.0, -1.0, math.inf, math.nan])
async def test_a_pace_that_is_none_is_refused(pace: float) -> None:
    with pytest.raises(ValueError, match="pace must be a positive number"):
        PacedClock(LoopClock(asyncio.get_running_loop(), NOON), NOON, pace)


async def test_a_start_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        PacedClock(LoopClock(asyncio.get_running_loop(), NOON), datetime(2026, 1, 5))
