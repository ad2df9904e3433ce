"""The three questions of a backtest, answered in a sentence each."""

import re
import shlex
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, time, timedelta
from decimal import Decimal

from attrs import frozen

from gamma_scalper.reports.backtest.book_runs import NEW_YORK, BookRun
from gamma_scalper.reports.backtest.figures import Figures
from gamma_scalper.reports.backtest.story import Story
from gamma_scalper.reports.backtest.wording import counted, dollars, plain

_GRID = "--grid hedge.policy=fixed --grid hedge.band_shares=5,10,25,50 --seeds 20"
_OTHERS = {
    "delta": "what was not hedged",
    "vega": "implied volatility",
    "carry": "dividends and interest",
    "costs": "costs",
    "unexplained": "what is not explained",
}


@frozen
class OtherRun:
    """The same days with another band."""

    label: str  # "twice as wide"
    figures: Figures


QUESTIONS = (
    "Did it earn more from movement than it paid in time?",
    "What did hedging cost?",
    "Would another band have done better?",
)
_DAYS_SAID = re.compile(r"[:,]\s*(start|days|first|last)\s*=")  # in a spec; they are not said twice
_OPENS, _CLOSES = time(9, 30), time(16)
_LONGEST_WHY = 200


def answer(
    figures: Figures, story: Story | None = None, why_idle: str = "", others: Sequence[OtherRun] = ()
) -> tuple[str, str, str]:
    """To each of the questions; `why_idle`: for what reason nothing was bought, where that is so."""
    return _movement(figures, why_idle), _hedging(figures), _another_band(figures, story, others)


def sweep_command(book: str, story: Story | None) -> str:
    """That plays other bands on the same market and days."""
    command = f"uv run main.py sweep --book {shlex.quote(book)}"
    if story is not None:
        command += f" --market {shlex.quote(story.market)}"
        command += "" if _DAYS_SAID.search(story.market) else f" --from {story.first} --to {story.last}"
    return f"{command} {_GRID}"


def _movement(figures: Figures, why_idle: str) -> str:
    if not figures.straddles_bought and not figures.days_held:
        return f"No straddle was bought{': ' + why_idle if why_idle else ''}, so nothing was earned and nothing paid."
    margin = figures.movement_less_time
    verdict = f"Yes, by {_dollars(margin)}" if margin > 0 else f"No, it fell short by {_dollars(margin)}"
    said = f"{verdict}: movement earned {_dollars(figures.gamma)} and time cost {_dollars(figures.theta)}"
    most = max(_OTHERS, key=lambda part: abs(getattr(figures, part)))
    amount = getattr(figures, most)
    other = f", {_OTHERS[most]} {'brought' if amount > 0 else 'took'} {_dollars(amount)}" if amount else ""
    return f"{said}{other}, and all together {'earned' if figures.profit >= 0 else 'lost'} {_dollars(figures.profit)}."


def _hedging(figures: Figures) -> str:
    if not figures.hedges:
        return "Nothing was hedged, so hedging cost nothing."
    cost = figures.hedge_cost
    said = f"Hedging cost {dollars(cost)}"
    if figures.gamma > 0:
        said += f", {100 * cost / figures.gamma:.1f}% of what movement earned"
    return (
        f"{said}: {counted(figures.hedges, 'hedge', 'hedges')} of {plain(figures.hedged_shares)} shares in all, "
        f"{_dollars(figures.hedge_commissions)} in commissions and {dollars(figures.hedge_slippage)} in "
        f"slippage against the middle."
    )


def _another_band(figures: Figures, story: Story | None, others: Sequence[OtherRun]) -> str:
    ask = f"a sweep says: `{sweep_command(figures.book, story)}`" if figures.book else "each book names its sweep."
    if not others or not figures.hedges:
        return f"One run can't tell; {ask}"
    best = max(others, key=lambda other: other.figures.profit)
    gain = best.figures.profit - figures.profit
    if gain <= 0:
        return f"None of those tried did on these days: wider and narrower ones earned less. For other days {ask}"
    dearer = best.figures.hedge_cost - figures.hedge_cost
    return (
        f"On these days a band {best.label} earned {dollars(gain)} more, with hedges that cost {_dollars(dearer)} "
        f"{'more' if dearer > 0 else 'less'}; one stretch of days may be luck, and {ask}"
    )


def _dollars(amount: Decimal) -> str:
    """The verb says whether it came or went."""
    return dollars(abs(amount))


# -- why nothing was bought --------------------------------------------------------------------------------------------


def why_idle(run: BookRun) -> str:
    """The reason for waiting that was in force the longest while the market was open; of equals the first by name."""
    lasted: defaultdict[str, timedelta] = defaultdict(timedelta)
    whys: dict[str, str] = {}
    for number, (at, decided) in enumerate(run.decisions):
        until = run.decisions[number + 1][0] if number + 1 < len(run.decisions) else None
        lasted[decided.rule] += _open_time(at, until)
        whys[decided.rule] = decided.why
    if not lasted:
        return "the book decided nothing"
    rule = min(lasted, key=lambda each: (-lasted[each], each))
    why = f"{rule}: {whys[rule]}"
    return why if len(why) <= _LONGEST_WHY else why[: _LONGEST_WHY - 3] + "..."


def _open_time(begin: datetime, until: datetime | None) -> timedelta:
    """Of the day on which it began, between the usual hours; what holds at the end holds till the close."""
    opens, closes = (datetime.combine(begin.astimezone(NEW_YORK), hour, NEW_YORK) for hour in (_OPENS, _CLOSES))
    end = closes if until is None else min(closes, until)
    return max(end - max(begin, opens), timedelta())
