"""The lamp and its reasons, breakers, and how the mode follows: down soon, up slowly, never above a person's word."""

from datetime import timedelta
from decimal import Decimal

import pytest
from attrs import evolve
from good_day import CALL, NOW, PARAMETERS, PUT, SPY, at_path, good_facts
from immutables import Map

from gamma_scalper.domain.entries import Halted, Mode
from gamma_scalper.domain.ports import Link
from gamma_scalper.domain.snapshots import Holding
from gamma_scalper.risk.breakers import must_exit, tripped
from gamma_scalper.risk.facts import BookFacts, Facts, HedgeRecord, LegDelta
from gamma_scalper.risk.governance import Governance
from gamma_scalper.risk.health import Lamp, health
from gamma_scalper.risk.mode_watch import ModeWatch, followed, told, watched
from gamma_scalper.risk.permit import permit
from gamma_scalper.risk.registry import said_now
from gamma_scalper.risk.state_space import state_space

GOOD = good_facts()


def lamp(facts: Facts) -> Lamp:
    return health(facts, PARAMETERS).lamp


def test_on_a_good_day_the_lamp_is_green_without_reasons():
    assert lamp(GOOD) is Lamp.GREEN
    assert health(GOOD, PARAMETERS).reasons == ()


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("house.link", Link.BLIND),
        ("house.unexplained", (7,)),
        ("house.panic", True),
        ("governance.halts", (Halted("overfilled", "12 of 10"),)),
        ("governance.profit_today", Decimal(-1000)),
        ("governance.marked_at", NOW - timedelta(seconds=61)),
        ("book.imbalance", Decimal(1)),
        ("market.contracts.*.quote", None),
        ("delta.legs", None),
    ],
)
def test_what_stops_trading_is_red_and_says_why(path, value):
    found = health(at_path(GOOD, path, value), PARAMETERS)
    assert found.lamp is Lamp.RED
    assert found.reasons


@pytest.mark.parametrize(
    ("path", "value", "word"),
    [
        ("governance.paused", "lunch, by anna", "lunch"),
        ("governance.rejections", 2, "2 orders"),
        ("governance.hedging", HedgeRecord(today=50), "50 hedges"),
        ("book.holdings", (Holding(SPY, 40),), "without options"),
        ("delta.legs", {CALL.con_id: LegDelta(own=0.6), PUT.con_id: LegDelta(own=-0.4, broker=-0.4)}, "SPY 600 C"),
        ("governance.mode", Mode.OBSERVE, "OBSERVE"),
    ],
)
def test_what_a_person_may_want_to_see_is_yellow(path, value, word):
    found = health(at_path(GOOD, path, value), PARAMETERS)
    assert found.lamp is Lamp.YELLOW
    assert any(word in reason for reason in found.reasons)


def test_a_cooldown_and_a_closed_market_leave_the_lamp_green():
    assert lamp(at_path(GOOD, "governance.hedging", HedgeRecord(today=1, last_at=NOW))) is Lamp.GREEN
    night = at_path(at_path(GOOD, "now", NOW + timedelta(hours=5)), "house.compared_at", NOW + timedelta(hours=5))
    assert lamp(night) is Lamp.GREEN


def test_with_no_facts_at_all_the_lamp_is_red():
    nothing = Facts(now=NOW, book=BookFacts(book="spy", underlying=SPY))
    assert lamp(nothing) is Lamp.RED


# -- breakers ----------------------------------------------------------------------------------------------------------


def test_a_loss_trips_its_breaker_once_and_stays_a_reason_to_exit():
    losing = at_path(GOOD, "governance.profit_today", Decimal(-1000))
    halts = tripped(losing, PARAMETERS)
    assert [halt.breaker for halt in halts] == ["daily loss"]
    latched = at_path(losing, "governance.halts", halts)
    assert tripped(latched, PARAMETERS) == ()
    recovered = at_path(latched, "governance.profit_today", Decimal(50))
    assert "daily loss" in (must_exit(recovered, PARAMETERS) or "")


def test_a_drawdown_trips_too():
    assert "drawdown" in (must_exit(at_path(GOOD, "governance.drawdown", Decimal(2500)), PARAMETERS) or "")


def test_a_loss_that_was_last_seen_a_while_ago_trips_nothing():
    losing = at_path(GOOD, "governance.profit_today", Decimal(-1000))
    assert tripped(at_path(losing, "governance.marked_at", NOW - timedelta(seconds=61)), PARAMETERS) == ()


@pytest.mark.parametrize("value", [None, Decimal(-999)])
def test_nothing_is_sold_for_a_loss_that_is_not_known_or_not_reached(value):
    assert must_exit(at_path(GOOD, "governance.profit_today", value), PARAMETERS) is None


def test_other_halts_are_no_reason_to_exit():
    assert must_exit(at_path(GOOD, "governance.halts", (Halted("rejections", "3"),)), PARAMETERS) is None


# -- the mode ----------------------------------------------------------------------------------------------------------


