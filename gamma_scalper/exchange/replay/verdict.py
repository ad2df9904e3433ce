"""Rules that rows must keep: the first bad row is refused in one line, or all of them are skipped and counted."""

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
from attrs import frozen

from gamma_scalper.domain.exits import UserError
from gamma_scalper.exchange.replay.arrays import Flags, Whole

GOOD = -1


@frozen(eq=False)
class Rule:
    """One thing that may be wrong with rows of a source."""

    reason: str  # what it is counted under
    broken: Flags  # row by row
    found: Callable[[int], object]
    allowed: str = ""
    column: str = ""
    mistake: bool = True  # else the row is in order and merely not for replay: set aside and counted, never refused


def judge(rules: Sequence[Rule], rows: int, locate: Callable[[int], str], lenient: bool) -> Whole:
    """For each row the number of the first rule that it breaks, or `GOOD`."""
    verdict = np.full(rows, GOOD, np.int64)
    for number, rule in enumerate(rules):
        verdict[rule.broken & (verdict == GOOD)] = number
    mistakes = [number for number, rule in enumerate(rules) if rule.mistake]
    refused = np.flatnonzero(np.isin(verdict, mistakes))
    if len(refused) and not lenient:
        row = int(refused[0])
        raise refusal(rules[verdict[row]], row, locate(row))
    return verdict


def refusal(rule: Rule, row: int, where: str) -> UserError:
    column = f"field {rule.column}: " if rule.column else ""
    return bad_row(f"{where}: {column}{rule.reason}", rule.found(row), rule.allowed)


def bad_row(what: str, found: object, allowed: str) -> UserError:
    return UserError(f"{what}, found {str(found)[:80]!r}; allowed: {allowed} (lenient skips and counts such rows)")


def tally(verdict: Whole, rules: Sequence[Rule]) -> Counter[str]:
    """reason -> rows."""
    counted: Counter[str] = Counter()
    numbers, rows = np.unique(verdict[verdict != GOOD], return_counts=True)
    for number, broken in zip(numbers.tolist(), rows.tolist(), strict=True):
        counted[rules[number].reason] += broken
    return counted
