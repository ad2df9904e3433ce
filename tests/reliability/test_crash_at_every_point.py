"""A busy session is killed before each line of its journal, and before and after each message to the broker."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import pairwise

import pytest
from busy_house import BOOK, CASH, Deaths, Ended, Session, lived
from scripted import script

from gamma_scalper.portfolio.ledger import cash, holdings

MONDAY = datetime(2026, 1, 5, 15, 0, tzinfo=UTC)
FRIDAY = datetime(2026, 1, 9, 20, 55, tzinfo=UTC)
NEXT_MONDAY = datetime(2026, 1, 12, 14, 30, tzinfo=UTC)

# An entry, hedges, one in three parts, one that is amended, one that is cancelled first, and the exit.
BUSY = Session(
    start=MONDAY,
    until=MONDAY + timedelta(minutes=10),
    wishes=script(
        MONDAY,
        [
            (0, 2, 0, 1_000, "take"),
            (1, 2, -40, 1_000, "take"),
            (2, 2, -10, 1_000, "take"),
            (3, 2, -90, 30, "take"),
            (4, 2, -60, 1_000, "improve"),
            (5, 2, -80, 1_000, "try"),
            (7, 1, -80, 1_000, "take"),
            (8, 1, 0, 1_000, "take"),
            (9, 0, 0, 1_000, "take"),
        ],
    ),
)


@lru_cache(maxsize=2)
def as_it_lived(session: Session) -> Ended:
    return lived(session, Deaths())


def points(session: Session) -> Sequence[int]:
    """Every moment at which a process can die and leave something else behind than at the moment before."""
    living = as_it_lived(session)
    moments = [
        (number, what, left)
        for number, (what, left) in enumerate(zip(living.done, living.left, strict=True), 1)
        if what != "append Marked"
    ]
    return [
        number
        for (_, _, left_before), (number, what, left) in pairwise([(0, "", None), *moments])
        if left != left_before or what.startswith("after")  # the broker has it
    ]


def must_be_as_if_nothing_had_happened(after: Ended, living: Ended) -> None:
    desk = after.remembered.desks[BOOK]
    assert after.held == living.held
    assert after.cash == living.cash
    assert after.trades == living.trades
    assert {held.instrument.con_id: held.quantity for held in holdings(desk.ledger)} == after.held
    assert sum(each.amount for each in cash(desk.ledger)) == after.cash - CASH
    assert not desk.live


def test_the_session_that_lives_is_busy() -> None:
    living = as_it_lived(BUSY)
    assert living.lives == 1
    assert len(living.trades) == 14
    assert living.held == {}
    must_be_as_if_nothing_had_happened(living, living)


@pytest.mark.parametrize("part", range(4))
def test_a_process_that_dies_at_any_point_leaves_nothing_lost_and_nothing_doubled(part: int) -> None:
    for at in points(BUSY)[part::4]:
        after = lived(BUSY, Deaths(at=at))
        assert after.lives == 2, after.done[at - 1]
        must_be_as_if_nothing_had_happened(after, as_it_lived(BUSY))


# -- over a weekend: on Monday the broker tells no execution of Friday's -----------------------------------------------

OVER_THE_WEEKEND = Session(
    start=FRIDAY,
    until=NEXT_MONDAY + timedelta(minutes=6),
    wishes=script(
        FRIDAY,
        [
            (0, 2, 0, 1_000, "take"),
            (1, 2, -40, 1_000, "take"),
            (2, 2, -70, 20, "take"),
            (3, 2, -50, 1_000, "improve"),
        ],
    )
    + script(NEXT_MONDAY, [(3, 2, -60, 1_000, "take"), (4, 2, 0, 1_000, "take"), (5, 0, 0, 1_000, "take")]),
    pace_s=20,
    back_at=NEXT_MONDAY - timedelta(seconds=40),
)


def fridays_points(session: Session) -> Sequence[int]:
    done = as_it_lived(session).done
    monday = [number for number, what in enumerate(done, 1) if what == "append DayBegan"][1]
    return [number for number in points(session) if number < monday]


def test_a_process_that_dies_on_friday_knows_on_monday_what_it_owns_though_nobody_tells_it() -> None:
    living = as_it_lived(OVER_THE_WEEKEND)
    last = max(number for number, what in enumerate(living.done, 1) if what == "before sending book/6")
    for at in fridays_points(OVER_THE_WEEKEND)[::2]:
        after = lived(OVER_THE_WEEKEND, Deaths(at=at))
        ledger = after.remembered.desks[BOOK].ledger
        assert after.held == living.held == {}, living.done[at - 1]
        assert not holdings(ledger)
        assert not after.remembered.desks[BOOK].live
        assert sum(each.amount for each in cash(ledger)) == after.cash - CASH, living.done[at - 1]
        if at > last:  # nothing that Friday still wanted was missed
            must_be_as_if_nothing_had_happened(after, living)
