"""Rows of several files put together to one tape: in order, without doubles, and only of the hours of trading."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from hashlib import sha256

import numpy as np
from attrs import frozen

from gamma_scalper.domain.exits import UserError
from gamma_scalper.domain.instruments import Option
from gamma_scalper.exchange.market import Listed
from gamma_scalper.exchange.replay.arrays import Flags, Whole
from gamma_scalper.exchange.replay.batch import Batch
from gamma_scalper.exchange.replay.hours import TradingHours, new_york_day, trading_hours
from gamma_scalper.exchange.replay.ordering import backwards, replaced
from gamma_scalper.exchange.replay.placing import ALL_DAYS, OUTSIDE, Days, Placing, outside
from gamma_scalper.exchange.replay.tape import Account, Columns, OpenInterest, Tape, total
from gamma_scalper.exchange.replay.verdict import GOOD, Rule, judge, tally


@frozen(eq=False)
class _Table:
    """All batches as one; a row keeps its number when others go."""

    contract: Whole
    columns: Columns
    row: Whole

    def keep(self, kept: Flags) -> "_Table":
        return _Table(self.contract[kept], self.columns.at(kept), self.row[kept])


def hours_of(
    source: str, batches: Sequence[Batch], expiries: Sequence[date], option_close_delay_min: int
) -> TradingHours:
    """The sessions from the first row to the last expiry. Without any row there is nothing to replay."""
    times = [batch.columns.time for batch in batches if len(batch.contract)]
    if not times:
        raise nothing_to_replay(source, [batch.account(0, Counter()) for batch in batches])
    days = [new_york_day(int(column.min())) for column in times] + [new_york_day(int(column.max())) for column in times]
    return trading_hours(min([*days, *expiries]), max([*days, *expiries]), option_close_delay_min)


def assemble(
    source: str,
    batches: Sequence[Batch],
    contracts: Sequence[Listed | None],
    names: Sequence[object],
    hours: TradingHours,
    *,
    lenient: bool,
    days: Days = ALL_DAYS,
    open_interest: Mapping[int, OpenInterest] | None = None,
    other_accounts: Sequence[Account] = (),
    notices: Sequence[str] = (),
) -> Tape:
    """`contracts` is what the batches' numbers mean, in the words of `names`; None: an option without underlying."""
    starts = np.cumsum([0] + [len(batch.contract) for batch in batches])
    table = _Table(
        np.concatenate([batch.contract for batch in batches]),
        Columns.joined([batch.columns for batch in batches]),
        np.arange(starts[-1], dtype=np.int64),
    )
    rejected = [Counter[str]() for _ in batches]
    placing = Placing.of(contracts, names, hours)

    def locate(row: int) -> str:
        number = int(np.searchsorted(starts, table.row[row], side="right")) - 1
        return batches[number].locate(int(table.row[row] - starts[number]))

    everything = table.columns.time

    def asked_for(_: Whole, time: Whole) -> list[Rule]:
        return outside(days, time)

    for rules_of in (asked_for, placing.rules, backwards, replaced):
        rules = rules_of(table.contract, table.columns.time)
        verdict = judge(rules, len(table.row), locate, lenient)
        bounds = np.searchsorted(table.row, starts).tolist()
        for number, counts in enumerate(rejected):
            counts.update(tally(verdict[bounds[number] : bounds[number + 1]], rules))
        table = table.keep(verdict == GOOD)
    used = np.searchsorted(table.row, starts)
    accounts = [batch.account(int(used[n + 1] - used[n]), rejected[n]) for n, batch in enumerate(batches)]
    if not len(table.row):
        elsewhere = any(OUTSIDE in counts for counts in rejected)
        raise nothing_to_replay(
            source, accounts, _its_days(everything) if elsewhere else "give quotes of trading hours"
        )
    quotes = _by_contract(table, contracts)
    known = [contract for contract in contracts if contract is not None]
    listed = sorted(known, key=lambda contract: (isinstance(contract, Option), contract.con_id))
    return Tape(
        source=source,
        contracts={contract.con_id: contract for contract in listed},
        quotes=quotes,
        open_interest=dict(open_interest or {}),
        days=placing.trading_days(table.contract, table.columns.time),
        hours=hours,
        accounts=(*accounts, *other_accounts),
        notices=tuple(notices),
        fingerprint=_fingerprint(listed, quotes, open_interest or {}),
    )


def nothing_to_replay(
    source: str, accounts: Sequence[Account], remedy: str = "give quotes of trading hours"
) -> UserError:
    return UserError(f"{total(accounts, source)}: nothing is left to replay; {remedy}")


def _its_days(time: Whole) -> str:
    first, last = new_york_day(int(time.min())), new_york_day(int(time.max()))
    return f"its quotes are of {first} to {last}; give days of these"


def _by_contract(table: _Table, contracts: Sequence[Listed | None]) -> dict[int, Columns]:
    order = np.argsort(table.contract, kind="stable")
    columns = table.columns.at(order)
    bounds = np.searchsorted(table.contract[order], np.arange(len(contracts) + 1)).tolist()
    return {
        listed.con_id: columns.at(slice(bounds[number], bounds[number + 1]))
        for number, listed in enumerate(contracts)
        if listed is not None
    }


def _fingerprint(
    contracts: Sequence[Listed], quotes: Mapping[int, Columns], open_interest: Mapping[int, OpenInterest]
) -> str:
    digest = sha256()
    for contract in contracts:
        digest.update(repr(contract).encode())
        for column in quotes[contract.con_id].all:
            digest.update(np.ascontiguousarray(column).tobytes())
    for con_id in sorted(open_interest):
        digest.update(repr((con_id, open_interest[con_id].time.tolist())).encode())
        digest.update(repr(open_interest[con_id].contracts.tolist()).encode())
    return digest.hexdigest()
