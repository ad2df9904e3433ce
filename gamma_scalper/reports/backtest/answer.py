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

_GRID = "--grid hedge.policy=fixed --grid hedge.band_shares=5,10,25,50"
_USUAL_SEED = 1
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
# In a spec; what is said there is not said twice.
_FIRST_SAID, _LAST_SAID = re.compile(r"[:,]\s*(start|first)\s*="), re.compile(r"[:,]\s*(days|last)\s*=")
_NUMBERS = re.compile(r"[\d.,:-]+")
_OPENS, _CLOSES = time(9, 30), time(16)
_LONGEST_WHY = 200


def answer(
    figures: Figures,
    story: Story | None = None,
    why_idle: str = "",
    others: Sequence[OtherRun] = (),
    halted: str = "",
) -> tuple[str, str, str]:
    """To each of the questions; `why_idle`: why nothing was bought, where that is so; `halted`: when, and by what."""
    said = _movement(figures, why_idle) + (f" It was halted {halted}." if halted else "")
    return said, _hedging(figures), _another_band(figures, story, others)


def sweep_command(book: str, story: Story | None) -> str:
    """That plays other bands on the same market, days and settings."""
    command = f"uv run main.py sweep --book {shlex.quote(book)}"
    if story is None:
        return f"{command} {_GRID}"
    said = [f"--market {shlex.quote(story.market)}"]
    said += [] if _FIRST_SAID.search(story.market) else [f"--from {story.first}"]
    said += [] if _LAST_SAID.search(story.market) else [f"--to {story.last}"]
    said += [] if story.seed == _USUAL_SEED else [f"--seed {story.seed}"]
    said += [f"--set {shlex.quote(each)}" for each in story.given]
    seeds = [] if story.source else ["--seeds 20"]  # of a file they are no chances of their own
    return " ".join([command, *said, _GRID, *seeds])


def _movement(figures: Figures, why_idle: str) -> str:
    if not figures.straddles_bought and not figures.days_held:
        return f"No straddle was bought{': ' + why_idle if why_idle else ''}, so nothing was earned and nothing paid."
    margin = figures.movement_less_time
    verdict = f"Yes, by {_dollars(margin)}" if margin > 0 else f"No, it fell short by {_dollars(margin)}"
    time_did = "brought" if figures.theta > 0 else "cost"
    said = f"{verdict}: movement earned {_dollars(figures.gamma)} and time {time_did} {_dollars(figures.theta)}"
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
        earned = "no more" if gain == 0 else "less"
        return f"None of those tried did on these days: wider and narrower ones earned {earned}. For other days {ask}"
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
    worded: defaultdict[str, dict[str, tuple[timedelta, str]]] = defaultdict(dict)  # rule -> wording -> how long, last
    reasons = run.reasons or run.decisions
    for number, (at, decided) in enumerate(reasons):
        held = _open_time(at, reasons[number + 1][0] if number + 1 < len(reasons) else None)
        lasted[decided.rule] += held
        wording = _NUMBERS.sub("", decided.why)
        before, _ = worded[decided.rule].get(wording, (timedelta(), ""))
        worded[decided.rule][wording] = before + held, decided.why
    if not lasted:
        return "the book decided nothing"
    rule = min(lasted, key=lambda each: (-lasted[each], each))
    _, longest = max(worded[rule].values(), key=lambda each: each[0])
    why = f"{rule}: {longest}"
    return why if len(why) <= _LONGEST_WHY else why[: _LONGEST_WHY - 3] + "..."


def _open_time(begin: datetime, until: datetime | None) -> timedelta:
    """Of the day on which it began, between the usual hours; what holds at the end holds till the close."""
    opens, closes = (datetime.combine(begin.astimezone(NEW_YORK), hour, NEW_YORK) for hour in (_OPENS, _CLOSES))
    end = closes if until is None else min(closes, until)
    return max(end - max(begin, opens), timedelta())
