"""What a day may bring, from a quiet one to a crash, and what a scalper has done by its end."""

from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest
from checks import fills, intents, net_delta, sent, sound
from theatre import CHAIN, SHARE, Street, Theatre, book, chain

from gamma_scalper.domain.entries import ModeChanged, PlanNotPermitted
from gamma_scalper.domain.orders import Purpose, Side
from gamma_scalper.domain.strategy_entries import Decided, StateChanged
from gamma_scalper.exchange.tickets import Halt

QUICK = ("sizing.straddles=1", "hedge.policy=fixed", "hedge.band_shares=10", "entry.step_s=2")
BAND = 10.5  # with what half a share and the quotes' own steps make
HALF_DAY = datetime(2025, 11, 28, 17, 52, tzinfo=UTC)  # after Thanksgiving: it closes at 18:00 UTC
OF_THE_HALF_DAY = chain(date(2025, 12, 26), date(2026, 1, 2))
PUTS = {each.con_id for each in CHAIN if each.right == "P"}


def test_a_quiet_market_costs_one_straddle_and_hardly_a_hedge(tmp_path: Path) -> None:
    street = Street(script=((0, 600.0), (3, 600.6), (6, 599.5), (9, 600.1)))
    played = Theatre(tmp_path, street, {"spy": book("spy", *QUICK)}).play(10)
    sound(played)
    call, put = sorted(played.options())
    assert (call + 1, *played.options().values()) == (put, 1, 1)  # the call and the put of one strike
    assert len(fills(played, Purpose.ENTRY)) == 2
    assert len(intents(played, Purpose.HEDGE)) <= 1
    assert abs(net_delta(played)) <= BAND


def test_what_is_paid_for_a_straddle_stays_within_its_spread_and_the_stated_cost(tmp_path: Path) -> None:
    street = Street(option_half_spread=0.05)
    played = Theatre(tmp_path, street, {"spy": book("spy", *QUICK)}).play(1)
    sound(played)
    bought = fills(played, Purpose.ENTRY)
    for fill in bought:
        bid, ask = street.offer(fill.instrument, 0, fill.at)
        assert bid is not None
        assert ask is not None
        assert bid < float(fill.price) <= ask
    assert played.cash < 0
    assert -played.cash <= sum(fill.price * 100 for fill in bought) + Decimal(10)


def test_a_trend_of_8_percent_is_hedged_all_the_way_though_the_other_leg_finds_no_bids_any_more(
    tmp_path: Path,
) -> None:
    street = Street(script=((0, 600.0), (1, 600.0), (26, 648.0)))

    def nobody_bids_for_puts(theatre: Theatre) -> None:
        theatre.street.no_bid |= PUTS

    short_shares_tie_up_half = book("spy", "risk.money.budget=100000", "exits.target_pct=0")
    played = Theatre(tmp_path, street, {"spy": short_shares_tie_up_half}).play(27, (12, nobody_bids_for_puts))
    sound(played)
    blind = [each for each in played.entries(StateChanged) if each.states[1] == "invalid"]
    assert len(blind) <= 2  # before the first quotes
    assert not [each for each in played.entries(Decided)[1:] if each.rule == "no picture"]
    assert not played.entries(PlanNotPermitted)
    hedges = sent(played, Purpose.HEDGE)
    minutes = [minute for minute, _ in hedges]
    assert max(after - before for before, after in pairwise(minutes)) < 4
    assert minutes[-1] > 23
    assert {intent.side for minute, intent in hedges if minute > 1} == {Side.SELL}  # what gamma earns is sold high
    assert played.shares() < -120
    assert abs(net_delta(played)) < 15


