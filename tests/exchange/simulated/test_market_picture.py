"""A day in figures: they are those of the market, whichever market it is."""

import json
import math

import pytest

from gamma_scalper.commands.market_day import describe
from gamma_scalper.domain.exits import UserError
from gamma_scalper.exchange.specs import market_from


def test_figures_are_those_that_were_asked_for():
    day = describe(market_from("gbm:sigma=0.2,implied=0.25,step=5"))
    found = day.statistics
    assert found["sessions"] == 1
    assert found["implied_vol_30d"] == pytest.approx(0.25, abs=0.01)
    # Of trading hours alone, without the night's fifth; 4 errors of a variance from 4,680 moves.
    assert found["realised_vol"] == pytest.approx(0.2 * math.sqrt(0.8), rel=2 * math.sqrt(2 / 4680) * 1.5)
    assert found["low"] <= found["close"] <= found["high"]
    assert found["gap_pct"] == pytest.approx(100 * (day.spots[0] / 600 - 1))
    assert len(day.halves) == 13
    assert day.halves[0] > day.halves[12] > day.halves[6]
    assert [round(smile.days) for smile in day.smiles] == [1, 9, 32, 130] or len(day.smiles) == 4
    assert all(smile.bid_vol[10] <= smile.ask_vol[10] for smile in day.smiles)
    figures = json.loads(json.dumps(day.as_json(), allow_nan=False))
    assert figures["schema"] == "market-day/1"
    assert figures["symbol"] == "SPY"


def test_several_sessions_have_a_gap_each():
    day = describe(market_from("merton:step=60,symbol=NVDA,spot=180"), sessions=3)
    assert len(day.opens) == len(day.gaps_pct) == 3
    for place, gap in zip(day.opens[1:], day.gaps_pct[1:], strict=True):
        assert gap == pytest.approx(100 * (day.spots[place] / day.spots[place - 1] - 1))


def test_a_market_without_anything_is_refused():
    with pytest.raises(UserError, match="nothing is listed"):
        describe(market_from("push:start=2026-01-05"))
