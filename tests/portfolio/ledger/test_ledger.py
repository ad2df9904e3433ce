"""What each kind of entry does to a book's holdings, cash and profit."""

import sys
from datetime import timedelta
from decimal import Decimal

import pytest
from attrs import evolve
from bookkeeping import (
    CALL,
    NOON,
    PUT,
    SAP,
    SPLIT_CALL,
    SPY,
    bill,
    delivered,
    dollars,
    fill,
    inferred,
    lapsed,
    ledger_of,
    option,
    paid,
    replaced,
    taken_over,
)

from gamma_scalper.domain.entries import LedgerEntry
from gamma_scalper.domain.instruments import Option
from gamma_scalper.domain.money import Money
from gamma_scalper.domain.orders import IntentId
from gamma_scalper.domain.snapshots import Holding
from gamma_scalper.portfolio.ledger import (
    Ledger,
    average_price,
    booked,
    cash,
    filled_of,
    holdings,
    open_lots,
    profit,
    quantity,
    realised,
    unrealised,
)
from gamma_scalper.portfolio.ledger import (
    taken_over as brought,
)

SPY_AT_605 = {SPY.con_id: Decimal(605)}


# -- trades ------------------------------------------------------------------------------------------------------------


def test_an_empty_ledger_holds_nothing_and_has_earned_nothing() -> None:
    ledger = Ledger("spy")
    assert (holdings(ledger), cash(ledger), realised(ledger), unrealised(ledger, {})) == ((), (), (), ())
    assert (quantity(ledger, SPY.con_id), average_price(ledger, SPY.con_id)) == (0, None)
    assert dict(filled_of(ledger, IntentId("spy", 1))) == {}


def test_the_oldest_shares_are_sold_first() -> None:
    ledger = ledger_of(
        fill(10, "600", name="a", at=1), fill(10, "610", name="b", at=2), fill(-15, "620", name="c", at=3)
    )
    assert realised(ledger) == dollars("250")  # 10 at 20 each, 5 at 10 each
    assert [(lot.quantity, lot.each) for lot in open_lots(ledger, SPY.con_id)] == [(5, 610)]
    assert cash(ledger) == dollars("-2800")


def test_selling_more_than_is_held_leaves_a_short_lot_at_the_price_of_the_sale() -> None:
    ledger = ledger_of(fill(10, "600", name="a", at=1), fill(-30, "605", name="b", at=2))
    assert (quantity(ledger, SPY.con_id), average_price(ledger, SPY.con_id)) == (-20, 605)
    assert realised(ledger) == dollars("50")
    assert unrealised(ledger, {SPY.con_id: Decimal(600)}) == dollars("100")


def test_an_option_counts_with_its_own_multiplier() -> None:
    mini = option(multiplier=10)
    ledger = ledger_of(fill(2, "5", name="a", instrument=mini), fill(-1, "7", name="b", at=1, instrument=mini))
    assert (cash(ledger), realised(ledger)) == (dollars("-30"), dollars("20"))
    assert average_price(ledger, mini.con_id) == 5
    assert unrealised(ledger, {mini.con_id: Decimal(8)}) == dollars("30")


def test_a_sold_out_contract_is_held_no_more() -> None:
    ledger = ledger_of(fill(10, "600", name="a"), fill(5, "5", name="b", instrument=CALL), fill(-10, "601", name="c"))
    assert holdings(ledger) == (Holding(CALL, Decimal(5)),)


def test_holdings_come_by_con_id() -> None:
    ledger = ledger_of(*(fill(1, "5", name=f"a{con_id}", instrument=option(con_id)) for con_id in (16, 8, 1)))
    assert [held.instrument.con_id for held in holdings(ledger)] == [1, 8, 16]


def test_a_fill_that_was_missed_takes_its_place_in_time() -> None:
    early, late = fill(10, "600", name="a", at=1), fill(10, "610", name="b", at=2)
    sale = fill(-10, "620", name="c", at=3)
    assert realised(ledger_of(late, sale)) == dollars("100")
    assert realised(ledger_of(late, sale, early)) == dollars("200")
    assert ledger_of(late, sale, early) == ledger_of(early, late, sale)


