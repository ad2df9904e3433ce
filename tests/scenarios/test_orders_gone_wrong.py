"""Orders that fill by halves, are refused, or are on their way while the line is cut."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from checks import fills, intents, net_delta, sent, sound
from theatre import ACCOUNT, CHAIN, MONDAY, SHARE, Played, Street, Theatre, book

from gamma_scalper.domain.entries import Halted, HaltLifted, Ordered, PlanNotPermitted
from gamma_scalper.domain.orders import Purpose, Side
from gamma_scalper.domain.ports import OrderReport
from gamma_scalper.exchange.faults import Fault, Kind

QUICK = ("sizing.straddles=1", "hedge.policy=fixed", "hedge.band_shares=10", "entry.step_s=2")
LEGS = (*QUICK, "entry.form=legs", "entry.patience_s=15")
BAND = 10.5
RISING = ((0, 600.0), (1, 600.0), (5, 612.0))
PUTS = {each.con_id for each in CHAIN if each.right == "P"}


async def _nobody_offers_puts(theatre: Theatre) -> None:
    """Once the straddle is ordered."""
    while not theatre.engine.open_orders(ACCOUNT):
        await theatre.clock.sleep(0.05)
    theatre.street.no_offer |= PUTS


def _nobody_bids_for_calls(theatre: Theatre) -> None:
    theatre.street.no_bid |= {each.con_id for each in CHAIN if each.right == "C"}


def _all_are_quoted_again(theatre: Theatre) -> None:
    theatre.street.no_offer.clear()
    theatre.street.no_bid.clear()


def _a_person_lifts_the_halt(theatre: Theatre) -> None:
    theatre.tell("lift", "rejections", "spy")


def _naked_s(played: Played) -> float:
    """For how long there was a call and no put."""
    call, last = fills(played)[0], fills(played)[1]
    return (last.at - call.at).total_seconds()


def test_half_a_straddle_is_sold_again_where_nobody_offers_the_rest(tmp_path: Path) -> None:
    theatre = Theatre(tmp_path, Street(script=((0, 600.0), (3, 602.0))), {"spy": book("spy", *LEGS)})
    played = theatre.play(2, (0, _nobody_offers_puts))
    sound(played)
    assert [fill.instrument.con_id in PUTS for fill in fills(played, Purpose.ENTRY)] == [False]
    (unwound,) = fills(played, Purpose.REPAIR)
    assert unwound.side is Side.SELL
    assert not played.account
    assert _naked_s(played) <= 16  # the entry's patience, and a moment
    assert played.cash > -20


def test_half_a_straddle_is_completed_where_the_rest_is_offered_again_and_not_dear(tmp_path: Path) -> None:
    """For a while it can be neither completed nor sold again."""
    theatre = Theatre(tmp_path, Street(script=((0, 600.0), (3, 602.0))), {"spy": book("spy", *LEGS)})
    acts = (0, _nobody_offers_puts), (13 / 60, _nobody_bids_for_calls), (24 / 60, _all_are_quoted_again)
    played = theatre.play(2, *acts)
    sound(played)
    assert sorted(played.options().values()) == [1, 1]
    assert {fill.side for fill in fills(played)} == {Side.BUY}
    assert [fill.instrument.con_id in PUTS for fill in fills(played, Purpose.REPAIR)] == [True]
    assert _naked_s(played) <= 20
    assert abs(net_delta(played)) <= BAND


def test_a_hedge_that_is_refused_is_tried_again_after_the_cooldown_and_no_sooner(tmp_path: Path) -> None:
    street = Street(script=RISING)
    theatre = Theatre(tmp_path, street, {"spy": book("spy", *QUICK)}, faults=_refusals(Kind.REJECT_201, 1))
    played = theatre.play(6)
    sound(played)
    (refused,) = [each for each in played.entries(OrderReport) if each.code == 201]
    hedges = sent(played, Purpose.HEDGE)
    assert str(hedges[0][1].id) == refused.order_ref
    assert hedges[1][0] - hedges[0][0] > 9.9 / 60
    assert len(fills(played, Purpose.HEDGE)) == len(hedges) - 1
    assert not played.entries(Halted)
    assert abs(net_delta(played)) <= BAND


def test_three_refused_hedges_halt_the_book_until_a_person_lifts_it(tmp_path: Path) -> None:
    """No storm of orders, whatever the delta; and the journal says what was refused."""
    theatre = Theatre(tmp_path, Street(script=RISING), {"spy": book("spy", *QUICK)}, faults=_refusals(Kind.INACTIVE, 3))
    played = theatre.play(7, (6, _a_person_lifts_the_halt))
    sound(played)
    assert [each.breaker for each in played.entries(Halted)] == ["rejections"]
    assert played.entries(HaltLifted)
    minutes = [minute for minute, _ in sent(played, Purpose.HEDGE)]
    assert len([minute for minute in minutes if minute < 6]) == 3
    assert len(minutes) == 4
    assert len(played.entries(PlanNotPermitted)) < 10
    assert abs(net_delta(played)) <= BAND


@pytest.mark.parametrize("kind", [Kind.SOCKET_DROP, Kind.DISCONNECT_1101, Kind.DISCONNECT_1102])
def test_a_hedge_that_fills_while_the_line_is_cut_counts_once_and_is_not_sent_again(tmp_path: Path, kind: Kind) -> None:
    """The street is the same up to the first hedge, so that a rehearsal tells when that is on its way."""
    (tmp_path / "rehearsal").mkdir()
    (tmp_path / "play").mkdir()
    street = Street(script=RISING)
    rehearsal = Theatre(tmp_path / "rehearsal", street, {"spy": book("spy", *QUICK)}).play(3.6)
    at = _ordered_at(rehearsal)
    cut = Fault(at=at + timedelta(milliseconds=50), kind=kind, duration_s=20)
    played = Theatre(tmp_path / "play", street, {"spy": book("spy", *QUICK)}, faults=[cut]).play(6)
    sound(played)
    first = fills(played, Purpose.HEDGE)[0]
    (executed,) = [each for each, _ in played.engine.executions(ACCOUNT) if each.exec_id == first.exec_id]
    assert executed.at - at == timedelta(milliseconds=150)  # on the exchange, while nobody was told
    (written,) = [row.at for row in played.rows if row.entry == first]
    assert written - at > timedelta(seconds=15)
    wanted = sum((intent.side.sign * intent.quantity for intent in intents(played, Purpose.HEDGE)), Decimal(0))
    assert played.account[SHARE.con_id] == wanted
    assert not [minute for minute, _ in sent(played) if at < played.began + timedelta(minutes=minute) <= written]
    assert abs(net_delta(played)) <= BAND


def test_a_hedge_nobody_answers_is_not_sent_a_second_time(tmp_path: Path) -> None:
    """It never reached the exchange, and for as long as that is not known nothing else is hedged."""
    lost = Fault(at=_minute(1), kind=Kind.LOST_ORDER)
    played = Theatre(tmp_path, Street(script=RISING), {"spy": book("spy", *QUICK)}, faults=[lost]).play(8)
    sound(played)
    hedges = sent(played, Purpose.HEDGE)
    assert len(fills(played, Purpose.HEDGE)) == len(hedges) - 1
    assert hedges[1][0] - hedges[0][0] > 10 / 60
    assert abs(net_delta(played)) <= BAND


def _refusals(kind: Kind, times: int) -> Sequence[Fault]:
    return [Fault(at=_minute(1) + timedelta(seconds=i), kind=kind) for i in range(times)]


def _minute(minute: float) -> datetime:
    return MONDAY + timedelta(minutes=minute)


def _ordered_at(played: Played) -> datetime:
    """When the first hedge was written down."""
    return next(
        row.at
        for row in played.rows
        if isinstance(row.entry, Ordered) and row.entry.intents[0].purpose is Purpose.HEDGE
    )
