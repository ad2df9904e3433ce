"""Shrinking keeps what is needed for a violation, and nothing else. The plays are stated, not played."""

from collections.abc import Callable

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from proving.outcome import Outcome, kind_of
from proving.shrink import MOST_PLAYS, Shrinking, Shrunk
from staging.drawing import drawn
from staging.plan import Mishap, Plan, Trouble

from gamma_scalper.exchange.faults import Kind

NEEDED = (Kind.LOST_ACK, Mishap.DEATH)


def shrunk(plan: Plan, breaks: Callable[[Plan], list[str]]) -> Shrunk:
    return Shrinking(plan, breaks(plan), lambda each: Outcome(seed=each.seed, violations=breaks(each))).smallest()


def needing(*kinds: object) -> Callable[[Plan], list[str]]:
    """Broken, with figures that are never the same, where all of these go wrong."""

    def breaks(plan: Plan) -> list[str]:
        found = {trouble.kind for trouble in plan.troubles}
        return [f"order {len(plan.troubles)} was sent twice"] if found.issuperset(kinds) else []

    return breaks


def busy(*more: Trouble) -> Plan:
    others = [Trouble(minute + 0.37, kind) for minute, kind in enumerate((Kind.INACTIVE, Kind.REJECT_201, Kind.HALT))]
    return evolve(drawn(1), troubles=[*others, *more, Trouble(20.11, Kind.LATE_COMMISSION, 0.0, 33.3)])


def test_only_the_troubles_that_are_needed_together_are_left() -> None:
    plan = busy(Trouble(5.13, Kind.LOST_ACK), Trouble(9.87, Mishap.DEATH, 33.4, 17.0))
    found = shrunk(plan, needing(*NEEDED))
    assert {trouble.kind for trouble in found.plan.troubles} == set(NEEDED)
    assert {plan.troubles[number].kind for number in found.numbers} == set(NEEDED)


def test_what_needs_no_trouble_is_left_with_none() -> None:
    found = shrunk(busy(), lambda plan: ["the cash is short"])
    assert (found.plan.troubles, found.plan.jumps, found.numbers) == ((), (), ())
    assert len(found.plan.books) == 1


def test_figures_become_round_where_that_changes_nothing() -> None:
    found = shrunk(busy(Trouble(9.87, Mishap.DEATH, 33.4, 17.0)), needing(Mishap.DEATH))
    (trouble,) = found.plan.troubles
    assert (trouble.minute, trouble.duration_s, trouble.amount) == (10.0, 30.0, 20.0)


def test_a_figure_that_matters_stays() -> None:
    def breaks(plan: Plan) -> list[str]:
        return ["late"] if any(trouble.amount == 17.0 for trouble in plan.troubles) else []

    found = shrunk(busy(Trouble(9.87, Mishap.DEATH, 33.4, 17.0)), breaks)
    assert [trouble.amount for trouble in found.plan.troubles] == [17.0]


def test_another_violation_is_not_taken_for_the_one_that_was_found() -> None:
    def breaks(plan: Plan) -> list[str]:
        return needing(Mishap.DEATH)(plan) or ["something else"]

    found = shrunk(busy(Trouble(9.87, Mishap.DEATH)), breaks)
    assert [trouble.kind for trouble in found.plan.troubles] == [Mishap.DEATH]


def test_two_violations_are_of_one_kind_whatever_their_figures() -> None:
    assert kind_of("one/7 was decided on a quote 0:05:00 old") == kind_of("one/12 was decided on a quote 0:00:03 old")
    assert kind_of("one/7 was decided on nothing") != kind_of("one/7 was sent twice")


@given(st.sets(st.integers(0, 11)), st.integers(0, 10_000))
def test_any_set_of_needed_troubles_is_found_in_few_plays(needed: set[int], seed: int) -> None:
    troubles = [Trouble(float(number), kind) for number, kind in zip(range(12), Kind, strict=False)]
    plan = evolve(drawn(seed), troubles=troubles)
    kinds = [plan.troubles[number].kind for number in needed]
    found = shrunk(plan, needing(*kinds))
    assert found.plays <= MOST_PLAYS
    assert {plan.troubles[number].kind for number in found.numbers} == set(kinds)
