"""What follows from the guards together: modes, orphans, reducing plans, what is reserved."""

from decimal import Decimal

import pytest
from attrs import evolve
from good_day import CALL, NOW, PARAMETERS, PUT, SPY, at_path, good_facts, good_plan, order, plan_of, proposal
from hypothesis import given
from hypothesis import strategies as st

from gamma_scalper.domain.entries import Halted, Mode
from gamma_scalper.domain.instruments import Combo, Leg
from gamma_scalper.domain.money import Money
from gamma_scalper.domain.orders import Limit, Market, PartlyFilled, Purpose, Side, Unknown
from gamma_scalper.domain.ports import Link
from gamma_scalper.domain.proposals import Approved, Plan, Refused
from gamma_scalper.domain.snapshots import Holding
from gamma_scalper.risk.facts import DeltaFacts, Facts, GovernanceFacts, MoneyFacts
from gamma_scalper.risk.measures import only_reduces
from gamma_scalper.risk.modes import CAPS, strictest
from gamma_scalper.risk.permit import approve, permit


def approved(facts: Facts, plan: Plan) -> bool:
    return isinstance(approve(facts, plan, PARAMETERS), Approved)


def refusers(facts: Facts, plan: Plan) -> set[str]:
    answer = approve(facts, plan, PARAMETERS)
    return {refusal.guard for refusal in answer.refusals} if isinstance(answer, Refused) else set()


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("purpose", Purpose)
def test_a_mode_caps_the_purposes(mode, purpose):
    facts = at_path(good_facts(purpose), "governance.mode", mode)
    assert permit(facts, PARAMETERS).allowed(purpose) is (purpose in CAPS[mode])
    assert approved(facts, good_plan(purpose)) is (purpose in CAPS[mode])


def test_modes_are_as_the_house_agreed():
    assert CAPS[Mode.LIVE] == set(Purpose)
    assert CAPS[Mode.DEGRADED] == set(Purpose) - {Purpose.ENTRY}
    assert CAPS[Mode.OBSERVE] == set()
    assert CAPS[Mode.EMERGENCY] == {Purpose.FLATTEN}


def test_of_two_modes_the_one_that_allows_less_holds():
    for one in Mode:
        for other in Mode:
            assert CAPS[strictest(one, other)] == CAPS[one] & CAPS[other]


# -- what must go on when nothing else may -----------------------------------------------------------------------------


def test_flattening_needs_neither_greeks_nor_money_nor_a_calm_day():
    facts = evolve(
        good_facts(Purpose.FLATTEN),
        governance=GovernanceFacts(
            mode=Mode.EMERGENCY, paused="lunch", halts=(Halted("daily loss", "1,200"),), profit_today=Decimal(-1200)
        ),
        delta=DeltaFacts(),
        money=MoneyFacts(),
    )
    facts = at_path(at_path(facts, "house.panic", True), "market.motion", None)
    assert approved(facts, good_plan(Purpose.FLATTEN))
    assert permit(facts, PARAMETERS).purposes == (Purpose.FLATTEN,)


def test_reaching_a_loss_limit_leaves_the_exit_open():
    facts = at_path(good_facts(Purpose.EXIT), "governance.profit_today", Decimal(-5000))
    facts = at_path(facts, "governance.halts", (Halted("daily loss", "5,000"),))
    assert approved(facts, good_plan(Purpose.EXIT))
    assert refusers(facts, good_plan(Purpose.ENTRY)) >= {"daily loss", "halt"}


def test_a_halted_book_may_hedge_only_by_giving_up_shares():
    facts = at_path(good_facts(), "governance.halts", (Halted("rejections", "5"),))
    assert refusers(facts, good_plan(Purpose.HEDGE)) == {"halt"}
    buying_back = plan_of(proposal(side=Side.BUY, quantity=40, pricing=Limit(Decimal("600.01"))))
    assert approved(at_path(facts, "delta.projected", -60.0), buying_back)
    assert permit(facts, PARAMETERS).reducing_allowed(Purpose.HEDGE)
    assert not permit(facts, PARAMETERS).allowed(Purpose.HEDGE)


def test_an_order_in_doubt_stops_the_book_and_flattening_in_its_own_contract_alone():
    doubtful = order(state=Unknown("never answered"), instrument=CALL, side=Side.SELL, quantity=1)
    facts = at_path(good_facts(Purpose.FLATTEN), "book.live", (doubtful,))
    assert not permit(facts, PARAMETERS).purposes or permit(facts, PARAMETERS).purposes == (Purpose.FLATTEN,)
    shares = plan_of(good_plan(Purpose.FLATTEN).proposals[2])
    assert approved(facts, shares)
    assert "unknown order: flattening" in refusers(facts, good_plan(Purpose.FLATTEN))


# -- orphans -----------------------------------------------------------------------------------------------------------

ORPHAN = (Holding(SPY, -40),)


