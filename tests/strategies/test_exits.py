"""When a structure is sold, and how it is got out of."""

import math
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve
from pictures import CALL, LIMITS, PUT, SPY, Play, holding_a_straddle, option, quiet_until, session_of

from gamma_scalper.domain.entries import Mode
from gamma_scalper.domain.exits import UserError
from gamma_scalper.domain.instruments import Combo, Leg, Stock
from gamma_scalper.domain.orders import Limit, Order, Purpose, Side
from gamma_scalper.domain.proposals import Plan, Reprice
from gamma_scalper.domain.snapshots import Shortlist
from gamma_scalper.strategies.base import Act, Hold, Standing
from gamma_scalper.strategies.exits import ExitParameters, fresh_gamma
from gamma_scalper.strategies.hedge_parameters import HedgeParameters
from gamma_scalper.strategies.scalp_parameters import ScalpParameters

UNHEDGED = HedgeParameters(policy="fixed", band_shares=1e6)  # so that a test sees exits alone


def holding(*, hedge: HedgeParameters = UNHEDGED, **given: Any) -> Play:
    play = holding_a_straddle(ScalpParameters(exits=ExitParameters(**given), hedge=hedge))
    play.wait(60.0)
    assert isinstance(play.look(), Hold)
    return play


def confirmed(play: Play, rule: str) -> Act:
    """What the third picture in a row, two seconds after the first, makes of it."""
    for _ in range(2):
        assert isinstance(play.look(), Hold)
        play.wait(1.0)
    decision = play.act()
    assert decision.rule == rule
    return decision


def order(play: Play, act: Act) -> tuple[Any, Side, Decimal]:
    assert isinstance(act.command, Plan)
    (proposal,) = act.command.proposals
    assert proposal.purpose is Purpose.EXIT
    return proposal.instrument, proposal.side, proposal.quantity


# -- when --------------------------------------------------------------------------------------------------------------


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


# -- how ---------------------------------------------------------------------------------------------------------------


def test_without_shares_the_straddle_is_sold_as_one_order() -> None:
    play = holding(stop_pct=20.0)
    play.vol = 0.11
    instrument, side, quantity = order(play, confirmed(play, "stop"))
    assert isinstance(instrument, Combo)
    assert (side, quantity) == (Side.SELL, 1)


def test_a_stop_is_at_the_bids_and_a_target_starts_at_the_middle() -> None:
    limits = []
    for vol, rule in ((0.11, "stop"), (0.19, "target")):
        play = holding(stop_pct=15.0, target_pct=15.0)
        play.vol, play.half = vol, 0.05
        command = confirmed(play, rule).command
        assert isinstance(command, Plan)
        assert isinstance(command.proposals[0].pricing, Limit)
        mids = sum(quote.mid for quote in command.quotes)
        limits.append(mids - float(command.proposals[0].pricing.price))
    assert limits == [pytest.approx(0.10, abs=0.011), pytest.approx(0.0, abs=0.011)]


def test_short_shares_are_bought_back_before_the_options_go() -> None:
    """No share is short without its call, not even for a moment."""
    play = holding(stop_pct=20.0)
    play.own((SPY, -30))
    play.vol = 0.11
    act = confirmed(play, "stop")
    assert order(play, act) == (SPY, Side.BUY, 30)
    play.obey(act)
    play.fill()
    instrument, side, _ = order(play, play.act())
    assert isinstance(instrument, Combo)
    assert side is Side.SELL


def test_a_buy_back_that_did_not_fill_is_tried_again_and_no_option_goes_before() -> None:
    play = holding()
    play.own((SPY, -30))
    play.standing = Standing(mode=Mode.LIVE, must_exit="loss limit")
    play.obey(play.act())
    play.wait(1.0)
    assert play.hold() == "exit works"
    play.die(play.number)
    play.wait(1.0)
    assert play.hold() == "must exit waits"
    play.wait(4.0)
    assert order(play, play.act()) == (SPY, Side.BUY, 30)


@pytest.mark.parametrize(("shares", "price"), [(-30, "600.15"), (30, "599.85")])
def test_shares_go_by_a_limit_through_the_touch(shares: int, price: str) -> None:
    play = Play(ScalpParameters(exits=ExitParameters(share_ticks=10)))
    play.share_half = 0.05
    play.own((SPY, shares))
    command = play.act().command
    assert isinstance(command, Plan)
    assert command.proposals[0].pricing == Limit(Decimal(price))


def test_long_shares_are_sold_after_the_options() -> None:
    """They hedge the options as long as these are there."""
    play = holding(stop_pct=20.0)
    play.own((SPY, 30))
    play.vol = 0.11
    act = confirmed(play, "stop")
    assert isinstance(order(play, act)[0], Combo)
    play.obey(act)
    play.fill()
    act = play.act()
    assert act.rule == "stop"
    assert order(play, act) == (SPY, Side.SELL, 30)


