"""Two books in one account: they share cash, link and journal, and neither the other's position nor its fate."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from checks import intents, sound
from quick import QUICK
from theatre import SHARE, Played, Street, Theatre, asked, book

from gamma_scalper.domain.entries import FlattenAsked, Halted, PlanNotPermitted
from gamma_scalper.domain.orders import Purpose, Side
from gamma_scalper.domain.ports import OrderReport, Standing
from gamma_scalper.pipeline.book import BookParameters
from gamma_scalper.portfolio.ledger import holdings
from gamma_scalper.recovery import fold
from gamma_scalper.strategies.base import View
from gamma_scalper.strategies.gamma_scalp import GammaScalp


def _books(first: tuple[str, ...] = (), second: tuple[str, ...] = ()) -> dict[str, BookParameters]:
    """`one` and `two`, both on SPY."""
    return {
        name: evolve(book("spy", *QUICK, *overrides), name=name)
        for name, overrides in {"one": first, "two": second}.items()
    }


def _held(played: Played, name: str) -> dict[int, Decimal]:
    return {each.instrument.con_id: each.quantity for each in holdings(fold(played.rows).desk(name).ledger)}


def _delta(played: Played, name: str) -> float:
    return played.delta(_held(played, name), played.ended)


def _fails(monkeypatch: pytest.MonkeyPatch, name: str, when: Callable[[View], bool]) -> None:
    """This book's strategy divides by zero, once that is so."""
    decide = GammaScalp.decide

    def broken(self: GammaScalp, view: View, memory: Any) -> Any:
        if view.book == name and when(view):
            raise ZeroDivisionError("a fault of the strategy")
        return decide(self, view, memory)

    monkeypatch.setattr(GammaScalp, "decide", broken)


def _works(purpose: Purpose) -> Callable[[View], bool]:
    """An order of this purpose rests at the exchange."""

    def when(view: View) -> bool:
        position = view.picture.position
        return position is not None and any(
            each.intent.purpose is purpose and type(each.state).__name__ == "Working" for each in position.live
        )

    return when


# -- side by side ------------------------------------------------------------------------------------------------------


def test_two_books_on_one_underlying_each_hedge_their_own_and_come_to_the_account(tmp_path: Path) -> None:
    street = Street(script=[(0, 600.0), (0.5, 600.0), (2, 606.0), (3, 601.0)])
    books = _books(second=("sizing.straddles=2", "hedge.band_shares=12"))
    played = Theatre(tmp_path, street, books).play(3.2)
    sound(played)
    one, two = _held(played, "one"), _held(played, "two")
    assert sorted(each for con_id, each in one.items() if con_id != SHARE.con_id) == [1, 1]
    assert sorted(each for con_id, each in two.items() if con_id != SHARE.con_id) == [2, 2]
    assert abs(_delta(played, "one")) < 6
    assert abs(_delta(played, "two")) < 13
    for name in books:
        assert len(intents(played, Purpose.HEDGE, name)) >= 3
    assert played.shares() == one[SHARE.con_id] + two[SHARE.con_id]


def test_two_books_never_trade_with_each_other(tmp_path: Path) -> None:
    """While one has an offer in the market, the other waits with what would buy it."""
    resting = ("hedge.execution=passive", "hedge.patience_s=60", "risk.hours.after_open_s=1890")  # enters at 15:01:30
    street = Street(script=[(0, 600.0), (0.2, 600.0), (0.7, 612.0), (0.8, 612.0), (1.4, 606.0)])
    waits = (0.8, asked("pause", book="two")), (1.8, asked("unpause", book="two"))
    played = Theatre(tmp_path, street, _books(first=resting)).play(3.2, *waits)
    sound(played)
    (offer,) = intents(played, Purpose.HEDGE, "one")[:1]
    assert offer.side is Side.SELL
    crossed = [row.entry for row in played.rows if row.book == "two" and isinstance(row.entry, PlanNotPermitted)]
    assert {refusal.guard for each in crossed for refusal in each.refusals} == {"self-cross"}
    assert any(each.side is Side.BUY for each in intents(played, Purpose.HEDGE, "two"))  # afterwards
    assert abs(_delta(played, "one")) < 5
    assert abs(_delta(played, "two")) < 5


