"""How a straddle is bought."""

from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from pictures import CALL, LIMITS, NOON, PUT, STRADDLE, Play, option

from gamma_scalper.domain.entries import Mode
from gamma_scalper.domain.instruments import NICKEL_DIME_TICKS, PENNY_TICKS, Combo, Leg
from gamma_scalper.domain.orders import Limit, Purpose, Sent, Side, Unknown
from gamma_scalper.domain.proposals import Reprice, Withdraw
from gamma_scalper.domain.snapshots import Shortlist
from gamma_scalper.strategies.base import Act, Hold, Standing
from gamma_scalper.strategies.entry import EntryParameters, structure_name
from gamma_scalper.strategies.scalp_parameters import ScalpParameters
from gamma_scalper.strategies.sizing import SizingParameters
from gamma_scalper.strategies.stepping import Stepping, Touch, limit_after


def entering(**given: Any) -> Play:
    return Play(ScalpParameters(entry=EntryParameters(**given)))


def steps_of(play: Play, pictures: int = 30) -> list[tuple[str, Decimal | None]]:
    """Rule and limit of all that is done until the order is given up."""
    seen: list[tuple[str, Decimal | None]] = []
    for _ in range(pictures):
        play.wait(1.0)
        decision = play.look()
        if isinstance(decision, Act):
            play.obey(decision)
            command = decision.command
            seen.append((decision.rule, play.limits[play.number] if isinstance(command, Reprice) else None))
        if not play.live:
            break
    return seen


def test_the_best_of_the_shortlist_is_bought_as_one_order_at_the_middle() -> None:
    play = Play()
    (proposal,) = play.plan().proposals
    assert proposal.instrument == STRADDLE
    assert (proposal.purpose, proposal.side, proposal.quantity) == (Purpose.ENTRY, Side.BUY, 1)
    assert proposal.pricing == Limit(Decimal("20.66"))  # 11.32 and 9.34


def test_the_plan_names_its_structure_and_its_quotes() -> None:
    plan = Play().plan()
    assert plan.structure == "straddle 2026-12-18 600"
    assert {quote.con_id for quote in plan.quotes} == {CALL.con_id, PUT.con_id}
    assert set(plan.proposals[0].snapshot_ids) == {quote.snapshot_id for quote in plan.quotes}


def test_two_strikes_are_a_strangle() -> None:
    name = structure_name(Combo([Leg(option("C", 605), 1), Leg(option("P", 595), 1)]))
    assert name == "strangle 2026-12-18 595/605"


def test_it_steps_to_the_far_side_and_is_then_given_up() -> None:
    play = entering(step_s=5.0, step_pct=25.0, give_up=1.0)
    play.half = 0.10  # 0.20 for both legs
    play.plan()
    assert [price for _, price in steps_of(play, 60)] == [
        Decimal("20.71"), Decimal("20.76"), Decimal("20.81"), Decimal("20.86"), None,
    ]  # fmt: skip
    assert not play.live


def test_no_step_costs_more_than_is_stated() -> None:
    play = entering(step_s=5.0, step_pct=50.0, give_up=0.12)
    play.half = 0.10
    play.plan()
    assert [price for _, price in steps_of(play, 60)] == [Decimal("20.76"), Decimal("20.78"), None]


def test_the_cost_can_be_stated_in_percent_of_the_premium() -> None:
    play = entering(step_pct=100.0, give_up_pct=0.5)  # 10 cents of 20.66
    play.half = 0.50
    play.plan()
    assert [price for _, price in steps_of(play, 60)] == [Decimal("20.76"), None]


def test_a_limit_follows_the_market_with_the_next_step() -> None:
    play = Play()
    play.plan()
    play.vol = 0.16
    play.wait(5.0)
    decision = play.act()
    assert isinstance(decision.command, Reprice)
    assert isinstance(decision.command.pricing, Limit)
    assert decision.command.pricing.price == pytest.approx(Decimal("22.04"), abs=Decimal("0.03"))


def test_a_book_that_looks_less_often_than_it_steps_offers_the_far_side_before_it_gives_up() -> None:
    play = entering(step_s=1.0, give_up=1.0)
    play.half = 0.10
    play.plan()
    play.wait(10.0)
    assert steps_of(play) == [("entry step", Decimal("20.86")), ("entry given up", None)]


def test_between_steps_nothing_is_asked() -> None:
    play = Play()
    play.plan()
    for _ in range(4):
        play.wait(1.0)
        assert play.hold() == "entry works"


