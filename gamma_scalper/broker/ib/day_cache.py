"""What the broker said of contracts today: kept in memory, and in a file where a folder is given for it."""

import json
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from attrs import asdict
from loguru import logger

from gamma_scalper.broker.ib.contracts import NEW_YORK, Record
from gamma_scalper.kernel import Clock

Bands = tuple[tuple[Decimal, Decimal], ...]


class DayCache:
    """Forgets everything at midnight in New York; a restart on the same day finds it again in the file."""

    def __init__(self, clock: Clock, folder: Path | None = None, skew: Callable[[], timedelta] = timedelta) -> None:
        self._clock = clock
        self._skew = skew  # of the broker's clock, by which contracts expire
        self._folder = folder
        self._day: date | None = None
        self._records: dict[str, list[Record]] = {}  # what was asked -> the contracts found
        self._texts: dict[str, list[str]] = {}
        self._bands: dict[str, Bands] = {}
        self._today: set[int] = set()  # conIds whose details are of today
        self._unwritable = False  # and it was told

    def today(self) -> date:
        today = (self._clock.now() + self._skew()).astimezone(NEW_YORK).date()
        if today != self._day:
            self._day = today
            self._records, self._texts, self._bands, self._today = {}, {}, {}, set()
            self._load()
        return today

    def knows(self, con_id: int) -> bool:
        self.today()
        return con_id in self._today

    def know(self, con_id: int) -> None:
        self.today()
        self._today.add(con_id)

    def records(self, key: str) -> list[Record] | None:
        self.today()
        return self._records.get(key)

    def keep_records(self, key: str, records: list[Record]) -> None:
        self.today()
        self._records[key] = records
        self._save()

    def texts(self, key: str) -> list[str] | None:
        self.today()
        return self._texts.get(key)

    def keep_texts(self, key: str, texts: list[str]) -> None:
        self.today()
        self._texts[key] = texts
        self._save()

    def bands(self, key: str) -> Bands | None:
        self.today()
        return self._bands.get(key)

    def keep_bands(self, key: str, bands: Bands) -> None:
        self.today()
        self._bands[key] = bands
        self._save()

    # -- the file ------------------------------------------------------------------------------------------------------

    def _file(self) -> Path | None:
        return None if self._folder is None else self._folder / "contracts.json"

    def _save(self) -> None:
        file = self._file()
        if file is None:
            return
        kept: dict[str, Any] = {
            "day": str(self._day),
            "records": {key: [asdict(record) for record in records] for key, records in self._records.items()},
            "texts": self._texts,
            "bands": {key: [[str(start), str(step)] for start, step in bands] for key, bands in self._bands.items()},
        }
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            half = file.with_suffix(".new")
            half.write_text(json.dumps(kept), encoding="utf-8")
            half.replace(file)  # whole or not at all
        except OSError as error:
            if not self._unwritable:
                logger.warning("{} cannot be written ({}); a restart asks for contracts again", file, error.strerror)
            self._unwritable = True

    def _load(self) -> None:
        file = self._file()
        if file is None:
            return
        try:
            if not file.is_file():
                return
            kept = json.loads(file.read_text(encoding="utf-8"))
            if kept["day"] != str(self._day):
                return
            records = {key: [Record(**each) for each in found] for key, found in kept["records"].items()}
            bands = {key: _bands(found) for key, found in kept["bands"].items()}
            texts = {key: [str(text) for text in found] for key, found in kept["texts"].items()}
        except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
            logger.warning("{} cannot be used ({}); contracts are asked for again", file, type(error).__name__)
            return
        self._records, self._bands, self._texts = records, bands, texts


def _bands(found: Sequence[Sequence[str]]) -> Bands:
    return tuple((Decimal(start), Decimal(step)) for start, step in found)
