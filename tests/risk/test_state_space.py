"""The six dimensions, and that the guards allow a hedge exactly when the rule over the dimensions does."""

from datetime import timedelta
from decimal import Decimal

import pytest
from attrs import evolve
from good_day import CALL, NOW, PARAMETERS, PUT, SPY, at_path, contract, good_facts, order
from hypothesis import given, settings
from hypothesis import strategies as st

from gamma_scalper.domain.entries import Halted, Mode
from gamma_scalper.domain.orders import PartlyFilled, Purpose, Unknown
from gamma_scalper.domain.ports import Link
from gamma_scalper.domain.quotes import DataType
from gamma_scalper.domain.snapshots import Holding
from gamma_scalper.risk.facts import Facts, HedgeRecord, LegDelta, Motion
from gamma_scalper.risk.parameters import HedgingParameters, RiskParameters
from gamma_scalper.risk.permit import permit
from gamma_scalper.risk.state_space import (
    Delta,
    Execution,
    Liquidity,
    Market,
    Options,
    System,
    may_hedge,
    state_space,
)


def space(facts: Facts, parameters: RiskParameters = PARAMETERS):
    return state_space(facts, parameters)


def with_fact(path: str, value: object) -> Facts:
    return at_path(good_facts(), path, value)


def test_a_policy_that_is_content_needs_no_hedge_however_far_from_the_centre_it_is():
    far = at_path(at_path(good_facts(), "delta.projected", 60.0), "delta.target", 60.0)
    assert space(far).delta is Delta.MINOR and not permit(far, PARAMETERS).allowed(Purpose.HEDGE)
    wants = at_path(far, "delta.target", 0.0)
    assert space(wants).delta is Delta.HEDGE_NEEDED


def spread_of(bid: float, ask: float) -> Facts:
    contracts = good_facts().market.contracts | {SPY.con_id: contract(SPY, bid, ask)}
    return with_fact("market.contracts", contracts)


def aged(con_id: int, seconds: float) -> Facts:
    contracts = dict(good_facts().market.contracts)
    old = evolve(contracts[con_id].quote, received_at=NOW - timedelta(seconds=seconds))
    contracts[con_id] = evolve(contracts[con_id], quote=old)
    return with_fact("market.contracts", contracts)


def test_a_good_moment_with_60_shares_to_hedge():
    found = space(good_facts())
    assert (found.options, found.delta, found.market) == (Options.LONG_GAMMA, Delta.HEDGE_NEEDED, Market.NORMAL)
    assert (found.liquidity, found.execution, found.system) == (Liquidity.NORMAL, Execution.IDLE, System.OK)
    assert may_hedge(found)
    assert "D hedge needed" in str(found)


@pytest.mark.parametrize(
    ("gamma", "expected"),
    [(3.0, Options.LONG_GAMMA), (-3.0, Options.SHORT_GAMMA), (0.0, Options.NONE), (None, Options.NONE)],
)
def test_options_by_their_gamma(gamma, expected):
    assert space(with_fact("delta.gamma", gamma)).options is expected


@pytest.mark.parametrize(
    ("projected", "expected"),
    [
        (9.9, Delta.IN_BAND),
        (-10.0, Delta.MINOR),
        (24.9, Delta.MINOR),
        (-25.0, Delta.HEDGE_NEEDED),
        (499.9, Delta.HEDGE_NEEDED),
        (500.0, Delta.FORCE_HEDGE),
        (float("nan"), Delta.INVALID),
        (None, Delta.INVALID),
    ],
)
def test_delta_by_its_distance_from_the_centre(projected, expected):
    assert space(with_fact("delta.projected", projected)).delta is expected


def test_figures_per_straddle_overrule_those_in_shares():
    steep = evolve(
        PARAMETERS,
        hedging=HedgingParameters(epsilon_per_straddle=2.0, hedge_per_straddle=40.0, force_per_straddle=45.0),
    )
    for projected, expected in [(3.9, Delta.IN_BAND), (79.9, Delta.MINOR), (80.0, Delta.HEDGE_NEEDED),
                                (90.0, Delta.FORCE_HEDGE)]:  # fmt: skip
        assert space(with_fact("delta.projected", projected), steep).delta is expected  # of two straddles
    assert space(with_fact("book.straddles", None), steep).delta is Delta.INVALID


