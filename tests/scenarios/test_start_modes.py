"""How a session begins: on with what is held, afresh, with a straddle taken over, or not at all."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from checks import fills, intents, net_delta, sound
from quick import QUICK, ordered_now, power_cut
from theatre import ACCOUNT, CHAIN, MONDAY, SHARE, Played, Street, Theatre, asked, book

from gamma_scalper.domain.entries import Accepted, FlattenAsked, Ordered, Reconciled, SessionEnded, TakenOver
from gamma_scalper.domain.exits import ExitCode
from gamma_scalper.domain.orders import Purpose
from gamma_scalper.journal.inbox import Inbox

CALL, PUT = (next(each for each in CHAIN if (each.strike, each.right) == (600, right)) for right in ("C", "P"))


def _nothing_was_traded(played: Played, code: ExitCode) -> str:
    """Why not, in the words a person reads; the journal has them too."""
    assert played.error is not None
    assert played.error.exit_code is code
    assert not ordered_now(played)
    ended = played.rows[-1].entry
    assert isinstance(ended, SessionEnded)
    assert (ended.exit_code, ended.why) == (code, str(played.error))
    return str(played.error)


# -- resume ------------------------------------------------------------------------------------------------------------


def test_a_restart_goes_on_with_what_is_held_and_trades_nothing_for_its_own_sake(tmp_path: Path) -> None:
    books = {"spy": book("spy", *QUICK)}
    first = Theatre(tmp_path, Street(), books)
    before = first.play(2)
    after = Theatre(tmp_path, Street(), books, engine=first.engine).play(3)
    sound(after)
    assert sorted(before.options().values()) == [1, 1]
    assert after.account == before.account
    assert not ordered_now(after)


def test_a_restart_hedges_the_position_of_before_as_soon_as_it_has_to(tmp_path: Path) -> None:
    books = {"spy": book("spy", *QUICK)}
    first = Theatre(tmp_path, Street(), books)
    before = first.play(2)
    street = Street(script=[(0, 606.0)])  # it moved while nobody traded
    after = Theatre(tmp_path, street, books, engine=first.engine).play(1)
    sound(after)
    assert after.options() == before.options()
    assert {each.purpose for entry in ordered_now(after) for each in entry.intents} == {Purpose.HEDGE}
    assert abs(net_delta(before)) < 5
    assert abs(net_delta(after)) < 5
    assert after.shares() < before.shares() - 10
    hedged = next(row for row in after.rows[after.before :] if isinstance(row.entry, Ordered))
    assert hedged.at - after.began < timedelta(seconds=5)


def test_what_the_strategy_waits_for_outlives_a_restart(tmp_path: Path) -> None:
    """A restart is no way round the pause between two entries."""
    books = {"spy": book("spy", *QUICK, "exits.target_dollars=1", "exits.reentry_after_s=180")}
    first = Theatre(tmp_path, Street(script=[(0, 600.0), (0.3, 600.0), (0.8, 606.0)]), books)
    before = first.play(1.5)
    assert not before.account
    again = Theatre(tmp_path, Street(script=[(0, 606.0)]), books, engine=first.engine)
    waited = again.play(1.5)
    sound(waited)
    assert not ordered_now(waited)
    bought = again.play(2)
    sound(bought)
    assert sorted(bought.options().values()) == [1, 1]


def test_a_restart_goes_on_with_an_order_that_outlived_the_process(tmp_path: Path) -> None:
    """Whatever else could be bought then, and though nothing is held yet."""
    books = {"spy": book("spy", *QUICK, "entry.step_s=15", "entry.step_pct=100")}
    first = Theatre(tmp_path, Street(), books)
    cut = first.play(0.2, (0.1, power_cut()))
    assert [each.ticket.order_ref for each in cut.engine.open_orders()] == ["spy/1"]
    street = Street(script=[(0, 600.0), (0.3, 600.0), (0.5, 598.0)])  # where its price is good, a little later
    after = Theatre(tmp_path, street, books, engine=first.engine).play(2)
    sound(after)
    assert after.error is None
    assert {each.intent for each in fills(after, Purpose.ENTRY)} == {intents(cut)[0].id}
    assert sorted(after.options().values()) == [1, 1]
    assert abs(net_delta(after)) < 5


# -- fresh -------------------------------------------------------------------------------------------------------------


def test_a_fresh_start_sells_what_the_book_owns_and_nothing_else_and_then_buys_anew(tmp_path: Path) -> None:
    books = {"spy": book("spy", *QUICK, "baseline.own_shares=300")}
    first = Theatre(tmp_path, Street(), books, holds={SHARE.con_id: 300})
    before = first.play(2)
    street = Street(script=[(0, 608.0)])  # where another straddle is the best
    after = Theatre(tmp_path, street, books, engine=first.engine, mode="fresh").play(3)
    sound(after)
    assert [each.why for each in after.entries(FlattenAsked)] == ["--start fresh"]
    sold, bought = before.options(), after.options()
    assert sold.keys().isdisjoint(bought)
    assert sorted(bought.values()) == [1, 1]
    assert abs(net_delta(after) - 300) < 5
    flattened = fills(after, Purpose.FLATTEN)
    assert {each.instrument.con_id for each in flattened} == {SHARE.con_id, *sold}
    of_shares = [each.signed_quantity for each in flattened if each.instrument.con_id == SHARE.con_id]
    assert sum(of_shares) == 300 - before.shares()  # its hedge, and none of the owner's


# -- adopt -------------------------------------------------------------------------------------------------------------


def test_a_straddle_that_is_in_the_account_is_adopted_at_its_cost_and_hedged(tmp_path: Path) -> None:
    books = {"spy": book("spy", *QUICK)}
    theatre = Theatre(tmp_path, Street(), books, holds={CALL.con_id: 2, PUT.con_id: 2}, mode="adopt")
    paid = {each.con_id: theatre.engine.account(ACCOUNT).held[each.con_id].average_cost for each in (CALL, PUT)}
    played = theatre.play(2)
    sound(played)
    taken = {each.instrument.con_id: each for each in played.entries(TakenOver)}
    assert {con_id: each.quantity for con_id, each in taken.items()} == {CALL.con_id: 2, PUT.con_id: 2}
    for con_id, each in taken.items():
        assert abs(100 * each.price - paid[con_id]) < 1
    assert [each.how for each in played.entries(Accepted)] == ["book:spy", "book:spy"]
    assert played.options() == {CALL.con_id: 2, PUT.con_id: 2}
    assert {each.purpose for each in intents(played)} == {Purpose.HEDGE}
    assert abs(net_delta(played)) < 5


def test_what_was_adopted_belongs_to_the_book_from_then_on(tmp_path: Path) -> None:
    books = {"spy": book("spy", *QUICK)}
    first = Theatre(tmp_path, Street(), books, holds={CALL.con_id: 1, PUT.con_id: 1}, mode="adopt")
    first.play(1)
    again = Theatre(tmp_path, Street(), books, engine=first.engine)
    played = again.play(2, (1, asked("flatten")))
    sound(played)
    assert not played.account


def test_nothing_to_adopt_ends_the_start(tmp_path: Path) -> None:
    played = Theatre(tmp_path, Street(), {"spy": book("spy", *QUICK)}, mode="adopt").play(2)
    assert "no straddle in the account" in _nothing_was_traded(played, ExitCode.NOTHING_TRADABLE)
    sound(played)


@pytest.mark.parametrize(
    "holds", [{CALL.con_id: 2}, {CALL.con_id: 2, PUT.con_id: 1}, {CALL.con_id: 1, PUT.con_id + 10: 1}]
)
def test_half_a_straddle_is_not_adopted(tmp_path: Path, holds: dict[int, int]) -> None:
    played = Theatre(tmp_path, Street(), {"spy": book("spy", *QUICK)}, holds=holds, mode="adopt").play(2)
    assert "no straddle in the account" in _nothing_was_traded(played, ExitCode.NOTHING_TRADABLE)
    sound(played, strangers=holds)


# -- nothing to begin with ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("holds", [{SHARE.con_id: 100}, {SHARE.con_id: -40}, {CALL.con_id: 1}])
def test_a_position_nobody_explains_stops_the_start_and_waits_for_a_person(
    tmp_path: Path, holds: dict[int, int]
) -> None:
    played = Theatre(tmp_path, Street(), {"spy": book("spy", *QUICK)}, holds=holds).play(2)
    said = _nothing_was_traded(played, ExitCode.NEEDS_A_PERSON)
    assert "reconcile --accept" in said
    assert f"account {next(iter(holds.values()))}" in said
    sound(played, strangers=holds)


def test_what_a_person_said_of_it_meanwhile_is_heard_at_the_next_start(tmp_path: Path) -> None:
    books = {"spy": book("spy", *QUICK)}
    first = Theatre(tmp_path, Street(), books, holds={SHARE.con_id: 40})
    refused = first.play(1)
    _nothing_was_traded(refused, ExitCode.NEEDS_A_PERSON)
    (difference,) = refused.entries(Reconciled)[-1].unexplained
    inbox = Inbox.open(tmp_path / "inbox.db")
    inbox.put("accept", "ada", first.clock.now(), None, f"{difference.id} baseline:spy")
    inbox.close()
    played = Theatre(tmp_path, Street(), books, engine=first.engine).play(2)
    assert played.error is None
    assert [each.by for each in played.entries(Accepted)] == ["ada"]
    assert sorted(played.options().values()) == [1, 1], "and it trades"
    assert played.shares() >= 40, "beside what is ada's own"


def test_no_straddle_that_passes_says_which_filter_removed_how_many(tmp_path: Path) -> None:
    played = Theatre(tmp_path, Street(option_half_spread=2.0), {"spy": book("spy", *QUICK)}).play(2)
    assert "6 spread wider than 5%" in _nothing_was_traded(played, ExitCode.NOTHING_TRADABLE)
    sound(played)


def test_no_expiry_in_the_window_names_the_nearest(tmp_path: Path) -> None:
    played = Theatre(tmp_path, Street(), {"spy": book("spy", *QUICK, "risk.structure.min_dte=50")}).play(2)
    assert "2026-02-20 (39 days)" in _nothing_was_traded(played, ExitCode.NOTHING_TRADABLE)
    sound(played)


def test_a_closed_market_ends_the_start_and_says_when_it_opens(tmp_path: Path) -> None:
    evening = MONDAY.replace(hour=22)
    played = Theatre(tmp_path, Street(), {"spy": book("spy", *QUICK)}, start=evening).play(2)
    assert "opens Tue 2026-01-13 14:30 UTC" in _nothing_was_traded(played, ExitCode.NOTHING_TRADABLE)
    sound(played)


def test_too_little_cash_for_one_straddle_ends_the_start(tmp_path: Path) -> None:
    played = Theatre(tmp_path, Street(), {"spy": book("spy", *QUICK)}, cash=Decimal(2_500)).play(2)
    said = _nothing_was_traded(played, ExitCode.NOTHING_TRADABLE)
    assert "one straddle costs $2,1" in said
    assert "$2,500 are available" in said
    sound(played)
