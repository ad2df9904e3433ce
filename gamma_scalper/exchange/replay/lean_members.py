"""The members of LEAN's zips as one table of text, in which every line knows its member."""

import zipfile
import zlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
from attrs import field, frozen

from gamma_scalper.domain.exits import UserError
from gamma_scalper.exchange.replay.arrays import Whole
from gamma_scalper.exchange.replay.csv_text import Lines, plain, split
from gamma_scalper.exchange.replay.lean_names import MEMBER_FORMS
from gamma_scalper.exchange.replay.verdict import bad_row

_UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError)


@frozen(eq=False)
class Members:
    """Lines of all members whose name says which contract they are of."""

    path: Path
    lines: Lines
    contract: Whole  # of each row
    member: Whole  # of each row, its number in `names`
    first_line: Whole  # of each member
    names: tuple[str, ...]
    unread: Counter[str] = field(factory=Counter)
    skipped: Counter[str] = field(factory=Counter)

    def locate(self, row: int) -> str:
        member = self.member[row]
        return f"{self.path}, {self.names[member]} line {self.lines.line[row] - self.first_line[member] + 1}"


def read_members(path: Path, columns: list[str], contract_of: Callable[[str], int | str], lenient: bool) -> Members:
    """`contract_of` gives the number of the contract a member is named after, or what is wrong with the name."""
    unread: Counter[str] = Counter()
    skipped: Counter[str] = Counter()
    texts: list[bytes] = []
    contracts: list[int] = []
    names: list[str] = []
    for name, data in _unzip(path, skipped, lenient):
        text = plain(data)
        text += b"\n" if text else b""
        contract = contract_of(name)
        if isinstance(contract, str):
            if not lenient:
                raise UserError(f"{path}, {name}: {contract}; allowed: {MEMBER_FORMS}")
            unread[contract] += text.count(b"\n")
        else:
            texts.append(text)
            contracts.append(contract)
            names.append(name)
    counts = [text.count(b"\n") for text in texts]
    starts = np.cumsum([1, *counts], dtype=np.int64)
    lines = split(b"".join(texts), columns)
    member = np.searchsorted(starts, lines.line, side="right") - 1
    members = Members(path, lines, np.array(contracts, np.int64)[member], member, starts, tuple(names), unread, skipped)
    if lines.misshapen and not lenient:
        line, found, shown = lines.misshapen[0]
        which = int(np.searchsorted(starts, line, side="right")) - 1
        where = f"{path}, {names[which]} line {line - starts[which] + 1}"
        raise bad_row(f"{where}: {found} fields", shown, f"{len(columns)} fields: {', '.join(columns)}")
    if lines.misshapen:
        unread["wrong number of fields"] += len(lines.misshapen)
    return members


def _unzip(path: Path, skipped: Counter[str], lenient: bool) -> list[tuple[str, bytes]]:
    members: list[tuple[str, bytes]] = []
    try:
        with zipfile.ZipFile(path) as archive:
            for info in archive.infolist():
                if info.is_dir():
                    continue
                try:
                    members.append((info.filename, archive.read(info)))
                except _UNREADABLE as error:
                    if not lenient:
                        raise UserError(f"{path}, {info.filename}: damaged ({error}); fetch the file again") from error
                    skipped["damaged member of a zip"] += 1
    except _UNREADABLE as error:
        if not lenient:
            raise UserError(f"{path}: no readable zip, perhaps cut short ({error}); fetch the file again") from error
        skipped["no readable zip"] += 1
    return members
