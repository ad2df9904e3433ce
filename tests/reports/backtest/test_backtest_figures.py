"""The figures of a backtest are sums and means that anybody can redo from its journal and its looks."""

import math
import pickle
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_stories import CALL, PUT, SHARE, filled, intent, interval, later, looks, ordered, rows, story, traded

from gamma_scalper.domain import entries as e
from gamma_scalper.domain.orders import Purpose, Side
from gamma_scalper.domain.proposals import Refusal
from gamma_scalper.portfolio.attribution import PARTS
from gamma_scalper.reports.backtest.figures import Figures, columns, figures
from gamma_scalper.reports.backtest.key_figures import check
from gamma_scalper.reports.backtest.series import equity, hedges
from gamma_scalper.reports.backtest.told import told

CENTS = st.integers(-100_000, 100_000).map(lambda cents: str(Decimal(cents) / 100))
INTERVALS = st.lists(st.fixed_dictionaries(dict.fromkeys(PARTS, CENTS)), max_size=12)


@given(INTERVALS)
def test_the_parts_of_any_run_sum_to_its_profit_to_the_cent(parts):
    found = figures(story((5 * n + 5, interval(5 * n, 5 * n + 5, **each)) for n, each in enumerate(parts)))
    assert sum(getattr(found, part) for part in PARTS) == found.profit
    assert found.profit == sum((Decimal(amount) for each in parts for amount in each.values()), Decimal(0))


@given(INTERVALS)
def test_a_drawdown_is_the_deepest_fall_from_any_moment_to_any_later_one(parts):
    made = [interval(5 * n, 5 * n + 5, **each) for n, each in enumerate(parts)]
    found = figures(story((5 * n + 5, each) for n, each in enumerate(made)))
    levels = [Decimal(0)]
    for each in made:
        levels.append(levels[-1] + each.total)
    falls = [earlier - later for place, earlier in enumerate(levels) for later in levels[place:]]
    assert found.drawdown == max(falls)
    assert -equity(made).drawdown.min(initial=0.0) == pytest.approx(float(found.drawdown), abs=1e-6)


@given(INTERVALS, st.lists(st.integers(0, 60), max_size=6, unique=True))
def test_what_each_hedge_earned_since_the_one_before_makes_up_all_that_was_earned(parts, minutes):
    told_ = [(5 * n + 5, interval(5 * n, 5 * n + 5, **each)) for n, each in enumerate(parts)]
    for number, minute in enumerate(sorted(minutes), 1):
        told_ += traded(minute, intent(number, Side.SELL, 10), "600.00")
    (run,) = [chapter.run for chapter in told(story(told_)).books]
    found, all_of_it = hedges(run), figures(story(told_))
    assert len(found.rows) == len(minutes)
    for part in ("gamma", "theta"):
        summed = sum((getattr(each.since, part) for each in found.rows), getattr(found.after, part))
        assert summed == getattr(all_of_it, part)


def test_a_straddle_that_was_bought_and_sold_has_moved_as_much_cash_as_its_profit():
    call, put = (intent(n, Side.BUY, 1, Purpose.ENTRY, what) for n, what in ((1, CALL), (2, PUT)))
    sold = [intent(n, Side.SELL, 1, Purpose.EXIT, what) for n, what in ((3, CALL), (4, PUT))]
    bought = [
        (0.0, entry) for entry in (ordered(call, put), *filled(call, "10.00", later(0)), *filled(put, "9.00", later(0)))
    ]
    gone = [entry for each in sold for entry in traded(60, each, "10.00")]
    earned = interval(0, 60, gamma="100.00", costs="-1.40")
    found = figures(story([*bought, *gone, (60, earned)]))
    assert (found.profit, found.cash, found.worth, found.holds) == (Decimal("98.60"), Decimal("98.60"), 0, False)
    assert (found.straddles_bought, found.straddles_closed, found.entries) == (1, 1, 1)
    assert (found.premium_paid, found.premium_received, found.commissions) == (1900, 2000, Decimal("1.40"))


def test_what_is_still_held_is_worth_what_the_profit_is_above_the_cash():
    found = figures(story([*traded(0, intent(1, Side.BUY, 10), "600.00"), (5, interval(0, 5, delta="9.65"))]))
    assert (found.cash, found.worth, found.holds) == (Decimal("-6000.35"), Decimal("6010.00"), True)


def test_the_sums_are_said_and_beside_them_what_the_house_marked():
    told_ = [*traded(0, intent(1, Side.BUY, 10), "600.00"), (5, interval(0, 5, delta="9.65"))]
    said = told(story([*told_, (5, e.Marked(profit_today="9.60", equity="9.60"))])).whole
    assert check(said.figures, said.run.marked) == (
        "The ten parts sum to +$9.65. Trades, bills and payments moved cash by -$6,000.35, and what was held at the "
        "end was worth +$6,010.00: +$9.65. The house's own newest mark says +$9.60."
    )


