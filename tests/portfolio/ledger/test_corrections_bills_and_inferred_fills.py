"""What the broker tells later: another word on an execution, its bill, or a fill that had to be inferred."""

from decimal import Decimal

import pytest
from attrs import evolve
from bookkeeping import (
    CALL,
    NOON,
    PUT,
    SAP,
    SPY,
    bill,
    dollars,
    fill,
    inferred,
    ledger_of,
)

from gamma_scalper.domain.money import Money
from gamma_scalper.domain.orders import IntentId, Side
from gamma_scalper.portfolio.ledger import (
    booked,
    cash,
    commissions,
    execution_keys,
    filled_of,
    quantity,
)

# -- corrections -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [{"price": Decimal(590)}, {"quantity": Decimal(7)}, {"side": Side.SELL}, {"instrument": SAP}, {"at": NOON}],
    ids=str,
)
def test_a_correction_stands_in_for_the_execution_wherever_in_the_past(changes: dict[str, object]) -> None:
    first = fill(10, "600", name="a", at=1)
    later = [fill(-12, "610", name=f"b{n}", at=2 + n) for n in range(3)]
    corrected = evolve(first, exec_id="0000e0d5.a.01.02", **changes)
    ledger = ledger_of(first, *later, corrected)
    assert ledger == ledger_of(corrected, *later)
    assert ledger != ledger_of(first, *later)


def test_an_older_correction_that_comes_late_says_nothing() -> None:
    told = [fill(10, price, revision=revision) for revision, price in ((1, "600"), (3, "603"), (2, "602"))]
    ledger = ledger_of(*told)
    assert cash(ledger) == dollars("-6030")
    assert dict(execution_keys(ledger)) == {"0000e0d5.a1.01": "0000e0d5.a1.01.03"}
    assert len(execution_keys(ledger)) == 1


def test_corrections_are_counted_as_numbers() -> None:
    ledger = ledger_of(fill(10, "600", revision=9), fill(10, "610", exec_id="0000e0d5.a1.01.10"))
    assert cash(ledger) == dollars("-6100")


def test_a_correction_without_the_order_s_name_is_still_ours() -> None:
    ledger = ledger_of(fill(10, "600"), fill(10, "601", revision=2, intent=None))
    assert cash(ledger) == dollars("-6010")
    assert dict(filled_of(ledger, IntentId("spy", 1))) == {SPY.con_id: 10}


def test_a_correction_that_names_another_contract_leaves_nothing_behind() -> None:
    corrected = fill(10, "600", revision=2, instrument=CALL)
    assert ledger_of(fill(10, "600"), corrected).accounts == ledger_of(corrected).accounts


def test_a_second_correction_without_the_order_s_name_counts_too() -> None:
    told = [fill(10, "600"), fill(10, "601", revision=2, intent=None), fill(10, "602", revision=3, intent=None)]
    assert cash(ledger_of(*told)) == dollars("-6020")


def test_ids_that_are_not_in_four_parts_are_never_corrections_of_each_other() -> None:
    ledger = ledger_of(fill(10, "600", exec_id="sim-1"), fill(10, "600", exec_id="sim-2"))
    assert quantity(ledger, SPY.con_id) == 20
    assert booked(ledger, fill(10, "700", exec_id="sim-1"), NOON) is ledger


# -- bills -------------------------------------------------------------------------------------------------------------


def test_a_bill_waits_for_its_fill() -> None:
    waiting = ledger_of(bill("1.05"))
    assert commissions(waiting) == ()
    ledger = booked(waiting, fill(10, "600"), NOON)
    assert (commissions(ledger), cash(ledger)) == (dollars("1.05"), dollars("-6001.05"))


def test_the_newest_bill_of_an_execution_counts() -> None:
    assert commissions(ledger_of(fill(10, "600"), bill("1.05"), bill("1.20"))) == dollars("1.20")


def test_the_bill_of_a_corrected_execution_replaces_the_old_one_and_not_the_other_way_round() -> None:
    told = fill(10, "600"), fill(10, "601", revision=2), bill("1.20", revision=2), bill("1.05")
    assert commissions(ledger_of(*told)) == dollars("1.20")


def test_a_correction_keeps_the_bill_until_a_new_one_comes() -> None:
    assert commissions(ledger_of(fill(10, "600"), bill("1.05"), fill(10, "601", revision=2))) == dollars("1.05")


def test_a_bill_in_another_currency_is_kept_in_it() -> None:
    ledger = ledger_of(fill(10, "600"), bill("1.05"), bill("0.90", currency="EUR"))
    assert commissions(ledger) == (Money(Decimal("0.90"), "EUR"), Money(Decimal(0), "USD"))


# -- inferred fills ----------------------------------------------------------------------------------------------------


def test_an_inferred_fill_counts_like_any_other() -> None:
    ledger = ledger_of(fill(3, "600", name="a"), inferred(7, "601"))
    assert dict(filled_of(ledger, IntentId("spy", 1))) == {SPY.con_id: 10}
    assert cash(ledger) == dollars("-6007")


def test_what_the_broker_tells_after_all_takes_the_place_of_what_was_inferred_at_its_own_price() -> None:
    ledger = ledger_of(inferred(7, "601"), fill(5, "600", name="b", at=50))
    assert (quantity(ledger, SPY.con_id), cash(ledger)) == (7, dollars("-4202"))


def test_more_than_was_inferred_is_more() -> None:
    assert quantity(ledger_of(inferred(7, "601"), fill(9, "600", at=50)), SPY.con_id) == 9


def test_an_execution_that_was_known_when_it_was_inferred_stands_for_itself() -> None:
    known = fill(3, "600", name="a")
    assert quantity(ledger_of(known, inferred(7, "601"), evolve(known, exec_id="0000e0d5.a.01.02")), SPY.con_id) == 10


def test_what_happened_after_the_conclusion_is_something_new() -> None:
    assert quantity(ledger_of(inferred(7, "601", at=100), fill(3, "602", at=101)), SPY.con_id) == 10


def test_another_intent_s_execution_or_the_other_side_stands_for_nothing_inferred() -> None:
    other = fill(3, "600", name="b", intent=IntentId("spy", 2))
    assert quantity(ledger_of(inferred(7, "601"), other, fill(-1, "600", name="c")), SPY.con_id) == 9


def test_one_leg_s_execution_stands_for_nothing_inferred_of_the_other() -> None:
    ledger = ledger_of(inferred(2, "5", instrument=CALL), fill(2, "6", name="b", instrument=PUT))
    assert dict(filled_of(ledger, IntentId("spy", 1))) == {CALL.con_id: 2, PUT.con_id: 2}


def test_a_correction_of_what_was_told_after_all_changes_what_is_left_inferred() -> None:
    told = fill(5, "600", name="b", at=50)
    more = evolve(told, exec_id="0000e0d5.b.01.02", quantity=Decimal(6))
    less = evolve(told, exec_id="0000e0d5.b.01.03", quantity=Decimal(2))
    ledger = ledger_of(inferred(7, "601"), told, more, less)
    assert quantity(ledger, SPY.con_id) == 7
    assert cash(ledger) == dollars("-4205")  # 2 at 600, 5 at 601
