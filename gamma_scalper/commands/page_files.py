"""Where a command's page and pictures go: checked before any work is done for them, and written whole or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gamma_scalper.domain.exits import UserError


def check_page(flag: str, path: Path | None) -> None:
    """Raises `UserError` where no page could be written."""
    if path is None:
        return
    if path.suffix != ".html":
        raise UserError(f"{flag} {path}: a page's name ends in .html")
    with _possible(flag, path):
        if path.is_dir():
            raise UserError(f"{flag} {path}: is a folder; name a file in it")
        folder = path.absolute().parent
        if not folder.is_dir():
            raise UserError(f"{flag} {path}: there is no folder {path.parent}")
        if not os.access(path if path.exists() else folder, os.W_OK):
            raise UserError(f"{flag} {path}: can't be written: permission denied")


def check_folder(flag: str, path: Path | None) -> None:
    """It need not exist; its parent must."""
    if path is None:
        return
    with _possible(flag, path):
        if path.exists() and not path.is_dir():
            raise UserError(f"{flag} {path}: is a file; name a folder")
        if not path.absolute().parent.is_dir():
            raise UserError(f"{flag} {path}: there is no folder {path.parent}")


@contextmanager
def _possible(flag: str, path: Path) -> Iterator[None]:
    """A name may be longer than any file's, or hold what none can."""
    try:
        yield
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise UserError(f"{flag} {path}: can't be written: {why}") from error


def write_page(path: Path, text: str) -> None:
    """A reader meets the old page or the new one, never half of one."""
    unfinished = path.with_name(f"{path.name}.part")
    try:
        unfinished.write_text(text, encoding="utf-8")
        unfinished.replace(path)
    except OSError as error:
        raise UserError(f"{path}: can't be written: {error.strerror}") from error