@pytest.mark.parametrize("purpose", [Purpose.HEDGE, Purpose.EXIT, Purpose.FLATTEN])
def test_shares_left_without_options_may_always_be_reduced(purpose):
    facts = at_path(good_facts(), "book.holdings", ORPHAN)
    facts = evolve(facts, delta=DeltaFacts(), money=MoneyFacts())
    facts = at_path(facts, "governance", GovernanceFacts(mode=Mode.LIVE, paused="lunch"))
    buying_back = plan_of(proposal(purpose=purpose, side=Side.BUY, quantity=40, pricing=Limit(Decimal("600.01"))))
    assert permit(facts, PARAMETERS).allowed(purpose)
    answer = approve(facts, buying_back, PARAMETERS)
    assert isinstance(answer, Approved)
    assert answer.reserved == (Money(0),)


@pytest.mark.parametrize(("side", "quantity"), [(Side.BUY, 41), (Side.SELL, 20)])
def test_orphaned_shares_are_neither_increased_nor_turned(side, quantity):
    facts = at_path(good_facts(), "book.holdings", ORPHAN)
    plan = plan_of(proposal(side=side, quantity=quantity, pricing=Limit(Decimal("600.00"))))
    assert "orphan" in refusers(facts, plan)


def test_nothing_is_entered_beside_orphaned_shares():
    facts = at_path(good_facts(Purpose.ENTRY), "book.holdings", ORPHAN)
    assert "orphan: entries" in refusers(facts, good_plan(Purpose.ENTRY))


def test_orphaned_shares_are_not_traded_over_a_broken_link():
    facts = at_path(at_path(good_facts(), "book.holdings", ORPHAN), "house.link", Link.DOWN)
    plan = plan_of(proposal(side=Side.BUY, quantity=40, pricing=Limit(Decimal("600.01"))))
    assert refusers(facts, plan) == {"link"}


# -- only reducing -----------------------------------------------------------------------------------------------------


@given(
    held=st.integers(-50, 50),
    working=st.integers(-50, 50),
    filled=st.integers(0, 49),
    wanted=st.lists(st.integers(-50, 50).filter(bool), min_size=1, max_size=3),
)
def test_only_reducing_means_that_no_fill_of_any_part_makes_it_more_or_turns_it(held, working, filled, wanted):
    filled = min(filled, max(abs(working) - 1, 0))
    live = ()
    if working:
        side = Side.BUY if working > 0 else Side.SELL
        living = order(quantity=abs(working), side=side)
        live = (evolve(living, filled=filled, state=PartlyFilled()) if filled else living,)
    facts = at_path(good_facts(), "book.holdings", (Holding(SPY, held),) if held else ())
    facts = at_path(facts, "book.live", live)
    plan = plan_of(*(proposal(side=Side.BUY if each > 0 else Side.SELL, quantity=abs(each)) for each in wanted))
    remaining = (abs(working) - filled) * (1 if working > 0 else -1)
    steps = [each for each in (*wanted, remaining) if each * held < 0]
    safe = bool(held) and all(each * held < 0 for each in wanted) and abs(sum(steps)) <= abs(held)
    assert only_reduces(facts, plan) is safe


@pytest.mark.parametrize(
    ("shares", "sold", "naked"), [(-100, 1, False), (-101, 1, True), (0, 2, False), (50, 2, False)]
)
def test_an_exit_in_steps_keeps_the_cover_of_short_shares(shares, sold, naked):
    held = (Holding(CALL, 2), Holding(PUT, 2), *((Holding(SPY, shares),) if shares else ()))
    facts = at_path(good_facts(Purpose.EXIT), "book.holdings", held)
    exit_ = {"purpose": Purpose.EXIT, "instrument": CALL, "side": Side.SELL, "pricing": Limit(Decimal("10.00"))}
    assert ("nothing naked" in refusers(facts, plan_of(proposal(**exit_, quantity=sold)))) is naked


def test_a_position_that_is_naked_already_may_be_made_less_so():
    facts = at_path(good_facts(Purpose.EXIT), "book.holdings", (Holding(CALL, -2), Holding(PUT, 1)))
    bought = proposal(purpose=Purpose.EXIT, instrument=CALL, side=Side.BUY, quantity=1, pricing=Limit(Decimal("10.10")))
    assert approved(facts, plan_of(bought))


def test_an_exit_of_a_combo_counts_its_legs():
    straddle = Combo([Leg(CALL, 1), Leg(PUT, 1)])
    facts = at_path(good_facts(Purpose.EXIT), "book.holdings", (Holding(CALL, 2), Holding(PUT, 2)))
    sold = {"purpose": Purpose.EXIT, "instrument": straddle, "side": Side.SELL, "pricing": Limit(Decimal("19.50"))}
    assert approved(facts, plan_of(proposal(**sold, quantity=2)))
    assert "only reduces" in refusers(facts, plan_of(proposal(**sold, quantity=3)))


# -- prices of combos --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("limit", "fine"), [("14.63", True), ("14.62", False)])
def test_the_collar_of_a_combo_is_its_legs_together(limit, fine):
    straddle = Combo([Leg(CALL, 1), Leg(PUT, 1)])
    sold = proposal(
        purpose=Purpose.EXIT, instrument=straddle, side=Side.SELL, quantity=2, pricing=Limit(Decimal(limit))
    )
    facts = at_path(good_facts(Purpose.EXIT), "money.costs", (Money(0),))
    assert ("price collar" not in refusers(facts, plan_of(sold))) is fine