@pytest.mark.parametrize("con_id", [SPY.con_id, CALL.con_id, PUT.con_id])
def test_the_market_is_stale_when_any_leg_is_older_than_5_s(con_id):
    assert space(aged(con_id, 5.0)).market is Market.NORMAL
    assert space(aged(con_id, 5.1)).market is Market.STALE


@pytest.mark.parametrize("data_type", [DataType.FROZEN, DataType.DELAYED, DataType.DELAYED_FROZEN, None])
def test_quotes_that_are_not_the_markets_are_stale(data_type):
    assert space(with_fact("market.contracts.*.condition.data_type", data_type)).market is Market.STALE


@pytest.mark.parametrize(
    ("motion", "expected"),
    [
        (Motion(jump_pct=2.0), Market.GAP),
        (Motion(jump_pct=float("nan")), Market.GAP),
        (Motion(jump_pct=None), Market.STALE),
        (Motion(jump_pct=0.1, efficiency=0.6), Market.TREND),
        (Motion(jump_pct=0.1, efficiency=0.29, realised_vol=0.75, implied_vol=0.50), Market.CHOPPY),
        (Motion(jump_pct=0.1, efficiency=0.30, realised_vol=0.75, implied_vol=0.50), Market.NORMAL),
        (Motion(jump_pct=0.1, efficiency=0.29, realised_vol=0.74, implied_vol=0.50), Market.NORMAL),
        (Motion(jump_pct=0.1, efficiency=0.2, realised_vol=0.25, implied_vol=0.50), Market.QUIET),
        (Motion(jump_pct=0.1), Market.NORMAL),
    ],
)
def test_the_market_by_how_it_moves(motion, expected):
    assert space(with_fact("market.motion", motion)).market is expected


def test_a_gap_bars_hedging_until_a_second_snapshot_confirms_it():
    assert not may_hedge(space(with_fact("market.motion", Motion(jump_pct=2.5))))
    assert may_hedge(space(with_fact("market.motion", Motion(jump_pct=2.5, confirmed=True))))


@pytest.mark.parametrize(
    ("bid", "ask", "expected"),
    [
        (599.70, 600.30, Liquidity.NORMAL),
        (599.69, 600.31, Liquidity.WIDE),
        (598.50, 601.50, Liquidity.WIDE),
        (598.49, 601.51, Liquidity.EXTREME),
    ],
)
def test_liquidity_by_the_spread_of_the_shares(bid, ask, expected):
    assert space(spread_of(bid, ask)).liquidity is expected


def test_one_side_alone_is_no_quote():
    quote = evolve(good_facts().market.contracts[SPY.con_id].quote, ask=None)
    assert space(with_fact("market.contracts.*.quote", quote)).liquidity is Liquidity.NO_QUOTE


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("book.live", (order(),), Execution.WORKING),
        ("book.live", (evolve(order(), filled=Decimal(3), state=PartlyFilled()),), Execution.PARTIAL),
        ("book.live", (order(state=Unknown("never answered")),), Execution.BROKER_ERROR),
        ("book.live", None, Execution.BROKER_ERROR),
        ("house.unexplained", (5,), Execution.BROKER_ERROR),
        ("house.link", Link.BLIND, Execution.DISCONNECTED),
        ("house.link", None, Execution.DISCONNECTED),
    ],
)
def test_execution_by_what_is_under_way(path, value, expected):
    assert space(with_fact(path, value)).execution is expected


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("governance.halts", (Halted("rejections", "5"),), System.RISK_HALT),
        ("governance.paused", "lunch", System.RISK_HALT),
        ("governance.profit_today", Decimal(-1000), System.RISK_HALT),
        ("house.panic", True, System.RISK_HALT),
        ("delta.legs", {CALL.con_id: LegDelta(own=0.6), PUT.con_id: LegDelta(own=float("nan"))}, System.GREEKS_BAD),
        ("delta.legs", {CALL.con_id: LegDelta(own=-0.6), PUT.con_id: LegDelta(own=-0.4)}, System.GREEKS_BAD),
        ("delta.as_of", NOW - timedelta(seconds=1.1), System.DATA_LAG),
    ],
)
def test_the_system_by_what_is_wrong_with_it(path, value, expected):
    assert space(with_fact(path, value)).system is expected


