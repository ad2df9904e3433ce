"""Which policy is cheapest for the risk it leaves, and how a minimum fee turns that around."""

import math
from datetime import date

import pytest
from attrs import evolve
from hedge_scenes import SPY
from law_hedgers import MANY, first_greeks

from gamma_scalper.backtest.laws.billing import bills
from gamma_scalper.backtest.laws.frontier import Charges, Curve, Point, charged_by, families, frontier
from gamma_scalper.backtest.laws.hedger import Hedger, run
from gamma_scalper.backtest.laws.trial import Trial
from gamma_scalper.domain.fees import FeeParameters
from gamma_scalper.strategies.hedge_parameters import HedgeParameters
from gamma_scalper.strategies.hedge_shapes import Costs

DAY = date(2026, 1, 5)
MONTH = 21 * 78  # steps of five minutes
RISK = 120.0  # dollars of deviation for each straddle
NAMES = ("clock", "fixed to the centre", "fixed to the edge", "Whalley-Wilmott to the edge", "fee-aware")


def costs_at_equal_risk(trial: Trial, charges: Charges, paths: int) -> dict[str, float]:
    wanted = [each for each in families(trial) if each.name in NAMES]
    near = [evolve(each, all=each.all[2:8]) for each in wanted]
    found = {curve.family.name: curve.cost_at(RISK) for curve in frontier(trial, charges, near, paths, seed=13)}
    assert all(cost is not None for cost in found.values()), found
    return {name: cost for name, cost in found.items() if cost is not None}


def test_by_proportional_costs_whalley_wilmott_saves_a_fifth_two_fifths_and_a_half() -> None:
    proportional = Charges(name="proportional", costs=Costs(half_spread=0.0), proportional=1e-4)
    costs = costs_at_equal_risk(Trial(steps=MONTH, straddles=MANY), proportional, 2_000)
    best = costs["Whalley-Wilmott to the edge"]
    saved = {name: 1 - best / cost for name, cost in costs.items()}
    assert saved["fixed to the edge"] == pytest.approx(0.20, abs=0.04)
    assert saved["fixed to the centre"] == pytest.approx(0.40, abs=0.04)
    assert saved["clock"] == pytest.approx(0.49, abs=0.04)
    assert saved["fee-aware"] == pytest.approx(0.0, abs=1e-9)  # without a minimum it is the same band


def test_a_minimum_fee_turns_the_order_around_and_the_fee_aware_band_stays_the_cheapest() -> None:
    trial, fees = Trial(steps=MONTH), FeeParameters(schedule="tiered")
    without, billed = (
        costs_at_equal_risk(trial, charged_by(fees, SPY, DAY, trial, half_spread=0.005, minimum=minimum), paths=1_000)
        for minimum in (False, True)
    )
    edge, centre, to_edge = "Whalley-Wilmott to the edge", "fixed to the centre", "fixed to the edge"
    assert without[edge] < without[to_edge] < without[centre] < without["clock"]
    assert billed["fee-aware"] < billed[centre] < billed[edge] < billed[to_edge]
    assert billed["fee-aware"] < 0.85 * billed[centre]
    assert billed["fee-aware"] < 0.5 * billed[edge]


def test_a_band_of_two_shares_spends_a_fifth_of_the_premium_and_one_of_ten_a_fiftieth() -> None:
    """One SPY straddle, hedged by the minute, on the price list with $0.35 an order."""
    trial = Trial(steps=21 * 390, step_s=60.0)
    table = bills(FeeParameters(schedule="tiered"), SPY, DAY, 200, trial.spot)
    narrow, wide = run(
        trial,
        [
            Hedger(parameters=HedgeParameters(policy="fixed", band_shares=shares), costs=Costs(0.005), bills=table)
            for shares in (2.0, 10.0)
        ],
        600,
        seed=13,
    )
    assert first_greeks(trial)[0] == pytest.approx(2_059, abs=1)
    assert narrow.costs.mean() == pytest.approx(394, rel=0.1)
    assert wide.costs.mean() == pytest.approx(35, rel=0.15)


# -- reading a curve ---------------------------------------------------------------------------------------------------


def curve(*points: tuple[float, float]) -> Curve:
    family = families(Trial(), 2)[0]
    return Curve(family, tuple(Point(0.0, deviation, cost, 1.0) for deviation, cost in points))


def test_between_two_points_a_cost_is_read_in_logarithms() -> None:
    assert curve((100, 40), (400, 10)).cost_at(200) == pytest.approx(20)
    assert curve((100, 40), (400, 10)).cost_at(100) == 40


def test_where_less_risk_is_cheaper_nobody_pays_for_more() -> None:
    """A curve bends back where the bill itself is the risk."""
    bent = curve((300, 900), (100, 200), (80, 100), (160, 50), (400, 5))
    assert bent.cost_at(90) == pytest.approx(100 * 0.5 ** (math.log(90 / 80) / math.log(2)))
    assert bent.cost_at(80) == 100
    assert bent.cost_at(300) < 50


@pytest.mark.parametrize("deviation", [99, 401])
def test_beyond_its_points_a_curve_says_nothing(deviation: float) -> None:
    assert curve((100, 40), (400, 10)).cost_at(deviation) is None
