"""One true story for all tests of reports: two days of a simulated market, through the whole ring."""

from datetime import date

import pytest

from config import load_config
from gamma_scalper.backtest.runner import Backtest, backtest
from gamma_scalper.reports.backtest.story import Story
from gamma_scalper.reports.backtest.told import Told, told


@pytest.fixture(scope="session")
def played() -> Story:
    config = load_config(())
    asked = Backtest(
        system=config.system, books={"spy": config.books["spy"]}, market="heston:step=60", seed=1,
        last=date(2026, 1, 6), settings={"spy:hedge.policy": "fee_aware"},
    )  # fmt: skip
    return backtest(asked)


@pytest.fixture(scope="session")
def whole(played: Story) -> Told:
    return told(played)
