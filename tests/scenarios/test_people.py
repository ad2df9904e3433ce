"""What a person asks for: to be flat, to stop everything, and to keep what is theirs."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from checks import fills, intents, sound
from loguru import logger
from quick import QUICK, ordered_now
from theatre import SHARE, Act, Played, Street, Theatre, asked, book

from gamma_scalper.domain.entries import CommandTaken, FlattenAsked, Mode, ModeChanged, Ordered
from gamma_scalper.domain.instruments import Option, Right
from gamma_scalper.domain.orders import Purpose, Side
from gamma_scalper.domain.ports import OrderReport, Standing
from gamma_scalper.pipeline.caretaker import REFUSED
from gamma_scalper.portfolio.ledger import holdings

RISING = ((0, 600.0), (0.3, 600.0), (0.6, 608.0))  # bought at 600; then the delta is long and its hedge is short


@pytest.fixture
def alarms() -> Iterator[list[str]]:
    told: list[str] = []
    sink = logger.add(lambda message: told.append(message.record["message"]), level="WARNING")
    yield told
    logger.remove(sink)


def _nobody_buys(right: Right) -> Act:
    """The book's own option of this kind, from now on."""

    def act(theatre: Theatre) -> None:
        held = [each.instrument for each in holdings(theatre.trading.house.states["spy"].ledger)]
        theatre.street.no_bid |= {each.con_id for each in held if isinstance(each, Option) and each.right == right}

    return act


def _silence(right: Right) -> Act:
    """Nobody quotes it at all any more."""

    def act(theatre: Theatre) -> None:
        held = [each.instrument for each in holdings(theatre.trading.house.states["spy"].ledger)]
        theatre.street.silent |= {each.con_id for each in held if isinstance(each, Option) and each.right == right}

    return act


def _somebody_buys(theatre: Theatre) -> None:
    theatre.street.no_bid.clear()
    theatre.street.silent.clear()


def _rights(played: Played) -> dict[str, Decimal]:
    options = {con_id: played.engine.market.instrument(con_id) for con_id in played.options()}
    return {each.right: played.account[con_id] for con_id, each in options.items() if isinstance(each, Option)}


# -- flatten -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("vanish", [_nobody_buys, _silence])
def test_flatten_keeps_the_hedge_of_a_call_nobody_buys_sells_the_rest_and_raises_an_alarm(
    tmp_path: Path, alarms: list[str], vanish: Callable[[Right], Act]
) -> None:
    theatre = Theatre(tmp_path, Street(script=RISING), {"spy": book("spy", *QUICK)})
    played = theatre.play(4, (1, vanish("C")), (1.6, asked("flatten", "home")))
    sound(played)
    assert _rights(played) == {"C": 1}
    hedged = sum(each.signed_quantity for each in fills(played, Purpose.HEDGE))
    assert played.shares() == hedged < -10  # none of it was bought back from under the call
    assert {each.side for each in intents(played, Purpose.FLATTEN)} == {Side.SELL}
    assert any("is kept" in each for each in alarms)
    assert any("not flat" in each for each in alarms)


def test_flatten_ends_by_itself_once_somebody_buys_again(tmp_path: Path) -> None:
    theatre = Theatre(tmp_path, Street(script=RISING), {"spy": book("spy", *QUICK)})
    played = theatre.play(5, (1, _nobody_buys("C")), (1.2, asked("flatten")), (4, _somebody_buys))
    sound(played)
    assert not played.account
    assert {each.purpose for each in intents(played)} == {Purpose.ENTRY, Purpose.HEDGE, Purpose.FLATTEN}


def test_flatten_is_followed_by_nothing_until_unpause(tmp_path: Path) -> None:
    theatre = Theatre(tmp_path, Street(), {"spy": book("spy", *QUICK, "exits.reentry_after_s=0")})
    flat = theatre.play(3, (1, asked("flatten")))
    sound(flat)
    assert not flat.account
    again = Theatre(tmp_path, Street(), theatre.books, engine=theatre.engine)
    played = again.play(3, (1, asked("unpause")))
    sound(played)
    first = next(row.at for row in played.rows[played.before :] if isinstance(row.entry, Ordered))
    assert first >= played.began + timedelta(minutes=1)
    assert sorted(played.options().values()) == [1, 1]


