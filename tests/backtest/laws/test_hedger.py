"""Many paths at once are hedged order for order as a book hedges one, and billed as the broker bills."""

from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest
from attrs import evolve
from hedge_scenes import LIMITS, NOW, SPY, seen, traded
from hypothesis import given
from hypothesis import strategies as st
from law_hedgers import MANY, PARAMETERS, each_step, standard_error

from gamma_scalper.backtest.laws.billing import bills
from gamma_scalper.backtest.laws.greeks import grid
from gamma_scalper.backtest.laws.hedger import NO_BILLS, Hedger, hedged, run
from gamma_scalper.backtest.laws.trial import CHUNK, Trial, chunks
from gamma_scalper.domain.entries import Mode
from gamma_scalper.domain.fees import FeeParameters, order_fees
from gamma_scalper.domain.money import to_decimal
from gamma_scalper.domain.orders import Side
from gamma_scalper.domain.sessions import Session
from gamma_scalper.strategies.base import Standing
from gamma_scalper.strategies.hedge_bands import band
from gamma_scalper.strategies.hedge_parameters import HedgeParameters
from gamma_scalper.strategies.hedge_plans import begin_hedge
from gamma_scalper.strategies.hedge_situation import hedging_costs, situation

DAY = date(2026, 1, 5)
HALF_SPREAD = 0.01
HOURLY = Trial(straddles=4, steps=720, step_s=3_600, rate=0.04)


def a_books_orders(spots: np.ndarray, deltas: np.ndarray, gammas: np.ndarray, parameters: HedgeParameters) -> list[int]:
    """Hour by hour through the scene, the band and the plan of a live book; 0 where it does nothing."""
    orders: list[int] = []
    standing = Standing(mode=Mode.LIVE)
    for step, (spot, delta, gamma) in enumerate(zip(spots, deltas, gammas, strict=True)):
        now = NOW + timedelta(hours=step)
        scene = seen(
            float(delta) + sum(orders),
            now=now,
            straddles=4,
            gamma=float(gamma) / 4,
            bid=float(spot) - HALF_SPREAD,
            ask=float(spot) + HALF_SPREAD,
            standing=standing,
            session=Session(now.date(), now - timedelta(hours=1), now + timedelta(hours=4)),
        )
        where = band(parameters, situation(scene, LIMITS, FeeParameters(schedule="tiered"), rate=0.04))
        decision, _ = begin_hedge(scene, where, parameters, LIMITS)
        orders.append(traded(decision))
        if orders[-1]:
            standing = evolve(standing, hedged_at=now, hedged_price=to_decimal(float(spot)))
    return orders


@pytest.mark.compiled
@pytest.mark.parametrize("name", PARAMETERS)
def test_on_a_path_the_orders_are_those_of_a_live_book(name: str) -> None:
    """In number, in shares, and in what the shares earned, which no order at another step would leave the same."""
    fees = hedging_costs(FeeParameters(schedule="tiered"), SPY, DAY, 600.0, HALF_SPREAD)
    parameters = evolve(PARAMETERS[name], every_s=7_200)
    whole = grid(HOURLY, next(iter(chunks(HOURLY, 2, seed=21))))
    for path in range(2):
        spots, deltas, gammas = (rows[path, :-1] for rows in (whole.spots, whole.deltas, whole.gammas))
        orders = a_books_orders(spots, deltas, gammas, parameters)
        one = whole._replace(**{part: rows[path : path + 1] for part, rows in whole._asdict().items()})
        found = hedged(HOURLY, one, Hedger(parameters=parameters, costs=fees))
        assert found.orders[0] == np.count_nonzero(orders) > 3
        assert found.traded[0] == np.abs(orders).sum()
        held = np.cumsum(orders)
        steps = np.diff(HOURLY.discounts * one.spots[0])
        assert found.shares[0] == pytest.approx(float((held * steps).sum()), rel=1e-9)


