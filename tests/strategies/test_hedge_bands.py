"""Hedge policies: the bands of the literature to their digits, and what every one of them keeps to."""

import math
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hedge_scenes import EXPIRES, LIMITS, NOW, SPY, seen
from hypothesis import given
from hypothesis import strategies as st

from gamma_scalper.domain.fees import FeeParameters, order_fees
from gamma_scalper.domain.instruments import Index, Stock
from gamma_scalper.domain.orders import Side
from gamma_scalper.strategies.base import Band
from gamma_scalper.strategies.hedge_bands import Situation, band, figures_of, scaled
from gamma_scalper.strategies.hedge_parameters import HedgeParameters
from gamma_scalper.strategies.hedge_shapes import Costs, fee_aware_width, whalley_wilmott_half, zakamouline_half
from gamma_scalper.strategies.hedge_situation import hedging_costs, situation

MONTH = 30 / 365
COSTS = Costs(half_spread=0.005, levies=0.004, commission=0.0035, minimum=0.35)
BANDS = ("fixed", "whalley_wilmott", "zakamouline", "fee_aware")


def situated(**changes: Any) -> Situation:
    """One SPY straddle with a month to go."""
    return Situation(
        **{"now": NOW, "spot": 600.0, "gamma": 3.12, "straddles": 1.0, "costs": COSTS, "years": MONTH, "vol": 0.15}
        | changes
    )


def due(policy: str, **changes: Any) -> Band:
    found = band(HedgeParameters(policy=policy), situated(**changes))
    assert found is not None
    return found


# -- what the literature says ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cost", "spot", "gamma", "aversion", "rate", "half"),
    [(1e-4, 100.0, 0.0695, 1.0, 0.0, 0.041689), (5e-5, 600.0, 0.0312, 0.01, 0.043, 0.163429)],
)
def test_whalley_wilmott_to_its_digits(
    cost: float, spot: float, gamma: float, aversion: float, rate: float, half: float
) -> None:
    """Two options, one at a rate of zero."""
    about = situated(spot=spot, gamma=gamma, rate=rate, costs=Costs(half_spread=cost * spot))
    assert whalley_wilmott_half(figures_of(about), aversion, 1.0) == pytest.approx(half, abs=5e-7)
    found = band(HedgeParameters(policy="whalley_wilmott", risk_aversion=aversion), about)
    assert found is not None
    assert (found.high, found.from_above) == pytest.approx((half, half), abs=5e-7)


@pytest.mark.parametrize(("to", "share", "wider"), [("edge", 1.0, 1.0), ("half", 0.5, 32 / 15), ("centre", 0.0, 4.0)])
def test_the_further_inside_a_hedge_ends_the_wider_the_band(to: str, share: float, wider: float) -> None:
    """Since 6 / [(1 + s)(1 + s^2)] takes the place of 1.5."""
    found = band(HedgeParameters(policy="whalley_wilmott", to=to), situated())
    edge = whalley_wilmott_half(figures_of(situated()), 0.005, 1.0)
    assert found is not None
    assert found.high == pytest.approx(edge * wider ** (1 / 3))
    assert found.from_above == pytest.approx(share * found.high)


def test_a_minimum_fee_alone_is_the_fourth_root_to_the_centre() -> None:
    fees = Costs(half_spread=0.0, minimum=0.35)
    found = band(HedgeParameters(risk_aversion=0.005), situated(costs=fees))
    assert found is not None
    assert found.high == pytest.approx((12 * 0.35 * 3.12**2 / 0.005) ** 0.25)
    assert found.from_above == pytest.approx(0.0, abs=1e-9)


def test_without_a_minimum_fee_it_is_whalley_wilmott_to_the_edge() -> None:
    fees = Costs(half_spread=0.005, commission=0.0035)
    fee_aware_band, other = due("fee_aware", costs=fees, rate=0.04), due("whalley_wilmott", costs=fees, rate=0.04)
    assert fee_aware_band.high == pytest.approx(other.high)
    assert fee_aware_band.from_above == pytest.approx(other.from_above)


