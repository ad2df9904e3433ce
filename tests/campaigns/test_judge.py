"""A judge who finds nothing in an honest session, and whatever somebody does to one."""

from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from attrs import evolve
from honest_session import TROUBLES, honest
from judging import judge
from judging.books import of_the_cash, of_the_fills, of_the_holdings
from judging.evidence import Evidence, remembered
from judging.hedges import of_the_hedges
from judging.judge import judged
from judging.orders import of_one_thing_at_a_time, of_the_sending, of_their_ends, of_what_was_told
from judging.permits import of_the_permits
from judging.purse import of_the_purse
from judging.quotes import of_the_quotes
from judging.readiness import of_the_readiness
from judging.recovery import of_the_recovery
from staging.overheard import CONNECTED, RECORDS, Heard
from staging.plan import MONDAY, Mishap, Trouble

from gamma_scalper.domain.entries import (
    Dispatched,
    Halted,
    Mode,
    ModeChanged,
    NotSent,
    Ordered,
    Paused,
    PermitChanged,
    Reconciled,
)
from gamma_scalper.domain.fills import Commission, Fill
from gamma_scalper.domain.money import Money
from gamma_scalper.domain.orders import Purpose, Side
from gamma_scalper.domain.ports import Link, LinkReport, OrderReport, Recap, Standing
from gamma_scalper.domain.proposals import Refusal
from gamma_scalper.domain.quotes import DataType
from gamma_scalper.exchange.faults import Kind
from gamma_scalper.exchange.tickets import TimeInForce
from gamma_scalper.journal.chain import Row

Changed = Callable[[Sequence[Row]], Iterable[Row]]


def with_rows(change: Changed) -> Evidence:
    return Evidence(evolve(honest(), rows=list(change(honest().rows))))


def place_of(rows: Sequence[Row], kind: type, which: Callable[[Any], bool] = lambda entry: True) -> int:
    return next(place for place, row in enumerate(rows) if isinstance(row.entry, kind) and which(row.entry))


def without(kind: type, which: Callable[[Any], bool] = lambda entry: True) -> Changed:
    def change(rows: Sequence[Row]) -> Iterable[Row]:
        place = place_of(rows, kind, which)
        return [*rows[:place], *rows[place + 1 :]]

    return change


def twice(kind: type, which: Callable[[Any], bool] = lambda entry: True, **other: Any) -> Changed:
    def change(rows: Sequence[Row]) -> Iterable[Row]:
        place = place_of(rows, kind, which)
        again = rows[place]._replace(entry=evolve(rows[place].entry, **other))
        return [*rows[: place + 1], again, *rows[place + 1 :]]

    return change


def other(kind: type, which: Callable[[Any], bool], make: Callable[[Any], Any]) -> Changed:
    def change(rows: Sequence[Row]) -> Iterable[Row]:
        place = place_of(rows, kind, which)
        return [*rows[:place], rows[place]._replace(entry=make(rows[place].entry)), *rows[place + 1 :]]

    return change


def before(entry: Any, kind: type, which: Callable[[Any], bool] = lambda entry: True, *, house: bool = True) -> Changed:
    """This row, put in before the first of that kind."""

    def change(rows: Sequence[Row]) -> Iterable[Row]:
        place = place_of(rows, kind, which)
        put = rows[place]._replace(book="" if house else rows[place].book, entry=entry)
        return [*rows[:place], put, *rows[place:]]

    return change


def is_for(purpose: Purpose) -> Callable[[Any], bool]:
    return lambda entry: bool(entry.intents[0].purpose is purpose)


def ours(entry: Any) -> bool:
    return entry.intent is not None


entry, hedge = is_for(Purpose.ENTRY), is_for(Purpose.HEDGE)


def test_an_honest_session_breaks_nothing() -> None:
    assert judged(honest()) == ()


def test_it_did_what_the_others_tamper_with() -> None:
    kinds = {type(row.entry) for row in honest().rows}
    assert {Ordered, Dispatched, Fill, Commission, OrderReport, Reconciled, LinkReport} <= kinds
    assert len(honest().lives) == 2


# -- orders ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (twice(Dispatched), "was sent 2 times"),
        (twice(Ordered), "was ordered twice"),
        (without(Ordered), "which nobody wrote down"),
        (without(Ordered), "was sent before it was written down"),
        (other(Dispatched, ours, lambda sent: NotSent(sent.intent, "too old")), "which is written down as not sent"),
    ],
)
def test_an_order_that_was_sent_twice_or_never_written_down_is_found(change: Changed, said: str) -> None:
    assert any(said in each for each in of_the_sending(with_rows(change)))


