"""How a structure is got out of, and what comes after it."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from exiting import UNHEDGED, confirmed, holding, order
from pictures import CALL, PUT, SPY, Play, option, quiet_until

from gamma_scalper.domain.entries import Mode
from gamma_scalper.domain.instruments import Combo, Option, Stock
from gamma_scalper.domain.orders import Limit, Order, Purpose, Side
from gamma_scalper.domain.proposals import Plan, Reprice
from gamma_scalper.strategies.base import Act, Hold, Standing
from gamma_scalper.strategies.exits import ExitParameters
from gamma_scalper.strategies.hedge_parameters import HedgeParameters
from gamma_scalper.strategies.scalp_parameters import ScalpParameters


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
    play.unquoted = {CALL.con_id, PUT.con_id}
    decision = play.look()
    assert isinstance(decision, Hold)
    assert decision.rule == "must exit waits"
    assert "can't be traded" in decision.why


@pytest.mark.parametrize(("unquoted", "first"), [(CALL, (PUT, Side.SELL)), (PUT, (SPY, Side.BUY))])
def test_a_leg_is_sold_alone_where_the_other_cannot_be_and_no_share_is_left_short_without_its_call(
    unquoted: Option, first: tuple[Stock | Option, Side]
) -> None:
    play = holding(stop_pct=20.0)
    play.own((SPY, -30))
    play.vol, play.standing = 0.11, Standing(mode=Mode.LIVE, must_exit="loss limit")
    play.unquoted = {unquoted.con_id}
    command = play.act().command
    assert isinstance(command, Plan)
    assert [(each.instrument, each.side) for each in command.proposals] == [first]


def test_a_leg_that_nobody_bids_for_is_no_reason_to_keep_the_other() -> None:
    play = holding(stop_pct=0.0)
    play.spot = 900.0  # the put is quoted 0 x 0.02
    play.standing = Standing(mode=Mode.LIVE, must_exit="loss limit")
    assert order(play, play.act()) == (CALL, Side.SELL, 1)


def test_what_cannot_be_sold_is_hedged_meanwhile() -> None:
    play = holding(hedge=HedgeParameters(policy="fixed", band_shares=9.0), stop_pct=0.0)
    play.standing = Standing(mode=Mode.LIVE, must_exit="loss limit")
    play.spot, play.unquoted = 605.0, {CALL.con_id, PUT.con_id}
    decision = play.act()
    assert decision.rule == "hedge"


def test_what_waits_for_newer_quotes_to_be_sold_is_hedged_meanwhile() -> None:
    play = holding(hedge=HedgeParameters(policy="fixed", band_shares=9.0), stop_pct=0.0)
    play.standing = Standing(mode=Mode.LIVE, must_exit="loss limit")
    play.spot, play.options_quoted_at = 605.0, play.now - timedelta(seconds=3)
    assert play.act().rule == "hedge"
    play.options_quoted_at = None
    assert play.act().rule == "must exit"


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


def test_a_leg_that_is_left_is_sold_at_once() -> None:
    """Half a straddle is no position to wait with."""
    play = holding(form="legs", target_pct=15.0)
    play.vol, play.half = 0.19, 0.10
    play.obey(confirmed(play, "target"))
    first, second = play.live
    play.fill(first)
    play.die(second)
    play.wait(6.0)
    command = play.act().command
    assert isinstance(command, Plan)
    assert isinstance(command.proposals[0].pricing, Limit)
    assert float(command.proposals[0].pricing.price) == pytest.approx(command.quotes[0].bid)


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