def after(watch: ModeWatch, *looks: tuple[float, str]) -> list[Mode]:
    """The mode after each look, at so many seconds: good, red or blind."""
    modes = []
    for seconds, how in looks:
        now = NOW + timedelta(seconds=seconds)
        facts = at_path(GOOD, "house.link", Link.BLIND if how == "blind" else Link.READY)
        facts = at_path(facts, "governance.halts", (Halted("x", "y"),) if how == "red" else ())
        contracts = {
            con_id: evolve(each, quote=evolve(each.quote, received_at=now))
            for con_id, each in GOOD.market.contracts.items()
        }
        facts = at_path(at_path(facts, "market.contracts", contracts), "house.compared_at", now)
        facts = at_path(facts, "governance.marked_at", now)
        watch = watched(watch, at_path(facts, "now", now), PARAMETERS)
        modes.append(watch.mode)
    return modes


def test_red_degrades_after_ten_seconds_and_a_minute_without_restores():
    looks = [(0, "red"), (9.9, "red"), (10, "red"), (11, "good"), (70.9, "good"), (71, "good")]
    assert after(ModeWatch(), *looks) == [
        Mode.LIVE,
        Mode.LIVE,
        Mode.DEGRADED,
        Mode.DEGRADED,
        Mode.DEGRADED,
        Mode.LIVE,
    ]


def test_a_flicker_neither_degrades_nor_restores():
    assert after(ModeWatch(), (0, "red"), (9, "red"), (9.5, "good"), (12, "red"), (21, "red"))[-1] is Mode.LIVE
    down = ModeWatch(advised=Mode.DEGRADED)
    assert after(down, (0, "good"), (50, "good"), (55, "red"), (56, "good"), (100, "good"))[-1] is Mode.DEGRADED


def test_only_a_broker_out_of_sight_leads_to_looking_on_since_that_stops_flattening_too():
    assert after(ModeWatch(), (0, "red"), (1000, "red"))[-1] is Mode.DEGRADED
    assert after(ModeWatch(), (0, "blind"), (119, "blind"), (120, "blind")) == [
        Mode.LIVE,
        Mode.DEGRADED,
        Mode.OBSERVE,
    ]


def test_health_never_goes_above_a_persons_word():
    watch = told(ModeWatch(), Mode.EMERGENCY)
    assert set(after(watch, (0, "good"), (100, "good"))) == {Mode.EMERGENCY}
    assert after(told(watch, Mode.LIVE), (0, "good")) == [Mode.LIVE]


def test_looking_on_is_left_once_the_broker_is_back_for_a_minute():
    watch = ModeWatch(advised=Mode.OBSERVE)
    assert after(watch, (0, "good"), (60, "good")) == [Mode.OBSERVE, Mode.LIVE]


def test_looking_on_ends_with_the_broker_in_sight_though_something_else_stays_red():
    """Otherwise a panic file or a halt that nobody has lifted would keep everything from being sold for ever."""
    looks = [(0, "blind"), (120, "blind"), (121, "red"), (180.9, "red"), (181, "red"), (500, "red"), (501, "good")]
    assert after(ModeWatch(), *looks) == [
        Mode.LIVE,
        Mode.OBSERVE,
        Mode.OBSERVE,
        Mode.OBSERVE,
        Mode.DEGRADED,
        Mode.DEGRADED,
        Mode.DEGRADED,
    ]


def test_a_person_who_repeats_a_word_is_heard_too():
    """What is in force is not what the watch had in mind: so somebody else has spoken."""
    down = ModeWatch(advised=Mode.DEGRADED, red_since=NOW)
    by_a_person = Governance(modes=Map(spy=Mode.LIVE), chosen=Map(spy=Mode.LIVE))
    assert followed(down, by_a_person, "spy").mode is Mode.LIVE
    by_itself = Governance(modes=Map(spy=Mode.DEGRADED))
    assert followed(down, by_itself, "spy") is down
    below = Governance(modes=Map(spy=Mode.DEGRADED), chosen=Map(spy=Mode.DEGRADED))
    assert followed(down, below, "spy").ceiling is Mode.DEGRADED


def test_permit_lamp_and_states_are_the_same_from_one_asking_as_from_three():
    for path, value in (("house.panic", True), ("house.link", Link.BLIND), ("delta.legs", None), ("now", NOW)):
        facts = at_path(GOOD, path, value)
        said = said_now(facts, PARAMETERS)
        assert permit(facts, PARAMETERS, said) == permit(facts, PARAMETERS)
        assert health(facts, PARAMETERS, said) == health(facts, PARAMETERS)
        assert state_space(facts, PARAMETERS, said) == state_space(facts, PARAMETERS)


def test_the_watch_says_what_it_went_by():
    red = at_path(GOOD, "house.panic", True)
    watch = watched(ModeWatch(red_since=NOW - timedelta(seconds=30)), red, PARAMETERS)
    assert watch.mode is Mode.DEGRADED
    assert "panic" in watch.why