def test_a_large_book_trades_just_what_earns_the_minimum_fee() -> None:
    """100 shares at $0.0035 are the $0.35: from a band for all its costs, no order is larger, and none smaller."""
    found = due("fee_aware", gamma=3.12 * 400, straddles=400.0)
    assert found.high - found.from_above == pytest.approx(100.0)
    assert found.high + found.from_above == pytest.approx(2 * due("whalley_wilmott", gamma=3.12 * 400).high)


def year_of(situation: Situation, aversion: float, half: float, landing: float) -> float:
    """Costs and risk of a delta that wanders from its landing to the edge and back, a year, over the variance."""
    trade, costs, gamma = half - landing, situation.costs, situation.gamma
    bill = max(costs.minimum, costs.commission * trade) + (costs.half_spread + costs.levies) * trade
    return aversion / 12 * (half**2 + landing**2) + gamma**2 * bill / (half**2 - landing**2)


@given(
    gamma=st.floats(0.05, 2_000),
    aversion=st.floats(1e-5, 1),
    costs=st.builds(
        Costs,
        half_spread=st.floats(0, 0.1),
        levies=st.floats(0, 0.01),
        commission=st.floats(0.0005, 0.01),
        minimum=st.floats(0.01, 2),
    ),
    wider=st.floats(0.5, 2),
    share=st.floats(0, 0.999),
)
def test_no_other_band_costs_and_risks_less_than_the_fee_aware(
    gamma: float, aversion: float, costs: Costs, wider: float, share: float
) -> None:
    about = situated(gamma=gamma, costs=costs)
    across, trade = fee_aware_width(figures_of(about), aversion)
    half, landing = (across + trade) / 2, (across - trade) / 2
    best = year_of(about, aversion, half, landing)
    assert best <= year_of(about, aversion, half * wider, half * wider * share) * (1 + 1e-9)


def test_zakamouline_by_its_formulas() -> None:
    """Worked out apart from the code, for one option at 1% costs with a year to go."""
    about = situated(spot=100.0, gamma=0.0199, years=1.0, rate=0.05, vol=0.2, costs=Costs(half_spread=1.0))
    assert zakamouline_half(figures_of(about), 1.0) == pytest.approx((0.05847040, 0.15122161), abs=1e-8)
    sold = situated(spot=100.0, gamma=-0.0199, years=1.0, rate=0.05, vol=0.2, costs=Costs(half_spread=1.0))
    assert zakamouline_half(figures_of(sold), 1.0) == pytest.approx((0.05847040, 0.23902306), abs=1e-8)


def test_zakamoulines_centre_is_the_delta_at_its_own_volatility() -> None:
    costs = Costs(half_spread=6.0)
    _, vol = zakamouline_half(figures_of(situated(costs=costs)), 0.005)
    found = due("zakamouline", costs=costs, delta_at=lambda vol: 1_000 * vol)
    assert found.centre == pytest.approx(1_000 * (0.15 - vol))
    assert found.high - found.centre == pytest.approx(found.centre - found.low)
    assert found.centre > 0


@pytest.mark.parametrize("changes", [{"vol": None}, {"years": 0.0}])
def test_zakamouline_without_volatility_or_time_is_whalley_wilmott(changes: dict[str, Any]) -> None:
    assert due("zakamouline", **changes) == due("whalley_wilmott", **changes)


# -- what all of them keep to ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("policy", BANDS)
def test_no_band_is_wider_than_the_force_level(policy: str) -> None:
    """However little somebody minds risk."""
    careless = HedgeParameters(policy=policy, risk_aversion=1e-12, band_shares=1e6)
    found = band(careless, situated(widest=40.0))
    assert found is not None
    assert (found.low, found.high) == pytest.approx((found.centre - 40, found.centre + 40))


@given(policy=st.sampled_from(BANDS), gamma=st.floats(-500, 500), spot=st.floats(1, 5_000), years=st.floats(1e-7, 2))
def test_bands_are_finite_and_the_same_for_bought_and_sold(
    policy: str, gamma: float, spot: float, years: float
) -> None:
    bought, sold = (due(policy, gamma=each, spot=spot, years=years) for each in (gamma, -gamma))
    assert 0 <= bought.high < math.inf
    assert (bought.low, bought.from_below) == (-bought.high, -bought.from_above)
    assert bought == sold