def test_a_fill_costs_no_more_work_in_a_long_ledger() -> None:
    def calls(before: int) -> int:
        told = [fill(1, "600", name=f"a{n:04}", at=n, intent=IntentId("spy", n + 1)) for n in range(before)]
        ledger, newest = ledger_of(*told), fill(-1, "601", name="b", at=before, intent=IntentId("spy", before + 1))
        seen: list[str] = []
        sys.setprofile(lambda frame, event, argument: seen.append(event))
        try:
            booked(ledger, newest, NOON)
        finally:
            sys.setprofile(None)
        return len(seen)

    assert calls(2_000) < 1.5 * calls(20)  # where two names fall together in a map depends on the hash seed


def test_what_is_held_without_a_mark_makes_the_profit_unknown_and_not_smaller() -> None:
    ledger = ledger_of(fill(10, "600", name="a"), fill(1, "5", name="b", instrument=CALL))
    assert unrealised(ledger, SPY_AT_605) is None
    assert profit(ledger, SPY_AT_605) is None


def test_profit_is_realised_and_unrealised_less_commissions() -> None:
    ledger = ledger_of(fill(10, "600", name="a"), fill(-4, "603", name="b", at=1), bill("1.05", name="a"))
    assert profit(ledger, SPY_AT_605) == dollars("40.95")  # 12 + 30 - 1.05


def test_currencies_are_kept_apart() -> None:
    ledger = ledger_of(
        fill(10, "600", name="a"), fill(4, "200", name="b", instrument=SAP), bill("2", name="b", currency="EUR")
    )
    assert cash(ledger) == (Money(Decimal(-802), "EUR"), Money(Decimal(-6000), "USD"))
    assert profit(ledger, {SAP.con_id: Decimal(201), **SPY_AT_605}) == (
        Money(Decimal(2), "EUR"),
        Money(Decimal(50), "USD"),
    )


@pytest.mark.parametrize("intent", [None, IntentId("nvda", 1)], ids=["nobody's", "another book's"])
def test_a_trade_of_somebody_else_is_no_business_of_the_book(intent: IntentId | None) -> None:
    empty = Ledger("spy")
    assert booked(empty, fill(10, "600", intent=intent), NOON) is empty
    assert booked(empty, inferred(10, "600", intent=intent), NOON) is empty


def test_an_intent_of_another_book_has_no_executions_here() -> None:
    assert dict(filled_of(ledger_of(fill(10, "600")), IntentId("nvda", 1))) == {}


def test_the_legs_of_a_combo_are_counted_apart() -> None:
    ledger = ledger_of(
        fill(2, "5", name="a", instrument=CALL), fill(2, "6", name="b", instrument=PUT), fill(1, "5", name="c")
    )
    assert dict(filled_of(ledger, IntentId("spy", 1))) == {CALL.con_id: 2, PUT.con_id: 2, SPY.con_id: 1}


# -- exercise, assignment, expiry --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("contract", "was_long", "shares"),
    [(CALL, True, 200), (CALL, False, -200), (PUT, True, -200), (PUT, False, 200)],
    ids=["long call", "short call", "long put", "short put"],
)
def test_a_delivery_ends_the_option_at_nothing_and_moves_the_shares_at_the_strike(
    contract: Option, was_long: bool, shares: int
) -> None:
    held = fill(2 if was_long else -2, "5", instrument=contract)
    ledger = ledger_of(held, delivered(contract, 2, was_long=was_long), at=10)
    assert holdings(ledger) == (Holding(SPY, Decimal(shares)),)
    assert average_price(ledger, SPY.con_id) == 600
    premium = -1000 if was_long else 1000
    assert realised(ledger) == dollars(str(premium))
    assert cash(ledger) == dollars(str(premium - shares * 600))


