"""What ends trading because it can no longer be written down, in words for the person who has to look."""

from sqlalchemy.exc import SQLAlchemyError

from gamma_scalper.domain.exits import ExitCode, UserError


class JournalFailed(UserError):
    """The journal can't be written, or is not what was written.

    For the operator: trading stopped before the next order and nothing was repaired or cut off; see the runbook.
    """

    def __init__(self, why: str) -> None:
        super().__init__(why, ExitCode.JOURNAL_DAMAGED)


# How SQLite's name of the error begins -> what is wrong, and what to do.
_SQLITE = {
    "SQLITE_FULL": "the disk is full; make room, then start again",
    "SQLITE_READONLY": "it may only be read; make the file and its folder writable, then start again",
    "SQLITE_PERM": "it may not be opened; check the owner and the rights of its folder",
    "SQLITE_CANTOPEN": "it can't be opened; check that its folder exists and may be written to",
    "SQLITE_IOERR": "the disk fails or refuses; check its health and its room before anything else",
    "SQLITE_CORRUPT": "the file is damaged; keep it, and go on from a copy",
    "SQLITE_NOTADB": "the file is no journal, or its beginning is damaged; keep it, and go on from a copy",
    "SQLITE_BUSY": "another process keeps it locked; close whatever has it open, then start again",
    "SQLITE_LOCKED": "another process keeps it locked; close whatever has it open, then start again",
    "SQLITE_CONSTRAINT": "another process has written to it; only one may, so find out which",
}


# Of a damaged file even the texts that SQLite itself keeps in it may not be texts.
DATABASE_ERRORS = (SQLAlchemyError, UnicodeDecodeError)


def failed(name: str, error: Exception) -> JournalFailed:
    """The database's error as a failure of the journal with this name."""
    cause = getattr(error, "orig", None) or error
    said = " ".join(str(cause).split())
    code: str = getattr(cause, "sqlite_errorname", "")
    words = next((words for begin, words in _SQLITE.items() if code.startswith(begin)), "the database refuses")
    return JournalFailed(f"{name}: {words} ({code + ': ' if code else ''}{said})")