def test_after_a_restart_the_steps_go_on_where_the_clock_says() -> None:
    """How many were made follows from the order's own age."""
    whole, cut = entering(give_up=1.0), entering(give_up=1.0)
    for play in (whole, cut):
        play.half = 0.10
        play.plan()
        steps_of(play, 11)
    cut.restart()
    assert steps_of(cut, 30)[-3:] == steps_of(whole, 30)[-3:]


def test_an_order_that_is_not_confirmed_is_left_alone() -> None:
    for state in (Sent(NOON), Unknown("no answer")):
        play = Play()
        play.plan()
        play.live[1] = evolve(play.live[1], state=state)
        play.wait(7.0)
        assert play.hold() == "entry sent"


def test_a_cancel_is_asked_for_once() -> None:
    play = Play()
    play.plan()
    play.wait(44.0)
    play.obey(play.act())  # at the far side
    play.wait(1.0)
    assert isinstance(play.act().command, Withdraw)
    play.wait(1.0)
    assert play.hold() == "entry ends"


def test_after_an_attempt_in_vain_the_next_one_waits() -> None:
    play = entering(retry_after_s=300.0)
    play.plan()
    play.wait(39.0)
    play.obey(play.act())  # at the far side
    play.wait(1.0)
    play.obey(play.act())
    play.wait(259.0)
    assert play.hold() == "entry again soon"
    play.wait(2.0)
    play.plan()


def test_what_was_refused_is_tried_again_soon() -> None:
    play = Play()
    play.act()  # and nothing comes of it
    play.wait(1.0)
    assert play.hold() == "entry again soon"
    play.wait(4.0)
    play.act()


def test_what_is_refused_again_and_again_is_tried_ever_more_rarely() -> None:
    """An hour of refusals is no thousand lines in the journal."""
    play = Play()
    tried = []
    for second in range(0, 3_600, 5):
        if isinstance(play.look(), Act):
            tried.append(second)
        play.wait(5.0)
    waits = [after - before for before, after in pairwise(tried)]
    assert waits[:5] == [5, 10, 20, 40, 60]
    assert set(waits[5:]) == {60}


def test_a_refusal_is_forgotten_once_something_was_ordered() -> None:
    play = Play()
    for _ in range(3):
        play.act()
        play.wait(60.0)
    play.plan()
    play.wait(1.0)
    play.die(1)
    play.wait(60.0)
    play.act()
    play.wait(5.0)
    play.act()


def test_two_legs_are_two_orders_of_one_structure() -> None:
    play = entering(form="legs")
    plan = play.plan()
    assert plan.together
    assert plan.structure == "straddle 2026-12-18 600"
    assert [proposal.instrument for proposal in plan.proposals] == [CALL, PUT]


def test_each_leg_steps_and_together_they_cost_no_more_than_one_order() -> None:
    play = entering(form="legs", step_pct=100.0, give_up=0.10)
    play.half = 0.50
    first = {number: order.pricing.price for number, order in enumerate(play.plan().proposals, 1) if order.pricing}
    steps_of(play, 12)
    assert {number: play.limits[number] - price for number, price in first.items()} == {
        1: Decimal("0.05"), 2: Decimal("0.05"),
    }  # fmt: skip


def test_a_leg_that_is_left_goes_on_alone() -> None:
    play = entering(form="legs")
    play.plan()
    play.fill(1)
    play.wait(10.0)
    command = play.act().command
    assert isinstance(command, Reprice)
    assert command.intent.number == 2


def test_a_pause_ends_an_entry() -> None:
    play = Play()
    play.plan()
    play.standing = Standing(mode=Mode.LIVE, paused="by hand")
    play.wait(1.0)
    assert isinstance(play.act().command, Withdraw)


@pytest.mark.parametrize(
    "standing",
    [Standing(mode=Mode.DEGRADED), Standing(mode=Mode.LIVE, must_exit="loss limit")],
)
def test_the_house_ends_an_entry(standing: Standing) -> None:
    play = Play()
    play.plan()
    play.standing = standing
    play.wait(1.0)
    assert isinstance(play.act().command, Withdraw)


# -- what is not begun -------------------------------------------------------------------------------------------------


def test_what_was_best_on_another_day_is_not_bought() -> None:
    play = Play()
    play.scanned_at = NOON - timedelta(days=3)
    assert play.hold() == "no shortlist"


def test_without_a_shortlist_there_is_nothing_to_buy() -> None:
    play = Play()
    play.shortlist = None
    assert play.hold() == "no shortlist"


