"""When a structure is sold."""

import math
from datetime import date, timedelta
from decimal import Decimal

import pytest
from attrs import evolve
from exiting import UNHEDGED, confirmed, holding
from pictures import CALL, LIMITS, PUT, Play, holding_a_straddle, option, session_of

from gamma_scalper.domain.entries import Mode
from gamma_scalper.domain.exits import UserError
from gamma_scalper.domain.instruments import Combo, Leg
from gamma_scalper.domain.orders import Purpose
from gamma_scalper.domain.snapshots import Shortlist
from gamma_scalper.strategies.base import Act, Hold, Standing
from gamma_scalper.strategies.exits import ExitParameters, fresh_gamma
from gamma_scalper.strategies.scalp_parameters import ScalpParameters


def test_a_first_day_of_little_moves_ends_nothing() -> None:
    """With the defaults a straddle is kept from noon to the close, and hedged."""
    play = holding_a_straddle()
    for step in range(230):
        play.spot = 600.0 + 3.0 * math.sin(step / 25)
        decision = play.look()
        if isinstance(decision, Act):
            assert decision.rule == "hedge"
            play.obey(decision)
            play.fill()
        play.wait(60.0)
    assert {CALL.con_id, PUT.con_id} <= set(play.holdings)


def test_a_loss_of_so_much_of_the_premium_is_the_stop() -> None:
    play = holding(stop_pct=20.0)
    play.vol = 0.11  # 5.4 of 20.66 lost
    act = confirmed(play, "stop")
    assert "% of the premium; 20% ends it; SPY 600.00 -> 600.00; implied 15.0% -> 11.0%" in act.why


def test_a_loss_can_be_stated_in_dollars() -> None:
    play = holding(stop_pct=0.0, stop_dollars=300.0)
    play.vol = 0.13
    assert isinstance(play.look(), Hold)
    play.vol = 0.12
    assert confirmed(play, "stop").why.startswith("410.00 $ lost; 300 $ end it")


def test_less_than_that_is_no_stop() -> None:
    play = holding(stop_pct=30.0)
    play.vol = 0.11
    for _ in range(10):
        play.wait(5.0)
        assert isinstance(play.look(), Hold)


def test_one_odd_picture_is_no_stop() -> None:
    play = holding(stop_pct=20.0)
    for vol in (0.11, 0.11, 0.15) * 4:
        play.vol = vol
        play.wait(5.0)
        assert isinstance(play.look(), Hold)


def test_three_pictures_within_a_moment_are_no_stop() -> None:
    play = holding(stop_pct=20.0)
    play.vol = 0.11
    for _ in range(5):
        play.wait(0.3)
        assert isinstance(play.look(), Hold)


def test_a_mark_without_a_quote_is_no_stop() -> None:
    play = holding(stop_pct=20.0)
    play.vol, play.unquoted = 0.11, {PUT.con_id}
    for _ in range(10):
        play.wait(5.0)
        assert isinstance(play.look(), Hold)


def test_a_quote_that_stands_since_long_ago_is_no_stop() -> None:
    play = holding(stop_pct=20.0, mark_age_s=30.0)
    play.vol = 0.11
    old = play.picture()
    play.wait(31.0)
    for _ in range(5):
        play.wait(5.0)
        assert isinstance(play.look(old), Hold)


def test_a_stop_that_could_not_be_obeyed_is_forgotten_when_the_loss_has_gone() -> None:
    """Even where the picture that shows it is too poor to count."""
    play = holding(stop_pct=20.0)
    play.vol = 0.11
    play.refuse(Purpose.EXIT)
    for _ in range(5):
        play.wait(5.0)
        decision = play.look()
    assert decision.rule == "stop waits"
    play.standing = Standing(mode=Mode.LIVE)
    play.vol, play.unquoted = 0.15, {PUT.con_id}
    assert play.hold() == "inside the band"


def test_what_hedges_lost_counts_too() -> None:
    play = holding(stop_pct=20.0)
    play.realised -= Decimal(500)
    confirmed(play, "stop")


def test_so_much_profit_is_the_target() -> None:
    play = holding(target_pct=20.0)
    play.vol = 0.19
    confirmed(play, "target")


def test_near_expiry_it_is_sold() -> None:
    play = holding(min_dte=3, roll_dte=0)
    play.session = session_of(date(2026, 12, 15))
    play.now = play.session.opens + timedelta(hours=1)
    play.spot = 600.0
    decision = play.act()
    assert decision.rule == "near expiry"
    assert decision.why == "3 days to expiry, and with 3 it is sold at the latest"


