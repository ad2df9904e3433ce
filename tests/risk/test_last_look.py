"""Between approval and sending the world goes on: one order is asked about once more, as it would be permitted now."""

from datetime import timedelta
from decimal import Decimal

import pytest
from good_day import NOW, PARAMETERS, SPY, at_path, good_facts, good_plan, order, plan_of, proposal
from spoiling import CASES, a_good_one

from gamma_scalper.domain.entries import Halted, Mode
from gamma_scalper.domain.orders import Limit, Purpose, Side, Unknown
from gamma_scalper.domain.ports import Link
from gamma_scalper.domain.proposals import Plan, Refused
from gamma_scalper.domain.snapshots import Holding
from gamma_scalper.risk.facts import DeltaFacts, Facts, HedgeRecord, MoneyFacts
from gamma_scalper.risk.last_look import last_look
from gamma_scalper.risk.permit import approve

HALTED = ("governance.halts", (Halted("daily loss", "1,200"),))
LOOKED_AT = {
    *("mode: entries", "mode: going on", "mode: flattening", "panic file", "pause", "halt", "daily loss", "drawdown"),
    *("link", "reconciled", "reconciled: flattening", "unknown order", "unknown order: flattening"),
    *("restart blackout", "session", "trading halt", "quote age", "quote age: flattening", "true quotes"),
    *("price collar", "price collar: flattening"),
}
BUY_40 = plan_of(proposal(side=Side.BUY, quantity=40, pricing=Limit(Decimal("600.01"))))


def refusers(facts: Facts, plan: Plan) -> set[str]:
    return {refusal.guard for refusal in last_look(facts, plan, PARAMETERS)}


def first_of(purpose: Purpose) -> Plan:
    """The first order of a plan alone; those of ENTRY, HEDGE and REPAIR make a holding larger."""
    return plan_of(good_plan(purpose).proposals[0])


@pytest.mark.parametrize(
    ("path", "value", "stopped"),
    [
        ("governance.mode", Mode.DEGRADED, {Purpose.ENTRY}),
        ("governance.mode", Mode.EMERGENCY, set(Purpose) - {Purpose.FLATTEN}),
        ("governance.mode", None, set(Purpose)),
        ("house.panic", True, set(Purpose) - {Purpose.FLATTEN}),
        ("house.panic", None, set(Purpose) - {Purpose.FLATTEN}),
        ("governance.paused", "lunch", {Purpose.ENTRY, Purpose.HEDGE}),
        (*HALTED, {Purpose.ENTRY, Purpose.HEDGE, Purpose.REPAIR}),
        ("governance.profit_today", Decimal(-1000), {Purpose.ENTRY, Purpose.HEDGE, Purpose.REPAIR}),
        ("governance.marked_at", NOW - timedelta(seconds=61), {Purpose.ENTRY, Purpose.HEDGE, Purpose.REPAIR}),
        ("house.link", Link.BLIND, set(Purpose)),
        ("house.unexplained", (42,), set(Purpose) - {Purpose.FLATTEN}),
        ("book.live", (order(state=Unknown("?")),), set(Purpose) - {Purpose.FLATTEN}),
        ("market.contracts.*.condition.halted", True, set(Purpose) - {Purpose.FLATTEN}),
        ("now", NOW + timedelta(seconds=2), set(Purpose) - {Purpose.FLATTEN}),  # the quotes are 2.2 s old by then
        ("now", NOW + timedelta(hours=4), set(Purpose)),
        ("book.live", (order(),), set()),
    ],
)
def test_before_sending_the_house_is_asked_once_more(path, value, stopped):
    assert {
        purpose for purpose in Purpose if refusers(at_path(good_facts(), path, value), first_of(purpose))
    } == stopped


@pytest.mark.parametrize("purpose", Purpose)
def test_the_last_look_says_what_the_permit_would_say_of_all_that_changes_in_a_moment(purpose):
    for case in CASES.values():
        asked = case.spoil(case.begin(a_good_one(purpose)))
        answer = approve(asked.facts, asked.plan, asked.parameters)
        permitted = {each.guard for each in answer.refusals} if isinstance(answer, Refused) else set()
        assert {each.guard for each in last_look(asked.facts, asked.plan, asked.parameters)} == permitted & LOOKED_AT


def test_what_was_settled_when_it_was_approved_is_not_asked_again():
    facts = at_path(good_facts(), "governance.hedging", HedgeRecord(today=50, last_at=NOW, last_price=Decimal(600)))
    facts = at_path(at_path(facts, "book.settled_through", 18), "book.live", (order(),))
    facts = at_path(at_path(facts, "money", MoneyFacts()), "delta", DeltaFacts())
    assert refusers(facts, first_of(Purpose.HEDGE)) == set()


def test_a_later_part_is_held_back_by_a_halt_if_it_makes_the_holding_larger():
    halted = at_path(good_facts(), *HALTED)
    assert refusers(halted, first_of(Purpose.HEDGE)) == {"halt"}
    assert refusers(halted, BUY_40) == set()


def test_whether_it_only_reduces_is_reckoned_by_what_is_held_now():
    halted = at_path(good_facts(), *HALTED)
    filled = (*good_facts().book.holdings[:2], Holding(SPY, -39))
    assert refusers(at_path(halted, "book.holdings", filled), BUY_40) == {"halt"}
    working = order(quantity=1, side=Side.BUY)
    assert refusers(at_path(halted, "book.live", (working,)), BUY_40) == {"halt"}
    assert refusers(at_path(halted, "book.live", None), BUY_40) == {"halt", "unknown order"}


def test_orphaned_shares_are_given_up_whatever_their_order_is_called():
    facts = at_path(at_path(good_facts(), *HALTED), "book.holdings", (Holding(SPY, -40),))
    facts = at_path(at_path(facts, "governance.paused", "lunch"), "house.panic", True)
    assert refusers(facts, BUY_40) == set()
    assert refusers(at_path(facts, "governance.mode", Mode.OBSERVE), BUY_40) == {"mode: flattening"}
    assert refusers(at_path(facts, "now", NOW + timedelta(seconds=31)), BUY_40) == {"quote age: flattening"}
