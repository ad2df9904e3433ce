"""A trader is killed five times while its orders are in the air, against a gateway that is a process of its own."""

from collections.abc import Iterator

import pytest
from attrs import evolve
from audit import differences, of_the_orders
from killing import Outcome, campaign

from gamma_scalper.domain.entries import Dispatched

KILLS, SEED = 5, 1


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outcome]:
    """Twenty seconds of real time, which is why all tests here share it."""
    yield campaign(tmp_path_factory.mktemp("killed"), KILLS, SEED)


def test_a_trader_killed_at_random_moments_loses_nothing_and_doubles_nothing(outcome: Outcome) -> None:
    assert outcome.violations == []
    assert len(outcome.strikes) == KILLS
    assert any(strike.in_the_air for strike in outcome.strikes)
    assert len(outcome.audit.theirs.executions) >= KILLS


def test_an_execution_that_was_lost_would_be_noticed(outcome: Outcome) -> None:
    rows, theirs = outcome.audit.rows, outcome.audit.theirs
    more = evolve(theirs, executions=(*theirs.executions, "another"), held={}, cash=theirs.cash - 1)
    assert [found.split(" ")[0] for found in differences(rows, more)] == ["executions", "the", "trading"]


def test_an_order_that_was_doubled_would_be_noticed(outcome: Outcome) -> None:
    rows, theirs = outcome.audit.rows, outcome.audit.theirs
    ref, perm_ids = sorted(theirs.perm_ids.items())[0]
    doubled = evolve(theirs, perm_ids={**theirs.perm_ids, ref: perm_ids | {1}}, alive=[ref])
    assert differences(rows, doubled) == [
        f"the broker has {ref} on record 2 times: {sorted(perm_ids | {1})}",
        f"{ref} is still alive",
    ]


def test_an_order_sent_twice_or_before_it_was_taken_down_would_be_noticed(outcome: Outcome) -> None:
    rows, theirs = outcome.audit.rows, outcome.audit.theirs
    (sent, *_) = (row for row in rows if isinstance(row.entry, Dispatched))
    found = [*of_the_orders([sent, sent, *rows], theirs)]
    assert found == [f"{sent.entry.intent} was sent before it was taken down"] * 2 + [
        f"{sent.entry.intent} was sent 3 times"
    ]
