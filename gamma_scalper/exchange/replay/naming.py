"""The contract that a row of a table names, field by field."""

import re
from datetime import date
from decimal import Decimal

from attrs import frozen

from gamma_scalper.domain.instruments import Exercise, Right, Settlement
from gamma_scalper.exchange.replay.fields import sane_year
from gamma_scalper.exchange.replay.listing import Kind, Name, OptionName, UnderlyingName

NAMING = ("symbol", "kind", "expiry", "strike", "right", "multiplier", "exercise", "settlement")
_OF_OPTIONS = ("expiry", "strike", "right", "multiplier", "exercise", "settlement")
_SYMBOL = re.compile(r"\S(?:.{0,30}\S)?")
_STRIKE = re.compile(r"\d{1,12}(?:\.\d{1,9})?")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_MULTIPLIER = re.compile(r"[1-9]\d{0,6}")
_RIGHTS: dict[str, Right] = {"C": "C", "P": "P"}
_EXERCISES: dict[str, Exercise] = {"american": "american", "european": "european", "": "american"}
_SETTLEMENTS: dict[str, Settlement] = {"physical": "physical", "cash_pm": "cash_pm", "cash_am": "cash_am"}
_KINDS: dict[str, Kind] = {"stock": "stock", "index": "index", "": "stock"}


@frozen
class Unnamed:
    """A row that names no contract: the field at fault, what it says, and what it may say."""

    column: str
    found: str
    allowed: str


def name_of(cells: dict[str, str]) -> Name | Unnamed:
    """An underlying where expiry, strike and right are all empty, else an option; `cells` has all of `NAMING`."""
    if _SYMBOL.fullmatch(cells["symbol"]) is None:
        return Unnamed("symbol", cells["symbol"], "a symbol such as SPY")
    if not (cells["expiry"] or cells["strike"] or cells["right"]):
        return _underlying(cells)
    return _option(cells)


def _underlying(cells: dict[str, str]) -> Name | Unnamed:
    for column in _OF_OPTIONS:
        if cells[column]:
            return Unnamed(column, cells[column], "nothing in a row of the underlying")
    if cells["kind"] not in _KINDS:
        return Unnamed("kind", cells["kind"], "stock, index or nothing")
    return UnderlyingName(cells["symbol"], _KINDS[cells["kind"]])


def _option(cells: dict[str, str]) -> Name | Unnamed:
    expiry = _day(cells["expiry"])
    if expiry is None:
        return Unnamed("expiry", cells["expiry"], "a day such as 2016-01-15, or nothing in a row of the underlying")
    strike = Decimal(cells["strike"]) if _STRIKE.fullmatch(cells["strike"]) else Decimal(0)
    if not strike:
        return Unnamed("strike", cells["strike"], "a positive number such as 750 or 752.5")
    if cells["right"] not in _RIGHTS:
        return Unnamed("right", cells["right"], "C or P")
    if cells["multiplier"] and not _MULTIPLIER.fullmatch(cells["multiplier"]):
        return Unnamed("multiplier", cells["multiplier"], "a whole number from 1 up, or nothing for 100")
    if cells["exercise"] not in _EXERCISES:
        return Unnamed("exercise", cells["exercise"], "american, european, or nothing for american")
    if cells["settlement"] and cells["settlement"] not in _SETTLEMENTS:
        return Unnamed("settlement", cells["settlement"], "physical, cash_pm, cash_am, or nothing for physical")
    if cells["kind"]:
        return Unnamed("kind", cells["kind"], "nothing in a row of an option")
    return OptionName(
        cells["symbol"], expiry, strike, _RIGHTS[cells["right"]], int(cells["multiplier"] or 100),
        _EXERCISES[cells["exercise"]], _SETTLEMENTS[cells["settlement"] or "physical"],
    )  # fmt: skip


def _day(text: str) -> date | None:
    if _DAY.fullmatch(text) is None:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if sane_year(day.year) else None
