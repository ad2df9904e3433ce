"""A judge who also asks whether anything is done, and whether what was done is what was written down."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from attrs import evolve
from honest_session import honest
from judging.causes import of_the_causes
from judging.deeds import of_the_deeds
from judging.evidence import Evidence
from judging.permits import of_the_permits
from judging.purse import of_the_purse
from judging.wire import of_the_wire
from proving.outcome import Outcome, outcome_of
from staging.plan import Mishap, Plan, Trouble

from gamma_scalper.domain.entries import AmendAsked, Ordered, Paused, Reconciled
from gamma_scalper.domain.exits import ExitCode
from gamma_scalper.domain.money import Money
from gamma_scalper.domain.orders import Limit, Purpose, Side
from gamma_scalper.domain.ports import OrderReport, Standing
from gamma_scalper.exchange.faults import Kind
from gamma_scalper.strategies.base import Hold
from gamma_scalper.strategies.gamma_scalp import GammaScalp

FLATTENS = Trouble(1.5, Mishap.PERSON_FLATTENS)
SHORT = Plan(seed=3, minutes=7.0, vol=1.0, books=(("hedge.policy=fixed", "hedge.band_shares=2", "sizing.straddles=3"),))


@contextmanager
def order_of(purpose: Purpose, **other: Any) -> Iterator[Evidence]:
    """As if the exchange had another order by the first of that purpose that works at a limit."""
    evidence = Evidence(honest())
    ref = next(
        ref
        for ref in evidence.orders
        for given in [next(each for id, each in evidence.given.items() if str(id) == ref)]
        if given.intent.purpose is purpose and isinstance(given.intent.pricing, Limit)
    )
    order = evidence.orders[ref][0]
    before = order.ticket
    order.ticket = evolve(before, **{name: make(before) for name, make in other.items()})
    try:
        yield Evidence(honest())
    finally:
        order.ticket = before


@pytest.mark.parametrize(
    ("said", "other"),
    [
        ("the limit", {"kind": lambda ticket: Limit(ticket.limit + 5)}),
        ("the quantity", {"quantity": lambda ticket: ticket.quantity + 1}),
        ("the side", {"side": lambda ticket: Side.SELL if ticket.side is Side.BUY else Side.BUY}),
        ("the contracts", {"what": lambda _: 1_013}),
    ],
)
def test_an_order_that_is_not_what_was_written_down_is_seen(said: str, other: Any) -> None:
    with order_of(Purpose.HEDGE, **other) as evidence:
        assert any(said in why for why in of_the_wire(evidence))
    assert not list(of_the_wire(Evidence(honest())))


def test_an_amendment_that_did_not_arrive_is_seen_unless_the_broker_refused_it() -> None:
    quiet = evolve(honest(), plan=evolve(honest().plan, troubles=()))
    row = next(row for row in reversed(honest().rows) if isinstance(row.entry, AmendAsked))
    ref = str(row.entry.intent)
    order = Evidence(quiet).orders[ref][0]
    refused = OrderReport(
        at=row.at, order_ref=ref, perm_id=1, standing=Standing.UNKNOWN, filled=0, remaining=1, code=201
    )
    told = evolve(quiet, rows=[*honest().rows, row._replace(entry=refused)])
    before, order.ticket = order.ticket, evolve(order.ticket, kind=Limit(order.ticket.limit + 5))
    try:
        with patch.object(Evidence, "alive_at", lambda *_: True):
            assert any("was amended to" in why for why in of_the_wire(Evidence(quiet)))
            assert not any("was amended to" in why for why in of_the_wire(Evidence(told)))
    finally:
        order.ticket = before


def test_an_entry_that_holds_back_less_than_it_costs_is_seen() -> None:
    rows = list(honest().rows)
    place = next(n for n, row in enumerate(rows) if isinstance(row.entry, Ordered) and any(row.entry.reserved))
    entry = rows[place].entry
    less = [Money(each.amount / 2, each.currency) for each in entry.reserved]
    rows[place] = rows[place]._replace(entry=evolve(entry, reserved=less))
    assert any("was held back for it" in why for why in of_the_purse(Evidence(evolve(honest(), rows=rows))))


def test_a_difference_that_nobody_made_is_seen() -> None:
    rows = list(honest().rows)
    place = next(n for n, row in enumerate(rows) if isinstance(row.entry, Reconciled) and row.entry.unexplained)
    told = rows[place].entry.unexplained[0]
    for other in (evolve(told, ours=told.ours + 1), evolve(told, theirs=told.theirs + 1)):
        changed = [*rows]
        changed[place] = rows[place]._replace(entry=evolve(rows[place].entry, unexplained=[other]))
        evidence = Evidence(evolve(honest(), rows=changed))
        assert list(of_the_causes(evidence, "unexplained difference"))
    assert not list(of_the_causes(Evidence(honest()), "unexplained difference"))


def test_an_end_that_nothing_led_to_is_seen() -> None:
    quiet = evolve(honest(), plan=evolve(honest().plan, troubles=()))
    for end in ("unexplained difference", "paused", "halted: altered order", "degraded"):
        assert list(of_the_causes(Evidence(quiet), end))
    halted = evolve(honest(), plan=evolve(honest().plan, troubles=[Trouble(1.0, Kind.PRESET_CHANGE)]))
    assert not any("the session ended" in why for why in of_the_causes(Evidence(halted), "halted: altered order"))


def played(plan: Plan) -> Outcome:
    return outcome_of(plan)


def test_a_book_that_never_enters_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(GammaScalp, "_entered", lambda self, scene, memory: (Hold("never", "it is not let"), memory))
    assert any("0 of 1 books have entered" in why for why in played(evolve(SHORT, minutes=3.0)).violations)


def test_a_book_that_never_hedges_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    never = Hold("never", "it is not let")
    monkeypatch.setattr(GammaScalp, "_hedged", lambda self, scene, memory, where: (never, memory))
    moved = evolve(SHORT, jumps=((1.0, 0.5),))
    assert any("was left with a delta of" in why for why in played(moved).violations)
    monkeypatch.undo()
    assert not played(moved).violations


def test_an_option_that_is_sold_without_being_held_is_seen() -> None:
    evidence = Evidence(honest())
    sold = {key: each._replace(side=Side.SELL) for key, each in evidence.corrected.items()}
    evidence.__dict__["corrected"] = sold  # as it would have been told
    assert any("did not have" in why for why in of_the_deeds(evidence, "flat"))


def test_flattening_that_leads_away_from_nothing_is_seen() -> None:
    evidence = Evidence(evolve(honest(), plan=evolve(honest().plan, troubles=())))
    hedges = {id: each for id, each in evidence.given.items() if each.intent.purpose is Purpose.HEDGE}
    flattening = {id: each._replace(intent=evolve(each.intent, purpose=Purpose.FLATTEN)) for id, each in hedges.items()}
    evidence.__dict__["given"] = {**evidence.given, **flattening}
    with patch.object(Evidence, "outsiders", lambda _: ()):
        assert any("was to flatten, and took" in why for why in of_the_deeds(evidence, "flat"))


def test_an_amendment_that_was_not_permitted_is_seen() -> None:
    rows = list(honest().rows)
    place = next(place for place, row in enumerate(rows) if isinstance(row.entry, AmendAsked))
    rows.insert(place, rows[place]._replace(book="", entry=Paused("a look", "ada")))
    assert any(
        "was amended though it was paused" in why for why in of_the_permits(Evidence(evolve(honest(), rows=rows)))
    )


def test_a_command_that_nobody_hears_is_seen() -> None:
    asked = evolve(honest().plan, troubles=[Trouble(2.5, Mishap.PERSON_STOPS), Trouble(2.4, Mishap.PERSON_FLATTENS)])
    found = list(of_the_deeds(Evidence(evolve(honest(), plan=asked)), "straddle held"))
    assert any("it went on" in why for why in found)
    assert any("nobody has heard it" in why for why in found)


def test_what_was_asked_to_be_sold_and_is_still_held_is_seen() -> None:
    asked = evolve(honest().plan, troubles=[Trouble(2.5, Mishap.PERSON_FLATTENS)])
    found = list(of_the_deeds(Evidence(evolve(honest(), plan=asked)), "straddle held"))
    assert any("four minutes later one still held" in why for why in found)
    sold = outcome_of(evolve(SHORT, troubles=[FLATTENS]))
    assert not sold.violations
    assert sold.end == "paused"


def test_who_goes_home_with_a_position_is_seen() -> None:
    lives = [evolve(each, code=ExitCode.NOTHING_TRADABLE) for each in honest().lives]
    found = list(of_the_deeds(Evidence(evolve(honest(), lives=lives)), "straddle held"))
    assert any("with a position" in why for why in found)


def test_the_honest_session_lasts_long_enough_for_all_of_it() -> None:
    assert honest().world.clock.now() - honest().plan.start > timedelta(minutes=29)