def test_a_risk_reversal_is_collared_by_what_one_leg_is_bought_and_the_other_sold_for():
    reversal = Combo([Leg(CALL, 1), Leg(PUT, -1)])
    bought = {"purpose": Purpose.ENTRY, "instrument": reversal, "side": Side.BUY, "quantity": 1}
    facts = at_path(good_facts(Purpose.ENTRY), "money.costs", (Money(0),))
    touch, collar = Decimal("10.10") - Decimal("9.50"), (Decimal("10.10") + Decimal("9.50")) / 4
    inside = plan_of(proposal(**bought, pricing=Limit(touch + collar)))
    outside = plan_of(proposal(**bought, pricing=Limit(touch + collar + Decimal("0.01"))))
    assert "price collar" not in refusers(facts, inside)
    assert "price collar" in refusers(facts, outside)


# -- ourselves ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("price", "meets"), [("599.98", False), ("599.99", True), ("600.05", True)])
def test_orders_of_our_own_cross_where_their_prices_meet(price, meets):
    other = order(book="qqq", side=Side.BUY, pricing=Limit(Decimal(price)))
    facts = at_path(good_facts(), "book.others", (other,))
    assert ("self-cross" in refusers(facts, good_plan(Purpose.HEDGE))) is meets


def test_the_same_side_of_a_contract_never_crosses():
    other = order(book="qqq", side=Side.SELL, pricing=Limit(Decimal("1.00")))
    assert approved(at_path(good_facts(), "book.others", (other,)), good_plan(Purpose.HEDGE))


def test_a_combos_price_says_nothing_of_its_legs_so_it_meets_whatever_is_on_the_other_side():
    straddle = order(book="qqq", instrument=Combo([Leg(CALL, 1), Leg(PUT, 1)]), side=Side.BUY, quantity=1)
    facts = at_path(good_facts(Purpose.EXIT), "book.others", (straddle,))
    assert refusers(facts, good_plan(Purpose.EXIT)) == {"self-cross"}
    selling = order(book="qqq", instrument=Combo([Leg(CALL, 1), Leg(PUT, -1)]), side=Side.SELL, quantity=1)
    sold_call = plan_of(proposal(purpose=Purpose.EXIT, instrument=CALL, quantity=1, pricing=Limit(Decimal("10.00"))))
    assert approved(at_path(good_facts(Purpose.EXIT), "book.others", (selling,)), sold_call)


def test_a_combo_that_is_sold_buys_the_legs_it_is_short_of():
    selling = order(book="qqq", instrument=Combo([Leg(CALL, 1), Leg(PUT, -1)]), side=Side.SELL, quantity=1)
    sold_put = plan_of(proposal(purpose=Purpose.EXIT, instrument=PUT, quantity=1, pricing=Limit(Decimal("9.50"))))
    assert refusers(at_path(good_facts(Purpose.EXIT), "book.others", (selling,)), sold_put) == {"self-cross"}


def test_an_order_at_the_market_meets_any_price():
    plan = plan_of(proposal(pricing=Market()))
    far = order(book="qqq", side=Side.BUY, pricing=Limit(Decimal("1.00")))
    assert refusers(at_path(good_facts(), "book.others", (far,)), plan) == {"self-cross"}


def test_a_plan_does_not_trade_with_itself():
    plan = plan_of(
        proposal(side=Side.SELL, quantity=60), proposal(side=Side.BUY, quantity=10, pricing=Limit(Decimal("600.01")))
    )
    assert "self-cross" in refusers(at_path(good_facts(), "money.costs", (Money(0), Money(0))), plan)


# -- what is reserved --------------------------------------------------------------------------------------------------


def test_what_a_plan_may_cost_is_reserved_order_by_order():
    costs = (Money(1_010), Money(960))
    facts = at_path(good_facts(Purpose.ENTRY), "money.costs", costs)
    answer = approve(facts, good_plan(Purpose.ENTRY), PARAMETERS)
    assert isinstance(answer, Approved)
    assert answer.reserved == costs
    assert answer.at == NOW


def test_what_only_reduces_holds_no_money_back_and_needs_none():
    facts = at_path(at_path(good_facts(), "money.costs", (Money(10**9),)), "delta.projected", -60.0)
    answer = approve(facts, plan_of(proposal(side=Side.BUY, quantity=20, pricing=Limit(Decimal("600.01")))), PARAMETERS)
    assert isinstance(answer, Approved)
    assert answer.reserved == (Money(0),)


def test_a_cost_in_a_currency_of_which_nothing_is_known_is_not_paid():
    facts = at_path(good_facts(), "money.costs", (Money(10, "EUR"),))
    assert refusers(facts, good_plan(Purpose.HEDGE)) == {"buying power", "budget"}


def test_old_figures_of_the_account_pay_for_nothing():
    facts = good_facts()
    old = evolve(facts.money.account, at=NOW.replace(hour=16, minute=54))
    assert refusers(at_path(facts, "money.account", old), good_plan(Purpose.HEDGE)) == {"buying power"}