@pytest.mark.parametrize("policy", ["whalley_wilmott", "zakamouline", "fee_aware"])
def test_who_minds_risk_more_has_a_narrower_band(policy: str) -> None:
    bands = [band(HedgeParameters(policy=policy, risk_aversion=each), situated()) for each in (1e-4, 1e-3, 1e-2, 1e-1)]
    widths = [found.high for found in bands if found is not None]
    assert widths == sorted(widths, reverse=True)
    assert len(set(widths)) == 4


def test_a_dearer_broker_makes_the_fee_aware_band_wider() -> None:
    cheap, dear = (
        due("fee_aware", costs=Costs(half_spread=0.01, minimum=0.35, commission=0.0035)),
        due("fee_aware", costs=Costs(half_spread=0.01, minimum=1.0, commission=0.005)),
    )
    assert dear.high > cheap.high
    assert due("whalley_wilmott", costs=Costs(half_spread=0.01, minimum=0.35)) == due(
        "whalley_wilmott", costs=Costs(half_spread=0.01, minimum=9.0)
    )  # which knows nothing of it


@pytest.mark.parametrize("straddles", [2, 7, 30])
def test_many_straddles_are_hedged_as_so_many_times_one(straddles: int) -> None:
    fees = Costs(half_spread=0.005)
    for parameters in (
        HedgeParameters(policy="fixed", band_per_straddle=4.0),
        HedgeParameters(policy="whalley_wilmott", risk_aversion_per_straddle=0.005),
        HedgeParameters(policy="zakamouline", risk_aversion_per_straddle=0.005),
        HedgeParameters(policy="fee_aware", risk_aversion_per_straddle=0.005),
    ):
        one = band(parameters, situated(costs=fees))
        many = band(parameters, situated(costs=fees, gamma=3.12 * straddles, straddles=float(straddles)))
        assert one is not None and many is not None
        assert many.high == pytest.approx(straddles * one.high)
        assert many.from_above == pytest.approx(straddles * one.from_above)


def test_a_shared_minimum_fee_narrows_the_band_of_each_straddle() -> None:
    parameters = HedgeParameters(risk_aversion_per_straddle=0.005)
    one, ten = band(parameters, situated()), band(parameters, situated(gamma=31.2, straddles=10.0))
    assert one is not None and ten is not None
    assert one.high < ten.high < 10 * one.high


# -- time and moves ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("since_s", "is_due"), [(None, True), (299, False), (300, True), (86_400, True)])
def test_by_the_clock_a_hedge_is_due_again_after_so_long(since_s: float | None, is_due: bool) -> None:
    last = None if since_s is None else NOW - timedelta(seconds=since_s)
    found = band(HedgeParameters(policy="time", every_s=300), situated(hedged_at=last))
    assert found == (Band(0.0, 0.0, 0.0, 0.0, 0.0) if is_due else None)


@pytest.mark.parametrize(
    ("given_as", "least"),
    [
        ({"move": 2.0, "move_sigmas": 0.0}, 2.0),
        ({"move_pct": 0.5, "move_sigmas": 0.0}, 3.0),
        ({"move_sigmas": 0.5}, 2.8347),  # 600 x 15% / sqrt(252) / 2
        ({"move": 2.0, "move_pct": 0.5, "move_sigmas": 0.5}, 2.0),
    ],
)
def test_by_moves_a_hedge_is_due_after_the_least_of_those_given(given_as: dict[str, float], least: float) -> None:
    parameters = HedgeParameters(policy="move", **given_as)
    for sign in (-1, 1):
        assert band(parameters, situated(hedged_price=600 + sign * (least - 0.01))) is None
        assert band(parameters, situated(hedged_price=600 + sign * (least + 0.01))) is not None
    assert band(parameters, situated(hedged_price=None)) is not None


def test_a_move_in_deviations_without_a_volatility_is_due() -> None:
    """Who can't tell whether it is small hedges."""
    assert band(HedgeParameters(policy="move"), situated(hedged_price=600.0, vol=None)) is not None


