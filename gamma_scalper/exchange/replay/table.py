"""The columns that csv and parquet files share, and what their rows mean."""

import difflib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from gamma_scalper.domain.exits import UserError
from gamma_scalper.exchange.replay.arrays import Flags, Whole
from gamma_scalper.exchange.replay.assembly import assemble, hours_of
from gamma_scalper.exchange.replay.batch import NOT_TOLD, Batch
from gamma_scalper.exchange.replay.fields import moments, price, size
from gamma_scalper.exchange.replay.interest import by_contract
from gamma_scalper.exchange.replay.listing import Name, OptionName, number
from gamma_scalper.exchange.replay.naming import NAMING, Unnamed, name_of
from gamma_scalper.exchange.replay.placing import ALL_DAYS, Days
from gamma_scalper.exchange.replay.tape import Columns, Tape
from gamma_scalper.exchange.replay.verdict import GOOD, Rule, judge, tally

_REQUIRED = ("time", "symbol", "expiry", "strike", "right", "bid", "ask", "bid_size", "ask_size")
_OPTIONAL = ("last", "multiplier", "exercise", "settlement", "kind", "open_interest")
_APART = "\x1f"  # stands in no name


def check_header(where: str, header: Sequence[str]) -> None:
    """Every column by its name, in any order; one too many is a mistake as well."""
    allowed = f"allowed: {', '.join(_REQUIRED)}, and at will {', '.join(_OPTIONAL)}"
    for name in header:
        if header.count(name) > 1:
            raise UserError(f"{where}: column {name!r} stands there twice; {allowed}")
        if name not in _REQUIRED + _OPTIONAL:
            near = difflib.get_close_matches(name, _REQUIRED + _OPTIONAL, n=1)
            meant = f", did you mean {near[0]}?" if near else ";"
            raise UserError(f"{where}: unknown column {name[:80]!r}{meant} {allowed}")
    missing = [name for name in _REQUIRED if name not in header]
    if missing:
        raise UserError(f"{where}: column {missing[0]} is missing; {allowed}")


def read_rows(
    source: str,
    text: Mapping[str, Any],
    names: dict[Name, int],
    locate: Callable[[int], str],
    unread: Mapping[str, int],
    lenient: bool,
) -> Batch:
    """Rows of one file, given as columns of text; contracts seen for the first time are added to `names`."""
    rows = len(text["time"])
    empty = pa.array(np.full(rows, ""), pa.string())
    time, rules = moments(text["time"])
    contract, naming_rules = _contracts([text.get(column, empty) for column in NAMING], names)
    bid, bid_rules = price(text["bid"], "bid")
    ask, ask_rules = price(text["ask"], "ask")
    last, last_rules = price(text.get("last", empty), "last")
    bid_size, bid_size_rules = size(text["bid_size"], "bid_size")
    ask_size, ask_size_rules = size(text["ask_size"], "ask_size")
    interest, interest_rules = size(text.get("open_interest", empty), "open_interest")
    rules += [*naming_rules, *bid_rules, *ask_rules, *bid_size_rules, *ask_size_rules, *last_rules, *interest_rules]
    verdict = judge(rules, rows, locate, lenient)
    good = np.flatnonzero(verdict == GOOD)
    return Batch(
        source,
        contract[good],
        Columns(time, bid, ask, bid_size, ask_size, last).at(good),
        lambda row: locate(int(good[row])),
        tally(verdict, rules) + Counter(unread),
        interest=np.where(_is_empty(text.get("open_interest", empty)), NOT_TOLD, interest)[good],
    )


def _contracts(naming: Sequence[Any], names: dict[Name, int]) -> tuple[Whole, list[Rule]]:
    """The number of each row's contract. Rows are many and contracts few: each naming is looked at once."""
    joined = pc.binary_join_element_wise(*naming, _APART).dictionary_encode()
    row_naming = np.array(joined.indices, np.int64)
    numbers = []
    faults: dict[int, Unnamed] = {}
    for naming_number, key in enumerate(joined.dictionary.to_pylist()):
        cells = key.split(_APART)
        name = name_of(dict(zip(NAMING, cells, strict=True))) if len(cells) == len(NAMING) else _garbled(key)
        if isinstance(name, Unnamed):
            faults[naming_number] = name
        numbers.append(-1 if isinstance(name, Unnamed) else names.setdefault(name, len(names)))
    contract = np.array(numbers, np.int64)[row_naming]

    def rule(column: str) -> Rule:
        of_column = [naming_number for naming_number, fault in faults.items() if fault.column == column]
        allowed = faults[of_column[0]].allowed
        broken = np.isin(row_naming, of_column)
        return Rule(f"unreadable {column}", broken, lambda row: faults[int(row_naming[row])].found, allowed, column)

    return contract, [rule(column) for column in dict.fromkeys(fault.column for fault in faults.values())]


def _garbled(key: str) -> Unnamed:
    return Unnamed("symbol", key, "text without control characters")


def to_tape(
    source: str,
    batches: Sequence[Batch],
    names: Mapping[Name, int],
    option_close_delay_min: int,
    lenient: bool,
    days: Days = ALL_DAYS,
) -> Tape:
    expiries = [name.expiry for name in names if isinstance(name, OptionName)]
    hours = hours_of(source, batches, expiries, option_close_delay_min)
    contracts = number(list(names), hours)
    interest = by_contract(
        np.concatenate([batch.contract for batch in batches]),
        np.concatenate([batch.columns.time for batch in batches]),
        np.concatenate([batch.told_interest for batch in batches]),
        contracts,
    )
    return assemble(source, batches, contracts, list(names), hours, lenient=lenient, open_interest=interest, days=days)


def _is_empty(column: Any) -> Flags:
    return np.array(pc.equal(column, "").to_numpy(zero_copy_only=False), np.bool_)