def test_where_no_straddle_passes_the_filters_are_named() -> None:
    play = Play()
    play.shortlist = Shortlist(at=NOON, why="no straddle passes: 12 spread wider than 5%")
    decision = play.look()
    assert decision == Hold("no straddle", "no straddle passes: 12 spread wider than 5%")


def test_a_leg_without_a_quote_is_waited_for() -> None:
    play = Play()
    play.unquoted = {PUT.con_id}
    assert play.hold() == "no quotes"


def test_what_the_house_refuses_is_said() -> None:
    play = Play()
    play.refuse(Purpose.ENTRY, why="entries end 900 s before the close")
    decision = play.look()
    assert decision == Hold("no entry", "a guard: entries end 900 s before the close")


def test_nothing_is_bought_before_the_house_has_spoken() -> None:
    play = Play()
    play.standing = Standing()
    assert play.hold() == "no word"


@pytest.mark.parametrize(("each", "many"), [(2_088.0, 1), (2_092.0, 2)])
def test_more_than_the_budget_is_not_ordered(each: float, many: int) -> None:
    """A straddle of 2,066 may cost 1% more, and the fees."""
    play = Play(ScalpParameters(sizing=SizingParameters(straddles=5)), evolve(LIMITS, budget=2 * each))
    assert play.plan().proposals[0].quantity == many


def test_options_whose_fees_nobody_knows_are_not_bought() -> None:
    play = Play()
    legs = [evolve(each, settlement="cash_pm") for each in (CALL, PUT)]
    play.shortlist = Shortlist(at=NOON, best=Combo([Leg(leg, 1) for leg in legs]), why="best")
    assert play.hold() == "no fees"


def test_patience_is_long_enough_for_the_steps() -> None:
    with pytest.raises(ValueError, match=r"^patience_s = 20 is not allowed; allowed: at least 30 s"):
        EntryParameters(patience_s=20.0)


# -- limits ------------------------------------------------------------------------------------------------------------


@given(
    st.floats(0.05, 200.0), st.floats(0.0, 2.0), st.integers(0, 12), st.floats(1.0, 100.0), st.floats(0.01, 3.0),
    st.sampled_from([Side.BUY, Side.SELL]), st.sampled_from([PENNY_TICKS, NICKEL_DIME_TICKS]),
)  # fmt: skip
def test_a_limit_is_on_its_step_and_never_beyond_its_cost(
    mid: float, half: float, steps: int, share: float, most: float, side: Side, ticks: Any
) -> None:
    stepping = Stepping(5.0, share, 1_000.0, most=most)
    price = limit_after(Combo(STRADDLE.legs, ticks), side, Touch(mid, half), steps, stepping)
    assert ticks.allows(price)
    assert price > 0
    cost = side.sign * (float(price) - mid)
    assert cost <= most + 1e-9 or price == ticks.step(Decimal(0))


@given(st.floats(5.0, 200.0), st.floats(0.0, 2.0), st.sampled_from([Side.BUY, Side.SELL]))
def test_steps_only_go_towards_the_far_side_and_arrive_there(mid: float, half: float, side: Side) -> None:
    stepping = Stepping(5.0, 25.0, 60.0, most=10.0)
    prices = [side.sign * limit_after(STRADDLE, side, Touch(mid, half), steps, stepping) for steps in range(6)]
    assert prices == sorted(prices)
    assert float(prices[4]) >= side.sign * mid + half - 1e-9
    assert prices[5] == prices[4]


def test_an_attempt_ends_within_its_patience() -> None:
    play = Play()
    play.plan()
    began = play.now
    while play.live:
        play.wait(1.0)
        decision = play.look()
        if isinstance(decision, Act):
            play.obey(decision)
    assert play.now - began < timedelta(seconds=EntryParameters().patience_s)


@pytest.mark.parametrize(("start", "prices"), [(0.0, ["24.95", "25.00", "25.05"]), (50.0, ["25.00", "25.05", "25.05"]),
                                               (100.0, ["25.05", "25.05", "25.05"])])  # fmt: skip
def test_where_an_order_begins_between_the_middle_and_the_touch_can_be_said(start: float, prices: list[str]) -> None:
    """Nothing is skipped on the way from there, and the touch is never overstepped."""
    stepping = Stepping(5.0, 50.0, 60.0, most=10.0, start_pct=start)
    found = [limit_after(STRADDLE, Side.BUY, Touch(24.95, 0.10), steps, stepping) for steps in range(3)]
    assert [f"{price:.2f}" for price in found] == prices
    assert stepping.steps == round((100 - start) / 50)
