"""What --grid may say, and what it is answered."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gamma_scalper.backtest.sweep.grid import Range, Values, axes_of, combinations
from gamma_scalper.domain.exits import UserError

WORDS = st.text("abcxyz0123456789.", min_size=1, max_size=6).filter(lambda text: ".." not in text)
AXES = st.dictionaries(WORDS, st.lists(WORDS, min_size=1, max_size=4, unique=True), min_size=1, max_size=4)


@given(AXES)
def test_every_combination_comes_up_once(axes):
    read = axes_of([f"{key}={','.join(values)}" for key, values in axes.items()], ranges=False)
    assert [axis.key for axis in read] == list(axes)
    cells = combinations(read)
    assert len(cells) == math.prod(len(values) for values in axes.values())
    assert len({tuple(cell.items()) for cell in cells}) == len(cells)
    assert all(cell[key] in axes[key] for cell in cells for key in axes)


def test_values_with_commas_are_parted_by_semicolons():
    (axis,) = axes_of(["pricing.rates_pct=1m 4.0, 1y 3.7; 4.2"], ranges=False)
    assert axis == Values("pricing.rates_pct", ("1m 4.0, 1y 3.7", "4.2"))


@pytest.mark.parametrize(
    ("written", "axis"),
    [
        ("a.b=1..50", Range("a.b", 1, 50, log=False, whole=True)),
        ("a.b=0.001..1log", Range("a.b", 0.001, 1, log=True, whole=False)),
        ("a.b=-1..1.5", Range("a.b", -1, 1.5, log=False, whole=False)),
    ],
)
def test_a_search_takes_ranges(written, axis):
    assert axes_of([written], ranges=True) == (axis,)


@pytest.mark.parametrize(
    ("written", "answer"),
    [
        (["band"], "expected key=value"),
        (["=1"], "expected key=value"),
        (["band="], "expected key=value"),
        (["band=1,,2"], "missing between two commas"),
        (["band=1,1"], "1 is given twice"),
        (["band=1", "band=2"], "band is given twice"),
        (["band=1..5"], "a range is for a search"),
        (["band=5..1"], "has to be the smaller"),
        (["band=0..1log"], "begins above 0"),
    ],
)
def test_what_is_wrong_with_a_grid_is_said_in_one_line(written, answer):
    with pytest.raises(UserError, match=answer) as told:
        axes_of(written, ranges=False)
    assert "\n" not in str(told.value) and str(told.value).startswith("--grid")


def test_a_grid_that_nobody_could_read_is_refused():
    axes = [Values(key, tuple(map(str, range(20)))) for key in "abc"]
    with pytest.raises(UserError, match="more than 5,000 cells"):
        combinations(axes)
