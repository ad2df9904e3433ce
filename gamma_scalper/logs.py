"""Where log lines go: readable on the console, JSON Lines in a file, both in the time of the clock in use."""

import json
import logging
import sys
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from loguru import logger

from gamma_scalper.domain.exits import UserError
from gamma_scalper.kernel import Clock

if TYPE_CHECKING:
    from loguru import Record

_FILE = "gamma_scalper.jsonl"
_FILE_SIZE = "20 MB"
_FILES_KEPT = 20
# A shorter secret would black out half of every line.
_SHORTEST_SECRET = 4
# Fields this module adds; all others were bound by whoever logged.
_OURS = ("at", "who", "where", "json")
_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


def configure(
    clock: Clock,
    level: str = "INFO",
    directory: Path | None = None,
    *,
    secrets: Iterable[str] = (),
    book: str | None = None,
    console: TextIO | None = None,
) -> None:
    """Send all logging, the standard library's too, to the console and below `directory`.

    With `book` the console shows that book's lines only; the file always has all of them. Secrets are blacked out.
    """
    console = sys.stderr if console is None else console
    # The longest first: a short one may be part of it.
    hidden = sorted((secret for secret in secrets if len(secret) >= _SHORTEST_SECRET), key=len, reverse=True)

    def stamp(record: "Record") -> None:
        record["message"] = redact(record["message"])
        bound = {name: redact(str(value)) for name, value in record["extra"].items()}
        record["extra"] = bound | {"at": clock.now()}

    def redact(text: str) -> str:
        for secret in hidden:
            text = text.replace(secret, "***")
        return text

    def to_console(line: str) -> None:
        console.write(redact(line))

    logger.remove()
    logger.configure(patcher=stamp)
    logger.add(
        to_console,
        level=level,
        format=_readable,
        filter=lambda record: book is None or record["extra"].get("book") == book,
        colorize=console.isatty(),
        backtrace=False,
        diagnose=False,  # it would print the values of variables, secrets among them
    )
    if directory is not None:
        try:
            directory.mkdir(parents=True, exist_ok=True)
            (directory / _FILE).open("a", encoding="utf-8").close()
        except OSError as error:
            raise UserError(f"state_dir: cannot write {directory / _FILE}: {error.strerror}") from error
        logger.add(
            directory / _FILE,
            level=level,
            format=lambda record: _json_line(record, redact),
            rotation=_FILE_SIZE,
            retention=_FILES_KEPT,
            backtrace=False,
            diagnose=False,
            encoding="utf-8",
        )
    logging.basicConfig(handlers=[_FromStandardLibrary()], level=logger.level(level).no, force=True)


def _readable(record: "Record") -> str:
    extra = record["extra"]
    extra["who"] = "/".join(filter(None, (extra.get("book"), extra.get("stage")))) or record["name"]
    return (
        "{extra[at]:%Y-%m-%d %H:%M:%S.%f}Z <level>{level: <7}</level> <cyan>{extra[who]}</cyan> {message}\n{exception}"
    )


def _json_line(record: "Record", redact: Callable[[str], str]) -> str:
    extra = record["extra"]
    line = {"at": extra["at"].isoformat(), "level": record["level"].name}
    line |= {name: value for name, value in extra.items() if name not in _OURS}
    line |= {"message": record["message"], "where": extra.get("where") or f"{record['name']}:{record['line']}"}
    if record["exception"] is not None:
        line["error"] = redact("".join(traceback.format_exception(record["exception"].value)))
    extra["json"] = json.dumps(line)
    return "{extra[json]}\n"


class _FromStandardLibrary(logging.Handler):
    """Hands the lines of libraries that use `logging` to loguru, under the library's name."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._hand_over(record)
        except Exception:  # noqa: BLE001  # a library's bad log call must not fail the library; this prints it
            self.handleError(record)

    def _hand_over(self, record: logging.LogRecord) -> None:
        where = f"{record.module}:{record.lineno}"
        to = logger.bind(stage=record.name, where=where).opt(exception=record.exc_info)
        to.log(record.levelname if record.levelname in _LEVELS else record.levelno, "{}", record.getMessage())
