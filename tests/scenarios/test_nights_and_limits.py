"""What ends a position without a decision of the strategy's: expiry, a loss limit, the end of the session."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from checks import fills, intents, net_delta, sound
from quick import QUICK, nobody_trades_until, ordered_now
from theatre import ACCOUNT, CASH, SHARE, Act, Played, Street, Theatre, asked, book

from gamma_scalper.domain.entries import (
    CancelAsked,
    CommandTaken,
    Delivered,
    Halted,
    HaltLifted,
    Lapsed,
    Ordered,
    SessionEnded,
)
from gamma_scalper.domain.exits import ExitCode
from gamma_scalper.domain.orders import Purpose, Side
from gamma_scalper.domain.strategy_entries import Decided, StateChanged
from gamma_scalper.journal.inbox import Inbox
from gamma_scalper.portfolio.ledger import cash
from gamma_scalper.recovery import fold

THURSDAY, FRIDAYS_END = datetime(2026, 2, 12, 20, 0, tzinfo=UTC), datetime(2026, 2, 13, 20, 58, tzinfo=UTC)
TUESDAY = datetime(2026, 2, 17, 14, 29, tzinfo=UTC)  # a minute before the market opens, after a long weekend
TO_THE_END = (*QUICK, "risk.structure.min_dte=1", "exits.min_dte=0", "exits.roll_dte=0", "entry.give_up=0.2")
LOSSES = (*QUICK, "risk.loss.max_daily_loss=100", "exits.stop_pct=0", "exits.reentry_after_s=5")


def _volatility(to: float) -> Act:
    def act(theatre: Theatre) -> None:
        theatre.street.vol = to

    return act


# -- expiry ------------------------------------------------------------------------------------------------------------


def _expired(folder: Path, overrides: tuple[str, ...]) -> Theatre:
    """Bought on Thursday, unsellable on Friday, and over the weekend its call was exercised."""
    books = {"spy": book("spy", *overrides)}
    first = Theatre(folder, Street(), books, start=THURSDAY)
    bought = first.play(1)
    assert sorted(bought.options().values()) == [1, 1]
    nobody_trades_until(first.engine, FRIDAYS_END)
    last = Theatre(folder, Street(script=[(0, 603.0)], no_bid=set(bought.options())), books, engine=first.engine)
    kept = last.play(3)
    sound(kept)
    assert kept.options() == bought.options()
    assert {each.purpose for entry in ordered_now(kept) for each in entry.intents} == {Purpose.HEDGE}
    assert kept.shares() <= -90  # what nobody buys is hedged to its end
    hedged = next(row.at for row in kept.rows[kept.before :] if isinstance(row.entry, Ordered))
    assert hedged - FRIDAYS_END < timedelta(seconds=5)  # though nobody had marked it since the day before
    nobody_trades_until(first.engine, TUESDAY)
    return last


def test_options_that_expired_leave_shares_which_are_only_reduced(tmp_path: Path) -> None:
    last = _expired(tmp_path, TO_THE_END)
    left = last.engine.account(ACCOUNT).held[SHARE.con_id].quantity
    assert 0 < left <= 10  # a hundred were delivered against those that were short
    played = Theatre(tmp_path, Street(script=[(0, 603.0)]), last.books, engine=last.engine).play(2)
    sound(played)
    assert [each.how for each in played.entries(Delivered)] == ["exercise"]
    assert [each.option.right for each in played.entries(Lapsed)] == ["P"]
    assert any(each.orphan for each in played.entries(StateChanged))
    (entry,) = ordered_now(played)
    (sold,) = entry.intents
    assert (sold.purpose, sold.side, sold.quantity) == (Purpose.EXIT, Side.SELL, left)
    assert not played.account
    opened = next(row.at for row in played.rows if row.entry is entry)
    assert opened >= TUESDAY + timedelta(minutes=1)  # not before the market does
    (made,) = cash(fold(played.rows).desk("spy").ledger)
    assert abs(made.amount - (played.engine.account(ACCOUNT).cash - CASH)) < Decimal("0.01")  # the delivery with it


def test_shares_that_are_left_are_sold_whatever_there_is_to_enter_and_even_when_paused(tmp_path: Path) -> None:
    """A start that finds no straddle, at a market still closed, is no reason to leave shares alone."""
    last = _expired(tmp_path, TO_THE_END)
    street = Street(script=[(0, 603.0)], option_half_spread=3.0)
    played = Theatre(tmp_path, street, last.books, engine=last.engine).play(2, (0.1, asked("pause")))
    sound(played)
    assert played.error is None
    assert not played.account


# -- loss limits -------------------------------------------------------------------------------------------------------


def test_a_days_loss_ends_the_position_and_nothing_new_is_begun(tmp_path: Path) -> None:
    theatre = Theatre(tmp_path, Street(), {"spy": book("spy", *LOSSES)})
    played = theatre.play(3, (0.5, _volatility(0.12)), (2, asked("lift", "daily loss", "spy")))
    sound(played)
    assert {each.breaker for each in played.entries(Halted)} == {"daily loss"}
    assert not played.account
    assert len(intents(played, Purpose.ENTRY)) == 1
    halted = next(row.at for row in played.rows if isinstance(row.entry, Halted))
    exits = [fill.at for fill in fills(played, Purpose.EXIT)]
    assert exits and max(exits) - halted < timedelta(seconds=60)
    assert played.entries(HaltLifted)
    again = [row.at for row in played.rows if isinstance(row.entry, Halted)]
    assert len(again) == 2  # the loss still stands, so it comes again with the next mark
    assert any("must exit" in each.rule for each in played.entries(Decided))


def test_one_odd_quote_is_no_loss(tmp_path: Path) -> None:
    theatre = Theatre(tmp_path, Street(), {"spy": book("spy", *LOSSES)})
    played = theatre.play(2, (1, _volatility(0.12)), (1.1, _volatility(0.15)))
    sound(played)
    assert not played.entries(Halted)
    assert not intents(played, Purpose.EXIT)
    assert sorted(played.options().values()) == [1, 1]


def _lost(folder: Path) -> Theatre:
    theatre = Theatre(folder, Street(), {"spy": book("spy", *LOSSES)})
    played = theatre.play(1.5, (0.5, _volatility(0.12)))
    assert not played.account
    nobody_trades_until(theatre.engine, theatre.start.replace(day=13, hour=15))
    return theatre


def test_the_day_after_a_loss_limit_a_start_refuses_until_a_person_has_lifted_the_halt(tmp_path: Path) -> None:
    lost = _lost(tmp_path)
    refused = Theatre(tmp_path, Street(), lost.books, engine=lost.engine).play(2)
    assert refused.error is not None
    assert refused.error.exit_code is ExitCode.HALTED_BY_RISK
    assert "lift 'daily loss' --book spy" in str(refused.error)
    assert not ordered_now(refused)

    _say(lost, "lift", "daily loss")  # while nobody is there to hear it
    played = Theatre(tmp_path, Street(), lost.books, engine=lost.engine).play(2)
    sound(played)
    assert played.error is None
    assert [each.outcome for each in played.entries(CommandTaken)] == ["the halt daily loss is lifted"]
    assert sorted(played.options().values()) == [1, 1]


def _say(theatre: Theatre, name: str, argument: str) -> None:
    inbox = Inbox.open(theatre.folder / "inbox.db")
    inbox.put(name, "ada", theatre.engine.now, "spy", argument)
    inbox.close()


# -- the end of a session ----------------------------------------------------------------------------------------------


def _took(played: Played, stopped: datetime) -> timedelta:
    ended = played.rows[-1]
    assert isinstance(ended.entry, SessionEnded)
    assert ended.entry.exit_code == ExitCode.OK
    return ended.at - stopped


def test_a_stop_withdraws_an_entry_that_works_within_three_seconds(tmp_path: Path) -> None:
    theatre = Theatre(tmp_path, Street(), {"spy": book("spy", *QUICK, "entry.step_s=20")})
    played = theatre.play(0.25)
    sound(played)
    assert not played.account
    assert len(intents(played)) == 1
    assert len(played.entries(CancelAsked)) == 1
    assert _took(played, theatre.start + timedelta(minutes=0.25)) <= timedelta(seconds=3)


def test_a_stop_withdraws_a_hedge_that_works_and_keeps_the_position(tmp_path: Path) -> None:
    patient = ("hedge.execution=passive", "hedge.patience_s=60")
    theatre = Theatre(tmp_path, Street(), {"spy": book("spy", *QUICK, *patient)})
    played = theatre.play(0.5)
    sound(played)
    assert [each.purpose for each in intents(played)] == [Purpose.ENTRY, Purpose.HEDGE]
    assert not played.shares()
    assert sorted(played.account.values()) == [Decimal(1), Decimal(1)]
    assert _took(played, theatre.start + timedelta(minutes=0.5)) <= timedelta(seconds=3)
    assert abs(net_delta(played)) > 5  # it had to be hedged, and is not, and the next session does it
    after = Theatre(tmp_path, Street(), {"spy": book("spy", *QUICK)}, engine=theatre.engine).play(0.5)
    sound(after)
    assert abs(net_delta(after)) < 5
