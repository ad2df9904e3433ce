"""Early exercise is judged as an exit: it needs a position that is certain, and never makes a short."""

from decimal import Decimal

import pytest
from good_day import CALL, PARAMETERS, PUT, SPY, at_path, good_facts, order

from gamma_scalper.domain.entries import Halted, Mode
from gamma_scalper.domain.orders import Unknown
from gamma_scalper.domain.ports import Link
from gamma_scalper.domain.snapshots import Holding
from gamma_scalper.risk.facts import Facts
from gamma_scalper.risk.instructing import may_instruct, unwritten

GOOD = at_path(good_facts(), "governance.instructed", {})  # two calls, two puts, 40 shares short


def refused(facts: Facts, option=CALL, contracts: int = 2) -> set[str]:
    return {refusal.guard for refusal in may_instruct(facts, option, contracts, PARAMETERS)}


def test_what_is_held_may_be_exercised():
    assert refused(GOOD) == set()


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("governance.halts", (Halted("daily loss", "a test"),)),
        ("governance.paused", "lunch, by anna"),
        ("governance.mode", Mode.DEGRADED),
        ("governance.profit_today", Decimal(-5_000)),
    ],
)
def test_what_bars_beginnings_does_not_bar_it(path, value):
    assert refused(at_path(GOOD, path, value)) == set()


@pytest.mark.parametrize(
    ("path", "value", "guard"),
    [
        ("house.panic", True, "panic file"),
        ("house.panic", None, "panic file"),
        ("governance.mode", Mode.OBSERVE, "mode: going on"),
        ("governance.mode", Mode.EMERGENCY, "mode: going on"),
        ("house.link", Link.BLIND, "link"),
        ("house.compared_at", None, "reconciled"),
        ("house.unexplained", (CALL.con_id,), "reconciled"),
        ("book.live", (order(),), "one thing at a time"),
        ("book.live", (order(state=Unknown("lost")),), "unknown order"),
        ("book.holdings", None, "only reduces"),
        ("governance.instructed", None, "only reduces"),
    ],
)
def test_what_makes_the_position_uncertain_or_stops_exits_bars_it(path, value, guard):
    assert guard in refused(at_path(GOOD, path, value))


def test_no_more_is_exercised_than_is_held_and_was_not_exercised_today():
    assert refused(GOOD, CALL, 3) == {"only reduces"}
    once = at_path(GOOD, "governance.instructed", {CALL.con_id: Decimal(1)})
    assert refused(once, CALL, 1) == set()
    assert refused(once, CALL, 2) == {"only reduces"}


def test_what_the_journal_says_already_is_not_in_its_own_way():
    written = at_path(GOOD, "governance.instructed", {CALL.con_id: Decimal(2)})
    assert refused(written, CALL, 2) == {"only reduces"}
    assert refused(unwritten(written, CALL, 2), CALL, 2) == set()
    more = at_path(GOOD, "governance.instructed", {CALL.con_id: Decimal(3)})
    assert refused(unwritten(more, CALL, 2), CALL, 2) == {"only reduces"}


def test_puts_are_exercised_against_shares_or_calls_and_never_into_a_short():
    assert refused(GOOD, PUT, 1) == set()  # the two calls cover 200 shares, of which 40 are short already
    assert refused(GOOD, PUT, 2) == {"nothing naked"}
    alone = at_path(GOOD, "book.holdings", (Holding(PUT, 2), Holding(SPY, 200)))
    assert refused(alone, PUT, 2) == set()
