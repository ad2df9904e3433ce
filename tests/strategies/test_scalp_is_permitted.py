"""What the gamma scalper orders is what the risk rules let pass: it asks for nothing that is refused by principle."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from permitting_house import judged
from pictures import CALL, PUT, SPY, Play, option

from gamma_scalper.domain.entries import Mode
from gamma_scalper.domain.orders import Purpose
from gamma_scalper.domain.proposals import Approved, Plan
from gamma_scalper.strategies.base import Act, Standing
from gamma_scalper.strategies.entry import EntryParameters
from gamma_scalper.strategies.exits import ExitParameters
from gamma_scalper.strategies.scalp_parameters import ScalpParameters
from gamma_scalper.strategies.sizing import SizingParameters

OUT = Standing(mode=Mode.LIVE, must_exit="loss limit")


def permitted(play: Play) -> Plan:
    command = play.act().command
    assert isinstance(command, Plan), command
    answer = judged(play, command)
    assert isinstance(answer, Approved), str(answer)
    return command


@pytest.mark.parametrize("form", ["combo", "legs"])
def test_an_entry_is_permitted(form: str) -> None:
    play = Play(ScalpParameters(entry=EntryParameters(form=form), sizing=SizingParameters(straddles=5)))
    assert permitted(play).purpose is Purpose.ENTRY


def test_a_hedge_is_permitted() -> None:
    play = Play()
    play.plan()
    play.fill()
    play.spot = 604.0
    assert permitted(play).purpose is Purpose.HEDGE


@pytest.mark.parametrize("form", ["combo", "legs"])
@pytest.mark.parametrize("shares", [-90, -1, 0, 1, 90])
def test_every_order_on_the_way_out_is_permitted(form: str, shares: int) -> None:
    play = Play(ScalpParameters(exits=ExitParameters(form=form)))
    play.own((CALL, 1), (PUT, 1), *([(SPY, shares)] if shares else []))
    play.standing = OUT
    while play.holdings:
        plan = permitted(play)
        assert plan.purpose is Purpose.EXIT
        play.accept(plan)
        play.fill()


@pytest.mark.parametrize(
    "held",
    [[(CALL, 3), (PUT, 2)], [(CALL, 1), (option("C", 620), -1)], [(PUT, 2), (SPY, 200)], [(CALL, 2), (SPY, -150)]],
)
def test_a_position_that_is_no_straddle_is_got_out_of_too(held: Any) -> None:
    play = Play()
    play.own(*held)
    play.standing = OUT
    for _ in range(10):
        if play.holdings:
            play.accept(permitted(play))
            play.fill()
            play.wait(10.0)
    assert not play.holdings


@pytest.mark.parametrize("shares", [-100, 100])
def test_reducing_shares_without_options_is_permitted(shares: int) -> None:
    play = Play()
    play.own((SPY, shares))
    permitted(play)


@given(st.lists(st.tuples(st.floats(560.0, 640.0), st.floats(0.1, 0.3), st.booleans()), min_size=1, max_size=8))
def test_whatever_the_market_does_no_plan_is_refused(path: list[tuple[float, float, bool]]) -> None:
    """But an entry, which the market may have left: the strike was chosen before it moved."""
    play = Play()
    for spot, vol, fills in path:
        play.spot, play.vol = spot, vol
        play.now += timedelta(seconds=20)
        decision = play.look()
        if not isinstance(decision, Act):
            continue
        if isinstance(decision.command, Plan):
            answer = judged(play, decision.command)
            if not isinstance(answer, Approved):
                assert decision.command.purpose is Purpose.ENTRY
                assert [refusal.guard for refusal in answer.refusals] == ["moneyness"]
                continue
        play.obey(decision)
        if fills:
            play.fill()