def test_shares_without_options_are_an_orphan():
    assert space(with_fact("book.holdings", (Holding(SPY, 12),))).orphan
    assert not space(good_facts()).orphan


# -- the guards and the rule -------------------------------------------------------------------------------------------

# path -> values on both sides of every threshold
TURNS: dict[str, list[object]] = {
    "delta.gamma": [4.0, -4.0, 0.0, None, float("nan")],
    "delta.projected": [9.0, -24.9, 25.0, -499.0, 500.0, None, float("nan")],
    "delta.centre": [0.0, 10.0, None],
    "delta.legs": [
        good_facts().delta.legs,
        {CALL.con_id: LegDelta(own=0.6, broker=0.2), PUT.con_id: LegDelta(own=-0.4)},
        {CALL.con_id: LegDelta(own=0.6), PUT.con_id: LegDelta(own=-0.4)},
        {},
        None,
    ],
    "delta.as_of": [NOW, NOW - timedelta(seconds=1.5), None],
    "book.holdings": [good_facts().book.holdings, (Holding(SPY, 5), Holding(CALL, 1)), (Holding(CALL, 2),)],
    "book.live": [(), (order(),), (order(state=Unknown("?")),), None],
    "house.link": [Link.READY, Link.DOWN, None],
    "house.unexplained": [(), (3,), None],
    "house.compared_at": [NOW, NOW - timedelta(seconds=181), None],
    "house.panic": [False, True, None],
    "governance.mode": [*Mode, None],
    "governance.paused": ["", "lunch", None],
    "governance.halts": [(), (Halted("drawdown", "3,000"),), None],
    "governance.profit_today": [Decimal(5), Decimal(-1000), None],
    "governance.marked_at": [NOW, NOW - timedelta(seconds=61), None],
    "governance.drawdown": [Decimal(0), Decimal(2500), None],
    "market.motion.jump_pct": [0.0, 1.9, 2.0, None],
    "market.motion.confirmed": [False, True, None],
    "market.contracts": [
        good_facts().market.contracts,
        aged(PUT.con_id, 6).market.contracts,
        spread_of(599.0, 601.0).market.contracts,
        spread_of(598.0, 602.0).market.contracts,
        {},
        None,
    ],
}
TURN = st.sampled_from(sorted(TURNS)).flatmap(lambda path: st.tuples(st.just(path), st.sampled_from(TURNS[path])))


@given(st.lists(TURN, max_size=4))
@settings(max_examples=120)
def test_the_guards_allow_a_hedge_exactly_when_the_six_dimensions_do(turns):
    facts = good_facts()
    for path, value in turns:
        facts = at_path(facts, path, value)
    assert permit(facts, PARAMETERS).allowed(Purpose.HEDGE) is may_hedge(space(facts))


def test_a_force_hedge_skips_the_cooldown_and_nothing_else():
    cooling = at_path(
        good_facts(), "governance.hedging", HedgeRecord(today=1, last_at=NOW, last_price=Decimal("590.00"))
    )
    assert [each.guard for each in permit(cooling, PARAMETERS).refusals[Purpose.HEDGE]] == ["cooldown"]
    forced = at_path(cooling, "delta.projected", 500.0)
    assert permit(forced, PARAMETERS).allowed(Purpose.HEDGE)
    for path, values in TURNS.items():
        for value in values:
            turned = at_path(at_path(forced, path, value), "delta.projected", 500.0)
            turned = at_path(turned, "delta.centre", 0.0)
            assert permit(turned, PARAMETERS).allowed(Purpose.HEDGE) is may_hedge(space(turned))
