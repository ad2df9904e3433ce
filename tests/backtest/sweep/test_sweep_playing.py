"""Chunks, and what becomes of a run that breaks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sweeping import plain_run

from gamma_scalper.backtest.sweep.cells import Cell
from gamma_scalper.backtest.sweep.fingerprint import (
    code_fingerprint,
    file_fingerprint,
    market_fingerprint,
)
from gamma_scalper.backtest.sweep.playing import Chunk, OtherCode, chunks_of, play_chunk
from gamma_scalper.domain.exits import UserError


def _cell(digest):
    return Cell(digest, {}, None, digest)


@given(st.sets(st.tuples(st.sampled_from("abc"), st.integers(1, 60))), st.integers(0, 64))
def test_chunks_hold_every_run_once_and_are_small(missing, workers):
    cells = {name: _cell(name) for name in "abc"}
    wanted = sorted(missing, key=lambda key: key[1])
    chunks = chunks_of(wanted, cells, workers)
    assert sorted((chunk.cell.digest, seed) for chunk in chunks for seed in chunk.seeds) == sorted(missing)
    assert all(1 <= len(chunk.seeds) <= 4 for chunk in chunks)


def test_early_seeds_of_all_cells_come_first():
    cells = {name: _cell(name) for name in "ab"}
    chunks = chunks_of([(name, seed) for seed in range(1, 65) for name in "ab"], cells, 1)
    assert [(chunk.cell.digest, chunk.seeds[0]) for chunk in chunks[:4]] == [("a", 1), ("b", 1), ("a", 5), ("b", 5)]


def _play(cell, seed):
    if seed == 2:
        raise ZeroDivisionError("by\nnothing")
    if seed == 3:
        raise UserError("the market has no such day")
    return plain_run(cell, seed, [1.0])


def test_a_run_that_breaks_is_recorded_and_the_others_go_on():
    runs = play_chunk(_play, Chunk(_cell("a"), (1, 2, 3, 4)), code_fingerprint())
    assert [run.failure for run in runs] == ["", "ZeroDivisionError: by nothing", "the market has no such day", ""]
    assert [run.seed for run in runs] == [1, 2, 3, 4]


def test_a_worker_with_other_code_plays_nothing():
    with pytest.raises(OtherCode):
        play_chunk(_play, Chunk(_cell("a"), (1,)), "another")


def test_a_market_whose_file_changed_is_another_market(tmp_path):
    path = tmp_path / "quotes.csv"
    path.write_text("1")
    before = market_fingerprint(f"csv:{path},step=60")
    assert before == market_fingerprint(f"csv:{path}") != ""
    path.write_text("12")
    assert market_fingerprint(f"csv:{path},step=60") != before
    assert file_fingerprint(tmp_path) != file_fingerprint(path)
    assert market_fingerprint("heston:step=60") == ""