def test_in_a_halt_nothing_is_sent_and_after_it_the_whole_fall_is_hedged_at_once(tmp_path: Path) -> None:
    """It falls by 6% within a minute, and most of that while nobody can trade."""
    street = Street(script=((0, 600.0), (4, 600.0), (5, 564.0)))

    def halt(theatre: Theatre) -> None:
        theatre.gateway.do(Halt(SHARE.con_id, 180))

    settings = (*QUICK, "exits.restrike_gamma_pct=0")
    played = Theatre(tmp_path, street, {"spy": book("spy", *settings)}).play(9, (4.4, halt))
    sound(played)
    minutes = [minute for minute, _ in sent(played)]
    assert [minute for minute in minutes if 4 < minute < 4.4]
    assert not [minute for minute in minutes if 4.41 < minute < 7.4]
    assert [intent.side for minute, intent in sent(played, Purpose.HEDGE) if minute > 7.4] == [Side.BUY]
    assert 7.4 < minutes[-1] < 8
    assert played.shares() > 70
    assert abs(net_delta(played)) <= BAND
    assert any("stale" in each.why for each in played.entries(ModeChanged))


def test_a_book_that_is_flat_over_the_weekend_has_sold_before_an_early_close(tmp_path: Path) -> None:
    settings = (*QUICK, "nights.weekend=flatten", "nights.flatten_before_s=240", "risk.hours.before_close_s=300")
    street = Street(script=((0, 600.0), (4, 606.0)))
    theatre = Theatre(tmp_path, street, {"spy": book("spy", *settings)}, start=HALF_DAY, options=OF_THE_HALF_DAY)
    played = theatre.play(9)
    sound(played)
    assert fills(played, Purpose.ENTRY)
    assert not played.account
    assert 4 <= sent(played)[-1][0] < 8


def test_after_an_early_close_nothing_is_traded_whatever_the_quotes_say(tmp_path: Path) -> None:
    street = Street(script=((0, 600.0), (1, 600.0), (6, 608.0), (8, 608.0), (10, 620.0)))
    settings = (*QUICK, "risk.hours.before_close_s=300")
    theatre = Theatre(tmp_path, street, {"spy": book("spy", *settings)}, start=HALF_DAY, options=OF_THE_HALF_DAY)
    played = theatre.play(12)
    sound(played)
    assert played.options()
    assert sent(played, Purpose.HEDGE)
    assert sent(played)[-1][0] < 8
    assert net_delta(played) > 20  # as it was left
    assert played.entries(Decided)[-1].rule == "market closed"


def test_before_an_event_nothing_is_bought(tmp_path: Path) -> None:
    settings = (*QUICK, "risk.events.dates=2026-01-13")
    played = Theatre(tmp_path, Street(), {"spy": book("spy", *settings)}).play(3)
    sound(played)
    assert played.error is None
    assert not intents(played)
    assert any(each.rule == "no entry" and "2026-01-13" in each.why for each in played.entries(Decided))


def test_before_an_event_what_is_held_is_hedged_on(tmp_path: Path) -> None:
    first = Theatre(tmp_path, Street(), {"spy": book("spy", *QUICK)})
    held = first.play(1).options()
    assert held
    street = Street(script=((0, 600.0), (4, 612.0)))
    settings = (*QUICK, "risk.events.dates=2026-01-13")
    played = Theatre(tmp_path, street, {"spy": book("spy", *settings)}, engine=first.engine).play(5)
    sound(played)
    assert played.options() == held
    assert {intent.purpose for _, intent in sent(played)} == {Purpose.HEDGE}
    assert abs(net_delta(played)) <= BAND


@pytest.mark.parametrize("to", [552.0, 648.0])
def test_a_shipped_book_has_the_money_to_hedge_all_of_what_it_buys(tmp_path: Path, to: float) -> None:
    """Though its options can't be moved to a new strike in time."""
    settings = ("exits.restrike_gamma_pct=0", "entry.step_s=2")
    street = Street(script=((0, 600.0), (1, 600.0), (5, to)))
    played = Theatre(tmp_path, street, {"spy": book("spy", *settings)}).play(6)
    sound(played)
    assert not played.entries(PlanNotPermitted)
    assert abs(played.shares()) > 165
    assert abs(net_delta(played)) < 15
