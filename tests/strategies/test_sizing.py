"""How many straddles are bought."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gamma_scalper.strategies.sizing import OneStraddle, SizingParameters, size

ONE = OneStraddle(premium=2_000.0, cost=2_030.0, vega=135.0, theta=35.0)


@pytest.mark.parametrize(
    ("parameters", "many"),
    [
        (SizingParameters(), 1),
        (SizingParameters(straddles=7), 7),
        (SizingParameters(by="premium", premium=6_100.0), 3),
        (SizingParameters(by="vega", vega=540.0), 4),
        (SizingParameters(by="theta", theta=100.0), 2),
    ],
)
def test_as_many_as_the_measure_allows(parameters: SizingParameters, many: int) -> None:
    assert size(ONE, parameters, budget=100_000.0) == many


def test_the_budget_is_reckoned_at_the_worst_price() -> None:
    assert size(ONE, SizingParameters(straddles=5), budget=3 * 2_030.0) == 3
    assert size(ONE, SizingParameters(straddles=5), budget=3 * 2_030.0 - 1) == 2


def test_too_small_a_measure_is_said_in_words() -> None:
    assert size(ONE, SizingParameters(by="vega", vega=100.0), budget=100_000.0) == (
        "one straddle is 135.00 $ of vega per point, and sizing.vega allows 100.00"
    )


def test_too_small_a_budget_is_said_in_words() -> None:
    assert size(ONE, SizingParameters(), budget=2_000.0) == (
        "one straddle costs up to 2,030.00 $, and the budget is 2,000"
    )


def test_options_without_worth_are_not_bought_without_end() -> None:
    nothing = OneStraddle(premium=0.0, cost=0.0, vega=0.0, theta=0.0)
    for by in ("straddles", "premium", "vega", "theta"):
        given = {} if by == "straddles" else {by: 100.0}
        assert isinstance(size(nothing, SizingParameters(by=by, **given), budget=100.0), str)


@pytest.mark.parametrize("by", ["premium", "vega", "theta"])
def test_a_measure_without_a_figure_is_refused(by: str) -> None:
    with pytest.raises(ValueError, match=f"^{by} = 0 is not allowed"):
        SizingParameters(by=by)


@given(
    st.floats(0.01, 1e5), st.floats(0.01, 1e5), st.floats(0, 1e7), st.sampled_from(["premium", "vega", "theta"]),
    st.floats(0.01, 1e7),
)  # fmt: skip
def test_neither_the_measure_nor_the_budget_is_ever_passed(
    premium: float, each: float, budget: float, by: str, most: float
) -> None:
    one = OneStraddle(premium=premium, cost=premium * 1.01 + 3, vega=each, theta=each)
    many = size(one, SizingParameters(by=by, **{by: most}), budget)
    if isinstance(many, int):
        assert many >= 1
        assert many * getattr(one, by) <= most * (1 + 1e-12)
        assert many * one.cost <= budget * (1 + 1e-12)
