"""The gamma scalper from one decision to the next: what it does in which order, and what it remembers."""

from datetime import timedelta
from decimal import Decimal

import orjson
import pytest
from attrs import evolve, fields_dict
from hypothesis import given
from hypothesis import strategies as st
from pictures import CALL, LIMITS, NOON, PUT, SPY, Play, holding_a_straddle, option, quiet_until, session_of

from gamma_scalper.domain.entries import Mode
from gamma_scalper.domain.exits import UserError
from gamma_scalper.domain.fees import FeeParameters
from gamma_scalper.domain.instruments import Combo, Index, Leg
from gamma_scalper.domain.orders import Purpose, Side
from gamma_scalper.domain.pictures import Picture
from gamma_scalper.domain.proposals import Plan, Withdraw
from gamma_scalper.domain.snapshots import Shortlist
from gamma_scalper.pricing.parameters import PricingParameters
from gamma_scalper.strategies.base import Act, Hold, Standing
from gamma_scalper.strategies.campaign import result
from gamma_scalper.strategies.exits import ExitParameters, Leave
from gamma_scalper.strategies.memory import Memory, from_notes, to_notes
from gamma_scalper.strategies.registry import STRATEGIES, made
from gamma_scalper.strategies.scalp_parameters import ScalpParameters


def test_a_first_run_buys_a_straddle_and_hedges_it() -> None:
    play = Play()
    assert play.plan().purpose is Purpose.ENTRY
    play.fill()
    play.spot = 603.0
    act = play.act()
    assert act.rule == "hedge"
    assert isinstance(act.command, Plan)
    (proposal,) = act.command.proposals
    assert (proposal.instrument, proposal.side) == (SPY, Side.SELL)


def test_a_hedge_brings_the_delta_back_into_the_band() -> None:
    play = holding_a_straddle()
    play.spot = 604.0
    play.obey(play.act())
    play.fill()
    judgement = play.judge()
    assert judgement.decision.rule == "inside the band"
    assert judgement.band is not None
    assert judgement.band.low <= play.scene().projected <= judgement.band.high


def test_the_band_is_shown_whatever_is_decided() -> None:
    play = holding_a_straddle()
    assert play.judge().band is not None
    play.standing = Standing(mode=Mode.LIVE, must_exit="loss limit")
    assert play.judge().band is not None


def test_a_picture_without_figures_is_waited_out() -> None:
    play = holding_a_straddle()
    before = play.memory
    decision = play.look(Picture(at=play.now, unusable="the call has no price at all"))
    assert decision == Hold("no picture", "the call has no price at all")
    assert play.memory == before


def test_shares_without_a_quote_are_waited_for() -> None:
    play = holding_a_straddle()
    picture = play.picture()
    assert picture.market is not None
    quotes = [evolve(each, bid=None) if each.con_id == SPY.con_id else each for each in picture.market.quotes]
    decision = play.look(evolve(picture, market=evolve(picture.market, quotes=quotes)))
    assert decision == Hold("no picture", "SPY is not quoted on both sides")


def test_while_the_desk_mends_or_flattens_nothing_is_decided() -> None:
    play = holding_a_straddle()
    play.spot, play.busy = 640.0, "mending a half-filled structure"
    assert play.look() == Hold("desk busy", "mending a half-filled structure")


def test_an_index_has_no_shares_and_still_makes_decisions() -> None:
    play = Play()
    play.plan()
    play.fill()
    index = Index(con_id=SPY.con_id, symbol="SPX")
    view = evolve(play.view(), underlying=index)
    judgement, _ = play.strategy.decide(view, play.memory)
    assert judgement.decision.rule == "nothing to hedge with"


def test_a_hedge_that_works_is_minded_by_the_hedging() -> None:
    play = holding_a_straddle()
    play.spot = 604.0
    play.obey(play.act())
    play.wait(1.0)
    assert play.hold() == "hedge works"
    play.spot = 600.0
    assert isinstance(play.act().command, Withdraw)


def test_must_exit_comes_before_a_hedge_and_before_a_target() -> None:
    play = holding_a_straddle()
    play.spot, play.vol = 606.0, 0.30
    play.standing = Standing(mode=Mode.LIVE, must_exit="1,000 lost today")
    assert play.act().rule == "must exit"


def test_nothing_is_bought_while_the_house_wants_out() -> None:
    play = Play()
    play.standing = Standing(mode=Mode.LIVE, must_exit="1,000 lost today")
    assert play.hold() == "must exit"


