"""Numbers: exact where they are money, finite where they are Greeks, in range where they are settings."""

from decimal import Decimal

import pytest
from attrs import frozen
from hypothesis import given
from hypothesis import strategies as st

from gamma_scalper.domain.exits import ExitCode, UserError
from gamma_scalper.domain.greeks import NO_GREEKS, Greeks, share_greeks
from gamma_scalper.domain.money import Money, to_cents, to_decimal, to_float
from gamma_scalper.domain.settings import keys_of, section, setting, value_at

FLOATS = st.floats(min_value=-1e12, max_value=1e12)
GREEKS = st.builds(Greeks, *[st.floats(min_value=-1e6, max_value=1e6)] * 5)


@given(FLOATS)
def test_a_float_comes_back_from_its_decimal(number):
    assert to_float(to_decimal(number)) == number


def test_a_float_becomes_the_decimal_a_person_would_write():
    assert str(to_decimal(0.1)) == "0.1"
    assert str(to_decimal(599.99)) == "599.99"
    assert [to_cents(Decimal(half)) for half in ("0.125", "0.135")] == [Decimal("0.12"), Decimal("0.14")]


@pytest.mark.parametrize("poison", [float("nan"), float("inf"), 1.7976931348623157e308, -1e15])
def test_poison_and_the_broker_s_not_set_are_no_amounts(poison):
    with pytest.raises(ValueError):
        to_decimal(poison)


@given(st.integers(-(10**9), 10**9), st.integers(-(10**9), 10**9), st.integers(-50, 50))
def test_money_adds_up(a, b, factor):
    first, second = Money(Decimal(a) / 100), Money(Decimal(b) / 100)
    assert first + second - second == first
    assert -(first - second) == second - first
    assert (first + second) * factor == first * factor + second * factor


def test_dollars_and_euros_don_t_add():
    for compare in (lambda: Money(1) < Money(1, "EUR"), lambda: Money(1) <= Money(1, "EUR")):
        with pytest.raises(ValueError, match="currencies"):
            compare()
    assert not Money(1) < Money(1)
    assert Money(1) < Money(2) and Money(2) > Money(1) and Money(2) >= Money(2)
    with pytest.raises(ValueError, match=r"1.00 USD and 1.00 EUR"):
        Money(Decimal(1)) + Money(Decimal(1), "EUR")
    with pytest.raises(ValueError):
        Money(Decimal(1), "dollars")
    with pytest.raises(TypeError):
        Money(0.1)


@pytest.mark.parametrize("position", range(5))
@pytest.mark.parametrize("poison", [float("nan"), float("inf"), float("-inf")])
def test_poisoned_greeks_can_t_be_constructed(position, poison):
    with pytest.raises(ValueError, match="finite"):
        Greeks(*[poison if index == position else 1.0 for index in range(5)])


@given(GREEKS, GREEKS, st.integers(-1_000, 1_000))
def test_greeks_add_and_scale(one, other, contracts):
    assert one + other == other + one
    assert one + NO_GREEKS == one
    assert contracts * one == one * contracts
    assert (one * (2 * contracts)).delta == pytest.approx((one * contracts).delta * 2)
    assert (one + one).gamma == (one * 2).gamma


def test_a_share_has_its_price_and_a_delta_of_one():
    assert share_greeks(600.0) * -40 == Greeks(-24_000.0, -40.0, 0.0, 0.0, 0.0)


# -- settings ----------------------------------------------------------------------------------------------------------


@frozen
class Inner:
    band_shares: int = setting(2, "half-width of the band", unit="shares", at_least=0, at_most=100, limit=True)
    key: str = setting("", "a key", private=True)


def test_a_range_includes_its_ends():
    assert (Inner(band_shares=0).band_shares, Inner(band_shares=100).band_shares) == (0, 100)


@frozen
class Outer:
    inner: Inner = section(Inner)
    ttl_s: float = setting(5.0, "age", unit="s", above=0)
    policy: str = setting("fixed", "policy", one_of=("fixed", "zakamouline"))
    host: str = setting("a:1", "address", form="HOST:PORT", check=lambda text: ":" in text)


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (lambda: Inner(band_shares=101), "band_shares = 101 is not allowed; allowed: 0 to 100 shares"),
        (lambda: Inner(band_shares=-1), "0 to 100 shares"),
        (lambda: Outer(ttl_s=0), "ttl_s = 0 is not allowed; allowed: above 0 s"),
        (lambda: Outer(ttl_s=float("nan")), "above 0 s"),
        (lambda: Outer(policy="random"), "policy = 'random' is not allowed; allowed: fixed or zakamouline"),
        (lambda: Outer(host="a"), "allowed: HOST:PORT"),
    ],
)
def test_a_setting_out_of_range_can_t_be_constructed_and_says_what_is_allowed(made, told):
    with pytest.raises(ValueError) as caught:
        made()
    assert told in str(caught.value)


def test_ranges_read_as_a_person_would_say_them():
    @frozen
    class Ranges:
        a: int = setting(1, "", unit="s", at_least=1)
        b: int = setting(1, "", at_most=9)
        c: float = setting(1.0, "", unit="%", above=0, at_most=5)
        d: bool = setting(True, "")

    assert [key.allowed() for key in keys_of(Ranges)] == [
        *("at least 1 s", "at most 9", "above 0 and at most 5 %", "true or false")
    ]


def test_keys_are_found_by_path_plain_ones_first():
    assert [key.path for key in keys_of(Outer)] == ["ttl_s", "policy", "host", "inner.band_shares", "inner.key"]
    assert value_at(Outer(), "inner.band_shares") == 2


def test_a_private_value_is_not_in_the_repr():
    assert "hunter2" not in repr(Outer(inner=Inner(key="hunter2")))
    assert "(set, not shown)" in repr(Inner(key="hunter2"))


# -- exits -------------------------------------------------------------------------------------------------------------


def test_a_user_error_is_one_line():
    error = UserError("books/spy.toml:\n   wrong", ExitCode.NOTHING_TRADABLE)
    assert (str(error), error.exit_code) == ("books/spy.toml: wrong", 6)


def test_a_supervisor_must_not_restart_what_needs_a_person():
    assert [code for code in ExitCode if not code.may_restart] == [0, 2, 4, 5, 7]
