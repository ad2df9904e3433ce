"""The manual page of the configuration, written by the parameter classes themselves."""

from collections.abc import Iterator
from itertools import groupby

from gamma_scalper.domain.settings import Key, keys_of
from gamma_scalper.pipeline.book import BookParameters
from gamma_scalper.system import SystemParameters


def config_manual() -> str:
    """Markdown; `docs/config.md` is a copy, and a test keeps it one."""
    return "\n".join(_pages()) + "\n"


def _pages() -> Iterator[str]:
    yield "# Configuration"
    yield ""
    yield "Written by `uv run main.py config --manual`; do not edit."
    yield ""
    yield "What is set where, strongest first: `--set key=value`, the process environment, `.env`, `books/NAME.toml`,"
    yield "the default. `uv run main.py config` prints the values in force and where each comes from. An unknown key,"
    yield "or a value out of range, ends the program with exit code 2 before anything else happens."
    yield ""
    yield "## The system"
    yield ""
    yield "In `.env` or the environment, in capitals (`STATE_DIR`, `VENUE__LATENCY_MS`); with `--set`, in small letters"
    yield "(`state_dir`, `venue.latency_ms`)."
    yield from _sections(SystemParameters, "### At the top")
    yield ""
    yield "## A book"
    yield ""
    yield "In `books/NAME.toml`. For every book at once in `.env` or the environment (`FEES__SCHEDULE`) or with"
    yield "`--set fees.schedule=fixed`; for one book with `--set NAME.fees.schedule=fixed`. Keys marked ▪ are limits."
    yield from _sections(BookParameters, "### At the top of the file")


def _sections(parameters: type, top: str) -> Iterator[str]:
    for section, keys in groupby(keys_of(parameters), key=lambda key: key.path.rpartition(".")[0]):
        yield ""
        yield f"### `[{section}]`" if section else top
        yield ""
        yield from _table(list(keys))


def _table(keys: list[Key]) -> Iterator[str]:
    yield "| key | default | unit | allowed | meaning |"
    yield "|---|---|---|---|---|"
    for key in keys:
        default = str(key.default).lower() if isinstance(key.default, bool) else str(key.default)
        name = key.path.rpartition(".")[2] + (" ▪" if key.about.limit else "")
        shown = f"`{default}`" if default else "none"
        yield f"| `{name}` | {shown} | {key.about.unit} | {key.allowed()} | {key.about.meaning} |"