def test_a_whole_life_of_a_structure() -> None:
    """Bought, hedged, rolled at its time, bought anew: without a step by hand."""
    play = Play(ScalpParameters(exits=ExitParameters(stop_pct=0.0, target_pct=0.0, restrike_gamma_pct=0.0)))
    quiet_until(play, ["inside the band"])
    play.session = session_of(NOON.date() + timedelta(days=20))
    play.now = play.session.opens + timedelta(hours=1)
    play.spot = 600.0
    expiry = NOON.date() + timedelta(days=51)
    later = Combo([Leg(option("C", 600, expiry, con_id=71), 1), Leg(option("P", 600, expiry, con_id=72), 1)])
    play.shortlist = Shortlist(at=play.now, best=later, why="best of 12")
    rules = [decision.rule for decision in quiet_until(play, ["inside the band"])]
    assert rules[0] == "roll"
    assert "entry" in rules
    assert {each for each in play.holdings if each != SPY.con_id} == {71, 72}


# -- profit ------------------------------------------------------------------------------------------------------------


def test_profit_counts_options_hedges_and_what_was_realised() -> None:
    play = holding_a_straddle()
    play.own((SPY, -10))  # at 600.00
    play.realised -= Decimal(7)
    play.spot = 610.0
    play.look()
    assert play.memory.campaign is not None
    found = result(play.memory.campaign, play.scene())
    assert found is not None
    paid = sum(float(play.paid[each.con_id]) for each in (CALL, PUT))
    quotes = {quote.con_id: quote.mid for quote in play.scene().market.quotes}
    assert found.premium == pytest.approx(100 * paid)
    assert found.profit == pytest.approx(100 * (quotes[CALL.con_id] + quotes[PUT.con_id] - paid) - 100 - 7, abs=0.01)


def test_without_a_price_for_what_is_held_there_is_no_profit() -> None:
    play = holding_a_straddle()
    play.look()
    play.paid.pop(CALL.con_id)
    assert play.memory.campaign is not None
    assert result(play.memory.campaign, play.scene()) is None


# -- restarts ----------------------------------------------------------------------------------------------------------


def test_a_restart_without_notes_goes_on_with_what_is_held() -> None:
    play = holding_a_straddle()
    play.spot = 602.0
    play.look()
    play.memory = play.strategy.begin("")
    assert isinstance(play.look(), Hold | Act)
    assert play.memory.campaign is not None
    assert play.memory.campaign.con_ids == (CALL.con_id, PUT.con_id)
    assert play.memory.campaign.opened_at == play.now


def test_the_premium_is_known_after_a_restart_without_notes() -> None:
    play = holding_a_straddle()
    play.memory = play.strategy.begin("")
    play.look()
    assert play.memory.campaign is not None
    found = result(play.memory.campaign, play.scene())
    assert found is not None
    assert found.premium == pytest.approx(2_066.0)


def test_a_campaign_keeps_its_beginning_over_a_restart() -> None:
    play = holding_a_straddle()
    play.look()
    before = play.memory.campaign
    play.restart()
    play.wait(3_600.0)
    play.look()
    assert play.memory.campaign == before


def test_notes_of_another_structure_are_not_taken_for_this_one() -> None:
    play = holding_a_straddle()
    play.look()
    notes = play.strategy.notes(play.memory)
    other = Play(notes=notes)
    other.own((option("C", 610), 1), (option("P", 610), 1))
    other.wait(600.0)
    other.look()
    assert other.memory.campaign is not None
    assert other.memory.campaign.opened_at == other.now


def test_legs_that_come_one_after_the_other_are_one_campaign() -> None:
    play = Play()
    play.own((CALL, 1))
    play.look()
    began = play.now
    play.wait(5.0)
    play.own((PUT, 1))
    play.look()
    assert play.memory.campaign is not None
    assert play.memory.campaign.opened_at == began
    assert play.memory.campaign.con_ids == (CALL.con_id, PUT.con_id)


def test_an_exit_goes_on_after_a_restart() -> None:
    play = holding_a_straddle(ScalpParameters(exits=ExitParameters(stop_pct=20.0)))
    play.vol = 0.11
    for _ in range(3):
        play.wait(2.0)
        decision = play.look()
    assert decision.rule == "stop"
    play.restart()
    play.vol = 0.15
    play.wait(2.0)
    decision = play.act()
    assert decision.rule == "stop"


def test_a_pause_after_a_stop_outlives_a_restart() -> None:
    play = Play()
    play.memory = evolve(play.memory, reenter_at=play.now + timedelta(minutes=30))
    play.restart()
    assert play.hold() == "waits"


def test_notes_change_seldom() -> None:
    """A quiet afternoon is written down every half hour, and no more."""
    play = holding_a_straddle()
    notes = set()
    for step in range(360):
        play.spot = 600.0 + 0.01 * (step % 7)
        play.look()
        notes.add(play.strategy.notes(play.memory))
        play.wait(30.0)
    assert len(notes) <= 7


