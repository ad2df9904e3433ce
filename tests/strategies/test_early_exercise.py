"""Options that are worth more exercised tonight than kept."""

from datetime import date, timedelta
from typing import Any

import pytest
from pictures import CALL, DAY, NOON, PUT, SPY, Play, option, session_of, worth

from gamma_scalper.domain.entries import Mode
from gamma_scalper.domain.orders import Purpose
from gamma_scalper.domain.proposals import Instruct
from gamma_scalper.pricing.parameters import PricingParameters
from gamma_scalper.strategies.base import Act, Standing
from gamma_scalper.strategies.exits import ExitParameters
from gamma_scalper.strategies.scalp_parameters import ScalpParameters

DEEP = option("C", 540)
TOMORROW = PricingParameters(model="lattice", dividends="2026-11-19 3.00")
OFF = {"stop_pct": 0.0, "target_pct": 0.0, "restrike_gamma_pct": 0.0, "roll_dte": 0}


def holding(*held: Any, pricing: PricingParameters = TOMORROW, minutes: float = 10.0, **given: Any) -> Play:
    """A call deep in the money, ten minutes before the close of the last session before the ex-date."""
    play = Play(ScalpParameters(exits=ExitParameters(**{**OFF, **given})), pricing=pricing)
    play.now = session_of(DAY).closes - timedelta(minutes=minutes)
    play.own(*(held or ((DEEP, 2), (option("P", 540), 2))))
    play.own((SPY, -200))  # the delta of the calls
    return play


def instructed(play: Play) -> Instruct | None:
    decision = play.look()
    return decision.command if isinstance(decision, Act) and isinstance(decision.command, Instruct) else None


def test_a_deep_call_is_exercised_on_the_evening_before_the_ex_date() -> None:
    found = instructed(holding())
    assert found is not None
    assert (found.option, found.contracts) == (DEEP, 2)
    assert "a share more exercised today than on 2026-11-19" in found.why


def test_what_is_gained_is_the_dividend_less_a_months_interest_and_what_protection_is_worth() -> None:
    """3.00 less 540 at 4% for 30 days less a put far out of the money."""
    found = instructed(holding(exercise_gain=0.0))
    assert found is not None
    gain = float(found.why.split(" is worth ")[1].split()[0])
    put = worth(option("P", 540), 600.0, 0.15, NOON).greeks.price
    assert gain == pytest.approx(3.00 - 540 * 0.04 * 30 / 365 - put, abs=0.02)


def test_what_a_second_dividend_would_add_is_not_counted_where_it_can_be_had_later() -> None:
    """With another ex-date in the life, waiting for that costs a week's interest and no more."""
    two = PricingParameters(model="lattice", dividends="2026-11-19 3.00, 2026-11-26 3.00")
    found = instructed(holding(pricing=two, exercise_gain=0.0))
    assert found is not None
    gain = float(found.why.split(" is worth ")[1].split()[0])
    assert gain == pytest.approx(3.00 - 540 * 0.04 * 8 / 365, abs=0.02)


def test_a_call_whose_put_nobody_has_priced_is_kept() -> None:
    assert instructed(holding((DEEP, 2))) is None


def test_nothing_is_exercised_at_noon() -> None:
    assert instructed(holding(minutes=240.0)) is None


def test_nothing_is_exercised_two_sessions_before() -> None:
    later = PricingParameters(model="lattice", dividends="2026-11-20 3.00")
    assert instructed(holding(pricing=later)) is None


def test_the_last_session_before_a_monday_is_friday() -> None:
    monday = PricingParameters(model="lattice", dividends="2026-11-23 3.00")
    play = holding(pricing=monday)
    play.session = session_of(date(2026, 11, 20))
    play.now = play.session.closes - timedelta(minutes=10)
    assert instructed(play) is not None


def test_a_call_at_the_money_is_kept() -> None:
    assert instructed(holding((CALL, 2), (PUT, 2))) is None


def test_without_a_dividend_a_call_is_kept() -> None:
    assert instructed(holding(pricing=PricingParameters(model="lattice"))) is None


def test_so_little_gain_is_not_worth_it() -> None:
    assert instructed(holding(exercise_gain=150.0)) is None


def test_it_can_be_switched_off() -> None:
    assert instructed(holding(exercise=False)) is None


def test_a_deep_put_whose_interest_is_lost_is_exercised() -> None:
    deep = option("P", 700)
    play = holding((deep, 1), pricing=PricingParameters(model="lattice"))
    found = instructed(play)
    assert found is not None
    assert found.option == deep
    assert "0.08 $ a share more" in found.why  # 700 at 4% for a night


def test_a_put_with_time_value_is_kept() -> None:
    assert instructed(holding((option("P", 610), 1), pricing=PricingParameters(model="lattice"))) is None


def test_on_the_day_of_expiry_nobody_has_to_be_told() -> None:
    deep = option("P", 700, DAY)
    play = holding((deep, 1), pricing=PricingParameters(model="lattice"))
    play.unquoted = {deep.con_id}  # so that it can't be sold
    assert play.look().rule == "near expiry waits"


def test_it_is_instructed_once_a_day() -> None:
    play = holding()
    assert instructed(play) is not None
    play.wait(5.0)
    assert instructed(play) is None


def test_a_restart_does_not_instruct_it_again() -> None:
    play = holding()
    assert instructed(play) is not None
    play.restart()
    play.wait(5.0)
    assert instructed(play) is None


def test_it_is_asked_for_though_the_house_refuses_so_that_a_person_hears_of_it() -> None:
    play = holding()
    play.standing = Standing(mode=Mode.OBSERVE)
    play.refuse(Purpose.EXIT, Purpose.HEDGE)
    assert instructed(play) is not None


def test_what_was_sold_short_is_not_ours_to_exercise() -> None:
    assert instructed(holding((DEEP, -2), (option("P", 540), 2))) is None
