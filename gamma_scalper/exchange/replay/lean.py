"""Minute quote bars and open interest in the folders of LEAN, the open-source backtester.

A bar's close is the quote in force, and it is known only when the bar is over: a bar stamped 09:30 counts from 09:31.
"""

import re
from collections import Counter
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import numpy as np

from gamma_scalper.exchange.market import Listed
from gamma_scalper.exchange.replay.arrays import Whole
from gamma_scalper.exchange.replay.assembly import assemble, hours_of
from gamma_scalper.exchange.replay.batch import Batch
from gamma_scalper.exchange.replay.fields import day_moments, price, size
from gamma_scalper.exchange.replay.interest import by_contract
from gamma_scalper.exchange.replay.lean_members import Members, read_members
from gamma_scalper.exchange.replay.lean_names import PRICE_UNITS, Day, find, option_of, to_day
from gamma_scalper.exchange.replay.listing import Name, OptionName, UnderlyingName, number
from gamma_scalper.exchange.replay.ordering import backwards, replaced
from gamma_scalper.exchange.replay.tape import Account, Columns, OpenInterest, Tape
from gamma_scalper.exchange.replay.verdict import GOOD, Rule, judge, tally

_MINUTE_NS = 60_000_000_000
_SIDES = [f"{side} {part}" for side in ("bid", "ask") for part in ("open", "high", "low", "close", "size")]
_QUOTE_COLUMNS = ["time", *_SIDES]
_INTEREST_COLUMNS = ["time", "open interest"]
_SHARES_MEMBER = re.compile(r"(\d{8})_([^_/]+)_minute_quote\.csv")


def read_lean(
    folder: Path,
    *,
    symbol: str | None = None,
    first: date | None = None,
    last: date | None = None,
    lenient: bool = False,
    option_close_delay_min: int = 0,
) -> Tape:
    """The days from `first` to `last`, both included, of one symbol and its options."""
    found = find(folder, symbol, first, last)
    names: dict[Name, int] = {UnderlyingName(found.symbol.upper()): 0}
    batches = [batch for day in found.days for batch in _quotes(day, found.symbol, names, lenient)]
    expiries = [name.expiry for name in names if isinstance(name, OptionName)]
    source = f"lean:{folder}"
    hours = hours_of(source, batches, expiries, option_close_delay_min)
    contracts = number(list(names), hours)
    interest, accounts = _open_interest(found.days, found.symbol, names, contracts, lenient)
    notices = [f"{found.ignored} files of trades left out: only quotes are replayed"] if found.ignored else []
    notices += [f"no options on {day.day}" for day in found.days if not day.options]
    return assemble(
        source, batches, contracts, list(names), hours,
        lenient=lenient, open_interest=interest, other_accounts=accounts, notices=notices,
    )  # fmt: skip


def _quotes(day: Day, symbol: str, names: dict[Name, int], lenient: bool) -> list[Batch]:
    def shares(member: str) -> int | str:
        form = _SHARES_MEMBER.fullmatch(member)
        if form is None:
            return "unknown member name"
        return 0 if to_day(form[1]) == day.day and form[2].lower() == symbol else "member of another day or symbol"

    def option(member: str) -> int | str:
        name = option_of(member, symbol, day.day)
        return name if isinstance(name, str) else names.setdefault(name, len(names))

    files = [read_members(day.shares, _QUOTE_COLUMNS, shares, lenient)]
    files += [read_members(path, _QUOTE_COLUMNS, option, lenient) for path in day.options]
    return [_batch(members, day.day, lenient) for members in files]


def _batch(members: Members, day: date, lenient: bool) -> Batch:
    text = members.lines.columns
    time, rules = day_moments(text["time"], day, _MINUTE_NS)
    bid, bid_rules = price(text["bid close"], "bid close", PRICE_UNITS)
    ask, ask_rules = price(text["ask close"], "ask close", PRICE_UNITS)
    bid_size, bid_size_rules = size(text["bid size"], "bid size")
    ask_size, ask_size_rules = size(text["ask size"], "ask size")
    rules += [*bid_rules, *bid_size_rules, *ask_rules, *ask_size_rules]
    verdict = judge(rules, len(time), members.locate, lenient)
    good = np.flatnonzero(verdict == GOOD)
    return Batch(
        str(members.path),
        members.contract[good],
        Columns(time, bid, ask, bid_size, ask_size, np.full(len(time), np.nan)).at(good),
        lambda row: members.locate(int(good[row])),
        members.unread + tally(verdict, rules),
        members.skipped,
    )


def _open_interest(
    days: Sequence[Day], symbol: str, names: dict[Name, int], contracts: Sequence[Listed | None], lenient: bool
) -> tuple[dict[int, OpenInterest], list[Account]]:
    times: list[Whole] = []
    figures: list[Whole] = []
    numbers: list[Whole] = []
    accounts: list[Account] = []
    for day in days:
        for path in day.open_interest:
            contract, time, figure, account = _interest_file(path, day.day, symbol, names, lenient)
            numbers.append(contract)
            times.append(time)
            figures.append(figure)
            accounts.append(account)
    if not numbers:
        return {}, []
    return by_contract(np.concatenate(numbers), np.concatenate(times), np.concatenate(figures), contracts), accounts


def _interest_file(
    path: Path, day: date, symbol: str, names: dict[Name, int], lenient: bool
) -> tuple[Whole, Whole, Whole, Account]:
    def known(member: str) -> int | str:
        name = option_of(member, symbol, day)
        return name if isinstance(name, str) else names.get(name, -1)

    members = read_members(path, _INTEREST_COLUMNS, known, lenient)
    time, rules = day_moments(members.lines.columns["time"], day, 0)
    figure, figure_rules = size(members.lines.columns["open interest"], "open interest")
    contract = members.contract
    rules += figure_rules
    rules.append(Rule("open interest of a contract without quotes", contract < 0, members.locate, mistake=False))
    rules += backwards(contract, time) + replaced(contract, time)
    verdict = judge(rules, len(time), members.locate, lenient)
    good = verdict == GOOD
    rejected: Counter[str] = members.unread + tally(verdict, rules)
    rows = len(time) + sum(members.unread.values())
    account = Account(str(path), rows, int(good.sum()), dict(rejected), dict(members.skipped))
    return contract[good], time[good], figure[good], account
