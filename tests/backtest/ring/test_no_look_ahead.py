"""Nothing that is quoted later changes what was decided before, to the byte."""

from datetime import datetime

import pytest
from taped import taped, written

from config import load_config
from gamma_scalper.backtest.runner import Backtest, backtest
from gamma_scalper.domain.entries import Ordered
from gamma_scalper.journal.codec import moment_of

SPEC, TICKS = "heston:step=60", 440  # a day, and the first hour of the next
SETTINGS = ("spy.selection.min_open_interest=0", "spy.hedge.policy=fixed", "spy.hedge.band_shares=4",
            "spy.risk.hedging.hedge_per_straddle=1", "spy.risk.hedging.min_shares=1")  # fmt: skip
SHARES = 600.0


@pytest.fixture(scope="module")
def rows():
    return taped(SPEC, 3, TICKS)


def played(path, *, delay=15):
    config = load_config(SETTINGS, environment={})
    spec = f"csv:{path},step=60,option_close_delay_min={delay}"
    return backtest(Backtest(system=config.system, books={"spy": config.books["spy"]}, market=spec, seed=1)).rows


@pytest.fixture(scope="module")
def truth(rows, tmp_path_factory):
    return played(written(tmp_path_factory.mktemp("tape") / "quotes.csv", rows))


def crashed(row, by):
    """The same row with prices of another world."""
    *named, bid, ask, bid_size, ask_size = row.split(",")
    bid, ask = (max(round(float(price) * by, 2), 0.01) for price in (bid, ask))
    return ",".join([*named, f"{bid}", f"{ask + 0.02:.2f}", bid_size, ask_size])


def orders_of(rows):
    return [row for row in rows if isinstance(row.entry, Ordered)]


def test_the_session_that_is_looked_at_buys_and_hedges_on_both_days(truth):
    orders = orders_of(truth)
    assert {each.entry.intents[0].purpose.value for each in orders} == {"entry", "hedge"}
    assert len({each.at.date() for each in orders}) == 2 and len(orders) > 6


@pytest.mark.parametrize("place", [0.05, 0.4, 0.93])
@pytest.mark.parametrize("by", [0.8, 1.1])
def test_changing_all_later_quotes_leaves_every_earlier_row_as_it_was(rows, truth, tmp_path, place, by):
    moments = sorted({moment for moment, _ in rows})
    last = moments[int(place * len(moments))]
    changed = [(moment, row if moment <= last else crashed(row, by)) for moment, row in rows]
    again = played(written(tmp_path / "quotes.csv", changed))
    until = moment_of(datetime.fromisoformat(last))
    before, same = ([row for row in of if moment_of(row.at) <= until] for of in (truth, again))
    assert [row.hash for row in same] == [row.hash for row in before], "the chain of hashes is of every byte"
    assert [row.hash for row in again] != [row.hash for row in truth], "and what came later was another market"


def test_a_source_that_ends_earlier_gives_the_same_rows_as_far_as_it_goes(rows, truth, tmp_path):
    moments = sorted({moment for moment, _ in rows})
    last = moments[len(moments) // 2]
    cut = played(written(tmp_path / "quotes.csv", [each for each in rows if each[0] <= last]))
    until = moment_of(datetime.fromisoformat(last))
    before, same = ([row for row in of if moment_of(row.at) <= until] for of in (truth, cut))
    assert len(same) > 20 and [row.hash for row in same] == [row.hash for row in before]
