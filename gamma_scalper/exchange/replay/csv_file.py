"""Quotes in one file of comma-separated values with a header."""

from pathlib import Path

from gamma_scalper.domain.exits import UserError
from gamma_scalper.exchange.replay.csv_text import plain, split
from gamma_scalper.exchange.replay.listing import Name
from gamma_scalper.exchange.replay.placing import ALL_DAYS, Days
from gamma_scalper.exchange.replay.table import check_header, read_rows, to_tape
from gamma_scalper.exchange.replay.tape import Tape
from gamma_scalper.exchange.replay.verdict import bad_row

_FIRST_LINE = 2  # after the header


def read_csv(path: Path, *, lenient: bool = False, option_close_delay_min: int = 0, days: Days = ALL_DAYS) -> Tape:
    """The columns are those of `docs/formats.md`; underlyings and options in one file, each in order of time."""
    header, _, body = plain(bytes_of(path).removeprefix(b"\xef\xbb\xbf")).partition(b"\n")
    if not header:
        raise UserError(f"{path}: the file is empty; it needs a header and rows")
    columns = header.decode().split(",")
    check_header(f"{path} line 1", columns)
    lines = split(body, columns, _FIRST_LINE)
    if lines.misshapen and not lenient:
        line, found, text = lines.misshapen[0]
        raise bad_row(f"{path} line {line}: {found} fields", text, f"{len(columns)} fields, as in the header")
    names: dict[Name, int] = {}
    unread = {"wrong number of fields": len(lines.misshapen)} if lines.misshapen else {}
    batch = read_rows(str(path), lines.columns, names, lambda row: f"{path} line {lines.line[row]}", unread, lenient)
    return to_tape(f"csv:{path}", [batch], names, option_close_delay_min, lenient, days)


def bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}); give a file that is there") from error
    except ValueError as error:
        raise UserError(f"{str(path)!r}: cannot be a file's name ({error})") from error
