"""Odd quotes are not acted on for a moment; a market that has really become wide is."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from ring_parts import NOON, SPY, option, quote

from gamma_scalper.domain.instruments import NICKEL_DIME_TICKS
from gamma_scalper.pipeline.spread_filter import SpreadFilter, SpreadRule

RULE = SpreadRule(factor=4.0, half_life_s=30.0, floor_ticks=2.0, stand_in_s=2.0)


def at(seconds):
    return NOON + timedelta(seconds=seconds)


def wide(spread, seconds, mid=600.0):
    return quote(SPY, mid - spread / 2, mid + spread / 2, at(seconds), number=int(seconds * 10))


def used_to(spread, rule=RULE, until=60):
    """Quotes a second for a minute, the last one at the full minute."""
    line = SpreadFilter(rule)
    for second in range(until + 1):
        line.hear(wide(spread, second))
    return line


def test_a_quote_far_wider_than_usual_is_not_acted_on_and_the_next_good_one_is():
    line = used_to(0.02)
    line.hear(wide(0.50, 61, mid=603))
    assert line.standing(at(61)) == wide(0.02, 60)
    line.hear(wide(0.02, 61.5, mid=603))
    assert line.standing(at(61.5)) == wide(0.02, 61.5, mid=603)


def test_the_last_good_quote_stands_in_until_it_is_too_old():
    line = used_to(0.02)
    line.hear(wide(0.50, 60.5))
    assert line.standing(at(62)) == wide(0.02, 60)
    assert line.standing(at(62.1)) == wide(0.50, 60.5), "then the market is what it is"


def test_a_widening_that_lasts_becomes_the_usual_and_is_acted_on_at_once():
    line = used_to(0.02)
    for second in range(61, 90):
        line.hear(wide(0.30, second))
    line.hear(wide(0.30, 90, mid=601))
    assert line.standing(at(90)) == wide(0.30, 90, mid=601)
    line.hear(wide(3.00, 90.5, mid=601))
    assert line.standing(at(90.5)) == wide(0.30, 90, mid=601), "and what is odd is measured by it"


def test_a_spread_of_a_tick_or_two_is_never_odd():
    line = SpreadFilter(RULE)
    line.of(option(11, "C", tick_rule=NICKEL_DIME_TICKS))
    for second in range(60):
        line.hear(quote(11, 5.00, 5.001, at(second)))
    line.hear(quote(11, 5.00, 5.80, at(60)))
    assert line.standing(at(60)).ask == 5.80, "four times two dimes"
    line.hear(quote(11, 5.00, 5.95, at(60.5)))
    assert line.standing(at(60.5)).ask == 5.80


def test_one_side_alone_and_crossed_sides_stand_back_too_but_not_for_ever():
    for odd in (quote(SPY, None, 600.01, at(60.5)), quote(SPY, 600.02, 600.01, at(60.5))):
        line = used_to(0.02)
        line.hear(odd)
        assert line.standing(at(61)) == wide(0.02, 60)
        assert line.standing(at(63)) == odd


def test_the_first_quote_stands_whatever_it_is():
    line = SpreadFilter(RULE)
    assert line.standing(at(0)) is None
    line.hear(quote(SPY, None, 600.01, at(0)))
    assert line.standing(at(0)).ask == 600.01
    line.hear(wide(5.0, 1))
    assert line.standing(at(1)) == wide(5.0, 1)


@given(st.lists(st.tuples(st.floats(0.0, 10.0), st.floats(0.01, 500.0), st.booleans()), min_size=1, max_size=40))
def test_nobody_is_ever_starved(told):
    """Whatever comes, a quote that stands is the newest one, or no older than allowed."""
    line, now = SpreadFilter(RULE), 0.0
    for passed, spread, one_sided in told:
        now += passed
        newest = quote(SPY, None if one_sided else 600.0, 600.0 + spread, at(now))
        line.hear(newest)
        standing = line.standing(at(now))
        assert standing is newest or (at(now) - standing.received_at).total_seconds() <= RULE.stand_in_s
        assert standing.usable or not newest.usable


@given(st.floats(0.02, 1.0), st.floats(1.0, 400.0))
def test_it_gets_used_to_any_width_within_four_half_lives(narrow, times):
    line = used_to(narrow)
    for second in range(61, 61 + 120):
        line.hear(wide(narrow * times, second))
    last = wide(narrow * times, 182, mid=650)
    line.hear(last)
    assert line.standing(at(182)) is last
