"""Straddles hedged in five-minute steps, every step taken apart by the attribution that trading uses."""

from datetime import timedelta
from decimal import Decimal
from functools import reduce

import numpy as np
import pytest
from straddles import CALL, PUT, SHARE, START, standing

from gamma_scalper.domain.money import to_cents
from gamma_scalper.domain.strategy_entries import Attributed
from gamma_scalper.portfolio.attribution import PARTS, attributed, joined
from gamma_scalper.strategies.hedge_plans import whole_shares

PATHS, STEPS, STRADDLES = 200, 39, 10  # a morning each
STEP = timedelta(minutes=5)
DEVIATION = 0.15 / np.sqrt(252 * 78)  # of a step
VOLS_OF_VOL = {"volatility stays": 0.0, "volatility moves": 0.8 / np.sqrt(252 * 78)}
LEVERAGE = -0.7  # volatility rises where the share falls


def mornings(vol_of_vol: float) -> list[tuple[Attributed, Decimal]]:
    """What each was attributed to, and what its cash came to once all was sold at the middle."""
    chance = np.random.default_rng(17)
    own, common = chance.standard_normal((2, PATHS, STEPS))
    mixed = LEVERAGE * own + np.sqrt(1 - LEVERAGE**2) * common
    spots = 600 * np.exp(np.cumsum(DEVIATION * own, axis=1))
    vols = 0.15 * np.exp(np.cumsum(vol_of_vol * mixed, axis=1))
    return [_morning(path_spots, path_vols) for path_spots, path_vols in zip(spots, vols, strict=True)]


def _morning(spots: np.ndarray, vols: np.ndarray) -> tuple[Attributed, Decimal]:
    held = {CALL: Decimal(STRADDLES), PUT: Decimal(STRADDLES), SHARE: Decimal(0)}
    begin = standing(600.0, START, 0.15, held)
    paid = cash = -begin.equity
    begin, intervals = standing(600.0, START, 0.15, held, paid), []
    for step, (spot, vol) in enumerate(zip(spots, vols, strict=True)):
        end = standing(float(spot), START + (step + 1) * STEP, float(vol), held, cash)
        intervals.append(attributed(begin, end))
        delta = float(held[SHARE]) + sum(100 * STRADDLES * each.greeks.delta for each in end.options)
        order = Decimal(whole_shares(delta) if delta < 0 else -whole_shares(delta))
        cash -= order * end.prices[SHARE.con_id]
        held = held | {SHARE: held[SHARE] + order}
        begin = standing(float(spot), START + (step + 1) * STEP, float(vol), held, cash)
    sold = sum(count * what.multiplier * begin.prices[what.con_id] for what, count in held.items())
    return reduce(joined, intervals), cash + sold


@pytest.fixture(scope="module", params=VOLS_OF_VOL)
def found(request: pytest.FixtureRequest) -> list[tuple[Attributed, Decimal]]:
    return mornings(VOLS_OF_VOL[request.param])


def in_dollars(found: list[tuple[Attributed, Decimal]], part: str) -> np.ndarray:
    return np.array([float(getattr(each, part)) for each, _ in found])


def test_less_than_a_hundredth_of_the_profits_deviation_stays_unexplained(
    found: list[tuple[Attributed, Decimal]],
) -> None:
    total = in_dollars(found, "total")
    assert total.std() > 50
    assert in_dollars(found, "unexplained").std() < 0.01 * total.std()
    assert abs(in_dollars(found, "unexplained").mean()) < 0.01 * total.std()


@pytest.mark.parametrize("part", ["gamma", "theta"])
def test_what_is_left_out_is_missed(found: list[tuple[Attributed, Decimal]], part: str) -> None:
    """Each of these is far more than the law lets go unexplained."""
    amounts = in_dollars(found, part)
    assert max(amounts.std(), abs(amounts.mean())) > 0.05 * in_dollars(found, "total").std()


def test_the_parts_are_the_cash_to_the_cent(found: list[tuple[Attributed, Decimal]]) -> None:
    for each, cash in found:
        assert each.total == to_cents(cash)
        assert sum(getattr(each, part) for part in PARTS) == each.total
