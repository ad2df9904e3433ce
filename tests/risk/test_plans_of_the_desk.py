"""The desk's own plans pass the permit: a collar that flattening may use is one that the guards allow."""

from datetime import timedelta
from decimal import Decimal

import pytest
from attrs import evolve
from good_day import CALL, NOW, PARAMETERS, PUT, SPY, at_path, contract, good_facts
from hypothesis import given
from hypothesis import strategies as st

from gamma_scalper.domain.orders import Purpose, Side
from gamma_scalper.domain.proposals import Approved, Refused
from gamma_scalper.domain.snapshots import Holding
from gamma_scalper.portfolio.flatten import FlattenParameters, plan_flatten
from gamma_scalper.portfolio.steps import Orders
from gamma_scalper.risk.facts import DeltaFacts, MoneyFacts
from gamma_scalper.risk.permit import approve


@given(
    calls=st.integers(-3, 5),
    puts=st.integers(-3, 5),
    shares=st.integers(-200, 200),
    bid=st.integers(1, 4_000),
    spread=st.integers(0, 200),
    gone_s=st.floats(0, 120),
)
def test_what_flattening_plans_is_approved_at_every_urgency(calls, puts, shares, bid, spread, gone_s):
    counted = ((CALL, calls), (PUT, puts), (SPY, shares))
    held = tuple(Holding(instrument, quantity) for instrument, quantity in counted if quantity)
    low, high = bid / 100, (bid + spread) / 100
    contracts = {
        SPY.con_id: contract(SPY, 599.99, 600.01),
        CALL.con_id: contract(CALL, low, high),
        PUT.con_id: contract(PUT, low, high),
    }
    facts = at_path(good_facts(Purpose.FLATTEN), "market.contracts", contracts)
    facts = evolve(at_path(facts, "book.holdings", held), delta=DeltaFacts(), money=MoneyFacts())
    step = plan_flatten(
        held,
        {con_id: each.quote for con_id, each in contracts.items()},
        NOW,
        began=NOW - timedelta(seconds=gone_s),
        began_with=held,
        within_s=60,
        parameters=FlattenParameters(),
        settled_through=17,
    )
    if isinstance(step, Orders):
        answer = approve(facts, step.plan, PARAMETERS)
        assert isinstance(answer, Approved), str(answer)
    else:
        assert not held


@pytest.mark.parametrize(("side", "quantity"), [(Side.SELL, 3), (Side.BUY, 1)])
def test_flattening_more_than_is_held_or_the_wrong_way_is_not_approved(side, quantity):
    facts = good_facts(Purpose.FLATTEN)
    step = plan_flatten(
        facts.book.holdings,
        {con_id: each.quote for con_id, each in facts.market.contracts.items()},
        NOW,
        began=NOW,
        began_with=facts.book.holdings,
        within_s=60,
        parameters=FlattenParameters(),
        settled_through=17,
    )
    assert isinstance(step, Orders)
    calls = next(each for each in step.plan.proposals if each.instrument == CALL)
    wrong = evolve(step.plan, proposals=[evolve(calls, side=side, quantity=Decimal(quantity))])
    answer = approve(facts, wrong, PARAMETERS)
    assert isinstance(answer, Refused)
    assert "only reduces" in str(answer)
