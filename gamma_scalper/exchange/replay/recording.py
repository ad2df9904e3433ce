"""Reading a recording back: quote by quote as it was, or as a tape to replay."""

import json
import math
from array import array
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from attrs import field, frozen

from gamma_scalper.domain.exits import UserError
from gamma_scalper.domain.instruments import Option
from gamma_scalper.domain.quotes import Quote
from gamma_scalper.exchange.market import Listed
from gamma_scalper.exchange.replay.assembly import assemble, hours_of
from gamma_scalper.exchange.replay.batch import Batch
from gamma_scalper.exchange.replay.hours import nanoseconds
from gamma_scalper.exchange.replay.instrument_codec import instrument_from_json, quote_from_json
from gamma_scalper.exchange.replay.interest import by_contract
from gamma_scalper.exchange.replay.placing import ALL_DAYS, Days
from gamma_scalper.exchange.replay.recorder import FORMAT, HEADER, INTEREST, VERSION
from gamma_scalper.exchange.replay.tape import Columns, Tape

_TORN = "torn last line"
_MOST = 2**53  # microseconds until the year 2255, and more contracts than there are
_UNREADABLE = (ValueError, TypeError, KeyError, OverflowError)


class _Unlisted(ValueError):
    """A quote of a contract that the recording doesn't list before it."""


@frozen
class Entries:
    """The lines of a recording, gone through once; the contracts and the counts fill up on the way."""

    path: Path
    lenient: bool
    contracts: dict[int, Listed] = field(factory=dict)  # conId -> contract, in the order recorded
    interest: list[tuple[int, int, int]] = field(factory=list)  # conId, nanoseconds UTC, contracts
    rejected: Counter[str] = field(factory=Counter)  # reason -> lines that could not be read

    def quotes(self) -> Iterator[tuple[int, Quote]]:
        """Each with its line. Strict: the first line that can't be read is refused, a torn last one too."""
        for line, text in self._lines():
            if line == 1:
                self._check_header(text)
                continue
            try:
                quote = self._read(text)
            except _UNREADABLE as error:
                if not self.lenient:
                    raise UserError(
                        f"{self.path} line {line}: {_why(text, error)}; lenient skips and counts it"
                    ) from error
                reason = "quote of an unlisted contract" if isinstance(error, _Unlisted) else "unreadable line"
                self.rejected[reason] += 1
                continue
            if quote is not None:
                yield line, quote

    def _lines(self) -> Iterator[tuple[int, str]]:
        """A line that doesn't end is torn: the program that wrote it was stopped in the middle."""
        line = 0
        try:
            with self.path.open(encoding="utf-8", errors="replace", newline="\n") as file:
                for line, text in enumerate(file, 1):
                    if text.endswith("\n"):
                        yield line, text
                    elif self.lenient:
                        self.rejected[_TORN] += 1
                    else:
                        raise UserError(f"{self.path} line {line}: {_TORN}: {text[:80]!r}; lenient reads up to there")
        except OSError as error:
            raise UserError(f"{self.path}: cannot be read ({error.strerror}); give a file that is there") from error
        if not line:
            raise UserError(f"{self.path}: the file is empty; a recording begins with {json.dumps(HEADER)}")

    def _check_header(self, text: str) -> None:
        try:
            header = json.loads(text)
        except ValueError:
            header = None
        if not isinstance(header, dict) or header.get("format") != FORMAT:
            raise UserError(
                f"{self.path} line 1: {text.strip()[:80]!r} is no header; a recording begins with {json.dumps(HEADER)}"
            )
        if header.get("version") != VERSION:
            raise UserError(
                f"{self.path} line 1: version {header.get('version')!r}; this program reads version {VERSION}"
            )

    def _read(self, text: str) -> Quote | None:
        plain = json.loads(text)
        if isinstance(plain, list):
            quote = quote_from_json(plain)
            if quote.con_id not in self.contracts:
                raise _Unlisted(f"contract {quote.con_id} is not listed above it")
            return quote
        if not isinstance(plain, dict):
            raise ValueError("neither a contract nor a quote")
        if plain.get("kind") == INTEREST:
            self._interest(plain)
            return None
        contract = instrument_from_json(plain)
        if self.contracts.setdefault(contract.con_id, contract) != contract:
            raise ValueError(f"contract {contract.con_id} is listed above as another one")
        return None

    def _interest(self, plain: dict[str, Any]) -> None:
        con_id, microseconds, contracts = plain["con_id"], plain["time"], plain["contracts"]
        if not all(type(number) is int and 0 <= number < _MOST for number in (con_id, microseconds, contracts)):
            raise ValueError("conId, time and contracts are whole numbers")
        if con_id not in self.contracts:
            raise _Unlisted(f"contract {con_id} is not listed above it")
        self.interest.append((con_id, microseconds * 1000, contracts))


def _why(text: str, error: Exception) -> str:
    return f"{text.strip()[:80]!r} is no entry of a recording: {error}"


@frozen
class Recording:
    """All that a recording holds, exactly as it was recorded."""

    contracts: dict[int, Listed]  # conId -> contract
    quotes: tuple[Quote, ...]
    rejected: dict[str, int]  # reason -> lines that could not be read


def read_recording(path: Path, *, lenient: bool = False) -> Recording:
    entries = Entries(path, lenient)
    quotes = tuple(quote for _, quote in entries.quotes())
    return Recording(entries.contracts, quotes, dict(entries.rejected))


def read_rec(path: Path, *, lenient: bool = False, option_close_delay_min: int = 0, days: Days = ALL_DAYS) -> Tape:
    """A tape of it; contracts keep the conIds they were recorded with."""
    entries = Entries(path, lenient)
    lines, con_ids, times, bid_sizes, ask_sizes = (array("q") for _ in range(5))
    bids, asks, lasts = (array("d") for _ in range(3))
    for line, quote in entries.quotes():
        lines.append(line)
        con_ids.append(quote.con_id)
        times.append(nanoseconds(quote.received_at))
        bids.append(_or_nan(quote.bid))
        asks.append(_or_nan(quote.ask))
        bid_sizes.append(quote.bid_size)
        ask_sizes.append(quote.ask_size)
        lasts.append(_or_nan(quote.last))
    contracts = list(entries.contracts.values())
    numbers = {contract.con_id: number for number, contract in enumerate(contracts)}
    batch = Batch(
        str(path),
        np.array([numbers[con_id] for con_id in con_ids], np.int64),
        Columns(
            np.array(times, np.int64), np.array(bids, np.float64), np.array(asks, np.float64),
            np.array(bid_sizes, np.int64), np.array(ask_sizes, np.int64), np.array(lasts, np.float64),
        ),
        lambda row: f"{path} line {lines[row]}",
        entries.rejected,
    )  # fmt: skip
    expiries = [contract.expiry for contract in contracts if isinstance(contract, Option)]
    source = f"rec:{path}"
    hours = hours_of(source, [batch], expiries, option_close_delay_min)
    told = np.array([(numbers[con_id], at, count) for con_id, at, count in entries.interest], np.int64).reshape(-1, 3)
    listed = _with_underlyings(contracts)
    interest = by_contract(told[:, 0], told[:, 1], told[:, 2], listed)
    return assemble(source, [batch], listed, contracts, hours, lenient=lenient, open_interest=interest, days=days)


def _with_underlyings(contracts: list[Listed]) -> list[Listed | None]:
    listed = {contract.con_id for contract in contracts}
    return [
        None if isinstance(contract, Option) and contract.underlying_con_id not in listed else contract
        for contract in contracts
    ]


def _or_nan(number: float | None) -> float:
    return math.nan if number is None else number