# -- panic -------------------------------------------------------------------------------------------------------------


def _modes(played: Played) -> list[Mode]:
    """Of the house; health may move a book's own."""
    return [row.entry.mode for row in played.rows if isinstance(row.entry, ModeChanged) and not row.book]


def test_panic_cancels_what_works_sells_everything_and_only_a_person_ends_it(tmp_path: Path) -> None:
    flag: list[str] = []
    patient = ("hedge.execution=passive", "hedge.patience_s=90", "exits.reentry_after_s=0")
    theatre = Theatre(tmp_path, Street(), {"spy": book("spy", *QUICK, *patient)}, panic=lambda: bool(flag))
    played = theatre.play(
        5,
        (0.5, lambda _: flag.append("panic.flag")),
        (1.5, asked("unpause")),
        (2, lambda _: flag.clear()),
        (3, asked("unpause")),
    )
    sound(played)
    assert [each.by for each in played.entries(FlattenAsked)][:1] == ["panic"]
    (hedge,) = intents(played, Purpose.HEDGE)[:1]
    reports = [each for each in played.entries(OrderReport) if each.order_ref == str(hedge.id)]
    assert (reports[-1].standing, reports[-1].filled) == (Standing.CANCELLED, 0)  # it worked when the file came
    assert _modes(played) == [Mode.LIVE, Mode.EMERGENCY, Mode.LIVE]
    flat = [each.at for each in fills(played, Purpose.FLATTEN)]
    assert max(flat) - theatre.start < timedelta(minutes=0.5, seconds=10)
    refused, done = [each.outcome for each in played.entries(CommandTaken)]
    assert refused.startswith(REFUSED)
    assert "the panic is over" in done
    since = [
        row.at for row in played.rows if isinstance(row.entry, Ordered) and row.at > max(flat) + timedelta(seconds=1)
    ]
    assert min(since) >= theatre.start + timedelta(minutes=3)  # not when the file was gone, but when a person said so
    assert sorted(played.options().values()) == [1, 1]


def test_a_panic_file_that_lies_there_at_the_start_sells_before_anything_else_is_done(tmp_path: Path) -> None:
    books = {"spy": book("spy", *QUICK)}
    first = Theatre(tmp_path, Street(), books)
    before = first.play(1)
    assert before.options()
    street = Street(script=[(0, 606.0)])  # it would have to be hedged
    played = Theatre(tmp_path, street, books, engine=first.engine, panic=lambda: True).play(1)
    sound(played)
    assert not played.account
    assert {each.purpose for entry in ordered_now(played) for each in entry.intents} == {Purpose.FLATTEN}


def test_emergency_outlives_a_restart_without_the_file(tmp_path: Path) -> None:
    flag = ["panic.flag"]
    books = {"spy": book("spy", *QUICK, "exits.reentry_after_s=0")}
    first = Theatre(tmp_path, Street(), books, panic=lambda: bool(flag))
    first.play(1)
    played = Theatre(tmp_path, Street(), books, engine=first.engine).play(2)
    sound(played)
    assert not ordered_now(played)
    assert _modes(played)[-1] is Mode.EMERGENCY


# -- what is their own -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("own", [300, -40])
@pytest.mark.parametrize("ending", ["flatten", "panic"])
def test_shares_of_the_users_own_are_never_touched(tmp_path: Path, ending: str, own: int) -> None:
    flag: list[str] = []
    books = {"spy": book("spy", *QUICK, f"baseline.own_shares={own}")}
    act = asked("flatten") if ending == "flatten" else lambda _: flag.append("panic.flag")
    theatre = Theatre(tmp_path, Street(script=RISING), books, holds={SHARE.con_id: own}, panic=lambda: bool(flag))
    played = theatre.play(2.5, (1.5, act))
    sound(played)
    assert played.account == {SHARE.con_id: own}
    hedges = [each.signed_quantity for each in fills(played, Purpose.HEDGE)]
    assert sum(map(abs, hedges)) > 20
    sold = [each.signed_quantity for each in fills(played, Purpose.FLATTEN) if each.instrument.con_id == SHARE.con_id]
    assert sum(sold) == -sum(hedges)
