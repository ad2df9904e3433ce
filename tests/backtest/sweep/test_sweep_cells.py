"""A cell is a book that --set would make too, and its digest stands for all that decides its runs."""

from datetime import date

import pytest
from attrs import evolve
from sweeping import MARKET, cells_of

from gamma_scalper.backtest.sweep.cells import Ground, check_keys, without_repeats
from gamma_scalper.backtest.sweep.grid import axes_of
from gamma_scalper.domain.exits import UserError


def _axes(*written):
    return axes_of(written, ranges=True)


def test_a_cell_is_the_book_with_its_values():
    cells = cells_of()
    cell, book = cells.cell({"hedge.policy": "fixed", "hedge.band_shares": "7"}), cells.as_it_is().book
    assert (cell.book.hedge.policy, cell.book.hedge.band_shares) == ("fixed", 7)
    assert evolve(cell.book, hedge=book.hedge) == book
    assert cell.name == "hedge.policy=fixed, hedge.band_shares=7"


def test_a_grid_is_stronger_than_set():
    cells = cells_of(["spy.hedge.band_shares=3"])
    assert cells.as_it_is().book.hedge.band_shares == 3
    assert cells.cell({"hedge.band_shares": "9"}).book.hedge.band_shares == 9


def test_a_digest_changes_with_what_decides_and_with_nothing_else():
    ground = Ground(MARKET, "", None, None)
    usual = cells_of().as_it_is().digest
    assert cells_of(["log_level=ERROR", "seed=9", "state_dir=elsewhere", "client_id=3"]).as_it_is().digest == usual
    others = [
        cells_of(["venue.latency_ms=7"]),
        cells_of(["paper_cash=50000"]),
        cells_of(["spy.fees.schedule=fixed"]),
        cells_of(ground=evolve(ground, market="heston:step=30")),
        cells_of(ground=evolve(ground, last=date(2026, 2, 1))),
        cells_of(ground=evolve(ground, files="changed")),
    ]
    digests = {cells.as_it_is().digest for cells in others}
    assert len(digests) == len(others) and usual not in digests
    assert cells_of().cell({"hedge.band_shares": "25"}).digest == cells_of().cell({"hedge.band_shares": "25.0"}).digest


def test_a_value_written_in_two_ways_is_one_cell():
    cells = cells_of()
    both = [cells.cell({"hedge.band_shares": value}) for value in ("25", "25.0", "26")]
    assert [cell.name for cell in without_repeats(both)] == ["hedge.band_shares=25", "hedge.band_shares=26"]


@pytest.mark.parametrize(
    ("given", "answer"),
    [
        ({"hedge.band_shares": "-1"}, "allowed: at least 0 shares"),
        ({"hedge.policy": "best"}, "allowed: fixed or whalley_wilmott"),
        ({"hedge.to": "edge", "hedge.policy": "fee_aware"}, "fee_aware' has its own target"),
    ],
)
def test_a_value_that_is_not_allowed_is_one_line_that_says_what_is(given, answer):
    with pytest.raises(UserError, match=answer) as told:
        cells_of().cell(given)
    assert str(told.value).startswith(f"--grid {next(iter(given))}=")


def test_a_key_that_does_not_exist_is_told_with_the_nearest():
    with pytest.raises(UserError, match=r"unknown key hedge.bandshares; did you mean hedge.band_shares"):
        check_keys(_axes("hedge.bandshares=1"))
    with pytest.raises(UserError, match=r"seed is of the whole program"):
        check_keys(_axes("seed=1,2"))
    check_keys(_axes("hedge.band_shares=1", "fees.schedule=fixed"))
