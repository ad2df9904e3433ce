"""The table of codes, what a person may change in it, and numbers that are none."""

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gamma_scalper.broker.ib import numbers
from gamma_scalper.broker.ib.codes import MEANINGS, Codes, Meaning, load_codes
from gamma_scalper.domain.exits import ExitCode, UserError


@pytest.mark.parametrize("code", [104, 105, 135, 161, 321, 329, 10147, 10148])
def test_codes_that_may_hit_a_living_order_never_say_that_it_is_dead(code: int) -> None:
    assert Codes().of_order(code) is Meaning.UNKNOWN


def test_a_code_nobody_has_heard_of_leaves_an_order_in_doubt_and_refuses_a_request() -> None:
    assert Codes().of(19_999) is None
    assert Codes().of_order(19_999) is Meaning.UNKNOWN
    assert Codes().of_request(19_999) is Meaning.REJECT


def test_a_changed_preset_is_a_warning_and_data_farms_are_no_disconnect() -> None:
    codes = Codes()
    assert codes.of(10349) is Meaning.WARNING
    assert codes.of(10182) is Meaning.WARNING
    assert codes.of(2105) is Meaning.WARNING
    assert codes.of(2103) is Meaning.FARM_LOST
    assert codes.of(2199) is Meaning.WARNING  # not in the table, and of the broker's warnings


def test_a_line_of_the_file_overrules_the_table_and_the_rest_stays(tmp_path: Path) -> None:
    file = tmp_path / "codes.toml"
    file.write_text('[codes]\n10349 = "unknown"\n777 = "warning"\n', encoding="utf-8")
    codes = load_codes(file)
    assert codes.of(10349) is Meaning.UNKNOWN
    assert codes.of(777) is Meaning.WARNING
    assert all(codes.of(code) is meaning for code, meaning in MEANINGS.items() if code != 10349)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("[codes\n", "not valid TOML"),
        ('[codes]\n201 = "fine"\n', "fatal, reject, warning, unknown"),
        ("[codes]\n201 = 7\n", "allowed"),
        ('[codes]\nabc = "warning"\n', "a whole number such as 10349"),
        ('[other]\n201 = "warning"\n', "one table [codes]"),
        ("codes = 3\n", "one table [codes]"),
    ],
)
def test_a_bad_file_of_codes_is_one_line_that_says_what_is_allowed(tmp_path: Path, text: str, names: str) -> None:
    file = tmp_path / "codes.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(UserError) as wrong:
        load_codes(file)
    assert names in str(wrong.value)
    assert str(file) in str(wrong.value)
    assert "\n" not in str(wrong.value)
    assert wrong.value.exit_code is ExitCode.CONFIGURATION


def test_a_file_of_codes_that_is_not_there_is_the_persons_to_put_right(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot read the codes"):
        load_codes(tmp_path / "none.toml")


# -- numbers -----------------------------------------------------------------------------------------------------------

UNSET = ["", "1.7976931348623157E308", "1.7976931348623157e+308", 1.7976931348623157e308, "2147483647", 2**31 - 1]
UNSET += ["nan", float("nan"), "Infinity", float("-inf"), None, "9223372036854775807", "n/a"]


@pytest.mark.parametrize("unset", UNSET)
def test_every_spelling_of_unset_is_none(unset: float | str | None) -> None:
    assert numbers.real(unset) is None
    assert numbers.amount(unset) is None


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=4))
def test_an_amount_is_read_exactly(number: Decimal) -> None:
    assert numbers.amount(str(number)) == number


@pytest.mark.parametrize("poison", [None, -1.0, -2.0, float("nan"), 1.7976931348623157e308])
def test_poison_never_becomes_a_greek(poison: float | None) -> None:
    assert numbers.positive(poison) is None
    assert numbers.price(poison) is None
    assert numbers.theta(poison) is None
    assert numbers.delta(poison, "C") is None


def test_what_a_call_may_have_is_not_what_a_put_may_have() -> None:
    assert numbers.delta(-0.4, "P") == -0.4
    assert numbers.delta(-0.4, "C") is None
    assert numbers.delta(0.4, "P") is None
    assert numbers.delta(-2.0, "P") is None
    assert numbers.theta(-0.05) == -0.05


def test_nobody_bids_is_none_and_a_bid_of_nothing_is_zero() -> None:
    assert numbers.price(-1.0) is None
    assert numbers.price(0.0) == 0.0
    assert numbers.size(float("nan")) == 0
    assert numbers.count(-1) is None
    assert numbers.quantity(100.0) == Decimal(100)
    assert str(numbers.quantity(0.5)) == "0.5"
