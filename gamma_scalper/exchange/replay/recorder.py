"""Recordings of a session's quotes, one JSON line after the other, as they came."""

import json
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from gamma_scalper.domain.exits import UserError
from gamma_scalper.domain.instruments import Option
from gamma_scalper.domain.quotes import Quote
from gamma_scalper.exchange.market import Listed, UnknownContract
from gamma_scalper.exchange.replay.hours import nanoseconds
from gamma_scalper.exchange.replay.instrument_codec import (
    instrument_to_json,
    quote_to_json,
)

FORMAT = "gamma_scalper.recording"
VERSION = 1
INTEREST = "open_interest"  # kind of an entry
HEADER = {"format": FORMAT, "version": VERSION}


class Recorder:
    """Writes a new recording. Each contract goes in once, before its first quote."""

    def __init__(self, path: Path) -> None:
        try:
            self._file = path.open("x", encoding="ascii", newline="\n")
        except FileExistsError as error:
            raise UserError(f"{path}: it is there already and is not written over; name another file") from error
        except OSError as error:
            raise UserError(
                f"{path}: cannot be written ({error.strerror}); name a file in a folder that is there"
            ) from error
        self._known: dict[int, Listed] = {}  # conId -> contract
        self._write(HEADER)
        self.flush()

    def list_contract(self, contract: Listed) -> None:
        """Again and unchanged is fine; an option comes after its underlying."""
        known = self._known.get(contract.con_id)
        if known is not None and known != contract:
            raise ValueError(f"contract {contract.con_id} was recorded as {known}, and is now {contract}")
        if isinstance(contract, Option) and contract.underlying_con_id not in self._known:
            raise UnknownContract(
                f"contract {contract.con_id}: its underlying {contract.underlying_con_id} is not listed"
            )
        if known is None:
            self._known[contract.con_id] = contract
            self._write(instrument_to_json(contract))

    def record(self, quote: Quote) -> None:
        if quote.con_id not in self._known:
            raise UnknownContract(f"contract {quote.con_id} is not listed in this recording")
        self._write(quote_to_json(quote))

    def record_open_interest(self, con_id: int, at: datetime, contracts: int) -> None:
        """Known from then on."""
        if con_id not in self._known:
            raise UnknownContract(f"contract {con_id} is not listed in this recording")
        self._write({"kind": INTEREST, "con_id": con_id, "time": nanoseconds(at) // 1000, "contracts": contracts})

    def flush(self) -> None:
        """What was recorded so far outlives the program."""
        self._file.flush()

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _write(self, plain: Any) -> None:
        self._file.write(json.dumps(plain, separators=(",", ":")) + "\n")
