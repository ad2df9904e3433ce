"""What a reader hands over of one file."""

from collections import Counter
from collections.abc import Callable, Mapping

import numpy as np
from attrs import field, frozen

from gamma_scalper.exchange.replay.arrays import Whole
from gamma_scalper.exchange.replay.tape import Account, Columns

NOT_TOLD = -1  # open interest of a row that tells none


@frozen(eq=False)
class Batch:
    """The rows of one file that could be read."""

    source: str
    contract: Whole  # number in the list of contracts
    columns: Columns  # in the order of the file, not yet of time
    locate: Callable[[int], str]  # row of this batch -> file and line, in words
    unread: Mapping[str, int] = field(factory=dict)  # reason -> rows that could not be read
    skipped: Mapping[str, int] = field(factory=dict)  # reason -> files whose rows nobody could count
    interest: Whole | None = None  # open interest told row by row; None: the file tells none

    @property
    def told_interest(self) -> Whole:
        return np.full(len(self.contract), NOT_TOLD, np.int64) if self.interest is None else self.interest

    @classmethod
    def of_nothing(cls, source: str, skipped: Mapping[str, int]) -> "Batch":
        """Of a file that could not be read at all."""
        whole, real = np.empty(0, np.int64), np.empty(0, np.float64)
        return cls(source, whole, Columns(whole, real, real, whole, whole, real), str, {}, skipped)

    def account(self, used: int, rejected: Counter[str]) -> Account:
        rows = len(self.contract) + sum(self.unread.values())
        return Account(self.source, rows, used, dict(rejected + Counter(self.unread)), dict(self.skipped))