def test_sums_that_differ_are_not_passed_over():
    told_ = [
        (minute, each)
        for n, side in ((1, Side.BUY), (2, Side.SELL))
        for minute, each in traded(n, intent(n, side, 1), "600")
    ]
    assert "THEY DIFFER by +$0.70" in check(figures(story(told_)))


def test_all_parts_of_one_hedge_count_once_and_their_shares_together():
    parts = [intent(n, Side.SELL, 10) for n in (1, 2)]
    told_ = [ordered(*parts), *filled(parts[0], "599.98", later(1)), *filled(parts[1], "599.97", later(1))]
    found = figures(story([(1, entry) for entry in told_]))
    assert (found.hedges, found.hedged_shares) == (1, 20)
    assert (found.hedge_slippage, found.hedge_commissions) == (Decimal("0.50"), Decimal("0.70"))
    assert found.hedge_cost == Decimal("1.20")


def test_a_hedge_that_did_not_fill_is_none():
    assert figures(story([(1, ordered(intent(1, Side.SELL, 10)))])).hedges == 0


def test_time_outside_the_band_is_weighed_by_how_long_it_lasted_and_a_night_is_no_such_time():
    seen = looks(
        (0, 1, 4, 5, 24 * 60), projected=(0, 12, 0, 11, 0), low=-10, high=10, gamma=3, theta=-40, spot=600
    )  # fmt: skip
    found = figures(story(seen=seen))
    assert found.outside_pct == pytest.approx(100 * 3 / 5)
    assert found.mean_delta == pytest.approx((0 * 1 + 12 * 3 + 0 * 1) / 5)


def test_the_break_even_is_the_move_at_which_gamma_earns_what_theta_costs():
    found = figures(story(seen=looks((0, 1, 2), gamma=5.0, theta=-90.0, spot=600.0)))
    assert found.break_even == pytest.approx(math.sqrt(2 * 90 / 5))
    assert 0.5 * 5.0 * found.break_even**2 == pytest.approx(90.0)
    assert found.break_even_pct == pytest.approx(100 * 6 / 600)


def test_realised_volatility_is_above_implied_just_where_movement_earns_more_than_time_costs():
    spot, vol, gamma, day = 600.0, 0.2, 5.0, 24 * 60
    for move, ahead in ((1.05, True), (0.95, False)):
        step = move * spot * vol / math.sqrt(365)
        earned, cost = 0.5 * gamma * step**2, 0.5 * gamma * (spot * vol) ** 2 / 365
        moved = interval(0, day, spot, spot + step, vol, gamma=f"{earned:.2f}", theta=f"{-cost:.2f}")
        found = figures(story([(day, moved)]))
        assert (found.realised_vol > found.implied_vol, found.movement_less_time > 0) == (ahead, ahead)


def test_a_day_on_which_nothing_was_held_counts_in_the_deviation_and_not_among_those_held():
    seen = looks((0, 24 * 60), spot=600.0)
    found = figures(story([(5, interval(0, 5, gamma="10.00"))], seen))
    assert (found.days, found.days_held, found.days_won) == (2, 1, 1)
    assert found.deviation == pytest.approx(np.std([10.0, 0.0], ddof=1))


def test_refusals_are_told_by_guard_the_most_frequent_first():
    pace, loss = Refusal("pace", "too soon"), Refusal("loss", "too much")
    refused = [
        e.PlanNotPermitted(purpose="hedge", reason="delta", refusals=each) for each in ((pace, loss), (pace,))
    ]  # fmt: skip
    found = figures(story([(1, each) for each in refused]))
    assert (found.refusals, found.refused) == (3, "pace 2, loss 1")


def test_figures_survive_pickling_and_their_columns_are_plain_scalars(played):
    found = figures(played)
    assert pickle.loads(pickle.dumps(found)) == found
    assert {type(value) for value in columns(found).values()} <= {int, float, str, bool}


def test_a_played_run_adds_up(played):
    found = figures(played)
    assert found.hedges > 0 and found.theta < 0 < found.gamma
    assert found.holds and found.cash + found.worth == pytest.approx(found.profit, abs=Decimal("0.005"))
    assert 0 <= found.outside_pct <= 100 and found.break_even > 0


@pytest.mark.parametrize(
    "empty", [story(), story(seen=looks((0,))), story(seen=looks((0, 1, 2))), story(each={}), story(journal=rows([]))]
)
def test_where_nothing_happened_all_sums_are_nothing_and_all_means_unknown(empty):
    found = figures(empty)
    assert isinstance(found, Figures)
    assert (found.profit, found.hedges, found.drawdown) == (0, 0, 0)
    assert all(math.isnan(mean) for mean in (found.realised_vol, found.break_even, found.mean_delta, found.deviation))


def test_shares_of_the_underlying_are_no_straddles():
    assert figures(story(traded(0, intent(1, Side.BUY, 10, what=SHARE), "600.00"))).straddles_bought == 0