def test_an_order_that_the_exchange_has_twice_is_found() -> None:
    evidence = Evidence(honest())
    ref, (order, *_) = next(iter(evidence.orders.items()))
    evidence.orders = {**evidence.orders, ref: [order, order]}
    assert f"the exchange has {ref} 2 times" in set(of_the_sending(evidence))


def test_an_order_that_would_outlive_us_is_found() -> None:
    evidence = Evidence(honest())
    ref, (order, *_) = next(iter(evidence.orders.items()))
    day = evolve(order, ticket=evolve(order.ticket, tif=TimeInForce.DAY))
    evidence.orders = {ref: [day]}
    assert list(of_their_ends(evidence)) == [f"{ref} would outlive us: DAY"]


def test_an_order_that_was_taken_for_dead_and_lived_is_found() -> None:
    def is_death(report: Any) -> bool:
        return bool(report.standing is Standing.FILLED)

    evidence = Evidence(honest())
    report = evidence.rows[place_of(evidence.rows, OrderReport, is_death)].entry
    assert isinstance(report, OrderReport)
    evidence.ended = {**evidence.ended, report.perm_id: honest().lives[-1].ended}
    assert any("was taken for filled" in each for each in of_what_was_told(evidence))
    assert any(f"while {report.order_ref} was alive" in each for each in of_one_thing_at_a_time(evidence))


def test_an_order_beside_fills_that_the_journal_does_not_know_is_found() -> None:
    assert any("did not know of" in each for each in of_one_thing_at_a_time(with_rows(without(Fill, ours))))


# -- fills, holdings, cash ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (without(Fill, ours), "unknown to the journal"),
        (twice(Fill, ours), "is in the journal 2 times"),
        (twice(Fill, ours, exec_id="1.2.3.01"), "the exchange does not know it"),
        (other(Fill, ours, lambda fill: evolve(fill, price=fill.price + 1)), "its price is"),
        (other(Fill, ours, lambda fill: evolve(fill, quantity=fill.quantity + 1)), "its quantity is"),
    ],
)
def test_a_fill_that_is_lost_doubled_or_altered_is_found(change: Changed, said: str) -> None:
    assert any(said in each for each in of_the_fills(with_rows(change)))


def test_a_lost_fill_shows_in_the_holdings_and_in_the_cash() -> None:
    tampered, state = with_rows(without(Fill, ours)), remembered(honest())
    assert any("the ledger holds" in each for each in of_the_holdings(tampered, state))
    assert any("says the ledger" in each for each in of_the_cash(tampered, state))


def test_a_difference_that_nobody_names_is_found() -> None:
    quiet = [row for row in honest().rows if not isinstance(row.entry, Reconciled)]
    found = list(of_the_holdings(Evidence(evolve(honest(), rows=quiet)), remembered(honest())))
    assert len(found) == 1
    assert found[0].startswith("the books and what is the user's own hold")


def test_a_bill_that_is_altered_or_lost_is_found() -> None:
    keys = Evidence(honest()).books.fills.keys()

    def counts(bill: Any) -> bool:
        return bill.key in keys

    dearer = with_rows(other(Commission, counts, lambda bill: evolve(bill, amount=Money("9.99", "USD"))))
    assert any("the account's cash changed" in each for each in of_the_cash(dearer, remembered(dearer.played)))
    lost = with_rows(without(Commission, counts))
    assert any("was billed" in each for each in of_the_cash(lost, remembered(lost.played)))


def test_more_than_the_account_has_is_never_held_back() -> None:
    much = with_rows(other(Ordered, entry, lambda e: evolve(e, reserved=[Money(300_000, "USD") for _ in e.intents])))
    assert any("the account has" in each for each in of_the_purse(much))


# -- permits, quotes, hedges -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (before(ModeChanged(Mode.OBSERVE, "a look", "ada"), Ordered, hedge), "the mode was OBSERVE"),
        (before(ModeChanged(Mode.DEGRADED, "a look", "ada"), Ordered, entry, house=False), "the mode was DEGRADED"),
        (before(ModeChanged(Mode.EMERGENCY, "a file", "panic"), Ordered, hedge), "the mode was EMERGENCY"),
        (before(Paused("lunch", "ada"), Ordered, hedge), "it was paused"),
        (before(Halted("drawdown", "much"), Ordered, entry), "it was halted by drawdown"),
        (before(LinkReport(MONDAY, Link.BLIND), Dispatched), "the link was blind"),
    ],
)
def test_an_order_without_a_permit_is_found(change: Changed, said: str) -> None:
    assert any(said in each for each in of_the_permits(with_rows(change)))


