"""A book trades its own underlying, enters by buying options, and leaves nothing short without cover."""

from decimal import Decimal

import pytest
from attrs import evolve
from good_day import CALL, PARAMETERS, PUT, QQQ, SPY, at_path, contract, good_facts, option, plan_of, proposal

from gamma_scalper.domain.instruments import Combo, Leg, Option, Stock
from gamma_scalper.domain.money import Money
from gamma_scalper.domain.orders import Limit, Purpose, Side
from gamma_scalper.domain.proposals import Plan, Refused
from gamma_scalper.domain.snapshots import Holding
from gamma_scalper.risk.facts import Facts, LegDelta
from gamma_scalper.risk.parameters import RiskParameters
from gamma_scalper.risk.permit import approve

QQQ_CALL = option("C", 2001, underlying_con_id=QQQ.con_id, symbol="QQQ", trading_class="QQQ")
HIGHER_CALL, LOWER_PUT = option("C", 1003, strike="605"), option("P", 1004, strike="595")
SELLING = evolve(PARAMETERS, structure=evolve(PARAMETERS.structure, sell_options=True))


def facts_for(purpose: Purpose, *held: Holding) -> Facts:
    """Of a book with these holdings, when all contracts are quoted and an order costs nothing."""
    facts = good_facts(purpose)
    more = {each.con_id: contract(each, 10.00, 10.10) for each in (QQQ_CALL, HIGHER_CALL, LOWER_PUT)}
    contracts = {**facts.market.contracts, **more, QQQ.con_id: contract(QQQ, 599.99, 600.01)}
    facts = at_path(at_path(facts, "market.contracts", contracts), "money.costs", (Money(0),))
    return at_path(facts, "book.holdings", held) if held else facts


def one(purpose: Purpose, instrument: Stock | Option | Combo, quantity: int, price: str = "10.00") -> Plan:
    side = Side.BUY if quantity > 0 else Side.SELL
    return plan_of(
        proposal(
            purpose=purpose, instrument=instrument, side=side, quantity=abs(quantity), pricing=Limit(Decimal(price))
        )
    )


def refusers(facts: Facts, plan: Plan, parameters: RiskParameters = PARAMETERS) -> set[str]:
    answer = approve(facts, plan, parameters)
    return {refusal.guard for refusal in answer.refusals} if isinstance(answer, Refused) else set()


@pytest.mark.parametrize("purpose", [Purpose.ENTRY, Purpose.HEDGE, Purpose.REPAIR])
@pytest.mark.parametrize("instrument", [QQQ, QQQ_CALL, Combo([Leg(PUT, 1), Leg(QQQ_CALL, 1)])])
def test_a_book_does_not_trade_what_is_of_another_underlying(purpose, instrument):
    assert "own underlying" in refusers(facts_for(purpose), one(purpose, instrument, 1))


def test_a_hedge_in_shares_of_another_underlying_is_stopped_by_that_alone():
    assert refusers(facts_for(Purpose.HEDGE), one(Purpose.HEDGE, QQQ, -60, "599.99")) == {"own underlying"}


def test_what_a_book_holds_of_another_underlying_may_be_ended():
    facts = facts_for(Purpose.EXIT, *good_facts().book.holdings, Holding(QQQ, 10))
    for purpose in (Purpose.EXIT, Purpose.FLATTEN):
        assert refusers(facts, one(purpose, QQQ, -10, "599.99")) == set()


@pytest.mark.parametrize(
    ("instrument", "quantity", "price"),
    [(SPY, 100, "600.01"), (SPY, -100, "599.99"), (CALL, -1, "10.00"), (PUT, -1, "9.50")],
)
def test_an_entry_buys_options_and_nothing_else(instrument, quantity, price):
    assert "bought options" in refusers(facts_for(Purpose.ENTRY), one(Purpose.ENTRY, instrument, quantity, price))


def test_an_entry_that_sells_a_leg_of_a_combo_sells():
    reversal = Combo([Leg(CALL, 1), Leg(PUT, -1)])
    facts = facts_for(Purpose.ENTRY)
    assert "bought options" in refusers(facts, one(Purpose.ENTRY, reversal, 1, "0.60"))
    assert "bought options" not in refusers(facts, one(Purpose.ENTRY, reversal, 1, "0.60"), SELLING)


@pytest.mark.parametrize(
    ("legs", "covered"),
    [
        ([Leg(CALL, 1), Leg(HIGHER_CALL, -1)], True),
        ([Leg(CALL, -1), Leg(HIGHER_CALL, 1)], True),
        ([Leg(CALL, 1), Leg(HIGHER_CALL, -2)], False),
        ([Leg(PUT, -1), Leg(LOWER_PUT, 1)], True),
        ([Leg(CALL, 1), Leg(LOWER_PUT, -1)], False),  # a call covers no put
        ([Leg(CALL, -1), Leg(HIGHER_CALL, 1), Leg(PUT, -1), Leg(LOWER_PUT, 1)], True),
    ],
)
def test_an_entry_that_may_sell_options_covers_every_one(legs, covered):
    facts = at_path(facts_for(Purpose.ENTRY), "book.holdings", ())
    stopped = refusers(facts, one(Purpose.ENTRY, Combo(legs), 1), SELLING)
    assert ("nothing naked" not in stopped) is covered


def test_shares_are_no_entry_even_where_options_may_be_sold():
    assert "bought options" in refusers(facts_for(Purpose.ENTRY), one(Purpose.ENTRY, SPY, 100, "600.01"), SELLING)


@pytest.mark.parametrize(("sold", "naked"), [(1, False), (2, True)])
def test_a_hedge_by_selling_calls_keeps_the_cover_of_short_shares(sold, naked):
    facts = at_path(facts_for(Purpose.HEDGE), "delta.projected", 124.0)  # two calls' worth
    stopped = refusers(facts, one(Purpose.HEDGE, CALL, -sold))
    assert stopped == ({"nothing naked"} if naked else set())


def test_a_hedge_by_selling_puts_does_not_leave_them_short():
    facts = at_path(facts_for(Purpose.HEDGE), "delta.projected", -114.0)
    facts = at_path(facts, "delta.legs", {CALL.con_id: LegDelta(own=0.62), PUT.con_id: LegDelta(own=-0.38)})
    stopped = [refusers(facts, one(Purpose.HEDGE, PUT, -sold, "9.50")) for sold in (2, 3)]
    assert stopped == [set(), {"nothing naked"}]


def test_a_hedge_in_shares_is_judged_by_the_delta_alone():
    facts = at_path(facts_for(Purpose.HEDGE, Holding(PUT, 2)), "delta.projected", 40.0)
    assert refusers(facts, one(Purpose.HEDGE, SPY, -40, "599.99")) == set()


def test_an_exit_of_a_spread_ends_what_was_sold_before_what_covers_it():
    facts = facts_for(Purpose.EXIT, Holding(PUT, -1), Holding(LOWER_PUT, 1))
    assert refusers(facts, one(Purpose.EXIT, LOWER_PUT, -1)) == {"nothing naked"}
    assert refusers(facts, one(Purpose.EXIT, PUT, 1, "9.60")) == set()
