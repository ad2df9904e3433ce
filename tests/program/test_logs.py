"""Log lines: readable, in the time of the clock in use, one book apart from another, without secrets."""

import asyncio
import io
import json
import logging
from datetime import UTC, datetime

import pytest
from loguru import logger

from gamma_scalper import logs
from gamma_scalper.domain.exits import UserError
from gamma_scalper.kernel import LoopClock

START = datetime(2026, 1, 5, 14, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def restore_logging():
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    logger.remove()
    root.handlers[:] = handlers
    root.setLevel(level)


def configured(directory=None, level="DEBUG", **options):
    console = io.StringIO()
    clock = LoopClock(asyncio.get_running_loop(), START)
    logs.configure(clock, level, directory, console=console, **options)
    return console


def json_lines(directory):
    return [json.loads(line) for line in (directory / "gamma_scalper.jsonl").read_text().splitlines()]


async def test_a_line_carries_the_time_of_the_clock_in_use(tmp_path):
    console = configured(tmp_path)
    await asyncio.sleep(3_600.25)
    logger.bind(book="spy", stage="engine").info("delta {}", 12)
    assert console.getvalue() == "2026-01-05 15:30:00.250000Z INFO    spy/engine delta 12\n"
    (line,) = json_lines(tmp_path)
    assert line.pop("where").startswith("test_logs:")
    assert line == {
        "at": "2026-01-05T15:30:00.250000+00:00",
        "level": "INFO",
        "book": "spy",
        "stage": "engine",
        "message": "delta 12",
    }


async def test_one_book_can_be_followed_by_name_while_the_file_has_all(tmp_path):
    console = configured(tmp_path, book="spy")
    logger.bind(book="spy").info("mine")
    logger.bind(book="nvda").info("theirs")
    logger.info("nobody's")
    assert [line.split()[-1] for line in console.getvalue().splitlines()] == ["mine"]
    assert [line.get("book") for line in json_lines(tmp_path)] == ["spy", "nvda", None]


async def test_secrets_are_blacked_out_everywhere(tmp_path):
    console = configured(tmp_path, secrets=["DU1234567", 'pass"word\\', "ab"])
    logger.info("order for {} with {}", "DU1234567", 'pass"word\\')
    try:
        raise ValueError("DU1234567 refused")
    except ValueError:
        logger.exception("about to fail")
    logging.getLogger("ib_insync").warning("account %s", "DU1234567")
    written = console.getvalue() + (tmp_path / "gamma_scalper.jsonl").read_text()
    assert "DU1234567" not in written
    assert "word" not in written
    assert written.count("***") == 10
    assert "about" in written, "a secret of two letters blacks out nothing"


async def test_the_longest_secret_is_blacked_out_first_and_bound_fields_too(tmp_path):
    configured(tmp_path, secrets=["trader", "postgresql://trader:hunter2@db/j"])
    logger.bind(book="spy", stage="postgresql://trader:hunter2@db/j", intent="spy/42").info(
        "at {}", "postgresql://trader:hunter2@db/j"
    )
    (line,) = json_lines(tmp_path)
    assert (line["message"], line["stage"], line["intent"]) == ("at ***", "***", "spy/42")


async def test_a_library_s_bad_log_call_does_not_fail_the_library(tmp_path, capsys):
    configured(tmp_path)
    logging.getLogger("ib_insync").info("%d", "not a number")
    logging.getLogger("ib_insync").info("fine")
    assert [line["message"] for line in json_lines(tmp_path)] == ["fine"]
    assert "Logging error" in capsys.readouterr().err


async def test_a_field_of_any_kind_and_text_of_any_kind_is_written(tmp_path):
    configured(tmp_path)
    logger.bind(stage=7, book=None).info("lone surrogate \ud800")
    (line,) = json_lines(tmp_path)
    assert (line["stage"], line["message"]) == ("7", "lone surrogate \ud800")


async def test_a_folder_that_can_t_be_written_is_one_line_for_a_person(tmp_path):
    (tmp_path / "log").write_text("a file in its place")
    with pytest.raises(UserError, match="state_dir: cannot write"):
        configured(tmp_path / "log")


async def test_an_error_keeps_its_traceback_and_no_variable_s_value(tmp_path):
    console = configured(tmp_path)
    hidden_variable = "a-value-nobody-may-see"
    try:
        raise ZeroDivisionError(len(hidden_variable))
    except ZeroDivisionError:
        logger.exception("failed")
    (line,) = json_lines(tmp_path)
    assert "ZeroDivisionError: 22" in line["error"]
    assert "ZeroDivisionError: 22" in console.getvalue()
    assert hidden_variable not in console.getvalue().replace('hidden_variable = "a-value-nobody-may-see"', "")


async def test_the_standard_library_s_lines_come_the_same_way(tmp_path):
    console = configured(tmp_path, level="INFO")
    logging.getLogger("ib_insync.client").warning("code %d <b>{braces}</b>", 1100)
    logging.getLogger("ib_insync.client").debug("too small")
    logging.getLogger("x").log(35, "between the levels")
    first, second = json_lines(tmp_path)
    assert (first["stage"], first["level"], first["message"]) == (
        "ib_insync.client",
        "WARNING",
        "code 1100 <b>{braces}</b>",
    )
    assert first["where"].startswith("test_logs:")
    assert second["message"] == "between the levels"
    assert "ib_insync.client code 1100 <b>{braces}</b>" in console.getvalue()


async def test_the_file_rotates_and_old_ones_go(tmp_path, monkeypatch):
    monkeypatch.setattr(logs, "_FILE_SIZE", 2_000)
    monkeypatch.setattr(logs, "_FILES_KEPT", 3)
    configured(tmp_path)
    for number in range(200):
        logger.info("line {} {}", number, "x" * 100)
    sizes = [path.stat().st_size for path in tmp_path.iterdir()]
    assert 2 <= len(sizes) <= 4
    assert max(sizes) <= 2_500


async def test_configuring_again_replaces_what_was(tmp_path):
    first, second = configured(), configured(level="WARNING")
    logger.warning("once")
    logger.info("below the level")
    assert first.getvalue() == ""
    assert second.getvalue().count("\n") == 1