def test_what_cannot_be_sold_keeps_its_hedge() -> None:
    play = holding(stop_pct=20.0)
    play.own((SPY, -30))
    play.vol, play.standing = 0.11, Standing(mode=Mode.LIVE, must_exit="loss limit")
    play.unquoted = {PUT.con_id}
    decision = play.look()
    assert isinstance(decision, Hold)
    assert decision.rule == "must exit waits"
    assert "can't be traded" in decision.why


def test_what_cannot_be_sold_is_hedged_meanwhile() -> None:
    play = holding(hedge=HedgeParameters(policy="fixed", band_shares=9.0), stop_pct=0.0)
    play.standing = Standing(mode=Mode.LIVE, must_exit="loss limit")
    play.spot, play.unquoted = 605.0, {PUT.con_id}
    decision = play.act()
    assert decision.rule == "hedge"


def test_an_exit_steps_to_the_bids_and_is_then_tried_again() -> None:
    play = holding(target_pct=15.0, retry_after_s=60.0)
    play.vol, play.half = 0.19, 0.10
    play.obey(confirmed(play, "target"))
    began, rules = play.now, []
    while play.now < began + timedelta(seconds=61):
        play.wait(1.0)
        decision = play.look()
        if isinstance(decision, Act):
            rules.append(decision.rule)
            play.obey(decision)
    assert rules == ["target step", "target step", "target given up", "target"]


def test_an_exit_once_begun_is_finished_though_the_reason_has_gone() -> None:
    play = holding(stop_pct=20.0)
    play.vol = 0.11
    play.obey(confirmed(play, "stop"))
    play.die(play.number)
    play.vol = 0.15
    play.wait(60.0)
    assert play.act().rule == "stop"


def test_an_exit_that_works_becomes_urgent_when_the_house_wants_it() -> None:
    play = holding(target_pct=15.0)
    play.vol, play.half = 0.19, 0.10
    play.obey(confirmed(play, "target"))
    before = play.limits[play.number]
    play.standing = Standing(mode=Mode.LIVE, must_exit="loss limit")
    play.wait(5.0)
    command = play.act().command
    assert isinstance(command, Reprice)
    assert isinstance(command.pricing, Limit)
    assert before - command.pricing.price == pytest.approx(Decimal("0.20"), abs=Decimal("0.02"))


def test_the_house_may_want_an_exit() -> None:
    play = holding()
    play.standing = Standing(mode=Mode.LIVE, must_exit="1,000 lost today")
    act = play.act()
    assert (act.rule, act.why) == ("must exit", "1,000 lost today")


def test_when_the_house_takes_it_back_nothing_is_sold() -> None:
    play = holding()
    play.standing = Standing(mode=Mode.LIVE, must_exit="1,000 lost today")
    play.obey(play.act())
    play.die(play.number)
    play.standing = Standing(mode=Mode.LIVE)
    play.wait(60.0)
    assert isinstance(play.look(), Hold)


def test_an_exit_the_house_refuses_waits() -> None:
    play = holding()
    play.standing = Standing(mode=Mode.OBSERVE, must_exit="loss limit")
    play.refuse(Purpose.EXIT, why="the mode is OBSERVE")
    decision = play.look()
    assert decision.rule == "must exit waits"
    assert "the mode is OBSERVE" in decision.why


def test_nothing_is_sold_while_the_market_is_closed() -> None:
    play = holding()
    play.standing = Standing(mode=Mode.LIVE, must_exit="loss limit")
    play.now = datetime(2026, 11, 18, 22, 0, tzinfo=UTC)
    assert play.hold() == "must exit waits"


def test_legs_can_be_sold_one_by_one() -> None:
    play = holding(form="legs", stop_pct=20.0)
    play.vol = 0.11
    command = confirmed(play, "stop").command
    assert isinstance(command, Plan)
    assert [proposal.instrument for proposal in command.proposals] == [CALL, PUT]


def test_what_has_no_partner_is_sold_alone() -> None:
    play = Play(ScalpParameters(hedge=UNHEDGED))
    play.own((CALL, 3), (PUT, 2))
    play.standing = Standing(mode=Mode.LIVE, must_exit="loss limit")
    first = play.act()
    instrument, _, quantity = order(play, first)
    assert (isinstance(instrument, Combo), quantity) == (True, 2)
    play.obey(first)
    play.fill()
    play.wait(10.0)
    assert order(play, play.act()) == (CALL, Side.SELL, 1)


