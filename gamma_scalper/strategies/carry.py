"""What a strategy takes for granted about money and dividends; a book's `pricing` section is one."""

from collections.abc import Sequence
from datetime import date
from typing import Protocol


class Curve(Protocol):
    """What money costs, by maturity."""

    def rate(self, years: float) -> float: ...


class Dividend(Protocol):
    """Cash per share; from the ex-date on buyers don't get it."""

    @property
    def ex(self) -> date: ...

    @property
    def amount(self) -> float: ...


class Schedule(Protocol):
    """The dividends that are known."""

    @property
    def dividends(self) -> Sequence[Dividend]: ...


class Carry(Protocol):
    """Rates, and what the shares pay."""

    @property
    def curve(self) -> Curve: ...

    @property
    def schedule(self) -> Schedule: ...

    @property
    def dividend_yield_pct(self) -> float: ...
