"""Runs on disk: whole parts or none, what is damaged is set aside, what is there is not played again."""

import pytest

from gamma_scalper.backtest.sweep.store import Run, SweepStore
from gamma_scalper.domain.exits import UserError


def _run(seed, cell="a", **other):
    return Run(cell=cell, seed=seed, profit=(1.5, -2.25), hedged=(1.0, 0.0), costs=(0.5, 0.125), hedges=3, **other)


def _opened(folder):
    told = []
    return SweepStore(folder, told.append), told


def test_what_was_added_is_there_after_a_restart(tmp_path):
    store, _ = _opened(tmp_path / "sweep")
    store.add([_run(1), _run(2)])
    store.add([_run(1, cell="b")])
    again, told = _opened(tmp_path / "sweep")
    assert again.runs == store.runs and not told
    assert again.missing([("a", 1), ("b", 1), ("b", 2)]) == [("b", 2)]


def test_a_part_that_was_cut_short_is_set_aside_and_its_runs_are_missing(tmp_path):
    store, _ = _opened(tmp_path)
    store.add([_run(1)])
    store.add([_run(2)])
    spoilt = sorted(tmp_path.glob("part-*.parquet"))[0]
    spoilt.write_bytes(spoilt.read_bytes()[:-20])
    again, told = _opened(tmp_path)
    assert len(again.runs) == 1
    assert len(told) == 1 and spoilt.name in told[0] and "played again" in told[0]
    assert spoilt.with_suffix(".damaged").exists() and not spoilt.exists()


@pytest.mark.parametrize("content", [b"", b"not a table", b"PAR1" * 40])
def test_a_part_that_is_no_table_is_set_aside(tmp_path, content):
    (tmp_path / "part-x.parquet").write_bytes(content)
    store, told = _opened(tmp_path)
    assert not store.runs and len(told) == 1


def test_a_part_that_was_being_written_is_no_part(tmp_path):
    (tmp_path / "part-x.77.tmp").write_bytes(b"half")
    store, told = _opened(tmp_path)
    assert not store.runs and not told


def test_packing_leaves_one_part_with_everything(tmp_path):
    store, _ = _opened(tmp_path)
    for seed in range(5):
        store.add([_run(seed)])
    store.pack()
    assert len(list(tmp_path.iterdir())) == 1
    assert _opened(tmp_path)[0].runs == store.runs
    store.pack()
    assert len(list(tmp_path.iterdir())) == 1


def test_a_failure_is_kept_tried_again_and_gives_way_to_a_success(tmp_path):
    store, _ = _opened(tmp_path)
    store.add([Run(cell="a", seed=1, failure="it broke")])
    store.add([_run(2)])
    again, _ = _opened(tmp_path)
    assert again.runs["a", 1].failure == "it broke"
    assert again.missing([("a", 1), ("a", 2)]) == [("a", 1)]
    again.add([_run(1)])
    again.add([Run(cell="a", seed=2, failure="late")])
    last, _ = _opened(tmp_path)
    assert last.missing([("a", 1), ("a", 2)]) == []


def test_a_folder_that_can_not_be_made_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="name another with --out"):
        _opened(tmp_path / "file" / "sweep")
