"""What docs/formats.md shows is what is read."""

import re
from pathlib import Path

import pytest

from gamma_scalper.domain.exits import UserError
from gamma_scalper.exchange.replay import Replayed, read_csv, read_rec

PAGE = (Path(__file__).parents[3] / "docs" / "formats.md").read_text(encoding="utf-8")


def example(kind, path):
    found = re.search(rf"```{kind}\n(.*?)```", PAGE, re.DOTALL)
    path.write_text(found[1])
    return path


def test_the_csv_example_is_read_without_loss(tmp_path):
    tape = read_csv(example("csv", tmp_path / "quotes.csv"))
    assert (tape.account.rows, tape.account.used) == (3, 3)
    assert Replayed(tape, "csv:").offers([1001, 1002]) == [
        (748.93, 749.55, 100, 100, 749.2, False), (13.2, 13.9, 12, 40, None, False),
    ]  # fmt: skip


def test_the_recording_example_is_read_without_loss(tmp_path):
    tape = read_rec(example("rec", tmp_path / "session.rec"))
    assert (tape.account.rows, tape.account.used, list(tape.contracts)) == (2, 2, [208813719, 7])


def test_the_refusal_shown_is_what_is_said(tmp_path):
    path = example("csv", tmp_path / "quotes.csv")
    path.write_text(path.read_text().replace(",13.2,", ",-9.5,"))
    with pytest.raises(UserError) as refused:
        read_csv(path)
    assert str(refused.value).removeprefix(f"{tmp_path}/") in " ".join(PAGE.split())
