"""What is kept of a book's thoughts for its report."""

from datetime import date

from config import load_config
from gamma_scalper.backtest.runner import Backtest, backtest
from gamma_scalper.reports.backtest.told import told


def test_the_reason_for_buying_nothing_is_the_one_of_the_day_and_not_of_its_first_moment():
    """At each open the marks are of the evening before: the journal says so, and nothing of the wide spread."""
    market = "heston:step=3600,spread_bps=50,option_spread=3.0"
    config = load_config([f"market={market}"], environment={})
    asked = Backtest(
        system=config.system, books={"spy": config.books["spy"]}, market=market, seed=1, last=date(2026, 1, 7)
    )
    movement, _, _ = told(backtest(asked)).whole.answers
    assert "the underlying's spread is 0.50%, and 0.5% is the most" in movement
    assert "not known" not in movement
