"""Quotes that stop, stand still or lie: nothing is traded on them, and trading goes on once they are good again."""

from datetime import timedelta
from pathlib import Path

import pytest
from checks import intents, net_delta, sent, sound
from theatre import CHAIN, MONDAY, Street, Theatre, book

from gamma_scalper.domain.entries import PermitChanged, PlanNotPermitted
from gamma_scalper.domain.orders import Purpose
from gamma_scalper.exchange.faults import Fault, Kind

QUICK = ("sizing.straddles=1", "hedge.policy=fixed", "hedge.band_shares=10", "entry.step_s=2")
BAND = 10.5
RISING = ((0, 600.0), (1, 600.0), (6, 615.0))
PUTS = {each.con_id for each in CHAIN if each.right == "P"}
SETTLED_S = 20  # after which quotes, marks and permits are as before


def test_while_one_leg_is_silent_nothing_is_hedged_and_then_all_of_it(tmp_path: Path) -> None:
    def puts_fall_silent(theatre: Theatre) -> None:
        theatre.street.silent |= PUTS

    def they_are_quoted_again(theatre: Theatre) -> None:
        theatre.street.silent.clear()

    theatre = Theatre(tmp_path, Street(script=RISING), {"spy": book("spy", *QUICK)})
    played = theatre.play(6.5, (1.5, puts_fall_silent), (4.5, they_are_quoted_again))
    sound(played)
    minutes = [minute for minute, _ in sent(played, Purpose.HEDGE)]
    assert not [minute for minute in minutes if 1.6 < minute < 4.5]
    assert [minute for minute in minutes if 4.5 <= minute < 4.5 + SETTLED_S / 60]
    assert abs(net_delta(played)) <= BAND
    assert any(
        refusal.guard == "stale market" and " P is " in refusal.why
        for each in played.entries(PermitChanged)
        for refusal in each.refusals
    )


@pytest.mark.parametrize(
    "kind", [Kind.SILENT_STREAM, Kind.STUCK_STREAM, Kind.COMPETING_10197, Kind.DATA_FARM_2103, Kind.DELAYED_DATA]
)
def test_on_quotes_that_are_none_nothing_is_traded_and_soon_after_it_is_hedged(tmp_path: Path, kind: Kind) -> None:
    bad = Fault(at=MONDAY + timedelta(minutes=1), kind=kind, duration_s=150)
    played = Theatre(tmp_path, Street(script=RISING), {"spy": book("spy", *QUICK)}, faults=[bad]).play(6.5)
    sound(played)
    minutes = [minute for minute, _ in sent(played, Purpose.HEDGE)]
    assert not [minute for minute in minutes if 1.1 < minute < 3.5]
    assert [minute for minute in minutes if 3.5 <= minute < 3.5 + 3 * SETTLED_S / 60]
    assert len(played.entries(PlanNotPermitted)) < 10
    assert abs(net_delta(played)) <= BAND


def test_greeks_of_the_broker_that_are_no_numbers_disturb_no_hedge(tmp_path: Path) -> None:
    poisoned = Fault(at=MONDAY, kind=Kind.POISONED_GREEKS, duration_s=600)
    played = Theatre(tmp_path, Street(script=RISING), {"spy": book("spy", *QUICK)}, faults=[poisoned]).play(6.5)
    sound(played)
    assert len(intents(played, Purpose.HEDGE)) >= 2
    assert abs(net_delta(played)) <= BAND


def test_after_minutes_in_which_nothing_moves_the_account_s_figures_still_hold(tmp_path: Path) -> None:
    """A broker tells only figures that have changed, and now and then that this is all."""
    street = Street(script=((0, 600.0), (7, 600.0), (9, 608.0)))
    played = Theatre(tmp_path, street, {"spy": book("spy", *QUICK)}).play(9.5)
    sound(played)
    assert not played.entries(PlanNotPermitted)
    assert [minute for minute, _ in sent(played, Purpose.HEDGE) if minute > 7]
    assert abs(net_delta(played)) <= BAND