def test_what_was_sold_short_is_bought_back_first() -> None:
    play = Play(ScalpParameters(hedge=UNHEDGED))
    far = option("C", 620)
    play.own((CALL, 1), (far, -1))
    play.standing = Standing(mode=Mode.LIVE, must_exit="loss limit")
    assert order(play, play.act()) == (far, Side.BUY, 1)


@pytest.mark.parametrize("shares", [-40, 40])
def test_every_exit_only_reduces_and_leaves_nothing_naked(shares: int) -> None:
    """Followed to its end: at no point are shares short that no call covers."""
    play = holding(stop_pct=20.0)
    play.own((SPY, shares))
    play.vol = 0.11
    play.obey(confirmed(play, "stop"))
    while play.holdings or play.live:
        number, (living,) = play.number, play.live.values()
        assert _reduces(play, living)
        play.fill(number)
        held, calls = play.position().quantity(SPY.con_id), play.position().quantity(CALL.con_id)
        assert held + 100 * calls >= 0
        decision = play.look()
        if isinstance(decision, Act):
            play.obey(decision)
        play.wait(1.0)


def _reduces(play: Play, living: Order) -> bool:
    what, change = living.intent.instrument, living.signed_remaining
    legs = [what] if isinstance(what, Stock) else [leg.instrument for leg in getattr(what, "legs", ())] or [what]
    return all(
        play.position().quantity(leg.con_id) * change < 0 and abs(play.position().quantity(leg.con_id)) >= abs(change)
        for leg in legs
    )


# -- and after ---------------------------------------------------------------------------------------------------------


def flat_after(play: Play, rule: str) -> None:
    decision = play.act()
    assert decision.rule == rule
    play.obey(decision)
    play.fill()


def test_after_a_stop_the_next_entry_waits() -> None:
    play = holding(stop_pct=20.0, reentry_after_s=900.0)
    play.vol = 0.11
    play.obey(confirmed(play, "stop"))
    play.fill()
    assert play.hold() == "waits"
    play.wait(899.0)
    assert play.hold() == "waits"
    play.wait(2.0)
    assert play.act().rule == "entry"


def test_after_a_re_strike_it_is_bought_anew_at_once() -> None:
    play = holding(stop_pct=0.0, target_pct=0.0)
    play.spot = 640.0
    flat_after(play, "re-strike")
    assert play.act().rule == "entry"


def test_after_somebody_else_sold_it_the_next_entry_waits_too() -> None:
    play = holding(reentry_after_s=900.0)
    play.holdings.clear()
    play.paid.clear()
    assert play.hold() == "waits"


def test_a_profit_of_one_structure_is_none_of_the_next() -> None:
    """What the first earned does not bring the second to its target."""
    play = holding(target_pct=15.0, reentry_after_s=0.0)
    play.vol = 0.19
    play.obey(confirmed(play, "target"))
    play.fill()
    quiet_until(play, ["inside the band"])
    assert play.memory.campaign is not None
    assert play.memory.campaign.realised_before > 300
    for _ in range(5):
        play.wait(5.0)
        assert isinstance(play.look(), Hold)


def test_shares_without_options_are_reduced() -> None:
    for shares, side in ((100, Side.SELL), (-100, Side.BUY)):
        play = Play()
        play.own((SPY, shares))
        act = play.act()
        assert act.rule == "orphan"
        assert order(play, act) == (SPY, side, 100)


def test_shares_without_options_are_reduced_though_the_book_is_paused() -> None:
    play = Play()
    play.own((SPY, 100))
    play.standing = Standing(mode=Mode.LIVE, paused="by hand")
    assert play.act().rule == "orphan"


def test_shares_without_options_wait_for_the_market() -> None:
    play = Play()
    play.own((SPY, 100))
    play.now = datetime(2026, 11, 18, 22, 0, tzinfo=UTC)
    assert play.hold() == "orphan waits"


def test_shares_without_options_wait_where_the_house_refuses() -> None:
    play = Play()
    play.own((SPY, 100))
    play.refuse(Purpose.EXIT, why="the link is down")
    assert play.hold() == "orphan waits"


def test_what_would_be_sold_at_once_cannot_be_bought() -> None:
    for given in ({"roll_dte": 21}, {"min_dte": 21, "roll_dte": 0}):
        with pytest.raises(UserError, match="would be sold at once; allowed: less than 21"):
            Play(ScalpParameters(exits=ExitParameters(**given)), evolve(LIMITS, min_dte=21))


def test_rolling_comes_before_selling() -> None:
    with pytest.raises(ValueError, match=r"^roll_dte = 3 is not allowed; allowed: 0, or more than exits.min_dte = 3"):
        ExitParameters(roll_dte=3, min_dte=3)
