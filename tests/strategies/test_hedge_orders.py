"""Hedges as they are asked for: when, how many shares, at what price, and what becomes of one that works."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve
from hedge_scenes import ALLOWED, LIMITS, NOW, OPEN, SPY, plan_in, seen, traded, working
from hypothesis import given
from hypothesis import strategies as st

from gamma_scalper.domain.entries import Mode
from gamma_scalper.domain.fees import FeeParameters
from gamma_scalper.domain.orders import Limit, Market, PartlyFilled, Planned, Purpose, Sent, Side, Unknown
from gamma_scalper.domain.proposals import Refusal, Reprice, Withdraw
from gamma_scalper.pipeline.facts import delta_facts
from gamma_scalper.risk.facts import BookFacts, ContractFacts, Facts, GovernanceFacts, HedgeRecord, MarketFacts
from gamma_scalper.risk.guards import hedging as guards
from gamma_scalper.risk.guards.prices import conformance, price_collar
from gamma_scalper.risk.guards.size import order_size
from gamma_scalper.risk.parameters import HedgingParameters, RiskParameters, SizeParameters
from gamma_scalper.strategies.base import Act, Band, Hold, Standing
from gamma_scalper.strategies.deltas import deltas_of, target_of
from gamma_scalper.strategies.hedge_bands import band, scaled
from gamma_scalper.strategies.hedge_orders import hedge
from gamma_scalper.strategies.hedge_parameters import HedgeParameters
from gamma_scalper.strategies.hedge_plans import NOTHING_TRIED, Hedging, limit_across, parts
from gamma_scalper.strategies.hedge_situation import situation
from gamma_scalper.strategies.limits import Limits
from gamma_scalper.strategies.scene import Scene

FEES = FeeParameters(schedule="tiered")
RULED = Limits(
    cooldown_s=60,
    force_shares=500,
    force_per_straddle=60,
    min_shares=10,
    min_per_straddle=3,
    max_order_shares=500,
    max_order_per_straddle=40,
    hedge_shares=25,
    hedge_per_straddle=4,
    min_dte=21,
    max_dte=35,
    moneyness_pct=3,
    budget=100_000,
    min_move_pct=0.1,
)
TEN = Band(-10, 10, 0, 0, 0)
HEDGED = evolve(ALLOWED, hedged_at=NOW - timedelta(seconds=30), hedged_price=Decimal("599.00"))
PASSIVE = HedgeParameters(execution="passive", patience_s=5, steps=2, step_s=2, work_s=3, collar_bp=2)


def fixed(**changes: Any) -> HedgeParameters:
    return HedgeParameters(**{"policy": "fixed", "band_shares": 10.0} | changes)


def where(scene: Scene, parameters: HedgeParameters, limits: Limits = LIMITS) -> Band | None:
    return band(parameters, situation(scene, limits, FEES, rate=0.04))


def trade(scene: Scene, parameters: HedgeParameters, limits: Limits = LIMITS) -> int:
    return traded(hedge(scene, where(scene, parameters, limits), parameters, limits)[0])


def held(scene: Scene, found: Band | None, limits: Limits = LIMITS, memory: Hedging = NOTHING_TRIED) -> str:
    decision, _ = hedge(scene, found, HedgeParameters(), limits, memory)
    assert isinstance(decision, Hold), decision
    return decision.rule


# -- the dead band -----------------------------------------------------------------------------------------------------

policies = st.one_of(
    st.builds(
        fixed,
        band_shares=st.floats(0, 80),
        to=st.sampled_from(["centre", "half", "edge"]),
        trend_factor=st.floats(1, 4),
    ),
    st.builds(
        HedgeParameters,
        policy=st.sampled_from(["whalley_wilmott", "zakamouline", "fee_aware"]),
        risk_aversion=st.floats(1e-4, 1),
    ),
    st.just(HedgeParameters(policy="time")),
    st.just(HedgeParameters(policy="move")),
)
deltas = st.floats(-900, 900)
lots = st.integers(1, 20)


@given(policy=policies, delta=deltas, straddles=lots)
def test_inside_the_band_nothing_is_traded_and_outside_one_trade_reaches_the_target_and_ends_it(
    policy: HedgeParameters, delta: float, straddles: int
) -> None:
    """At the same prices, and even if there were no cooldown: nothing swings to and fro."""
    scene = seen(delta, straddles=straddles)
    shares = trade(scene, policy)
    found = where(scene, policy)
    assert found is not None
    target = target_of(found, delta)
    if target is None or abs(target - delta) < 1:  # None: inside the band
        assert shares == 0
        return
    assert (target - delta) * shares > 0
    assert abs(delta + shares - target) <= 0.5 + 1e-9
    assert trade(seen(delta + shares, straddles=straddles, shares=shares), policy) == 0


@given(delta=deltas, to=st.sampled_from(["centre", "half", "edge"]), narrow=st.floats(0, 90), more=st.floats(0, 90))
def test_a_wider_band_never_trades_where_a_narrower_one_does_not_nor_more(
    delta: float, to: str, narrow: float, more: float
) -> None:
    scene = seen(delta)
    little = trade(scene, fixed(band_shares=narrow, to=to))
    assert abs(trade(scene, fixed(band_shares=narrow + more, to=to))) <= abs(little)


@given(policy=policies, call_delta=st.floats(0.01, 0.99), shares=st.integers(-200, 200), straddles=lots)
def test_calls_and_puts_swapped_the_trade_is_mirrored(
    policy: HedgeParameters, call_delta: float, shares: int, straddles: int
) -> None:
    delta = (2 * call_delta - 1) * 100 * straddles + shares
    scene = seen(delta, straddles=straddles, shares=shares, call_delta=call_delta)
    other = seen(-delta, straddles=straddles, shares=-shares, call_delta=1 - call_delta)
    about = situation(scene, LIMITS, FEES, rate=0.04, trend=0.7)
    swapped = evolve(about, trend=-0.7, delta_at=lambda vol: -about.delta_at(vol) if about.delta_at else 0.0)
    one, _ = hedge(scene, band(policy, about), policy, LIMITS)
    two, _ = hedge(other, band(policy, swapped), policy, LIMITS)
    assert traded(one) == -traded(two)


@given(delta=st.floats(-90, 90), width=st.floats(0.1, 40), straddles=lots)
def test_many_straddles_trade_so_many_times_what_one_does(delta: float, width: float, straddles: int) -> None:
    """But for rounding."""
    limits = evolve(LIMITS, force_per_straddle=50.0, min_per_straddle=5.0, hedge_per_straddle=4.0)
    parameters = fixed(band_per_straddle=width)
    one = trade(seen(delta), parameters, limits)
    many = trade(seen(delta * straddles, straddles=straddles), parameters, limits)
    if abs(abs(delta) - 5) > 0.5:  # where rounding decides whether it is the smallest hedge
        assert abs(many - straddles * one) <= straddles / 2 + 1
        assert bool(one) == bool(many)


RISK = RiskParameters(
    hedging=HedgingParameters(hedge_per_straddle=4, min_per_straddle=3, force_per_straddle=60, min_move_pct=0.1),
    size=SizeParameters(max_order_per_straddle=40),
)


@given(
    policy=policies,
    delta=deltas,
    straddles=lots,
    since_s=st.none() | st.integers(0, 200),
    last=st.none() | st.integers(59_800, 60_200),
)
def test_what_is_asked_for_the_hedging_guards_permit(
    policy: HedgeParameters, delta: float, straddles: int, since_s: int | None, last: int | None
) -> None:
    """So that no hedge is asked for in vain by rule; the other way round the guards have the last word."""
    at = None if since_s is None else NOW - timedelta(seconds=since_s)
    price = None if last is None else Decimal(last) / 100
    scene = seen(delta, straddles=straddles, standing=evolve(ALLOWED, hedged_at=at, hedged_price=price))
    decision, _ = hedge(scene, where(scene, policy, RULED), policy, RULED)
    if isinstance(decision, Hold):
        return
    plan = plan_in(decision)
    facts = Facts(
        now=NOW,
        governance=GovernanceFacts(hedging=HedgeRecord(today=1, last_at=at, last_price=price)),
        book=BookFacts(
            book="spy", underlying=SPY, holdings=scene.position.holdings, live=(), straddles=Decimal(straddles)
        ),
        market=MarketFacts(contracts={1: ContractFacts(instrument=SPY, quote=scene.underlying)}),
        delta=delta_facts(plan.deltas, {}),
    )
    for moment in (guards.something_to_hedge, guards.hedge_needed, guards.cooldown, guards.price_move, guards.greeks):
        assert moment.refusal(facts, RISK) is None
    for order in (guards.smallest_hedge, guards.towards_the_target, order_size, price_collar, conformance):
        assert order.refusal(facts, plan, RISK) is None


@pytest.mark.parametrize("delta", [-10.0, 10.0, 0.0])
def test_the_edge_belongs_to_the_band(delta: float) -> None:
    assert held(seen(delta), TEN) == "inside the band"


@pytest.mark.parametrize("delta", [-10.9, 10.9])
def test_less_than_a_share_beyond_its_target_is_left_alone(delta: float) -> None:
    """Or rounding would be traded for ever."""
    assert held(seen(delta), Band(-10, 10, 0, -10, 10)) == "smallest hedge"


# -- limits ------------------------------------------------------------------------------------------------------------


def test_less_than_a_hedge_is_left_alone() -> None:
    assert held(seen(14.9), TEN, evolve(LIMITS, hedge_shares=15)) == "too little to hedge"
    assert held(seen(14.9, straddles=3), TEN, evolve(LIMITS, hedge_per_straddle=5)) == "too little to hedge"
    assert held(seen(14.4), TEN, evolve(LIMITS, min_shares=15)) == "smallest hedge"
    assert trade(seen(15.0), fixed(), evolve(LIMITS, hedge_shares=15, min_shares=15)) == -15


def test_the_cooldown_is_waited_for_unless_the_delta_is_so_large_that_it_must_not_be() -> None:
    assert held(seen(40.0, standing=HEDGED), TEN) == "cooldown"
    assert held(seen(40.0, straddles=2, standing=HEDGED), TEN, evolve(LIMITS, force_per_straddle=30)) == "cooldown"
    assert trade(seen(40.0, standing=HEDGED, now=NOW + timedelta(seconds=30)), fixed()) == -40
    decision, _ = hedge(seen(-40.0, standing=HEDGED), TEN, HedgeParameters(), evolve(LIMITS, force_shares=40))
    assert decision.rule == "forced hedge"
    assert traded(decision) == 40


def test_a_second_hedge_at_the_same_price_waits_even_if_it_is_forced() -> None:
    limits = evolve(LIMITS, min_move_pct=0.2, cooldown_s=0, force_shares=40)
    assert held(seen(40.0, standing=HEDGED), TEN, limits) == "price move"
    assert trade(seen(40.0, standing=evolve(HEDGED, hedged_price=Decimal(598))), fixed(), limits) == -40


@pytest.mark.parametrize(
    ("standing", "rule"),
    [
        (Standing(), "mode"),
        (Standing(mode=Mode.OBSERVE), "mode"),
        (Standing(mode=Mode.EMERGENCY), "mode"),
        (Standing(mode=Mode.LIVE, paused="by ann: lunch"), "paused"),
    ],
)
def test_what_the_house_does_not_allow_is_not_asked_for(standing: Standing, rule: str) -> None:
    assert held(seen(400.0, standing=standing), TEN) == rule
    assert trade(seen(400.0, standing=Standing(mode=Mode.DEGRADED)), fixed()) == -400


def test_nothing_is_hedged_without_options_or_without_a_policys_word() -> None:
    assert held(seen(40.0, straddles=0, shares=40), TEN) == "nothing to hedge"
    assert held(seen(40.0, gamma=0.0), TEN) == "nothing to hedge"
    assert held(seen(40.0), None) == "no hedge due"


def test_while_the_market_is_closed_a_hedge_waits_or_goes_by_limit_where_the_book_wants_it() -> None:
    tomorrow = evolve(OPEN, opens=NOW + timedelta(hours=1))
    scene = seen(40.0, session=tomorrow)
    assert held(scene, TEN) == "market closed"
    limits = evolve(LIMITS, outside=True)
    (order,) = plan_in(hedge(scene, TEN, HedgeParameters(execution="market"), limits)[0]).proposals
    assert order.outside_rth
    assert isinstance(order.pricing, Limit)


# -- orders ------------------------------------------------------------------------------------------------------------


def test_a_hedge_says_what_it_was_decided_on() -> None:
    scene = seen(40.4, shares=-5)
    decision, _ = hedge(scene, TEN, HedgeParameters(), LIMITS)
    plan = plan_in(decision)
    assert plan.purpose is Purpose.HEDGE
    assert (plan.decided_at, plan.good_for_s, plan.settled_through) == (NOW, 5.0, 7)
    assert plan.together and not plan.structure
    assert plan.deltas == deltas_of(scene.view.picture, TEN)
    assert plan.deltas is not None and (plan.deltas.projected, plan.deltas.target) == (40.4, 0)
    assert plan.proposals[0].snapshot_ids == (101, 111, 112) == tuple(quote.snapshot_id for quote in plan.quotes)
    assert plan.proposals[0].instrument is SPY
    leaning = deltas_of(scene.view.picture, Band(-5, 15, 5, 5, 5))
    assert leaning is not None and (leaning.centre, leaning.target) == (5, 5)
    assert decision.why == "delta +40.4 above -10.0 to +10.0: sell 40 to +0.0"


@pytest.mark.parametrize(
    ("execution", "delta", "pricing", "patience_s"),
    [
        ("market", 40.0, Market(), 0.0),
        ("limit", 40.0, Limit(Decimal("599.87")), 5.0),  # 2 bp through 599.99
        ("limit", -40.0, Limit(Decimal("600.14")), 5.0),
        ("passive", 40.0, Limit(Decimal("600.01")), 12.0),
        ("passive", -40.0, Limit(Decimal("599.99")), 12.0),
        ("passive", 600.0, Limit(Decimal("599.87")), 5.0),  # by force
    ],
)
def test_the_ways_to_execute(execution: str, delta: float, pricing: Market | Limit, patience_s: float) -> None:
    parameters = HedgeParameters(execution=execution)
    (order,) = plan_in(hedge(seen(delta), TEN, parameters, evolve(LIMITS, max_order_shares=900))[0]).proposals
    assert (order.pricing, order.patience_s) == (pricing, patience_s)
    assert order.side is (Side.SELL if delta > 0 else Side.BUY)


def test_across_a_wide_spread_no_market_order_goes() -> None:
    parameters, limits = HedgeParameters(execution="market"), evolve(LIMITS, wide_pct=0.1)
    (tight,) = plan_in(hedge(seen(40.0), TEN, parameters, limits)[0]).proposals
    (wide,) = plan_in(hedge(seen(40.0, bid=599.0), TEN, parameters, limits)[0]).proposals
    assert isinstance(tight.pricing, Market)
    assert wide.pricing == Limit(Decimal("598.88"))


@given(
    bid=st.integers(1, 100_000), ticks=st.integers(1, 50), share=st.floats(0, 1), side=st.sampled_from(Side),
    collar_bp=st.floats(0, 50),
)  # fmt: skip
def test_limits_stand_on_the_price_step_and_within_the_collar(
    bid: int, ticks: int, share: float, side: Side, collar_bp: float
) -> None:
    """The risk rules allow 1%, or ten steps of the price."""
    scene = seen(0.0, bid=bid / 100, ask=(bid + ticks) / 100)
    price = limit_across(scene, SPY, side, share, HedgeParameters(collar_bp=collar_bp))
    touch = Decimal(bid + ticks if side is Side.BUY else bid) / 100
    assert price > 0 and SPY.tick_rule.allows(price)
    assert side.sign * (price - touch) <= max(touch / 100, 10 * SPY.tick_rule.step(touch))
    if share == 1:
        assert side.sign * (price - touch) >= 0


def test_a_hedge_larger_than_an_order_goes_in_parts_that_fill_at_once_or_not_at_all() -> None:
    limits = evolve(LIMITS, max_order_per_straddle=100, force_shares=1_000)
    plan = plan_in(hedge(seen(-730.4, straddles=3), TEN, PASSIVE, limits)[0])
    assert [order.quantity for order in plan.proposals] == [300, 300, 130]
    assert (plan.together, plan.spacing_s) == (False, 2.0)
    assert {(order.patience_s, order.pricing) for order in plan.proposals} == {(0.0, Limit(Decimal("600.14")))}
    assert held(seen(40.0), TEN, evolve(LIMITS, max_order_shares=0.5)) == "order size"


@pytest.mark.parametrize(
    ("shares", "found"), [(1, [1]), (299, [299]), (300, [300]), (301, [300, 1]), (900, [300, 300, 300])]
)
def test_parts_are_all_of_it_and_none_too_large(shares: int, found: list[int]) -> None:
    assert parts(shares, 300) == found


def test_a_hedge_that_came_to_nothing_is_tried_again_ever_later() -> None:
    """Refused, or not filled: the same question would get the same answer for ever."""
    standing = evolve(ALLOWED, refusals={Purpose.HEDGE: (Refusal("trading halt", "SPY is halted"),)})
    memory, tries = NOTHING_TRIED, []
    for second in range(64):
        scene = seen(40.0, now=NOW + timedelta(seconds=second), standing=standing)
        decision, memory = hedge(scene, TEN, HedgeParameters(), LIMITS, memory)
        if isinstance(decision, Act):
            tries.append(second)
        else:
            assert decision.rule == "hedge in vain" and "trading halt: SPY is halted" in decision.why
    assert tries == [0, 1, 3, 7, 15, 31, 47, 63]
    for eased in (seen(40.0, shares=-5, now=scene.now), seen(5.0, now=scene.now)):
        _, after = hedge(eased, TEN, HedgeParameters(), LIMITS, memory)
        assert after.tries <= 1


# -- while it works ----------------------------------------------------------------------------------------------------


def test_while_anything_else_works_no_hedge_is_begun() -> None:
    entry = working(Side.BUY, 5, "590", patience_s=5, purpose=Purpose.ENTRY)
    assert held(seen(900.0, live=(entry,)), TEN) == "an order lives"


@pytest.mark.parametrize("state", [Sent(NOW), Unknown("no answer")])
def test_what_the_broker_has_not_confirmed_is_left_alone(state: Any) -> None:
    order = working(Side.SELL, 40, "600.01", patience_s=12, state=state)
    assert held(seen(900.0, live=(order,), now=NOW + timedelta(seconds=9)), TEN) == "hedge sent"


def test_a_passive_hedge_joins_the_near_side_and_steps_across_when_its_patience_ends() -> None:
    order, memory, prices = working(Side.SELL, 40, "600.50", patience_s=12), NOTHING_TRIED, []
    for second in range(12):
        scene = seen(2.0, live=(order,), now=NOW + timedelta(seconds=second), bid=599.50, ask=600.50)
        decision, memory = hedge(scene, TEN, PASSIVE, LIMITS, memory)
        if isinstance(decision, Act):
            assert isinstance(decision.command, Reprice) and decision.command.intent == order.intent.id
            assert isinstance(decision.command.pricing, Limit)
            prices.append((second, decision.command.pricing.price))
        else:
            assert decision.rule == "hedge works"
    assert prices == [(5, Decimal("599.94")), (7, Decimal("599.38"))]


def test_a_step_is_taken_once_and_again_when_the_market_has_left_it_behind() -> None:
    order, late = working(Side.BUY, 40, "599.99", patience_s=12), NOW + timedelta(seconds=8)
    decision, memory = hedge(seen(2.0, live=(order,), now=late), TEN, PASSIVE, LIMITS)
    assert isinstance(decision, Act)
    assert decision.command == Reprice(order.intent.id, Limit(Decimal("600.14")), decision.why)
    assert isinstance(hedge(seen(2.0, live=(order,), now=late), TEN, PASSIVE, LIMITS, memory)[0], Hold)
    gone = seen(2.0, live=(order,), now=late, bid=600.30, ask=600.32)
    decision, memory = hedge(gone, TEN, PASSIVE, LIMITS, memory)
    assert isinstance(decision, Act) and isinstance(decision.command, Reprice)
    assert decision.command.pricing == Limit(Decimal("600.45"))


def test_a_limit_that_is_to_fill_is_never_repriced() -> None:
    order = working(Side.BUY, 40, "600.14", patience_s=5)
    scene = seen(2.0, live=(order,), now=NOW + timedelta(seconds=4), bid=605.0, ask=605.02)
    assert held(scene, TEN) == "hedge works"
    at_the_touch = working(Side.BUY, 40, "600.01", patience_s=12)
    late = seen(2.0, live=(at_the_touch,), now=NOW + timedelta(seconds=9))
    assert isinstance(hedge(late, TEN, PASSIVE, LIMITS)[0], Hold)


@pytest.mark.parametrize("filled", [0, 15])
def test_a_forced_hedge_withdraws_what_works_and_follows_once_that_is_dead(filled: int) -> None:
    limits = evolve(LIMITS, force_shares=100)
    state = PartlyFilled() if filled else None
    order = working(Side.SELL, 40, "600.05", patience_s=12, state=state, filled=filled)
    decision, memory = hedge(seen(130.0, live=(order,)), TEN, PASSIVE, limits)
    assert isinstance(decision, Act) and isinstance(decision.command, Withdraw)
    assert decision.command.intent == order.intent.id
    again, memory = hedge(seen(150.0, live=(order,)), TEN, PASSIVE, limits, memory)
    assert again.rule == "hedge ends"
    standing = evolve(HEDGED, hedged_at=NOW)
    last, _ = hedge(seen(170.0, shares=-filled, settled_through=8, standing=standing), TEN, PASSIVE, limits, memory)
    assert last.rule == "forced hedge"
    assert traded(last) == -170


def test_a_hedge_is_withdrawn_when_the_delta_has_turned_against_it() -> None:
    order = working(Side.BUY, 40, "599.99", patience_s=12)
    decision, _ = hedge(seen(22.0, live=(order,)), TEN, PASSIVE, LIMITS)
    assert isinstance(decision, Act) and isinstance(decision.command, Withdraw)
    assert isinstance(hedge(seen(-22.0, live=(order,)), TEN, PASSIVE, LIMITS)[0], Hold)  # more is hedged afterwards


def test_of_parts_the_one_that_works_is_minded() -> None:
    first = working(Side.BUY, 40, "599.99", patience_s=12)
    second = working(Side.BUY, 40, "599.99", patience_s=12, number=9, state=Planned())
    decision, _ = hedge(seen(22.0, live=(first, second)), TEN, PASSIVE, LIMITS)
    assert isinstance(decision, Act)
    assert decision.command == Withdraw(first.intent.id, decision.command.why)
    assert held(seen(2.0, live=(second,)), TEN) == "hedge goes on"


def test_parts_to_come_are_dropped_once_the_delta_has_turned() -> None:
    part = working(Side.BUY, 40, "599.99", patience_s=12, number=9, state=Planned())
    decision, memory = hedge(seen(22.0, live=(part,)), TEN, PASSIVE, LIMITS)
    assert isinstance(decision, Act) and decision.command == Withdraw(part.intent.id, decision.command.why)
    again, _ = hedge(seen(22.0, live=(part,)), TEN, PASSIVE, LIMITS, memory)
    assert isinstance(again, Hold), "once is enough"


def test_what_was_asked_of_one_order_does_not_count_for_the_next() -> None:
    order = working(Side.BUY, 40, "599.99", patience_s=12, number=9)
    before = Hedging(number=8, price=Decimal("601.00"), withdrawn=True)
    late = seen(2.0, live=(order,), now=NOW + timedelta(seconds=9))
    decision, _ = hedge(late, TEN, PASSIVE, LIMITS, before)
    assert isinstance(decision, Act) and isinstance(decision.command, Reprice)


def test_a_narrowed_band_has_its_own_target() -> None:
    """Before a night, say: what lay inside by day is hedged then."""
    by_day = Band(-10, 10, 0, -8, 8)
    assert held(seen(9.0), by_day) == "inside the band"
    assert traded(hedge(seen(9.0), scaled(by_day, 0.5), HedgeParameters(), LIMITS)[0]) == -5