def test_before_that_it_is_rolled() -> None:
    play = holding(min_dte=3, roll_dte=10, stop_pct=0.0)
    play.session = session_of(date(2026, 12, 8))
    play.now = play.session.opens + timedelta(hours=1)
    assert play.act().rule == "roll"


def test_nothing_is_rolled_where_nothing_may_be_bought() -> None:
    play = holding(min_dte=3, roll_dte=10, stop_pct=0.0)
    play.session = session_of(date(2026, 12, 8))
    play.now = play.session.opens + timedelta(hours=1)
    play.refuse(Purpose.ENTRY, why="an event on 2026-12-09")
    assert isinstance(play.look(), Hold)


def test_nothing_is_moved_where_nothing_may_be_bought() -> None:
    play = holding(stop_pct=0.0, target_pct=0.0)
    play.spot = 640.0
    play.refuse(Purpose.ENTRY, why="an event on 2026-11-20")
    assert isinstance(play.look(), Hold)


def test_after_the_longest_time_it_is_sold() -> None:
    play = holding(max_hold_days=2.0, stop_pct=0.0)
    play.session = session_of(date(2026, 11, 20))
    play.now = play.session.opens
    assert isinstance(play.look(), Hold)
    play.now += timedelta(hours=5)
    assert play.act().rule == "held long"


def test_when_realised_has_been_below_implied_for_long_the_edge_is_gone() -> None:
    play = holding(edge_margin_pct=20.0, edge_for_s=1_800.0)
    rules = []
    for _ in range(75):
        play.wait(60.0)
        rules.append(play.look().rule)
    assert rules.index("edge gone") in range(58, 65)  # half an hour to know it, half an hour of it


def test_an_edge_that_comes_back_is_not_gone() -> None:
    play = holding(edge_margin_pct=20.0, edge_for_s=1_800.0)
    for minute in range(120):
        play.spot = 600.0 + 0.5 * (minute % 2)  # 26% a year
        play.wait(60.0)
        assert isinstance(play.look(), Hold)


def test_without_an_edge_nothing_is_bought() -> None:
    play = Play(ScalpParameters(exits=ExitParameters(edge_margin_pct=20.0)))
    play.refuse(Purpose.ENTRY)
    for _ in range(40):
        play.wait(60.0)
        play.look()
    play.standing = Standing(mode=Mode.LIVE)
    decision = play.look()
    assert decision == Hold("no edge", "realised 0.0% against 15.0% implied")


def test_by_default_the_edge_is_not_asked_for() -> None:
    play = holding()
    for _ in range(150):
        play.wait(60.0)
        assert isinstance(play.look(), Hold)


def test_with_little_gamma_left_it_is_moved() -> None:
    play = holding(restrike_gamma_pct=50.0, stop_pct=0.0, target_pct=0.0)
    play.spot = 620.0
    play.wait(5.0)
    assert isinstance(play.look(), Hold)
    play.spot = 640.0
    assert play.act().rule == "re-strike"


def test_what_was_bought_beside_the_money_is_not_moved_for_that() -> None:
    """Else it would be bought and sold for ever, where a book may enter far from the money."""
    far = Combo([Leg(option("C", 640), 1), Leg(option("P", 640), 1)])
    play = Play(ScalpParameters(exits=ExitParameters(stop_pct=0.0), hedge=UNHEDGED))
    play.shortlist = Shortlist(at=play.now, best=far, why="best")
    play.plan()
    play.fill()
    assert isinstance(play.look(), Hold)
    play.spot = 560.0
    assert play.act().rule == "re-strike"


def test_what_was_found_far_from_the_money_is_moved() -> None:
    play = Play(ScalpParameters(hedge=UNHEDGED))
    play.own((option("C", 640), 1), (option("P", 640), 1))
    assert play.act().rule == "re-strike"


def test_fresh_gamma_is_that_of_a_straddle_at_the_money() -> None:
    play = holding()
    scene = play.scene()
    fresh = fresh_gamma(scene)
    assert fresh is not None
    assert scene.greeks.gamma == pytest.approx(fresh, rel=0.02)


def test_what_would_be_sold_at_once_cannot_be_bought() -> None:
    for given in ({"roll_dte": 21}, {"min_dte": 21, "roll_dte": 0}):
        with pytest.raises(UserError, match="would be sold at once; allowed: less than 21"):
            Play(ScalpParameters(exits=ExitParameters(**given)), evolve(LIMITS, min_dte=21))


def test_rolling_comes_before_selling() -> None:
    with pytest.raises(ValueError, match=r"^roll_dte = 3 is not allowed; allowed: 0, or more than exits.min_dte = 3"):
        ExitParameters(roll_dte=3, min_dte=3)