# -- let it run --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("trend", [-0.9, -0.6, -0.59, 0.0, None, 0.59, 0.6, 0.9])
def test_a_trend_widens_the_side_it_drives_the_delta_to_and_no_other(trend: float | None) -> None:
    parameters = HedgeParameters(policy="fixed", band_shares=10, to="half", trend_factor=2.5, trend_ratio=0.6)
    found = band(parameters, situated(trend=trend))
    up, down = trend is not None and trend >= 0.6, trend is not None and trend <= -0.6
    assert found == Band(-25.0 if down else -10.0, 25.0 if up else 10.0, 0.0, -5.0, 5.0)
    assert band(HedgeParameters(policy="fixed", band_shares=10), situated(trend=trend)) == Band(-10, 10, 0, 0, 0)


def test_even_a_trend_runs_no_further_than_the_force_level() -> None:
    found = band(HedgeParameters(policy="fixed", trend_factor=5), situated(trend=1.0, widest=60.0))
    assert found == Band(-25, 60, 0, 0, 0)


def test_a_narrowed_band_keeps_its_centre() -> None:
    assert scaled(Band(-10, 30, 5, 0, 10), 0.2) == Band(2, 10, 5, 4, 6)


# -- settings ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"policy": "fee_aware", "to": "edge"}, "to = 'edge' is not allowed; allowed: best"),
        ({"policy": "time", "to": "centre"}, "to = 'centre' is not allowed; allowed: best"),
        ({"policy": "move", "move_sigmas": 0.0}, "one of move, move_pct, move_sigmas above 0"),
        ({"policy": "delta"}, "policy = 'delta' is not allowed"),
        ({"risk_aversion": 0.0}, "risk_aversion = 0.0 is not allowed"),
    ],
)
def test_settings_that_make_no_sense_are_refused_in_words(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        HedgeParameters(**wrong)


# -- what the situation is read off ------------------------------------------------------------------------------------


@given(schedule=st.sampled_from(["fixed", "tiered"]), shares=st.integers(1, 5_000), price=st.floats(20, 900))
def test_costs_are_the_brokers_bill_whatever_the_size(schedule: str, shares: int, price: float) -> None:
    """To a cent, or to 5% where the price was rounded for it."""
    fees, day = FeeParameters(schedule=schedule), date(2026, 10, 5)
    costs = hedging_costs(fees, SPY, day, price, 0.01)
    exact = Decimal(str(round(price, 2)))
    bills = [order_fees(fees, SPY, side, day, shares, exact) for side in Side]
    if any(bill.commission == exact * shares / 100 for bill in bills):
        return  # the cap of a tiny order
    mean = float(sum(bill.total for bill in bills)) / 2
    reckoned = max(costs.minimum, costs.commission * shares) + costs.levies * shares
    assert reckoned == pytest.approx(mean, abs=0.01, rel=0.05)
    assert costs.half_spread == 0.01


@pytest.mark.parametrize("what", [Index(con_id=9, symbol="SPX"), Stock(con_id=9, symbol="RY", currency="CAD")])
def test_where_no_fees_are_known_the_spread_is_all(what: Stock | Index) -> None:
    assert hedging_costs(FeeParameters(), what, date(2026, 1, 5), 100.0, 0.02) == Costs(half_spread=0.02)


def test_a_situation_is_read_off_the_scene() -> None:
    about = situation(seen(30.0, straddles=4, bid=599.9, ask=600.1), LIMITS, FeeParameters(), rate=0.04, trend=0.3)
    assert about.spot == pytest.approx(600.0)
    assert about.gamma == pytest.approx(4 * 3.12)
    assert about.straddles == 4
    assert about.vol == pytest.approx(0.15)
    assert about.years == pytest.approx((EXPIRES - NOW).total_seconds() / (365 * 86_400))
    assert about.costs.half_spread == pytest.approx(0.1)
    assert (about.widest, about.trend, about.hedged_at) == (500, 0.3, None)


def test_the_delta_at_another_volatility_is_that_of_the_closed_form() -> None:
    """Of a call at the money 0.5 + d1 / sqrt(2 pi) to first order; a put beside it doubles the second part."""
    about = situation(seen(0.0), LIMITS, FeeParameters(), rate=0.0)
    assert about.delta_at is not None
    for vol in (0.1, 0.15, 0.3):
        assert about.delta_at(vol) == pytest.approx(
            100 * 2 * vol * about.years**0.5 / 2 / (2 * 3.14159265) ** 0.5, rel=1e-3
        )
    assert situation(seen(0.0, vol=None), LIMITS, FeeParameters(), rate=0.0).delta_at is None