def test_a_strategy_that_knows_nothing_notes_nothing() -> None:
    assert to_notes(Memory()) == ""
    assert from_notes("") == Memory()


def test_what_is_noted_comes_back() -> None:
    play = holding_a_straddle()
    for _ in range(40):
        play.wait(60.0)
        play.look()
    memory = evolve(
        play.memory,
        leaving=Leave(rule="night", why="flat over the night", urgent=True, reenter_after_s=5.0, not_before=NOON),
        reenter_at=NOON,
        instructed=((CALL.con_id, NOON.date()),),
    )
    back = from_notes(to_notes(memory))
    for name in ("campaign", "leaving", "reenter_at", "instructed", "noted"):
        assert getattr(back, name) == getattr(memory, name), name
    assert back.realised == memory.noted
    assert back.realised.variance == memory.noted.variance
    forgotten = {"realised", "realised_idle", "sightings", "hedging", "asked", "entry", "exit", "shares"}
    assert forgotten | {"campaign", "leaving", "reenter_at", "instructed", "noted"} == set(fields_dict(Memory))


def test_notes_of_another_schema_are_as_good_as_none() -> None:
    assert from_notes(orjson.dumps({"schema": 99, "campaign": 7}).decode()) == Memory()


@given(st.lists(st.tuples(st.floats(560.0, 640.0), st.floats(0.08, 0.4), st.integers(0, 5)), min_size=1, max_size=25))
def test_whatever_the_market_does_a_decision_is_made_and_no_share_is_naked(
    path: list[tuple[float, float, int]],
) -> None:
    """Spot, volatility, and what the desk makes of it: nothing, a fill, an end, a restart, a refusal."""
    play = Play()
    for spot, vol, happening in path:
        play.spot, play.vol = spot, vol
        play.wait(20.0)
        decision = play.look()
        assert decision.rule
        assert decision.why
        if isinstance(decision, Act) and happening != 4:
            play.obey(decision)
        if happening in (1, 2):
            play.fill()
        elif happening == 3:
            play.restart()
        elif happening == 5:
            for number in list(play.live):
                play.die(number)
        held = play.position()
        assert held.quantity(SPY.con_id) + 100 * held.quantity(CALL.con_id) >= 0
        assert held.quantity(CALL.con_id) in (0, 1)


OTHERS = (SPY, CALL, PUT, option("C", 560), option("P", 640), option("C", 600, NOON.date(), con_id=9))


@given(
    st.dictionaries(st.sampled_from(range(len(OTHERS))), st.integers(-3, 3).filter(bool)),
    st.sets(st.sampled_from([CALL.con_id, PUT.con_id, 56001, 64002, 9])),
    st.sampled_from([Standing(), Standing(mode=Mode.LIVE), Standing(mode=Mode.LIVE, must_exit="limit", paused="p")]),
    st.sampled_from([-10, 30, 380, 389, 500]),
    st.floats(400.0, 900.0),
    st.booleans(),
)
def test_whatever_is_found_at_a_start_a_decision_is_made(
    held: dict[int, int], unquoted: set[int], standing: Standing, minutes: int, spot: float, priced: bool
) -> None:
    """A half-known past, odd positions, missing quotes: it never raises, and it says why."""
    play = Play(pricing=PricingParameters(model="lattice", dividends="2026-11-19 3.00"))
    play.own(*((OTHERS[each], many) for each, many in held.items()))
    play.spot, play.unquoted, play.standing = spot, unquoted, standing
    assert play.session is not None
    play.now = play.session.opens + timedelta(minutes=minutes)
    if not priced:
        play.paid.clear()
    for _ in range(4):
        decision = play.look()
        assert decision.rule
        assert decision.why
        if isinstance(decision, Act):
            play.obey(decision)
            play.fill()
        play.wait(7.0)
        play.restart()


# -- the registry ------------------------------------------------------------------------------------------------------


def test_the_registry_makes_a_gamma_scalper() -> None:
    play = Play()
    strategy = made("gamma_scalp", ScalpParameters(), LIMITS, FeeParameters(), PricingParameters())
    judgement, _ = strategy.decide(play.view(), strategy.begin(""))
    assert judgement.decision.rule == "entry"


def test_an_unknown_name_is_answered_with_those_that_are_known() -> None:
    with pytest.raises(UserError, match="strategy = 'gamma_scalper': there is no such strategy; allowed: gamma_scalp"):
        made("gamma_scalper", ScalpParameters(), LIMITS, FeeParameters(), PricingParameters())
    assert list(STRATEGIES) == ["gamma_scalp"]