def test_an_order_that_the_newest_permit_refused_is_found() -> None:
    def long_refused(rows: Sequence[Row]) -> Iterable[Row]:
        place = place_of(rows, Ordered, hedge)
        refused = PermitChanged(["flatten"], [Refusal("unknown order", "in doubt: one/1")])
        at, kept = rows[place].at - timedelta(seconds=3), [row for row in rows if row.kind != "PermitChanged"]
        place = kept.index(rows[place])
        return [*kept[:place], rows[place_of(rows, Ordered, hedge)]._replace(entry=refused, at=at), *kept[place:]]

    assert any("refused it for unknown order" in each for each in of_the_permits(with_rows(long_refused)))


def test_an_order_while_books_and_account_differ_is_found() -> None:
    differing = next(row.entry for row in honest().rows if isinstance(row.entry, Reconciled) and row.entry.unexplained)
    assert any("books and account differed" in each for each in of_the_permits(with_rows(before(differing, Ordered))))


def test_an_order_while_a_panic_file_lay_there_is_found() -> None:
    files = evolve(honest().plan, troubles=(*TROUBLES, Trouble(0.0, Mishap.PERSON_PANICS, 600.0)))
    assert any("a panic file" in each for each in of_the_permits(Evidence(evolve(honest(), plan=files))))


def test_an_order_while_the_gateway_had_lost_its_broker_is_found() -> None:
    out = evolve(honest().plan, troubles=(*TROUBLES, Trouble(0.0, Kind.DISCONNECT_1102, 600.0)))
    assert any("had lost its broker" in each for each in of_the_permits(Evidence(evolve(honest(), plan=out))))


@pytest.mark.parametrize(
    ("other_quote", "said"),
    [
        ({"bid": 1.0}, "was not on offer"),
        ({"data_type": DataType.DELAYED}, "DELAYED"),
        ({"received_at": MONDAY - timedelta(seconds=60)}, "old"),
        ({"snapshot_id": 1}, "which nobody wrote down"),
    ],
)
def test_an_order_on_a_quote_that_is_false_old_or_delayed_is_found(other_quote: dict[str, Any], said: str) -> None:
    def spoilt(ordered: Any) -> Any:
        return evolve(ordered, quotes=[evolve(quote, **other_quote) for quote in ordered.quotes])

    assert any(said in each for each in of_the_quotes(with_rows(other(Ordered, hedge, spoilt))))


def test_a_hedge_to_the_wrong_side_is_found() -> None:
    def turned(ordered: Any) -> Any:
        sides = {Side.BUY: Side.SELL, Side.SELL: Side.BUY}
        return evolve(ordered, intents=[evolve(each, side=sides[each.side]) for each in ordered.intents])

    assert any("would take the delta" in each for each in of_the_hedges(with_rows(other(Ordered, hedge, turned))))


def test_a_second_hedge_of_the_same_delta_is_found() -> None:
    executed = Evidence(honest()).executions_of

    def that_filled(ordered: Any) -> bool:
        return hedge(ordered) and str(ordered.intents[0].id) in executed

    tampered = with_rows(twice(Ordered, that_filled))
    assert any("would take the delta" in each for each in of_the_hedges(tampered))


# -- readiness ---------------------------------------------------------------------------------------------------------


def test_an_order_before_the_connection_was_confirmed_is_found() -> None:
    def unconfirmed(rows: Sequence[Row]) -> Iterable[Row]:
        return [row for row in rows if not isinstance(row.entry, Recap)]

    assert any("nothing was confirmed" in each for each in of_the_readiness(with_rows(unconfirmed)))


@pytest.mark.parametrize("record", RECORDS.values())
def test_an_order_before_the_gateway_told_its_records_is_found(record: str, monkeypatch: pytest.MonkeyPatch) -> None:
    world = honest().world
    monkeypatch.setattr(world, "heard", [heard for heard in world.heard if heard.what != record])
    assert any(f"{record} had not been told" in each for each in of_the_readiness(Evidence(honest())))


def test_what_was_told_on_an_earlier_connection_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    world, evidence = honest().world, Evidence(honest())
    at = evidence.moments[place_of(evidence.rows, Ordered, hedge)]
    monkeypatch.setattr(world, "heard", [*world.heard, Heard(at, CONNECTED)])
    assert any("had not been told" in each for each in of_the_readiness(evidence))


# -- the whole ---------------------------------------------------------------------------------------------------------


def test_a_chain_that_is_broken_is_found() -> None:
    assert "the chain: row 7 is missing" in judged(evolve(honest(), broken="row 7 is missing"))


def test_a_state_that_its_rows_do_not_make_again_is_found() -> None:
    state = remembered(honest())
    assert any("another one" in each for each in of_the_recovery(Evidence(honest()), evolve(state, mode="live")))


def test_an_end_that_the_runbook_does_not_name_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judge, "known_names", lambda: frozenset({"flat"}))
    assert "the session ended as 'unexplained difference', which the runbook does not name" in judged(honest())
