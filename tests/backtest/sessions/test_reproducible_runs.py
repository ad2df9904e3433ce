"""The same question gets the same answer, to the byte, on whatever machine; and a run that risk stops ends in order."""

import os
import subprocess
import sys
from datetime import date
from functools import cache
from pathlib import Path

from playing import Played, play, sound

from gamma_scalper.domain.entries import Halted, SessionEnded
from gamma_scalper.domain.orders import Purpose
from gamma_scalper.reports.backtest.page import page
from gamma_scalper.reports.backtest.terminal import shown
from gamma_scalper.reports.backtest.told import told

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[2]
SPEC, FIRST, LAST = "merton:step=300,jumps=200", date(2026, 1, 8), date(2026, 1, 9)
QUICK = (
    "selection.max_expiries=1", "selection.strikes_per_expiry=3", "hedge.policy=fixed", "hedge.band_shares=10",
    "nights.weekend=flatten", "nights.overnight=flatten",
)  # fmt: skip


@cache
def days(seed: int, *overrides: str) -> Played:
    return play(SPEC, seed, FIRST, LAST, *QUICK, *overrides)


def test_the_same_backtest_gives_the_same_rows_and_the_same_page_and_another_seed_does_not():
    once, again, other = days(1), days.__wrapped__(1), days(2)
    hashes, same, others = ([row.hash for row in each.story.rows] for each in (once, again, other))
    assert len(hashes) > 100 and same == hashes
    assert others[:2] == hashes[:2] and others[-1] != hashes[-1]
    assert page(told(once.story)) == page(told(again.story))


def test_a_run_depends_neither_on_the_order_of_hashes_nor_on_the_zone_of_the_machine():
    elsewhere = {"PYTHONHASHSEED": "77", "TZ": "Asia/Tokyo", "PYTHONPATH": f"{REPOSITORY}{os.pathsep}{HERE}"}
    ran = subprocess.run(
        [sys.executable, "-c", "from test_reproducible_runs import *; print(days(1).story.rows[-1].hash)"],
        env={**os.environ, **elsewhere}, cwd=REPOSITORY, check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert ran.stdout.strip() == days(1).story.rows[-1].hash


def test_a_book_that_has_lost_enough_sells_buys_nothing_more_and_the_run_ends_in_order():
    played = days(1, "risk.loss.max_daily_loss=20")
    sound(played)
    (row,) = played.rows(Halted)
    assert row.entry.breaker == "daily loss" and row.at.date() == FIRST
    after = [intent for each in played.story.rows if each.at >= row.at for intent in getattr(each.entry, "intents", ())]
    assert after and {intent.purpose for intent in after} == {Purpose.EXIT}
    assert not played.ledger.holdings
    assert played.story.rows[-1].entry == SessionEnded("the last day is over", 0)
    whole = told(played.story)
    assert whole.whole.figures.halts == 1
    assert row.entry.why in page(whole) and shown(whole) is not None
