"""Requests keep below the broker's limit, and an order never waits for a question about data."""

import asyncio
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gamma_scalper.broker.ib.backoff import wait_s
from gamma_scalper.broker.ib.pacing import Budget, Pacing
from gamma_scalper.broker.ib.parameters import BackoffParameters, IbParameters, PacingParameters
from gamma_scalper.kernel import LoopClock

NOON = datetime(2026, 1, 5, 17, tzinfo=UTC)
BROKERS_LIMIT = 50


def clock() -> LoopClock:
    return LoopClock(asyncio.get_running_loop(), NOON)


async def test_no_second_ever_holds_more_requests_than_the_budget() -> None:
    ours = clock()
    budget, sent = Budget(ours, 5), []

    async def one(delay: float) -> None:
        await asyncio.sleep(delay)
        await budget.turn()
        sent.append(ours.monotonic())

    await asyncio.gather(*(one(0.03 * place) for place in range(40)))
    assert len(sent) == 40
    assert all(later - earlier >= 1 - 1e-9 for earlier, later in zip(sent, sent[5:], strict=False))
    assert sent == sorted(sent)


async def test_a_request_goes_at_once_while_there_is_room() -> None:
    ours = clock()
    budget = Budget(ours, 3)
    for _ in range(3):
        await budget.turn()
    assert ours.monotonic() == 0


async def test_an_order_goes_at_once_while_a_thousand_questions_for_data_wait() -> None:
    ours = clock()
    pacing = Pacing(ours, PacingParameters())
    questions = [asyncio.ensure_future(pacing.data.turn()) for _ in range(1_000)]
    await asyncio.sleep(0)
    await pacing.trading.turn()
    assert ours.monotonic() == 0
    assert sum(question.done() for question in questions) <= PacingParameters().data_per_s
    for question in questions:
        question.cancel()
    await asyncio.gather(*questions, return_exceptions=True)


def test_both_budgets_at_their_largest_stay_within_the_brokers_limit() -> None:
    assert PacingParameters(data_per_s=30, trading_per_s=20)
    with pytest.raises(ValueError, match="data_per_s = 31 is not allowed"):
        PacingParameters(data_per_s=31)
    parameters = IbParameters().pacing
    assert parameters.data_per_s + parameters.trading_per_s < BROKERS_LIMIT


# -- backoff -----------------------------------------------------------------------------------------------------------


@given(st.integers(1, 10_000), st.integers(1, 999_999))
def test_a_wait_is_long_enough_and_never_too_long(attempt: int, client_id: int) -> None:
    parameters = BackoffParameters()
    plain = min(parameters.first_s * 2.0 ** min(attempt - 1, 30), parameters.longest_s)
    assert plain <= wait_s(parameters, attempt, client_id) <= plain * 1.25


def test_waits_double_until_the_longest() -> None:
    waits = [wait_s(BackoffParameters(jitter_pct=0), attempt, 17) for attempt in range(1, 10)]
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert all(earlier <= later for earlier, later in pairwise(waits))


def test_two_clients_come_back_at_different_moments_and_one_at_the_same_on_every_run() -> None:
    parameters = BackoffParameters()
    assert len({wait_s(parameters, 3, client_id) for client_id in range(1, 21)}) == 20
    assert wait_s(parameters, 3, 17) == wait_s(parameters, 3, 17) == pytest.approx(4.88, abs=0.9)