def test_an_exercise_closes_the_hedge_it_delivers() -> None:
    hedged = ledger_of(fill(1, "8", instrument=CALL), fill(-100, "610", name="b"), at=0)
    ledger = booked(hedged, delivered(CALL, 1, was_long=True), NOON + timedelta(days=3))
    assert (holdings(ledger), realised(ledger), cash(ledger)) == ((), dollars("200"), dollars("200"))


def test_a_settlement_in_cash_ends_the_option_at_what_was_paid() -> None:
    held = fill(2, "5", instrument=CALL)
    ledger = ledger_of(held, delivered(CALL, 2, was_long=True, settled="7.5"), at=10)
    assert (holdings(ledger), realised(ledger), cash(ledger)) == ((), dollars("500"), dollars("500"))


@pytest.mark.parametrize(("contracts", "earned"), [(2, "-1000"), (-2, "1000")], ids=["long", "short"])
def test_options_that_lapse_are_gone_with_their_premium(contracts: int, earned: str) -> None:
    ledger = ledger_of(fill(contracts, "5", instrument=CALL), lapsed(CALL, contracts), at=10)
    assert (holdings(ledger), realised(ledger)) == ((), dollars(earned))


@pytest.mark.parametrize(
    "event",
    [
        delivered(CALL, 1, was_long=True),
        lapsed(CALL, 1),
        replaced(SPY, SPY, "2"),
        paid("5"),
        taken_over(5, "600"),
        inferred(5, "600"),
    ],
    ids=lambda event: type(event).__name__,
)
def test_an_event_is_booked_once(event: LedgerEntry) -> None:
    ledger = ledger_of(fill(10, "600"), fill(3, "5", name="b", instrument=CALL), event, at=10)
    assert booked(ledger, event, NOON + timedelta(days=1)) is ledger


# -- corporate actions, payments, take-overs ---------------------------------------------------------------------------


def test_a_split_leaves_cost_and_age_of_every_lot() -> None:
    before = ledger_of(fill(10, "600", name="a", at=1), fill(20, "630", name="b", at=2))
    ledger = booked(before, replaced(SPY, SPY, "3"), NOON + timedelta(days=1))
    assert [(lot.quantity, lot.each) for lot in open_lots(ledger, SPY.con_id)] == [(30, 200), (60, 210)]
    assert [lot.since for lot in open_lots(ledger, SPY.con_id)] == [NOON + timedelta(seconds=n) for n in (1, 2)]
    assert (cash(ledger), realised(ledger)) == (cash(before), realised(before))


def test_a_fill_from_before_a_split_that_is_told_after_it_is_split_too() -> None:
    split, late = replaced(SPY, SPY, "2"), fill(10, "600", name="late", at=5)
    ledger = booked(ledger_of(fill(10, "610", name="a"), split, at=10), late, NOON)
    assert quantity(ledger, SPY.con_id) == 40


def test_a_fraction_is_paid_out_in_cash() -> None:
    ledger = ledger_of(fill(101, "10"), replaced(SPY, SPY, "0.5", cash="9"), at=10)
    assert holdings(ledger) == (Holding(SPY, Decimal(50)),)
    assert realised(ledger) == dollars("-1")  # half a new share that had cost 10 went for 9
    assert cash(ledger) == dollars("-1001")


def test_a_lot_that_is_all_fraction_is_gone() -> None:
    told = fill(100, "10", name="a", at=1), fill(1, "12", name="b", at=2)
    ledger = ledger_of(*told, replaced(SPY, SPY, "0.5", cash="9"), at=10)
    assert [(lot.quantity, lot.each) for lot in open_lots(ledger, SPY.con_id)] == [(50, 20)]
    assert realised(ledger) == dollars("-3")


def test_there_are_no_fractions_of_an_option_though_nothing_is_paid_for_them() -> None:
    ledger = ledger_of(fill(3, "5", instrument=CALL), replaced(CALL, SPLIT_CALL, "0.5"), at=10)
    assert holdings(ledger) == (Holding(SPLIT_CALL, Decimal(1)),)
    assert (realised(ledger), average_price(ledger, SPLIT_CALL.con_id)) == (dollars("-500"), 10)