def test_a_book_with_nothing_to_trade_ends_no_start_while_another_holds_a_position(tmp_path: Path) -> None:
    """What is held must be hedged, whatever a flat book finds in the market."""
    first = Theatre(tmp_path, Street(), {"one": _books()["one"]})
    before = first.play(2)
    street, books = Street(script=[(0, 606.0)]), _books((), ("selection.min_open_interest=1000000",))
    after = Theatre(tmp_path, street, books, engine=first.engine).play(1)
    sound(after)
    assert after.error is None
    assert abs(_delta(after, "one")) < 5 < abs(after.delta(_held(before, "one"), after.ended))
    assert not _held(after, "two")


def test_flattening_one_book_leaves_the_other_as_it_is(tmp_path: Path) -> None:
    played = Theatre(tmp_path, Street(), _books()).play(1.5, (1, asked("flatten", book="one")))
    sound(played)
    assert not _held(played, "one")
    assert len(_held(played, "two")) == 3
    assert abs(_delta(played, "two")) < 5
    assert not intents(played, Purpose.FLATTEN, "two")


def test_two_books_do_not_spend_the_same_cash(tmp_path: Path) -> None:
    """There is enough for one straddle; the other book is told so."""
    played = Theatre(tmp_path, Street(script=[(0, 603.5)]), _books(), cash=Decimal(5_300)).play(1)
    sound(played)
    entered = [each for each in ("one", "two") if _held(played, each)]
    assert len(entered) == 1
    refused = [each for each in played.entries(PlanNotPermitted) if each.purpose == Purpose.ENTRY.value]
    assert "buying power" in {refusal.guard for each in refused for refusal in each.refusals}


# -- one fails ---------------------------------------------------------------------------------------------------------


def test_a_book_whose_strategy_fails_keeps_its_position_and_loses_its_orders_and_the_other_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _fails(monkeypatch, "one", _works(Purpose.HEDGE))
    street = Street(script=[(0, 600.0), (0.5, 600.0), (2, 606.0)])
    resting = ("hedge.execution=passive", "hedge.patience_s=60")
    played = Theatre(tmp_path, street, _books(first=resting)).play(2.5)
    sound(played)
    halted = [(row.book, row.entry.breaker) for row in played.rows if isinstance(row.entry, Halted)]
    assert halted == [("one", "ring ended")]
    (hedge,) = intents(played, Purpose.HEDGE, "one")
    last = [each for each in played.entries(OrderReport) if each.order_ref == str(hedge.id)][-1]
    assert (last.standing, last.filled) == (Standing.CANCELLED, 0)
    assert sorted(_held(played, "one").values()) == [1, 1]
    assert abs(_delta(played, "two")) < 6
    assert len(intents(played, Purpose.HEDGE, "two")) >= 3


def test_a_book_that_failed_can_still_be_flattened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _fails(monkeypatch, "one", _works(Purpose.HEDGE))
    resting = ("hedge.execution=passive", "hedge.patience_s=60")
    played = Theatre(tmp_path, Street(), _books(first=resting)).play(2, (1, asked("flatten", book="one")))
    sound(played)
    assert [row.book for row in played.rows if isinstance(row.entry, FlattenAsked)] == ["one"]
    assert not _held(played, "one")
    assert len(_held(played, "two")) == 3


def test_a_book_that_fails_while_it_enters_buys_nothing_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _fails(monkeypatch, "one", _works(Purpose.ENTRY))
    played = Theatre(tmp_path, Street(), _books(first=("entry.step_s=20",))).play(2)
    sound(played)
    assert len(intents(played, book="one")) == 1
    assert not _held(played, "one")
    assert len(_held(played, "two")) == 3