def test_the_lattice_hedges_as_the_closed_form_where_early_exercise_is_worth_nothing() -> None:
    trial = Trial(straddles=MANY, steps=50)
    spots = next(iter(chunks(trial, 200, seed=2)))
    closed, tree = (hedged(trial, grid(trial, spots, steps), each_step()) for steps in (0, 51))
    apart = closed.before_costs - tree.before_costs
    assert apart.std() < 0.01 * closed.before_costs.std()
    assert np.abs(apart).max() > 0


def test_more_paths_begin_with_the_same_ones_and_a_seed_tells_them_apart() -> None:
    few, more = (np.concatenate(list(chunks(Trial(steps=5), count, seed=1))) for count in (CHUNK + 7, 2 * CHUNK))
    assert np.array_equal(few, more[: len(few)])
    assert len(np.unique(more[:, -1])) == 2 * CHUNK
    assert not np.array_equal(few[:5], next(iter(chunks(Trial(steps=5), 5, seed=2))))


def test_the_price_of_a_share_is_a_fair_game() -> None:
    trial = Trial(steps=4, rate=0.08, dividend_yield=0.02, realised=0.3, years=1.0)
    ends = np.concatenate([spots[:, -1] for spots in chunks(trial, 20_000, seed=9)])
    assert abs(ends.mean() - 600 * np.exp(0.06)) < 4 * standard_error(ends)
    assert np.log(ends).std() == pytest.approx(0.3, rel=0.02)


# -- bills -------------------------------------------------------------------------------------------------------------

SCHEDULES = st.sampled_from(["fixed", "tiered"])
DAYS = st.sampled_from([date(2019, 6, 3), date(2024, 7, 1), DAY, date(2026, 6, 1)])


@given(schedule=SCHEDULES, day=DAYS, shares=st.integers(1, 40), price=st.floats(450, 750), side=st.sampled_from(Side))
def test_a_bill_from_the_table_is_the_brokers(schedule: str, day: date, shares: int, price: float, side: Side) -> None:
    fees = FeeParameters(schedule=schedule)
    base, slope = bills(fees, SPY, day, 40, 600.0)[shares, 0 if side is Side.BUY else 1]
    total = order_fees(fees, SPY, side, day, shares, Decimal(str(price))).total
    assert base + slope * price == pytest.approx(float(total), abs=1e-9)


@given(schedule=SCHEDULES, day=DAYS, shares=st.integers(1, 40))
def test_without_a_minimum_a_small_order_pays_a_share_what_a_large_one_does(
    schedule: str, day: date, shares: int
) -> None:
    fees = FeeParameters(schedule=schedule)
    for side, each in enumerate((Side.BUY, Side.SELL)):
        base, slope = bills(fees, SPY, day, 40, 600.0, minimum=False)[shares, side]
        large = order_fees(fees, SPY, each, day, 5_000, Decimal(600)).total / 5_000
        assert base + slope * 600 == pytest.approx(shares * float(large))


def test_a_share_so_cheap_that_the_commission_is_capped_has_no_table() -> None:
    with pytest.raises(ValueError, match="a cap binds"):
        bills(FeeParameters(schedule="fixed"), SPY, DAY, 5, 30.0)


@pytest.mark.compiled
def test_what_is_charged_is_the_spread_and_the_bill_of_every_order() -> None:
    trial, parameters = Trial(steps=40), PARAMETERS["fixed to the centre"]
    flat = np.zeros((300, 2, 2))
    flat[:, :, 0] = 0.35
    for table, an_order in ((NO_BILLS, 0.0), (flat, 0.35)):
        hedger = Hedger(parameters=evolve(parameters, band_per_straddle=5.0), bills=table)
        (free,) = run(trial, [hedger], 50, seed=4)
        (dear,) = run(trial, [evolve(hedger, costs=hedger.costs._replace(half_spread=0.02))], 50, seed=4)
        assert free.costs == pytest.approx(an_order * free.orders)
        assert dear.costs == pytest.approx(free.costs + 0.02 * free.traded)
        assert dear.profit == pytest.approx(dear.before_costs - dear.costs)