def test_a_contract_may_change_its_name() -> None:
    renamed = evolve(SPY, symbol="SPDR")
    ledger = ledger_of(fill(10, "600"), replaced(SPY, renamed, "1"), at=10)
    assert holdings(ledger) == (Holding(renamed, Decimal(10)),)


def test_a_ratio_that_does_not_come_out_even_loses_no_share() -> None:
    told = [fill(100, "30", name=f"a{n}", at=n) for n in range(3)]
    ledger = ledger_of(*told, replaced(SPY, SPY, "0.3333333333", cash="0"), at=10)
    assert quantity(ledger, SPY.con_id) == 100
    assert profit(ledger, {SPY.con_id: Decimal(90)}) == dollars("0.0")


def test_a_short_holding_is_split_as_well() -> None:
    ledger = ledger_of(fill(-101, "10"), replaced(SPY, SPY, "0.5", cash="-11"), at=10)
    assert (quantity(ledger, SPY.con_id), realised(ledger)) == (-50, dollars("-1"))


def test_an_adjusted_option_carries_the_cost_of_the_one_it_replaces() -> None:
    ledger = ledger_of(fill(3, "6", instrument=CALL), replaced(CALL, SPLIT_CALL, "2"), at=10)
    assert holdings(ledger) == (Holding(SPLIT_CALL, Decimal(6)),)
    assert (average_price(ledger, SPLIT_CALL.con_id), realised(ledger)) == (3, dollars("0"))


def test_a_correction_from_before_the_adjustment_reaches_the_contract_that_came_of_it() -> None:
    told = fill(3, "6", instrument=CALL), replaced(CALL, SPLIT_CALL, "2"), fill(3, "5", revision=2, instrument=CALL)
    ledger = ledger_of(*told, at=10)
    assert average_price(ledger, SPLIT_CALL.con_id) == Decimal("2.5")
    gone = booked(ledger, fill(3, "5", revision=3, instrument=PUT), NOON)
    assert holdings(gone) == (Holding(PUT, Decimal(3)),)


def test_a_contract_is_not_replaced_by_one_of_another_currency() -> None:
    with pytest.raises(ValueError, match="its own currency"):
        replaced(SPY, SAP, "1")


def test_a_dividend_is_earned_and_a_fee_is_lost() -> None:
    ledger = ledger_of(paid("12.50", id="p1"), paid("-2", id="p2"))
    assert (cash(ledger), realised(ledger)) == (dollars("10.50"), dollars("10.50"))


def test_what_is_taken_over_moves_no_cash_and_earns_from_its_stated_price() -> None:
    ledger = ledger_of(taken_over(10, "600"), fill(-4, "605", name="b", at=1))
    assert (cash(ledger), realised(ledger), brought(ledger)) == (dollars("2420"), dollars("20"), dollars("6000"))
    assert profit(ledger, SPY_AT_605) == dollars("50")


def test_what_leaves_the_book_is_realised_at_its_stated_price_without_cash() -> None:
    ledger = ledger_of(fill(10, "600"), taken_over(-10, "590"), at=1)
    assert (holdings(ledger), realised(ledger), cash(ledger)) == ((), dollars("-100"), dollars("-6000"))


def test_a_bust_is_taken_out_at_the_price_it_was_booked_at_and_its_cash_paid_back() -> None:
    ledger = ledger_of(fill(10, "600"), taken_over(-10, "600"), at=1)
    assert (holdings(ledger), profit(ledger, {})) == ((), dollars("0"))


def test_none_that_lapse_change_nothing() -> None:
    assert holdings(ledger_of(lapsed(CALL, 0))) == ()


def test_taking_over_nothing_changes_no_holding() -> None:
    assert holdings(ledger_of(taken_over(0, "600"))) == ()
