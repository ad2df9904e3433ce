"""How LEAN names folders, files and members."""

import re
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Literal

from attrs import frozen

from gamma_scalper.domain.exits import UserError
from gamma_scalper.exchange.replay.fields import sane_year
from gamma_scalper.exchange.replay.listing import OptionName

PRICE_UNITS = 10_000  # to the dollar
_EQUITY = Path("equity", "usa", "minute")
_OPTION = Path("option", "usa", "minute")
_FILE = re.compile(r"(\d{8})_(quote|trade|openinterest)(?:_(american|european))?\.zip")
_MEMBER = re.compile(
    r"(\d{8})_([^_/]+)_minute_(?:quote|openinterest)_(american|european)_(call|put)_(\d{1,12})_(\d{8})\.csv"
)
MEMBER_FORMS = (
    "DAY_SYMBOL_minute_quote.csv for shares, DAY_SYMBOL_minute_KIND_STYLE_RIGHT_STRIKE_EXPIRY.csv for an option, "
    "with the day and the symbol of its zip"
)


@frozen
class Day:
    """The files of one day of one symbol."""

    day: date
    shares: Path
    options: tuple[Path, ...]
    open_interest: tuple[Path, ...]


@frozen
class Found:
    """What a folder holds for one symbol."""

    symbol: str
    days: tuple[Day, ...]
    ignored: int  # files of trades


def find(folder: Path, symbol: str | None, first: date | None, last: date | None) -> Found:
    """The days from `first` to `last`, both included; all there are if neither is given."""
    symbol = _symbol(folder, symbol)
    shares, _, _, trades = _by_day(folder / _EQUITY / symbol, first, last)
    _, options, interest, option_trades = _by_day(folder / _OPTION / symbol, first, last)
    days = sorted(shares.keys() | options.keys() | interest.keys())
    if not days:
        span = f"from {first or 'the start'} to {last or 'the end'}"
        raise UserError(
            f"{folder / _EQUITY / symbol}: no DAY_quote.zip {span}; name days with first= and last= that it has"
        )
    for day in days:
        if day not in shares:
            missing = folder / _EQUITY / symbol / f"{day:%Y%m%d}_quote.zip"
            raise UserError(f"{missing}: missing, though there are options of that day; their underlying is needed")
    found = [Day(day, shares[day][0], tuple(options.get(day, ())), tuple(interest.get(day, ()))) for day in days]
    return Found(symbol, tuple(found), trades + option_trades)


def _symbol(folder: Path, symbol: str | None) -> str:
    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder; give the one that holds {_EQUITY}")
    there = sorted(path.name for path in (folder / _EQUITY).glob("*") if path.is_dir())
    if not there:
        raise UserError(f"{folder}: nothing in {_EQUITY}; give the folder of LEAN's data that holds it")
    if symbol is None and len(there) > 1:
        raise UserError(f"{folder}: it holds {', '.join(there)}; choose one with symbol=")
    if symbol is not None and symbol.lower() not in there:
        raise UserError(f"{folder}: no symbol {symbol!r}; it holds {', '.join(there)}")
    return symbol.lower() if symbol else there[0]


Files = dict[date, list[Path]]


def _by_day(folder: Path, first: date | None, last: date | None) -> tuple[Files, Files, Files, int]:
    """Quotes of shares, quotes of options, open interest, and how many files of trades."""
    shares: Files = {}
    options: Files = {}
    interest: Files = {}
    trades = 0
    for path in sorted(folder.glob("*.zip")):
        form = _FILE.fullmatch(path.name)
        day = to_day(form[1]) if form else None
        if form is None or day is None:
            raise UserError(
                f"{path}: unknown name; allowed: YYYYMMDD_quote.zip, YYYYMMDD_quote_american.zip and the like"
            )
        if (first and day < first) or (last and day > last):
            continue
        if form[2] == "trade":
            trades += 1
        else:
            kind = interest if form[2] == "openinterest" else options if form[3] else shares
            kind.setdefault(day, []).append(path)
    return shares, options, interest, trades


def option_of(member: str, symbol: str, day: date) -> OptionName | str:
    """The contract that a member is named after, or what is wrong with its name."""
    form = _MEMBER.fullmatch(member)
    if form is None:
        return "unknown member name"
    if to_day(form[1]) != day or form[2].lower() != symbol:
        return "member of another day or symbol"
    expiry = to_day(form[6])
    strike = Decimal(form[5]) / PRICE_UNITS
    if expiry is None or not strike:
        return "unknown member name"
    exercise: Literal["american", "european"] = "american" if form[3] == "american" else "european"
    return OptionName(symbol.upper(), expiry, strike, "C" if form[4] == "call" else "P", exercise=exercise)


def to_day(text: str) -> date | None:
    try:
        day = date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return None
    return day if sane_year(day.year) else None
