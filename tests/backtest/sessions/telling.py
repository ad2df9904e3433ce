"""A session as a page that a person can read: a line for each decision, order and event, and each day's causes."""

from collections.abc import Iterator
from decimal import Decimal
from itertools import groupby
from zoneinfo import ZoneInfo

from playing import Played

from gamma_scalper.domain import entries as e
from gamma_scalper.domain.fills import Fill
from gamma_scalper.domain.strategy_entries import Attributed, Decided, Instructed
from gamma_scalper.journal.sentences import named, plain, sentence
from gamma_scalper.portfolio.attribution import PARTS
from gamma_scalper.portfolio.ledger import cash, holdings

NEW_YORK = ZoneInfo("America/New_York")
_TOLD = (e.Ordered, Fill, e.Delivered, e.Lapsed, e.Paid, e.TakenOver, e.Halted, e.PlanNotPermitted, Decided, Instructed)
_PASSING = ("no picture", "no shortlist", "no quotes")


def told(played: Played) -> str:
    return "\n".join([*_lines(played), *_end(played)]) + "\n"


def _lines(played: Played) -> Iterator[str]:
    for day, rows in groupby(played.story.rows, key=lambda row: row.at.astimezone(NEW_YORK).date()):
        kept = list(rows)
        lines = [f"{row.at.astimezone(NEW_YORK):%H:%M:%S}  {_words(row.entry)}" for row in kept if _matters(row.entry)]
        earned = [row.entry for row in kept if isinstance(row.entry, Attributed)]
        if lines or earned:
            yield f"{day:%a %Y-%m-%d}"
            yield from lines
            yield from _causes(earned)


def _matters(entry) -> bool:
    if not isinstance(entry, Decided):
        return isinstance(entry, _TOLD)
    return not entry.rule.endswith((" sent", " works")) and entry.rule not in _PASSING


def _words(entry) -> str:
    """An order with its reason; what follows from it without."""
    text = sentence(entry, {})
    return text if isinstance(entry, Decided | e.Ordered) else text.split(" (the ")[0]


def _causes(earned) -> Iterator[str]:
    if earned:
        parts = {part: sum((getattr(each, part) for each in earned), Decimal(0)) for part in PARTS}
        whole = sum((each.total for each in earned), Decimal(0))
        yield f"earned {whole}: " + ", ".join(f"{part} {amount}" for part, amount in parts.items() if amount)


def _end(played: Played) -> Iterator[str]:
    held = (
        ", ".join(f"{plain(each.quantity)} {named(each.instrument)}" for each in holdings(played.ledger)) or "nothing"
    )
    moved = ", ".join(str(each) for each in cash(played.ledger))
    yield f"in the end: holds {held}; cash {moved}; earned {played.attributed}"
