"""What campaigns have shown, written into docs/reliability.md between two markers. The same results, the same page."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from staging.strikes import STATES

from proving.full import Shown
from proving.outcome import Outcome
from proving.protections import PROTECTIONS
from proving.regressions import regressions
from proving.results import REPOSITORY
from proving.totals import COUNTED, KINDS, coverage, ends, injected, not_shown

PAGE, README = REPOSITORY / "docs" / "reliability.md", REPOSITORY / "README.md"
BEGIN, END = "<!-- printed by tests/campaigns/run.py -->", "<!-- end -->"


def write(outcomes: Sequence[Outcome], shown: Shown, page: Path = PAGE, readme: Path = README) -> None:
    put(page, BEGIN, printed(outcomes, shown))
    put(readme, BEGIN, in_short(outcomes, shown))


def in_short(outcomes: Sequence[Outcome], shown: Shown) -> str:
    """A sentence or two, for people who have just come."""
    broken, deaths = sum(bool(each.violations) for each in outcomes), sum(each.deaths for each in outcomes)
    lines = [
        f"The largest [campaign](docs/reliability.md#campaigns): {len(outcomes):,} sessions of half an hour,",
        f"{injected(outcomes).total():,} faults of {len(injected(outcomes))} kinds, {deaths:,} deaths in mid-work,",
        f"{sum(each.orders for each in outcomes):,} orders: **{broken:,} sessions broke a rule.**",
    ]
    if shown.found:
        lines.append(
            f"With one of {len(PROTECTIONS)} protections switched off it finds a violation: {len(shown.found)} of them."
        )
    if shown.kills is not None:
        told = shown.kills
        lines.append(f"{told['kills']} real `kill -9`s of real processes: {told['violations']} violations.")
    return "\n".join(lines)


def put(page: Path, mark: str, text: str) -> None:
    """In the place of what stands between that mark and the end next to it."""
    before, begin, rest = page.read_text().partition(mark)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{page} has no place for the report: {mark} ... {END}")
    page.write_text(f"{before}{mark}\n{text}\n{END}{after}")


def printed(outcomes: Sequence[Outcome], shown: Shown) -> str:
    """In Markdown."""
    parts = (_figures(outcomes, shown), _ends(outcomes), _protections(shown), _faults(outcomes), _regressions())
    return "\n\n".join("\n".join(part) for part in parts)


def _figures(outcomes: Sequence[Outcome], shown: Shown) -> Iterator[str]:
    seeds = [each.seed for each in outcomes]
    total = {name: sum(getattr(each, name) for each in outcomes) for name in COUNTED}
    broken = sum(bool(each.violations) for each in outcomes)
    minutes, took = sum(each.minutes for each in outcomes), sum(each.took_s for each in outcomes)
    yield f"**Seeds {min(seeds):,} to {max(seeds):,}:**" if seeds else "**No seed was played.**"
    yield ""
    yield "| | |"
    yield "|---|--:|"
    yield f"| sessions | {len(outcomes):,} |"
    yield f"| **sessions that broke a rule** | **{broken:,}** |"
    yield f"| of the market, in minutes | {minutes:,.0f} |"
    yield f"| processes, of them killed | {total['lives']:,}, {total['deaths']:,} |"
    yield f"| faults and mishaps injected | {injected(outcomes).total():,} of {len(KINDS)} kinds |"
    yield f"| rows of journals | {total['rows']:,} |"
    yield f"| orders sent, executions | {total['orders']:,}, {total['fills']:,} |"
    if took:
        yield f"| market time per time of one core, judged | {_two_digits(minutes * 60 / took):,} |"
    if shown.kills is not None:
        told = shown.kills
        yield f"| real `kill -9`s, with orders in the air | {told['kills']}, {told['in_the_air']} |"
        yield f"| **violations found after them** | **{told['violations']}** |"


def _two_digits(figure: float) -> int:
    return int(float(f"{figure:.1e}"))


def _ends(outcomes: Sequence[Outcome]) -> Iterator[str]:
    yield "How they ended; the [runbook](runbook.md#end-states-of-a-campaign) says what each means:"
    yield ""
    yield "| end | sessions |"
    yield "|---|--:|"
    for end, count in ends(outcomes):
        yield f"| {end} | {count:,} |"


def _protections(shown: Shown) -> Iterator[str]:
    """It can fail."""
    yield "With one protection switched off (`tests/campaigns/proving/protections.py`) a campaign finds a violation:"
    yield ""
    yield "| off | so that | found in session | the first violation |"
    yield "|---|---|--:|---|"
    for name, off in PROTECTIONS.items():
        meaning = (off.__doc__ or "").strip().rstrip(".")
        found = shown.found.get(name)
        told = f"{found.sessions} | {_cell(found.violation)}" if found else "not shown |"
        yield f"| {name} | {meaning[:1].lower()}{meaning[1:]} | {told} |"


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "/").split())[:160]


def _faults(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """Blank: not shown."""
    struck, survived = coverage(outcomes)
    drawn, blank = injected(outcomes), not_shown(struck)
    yield (
        "What went wrong, and what the books were at when it struck. A number: how often, survived each time; `3/5`: "
        f"survived three times of five. Empty: not shown, as are {len(blank)} of {len(KINDS) * len(STATES)} pairs."
    )
    yield ""
    yield f"| | injected | {' | '.join(STATES)} |"
    yield "|---|" + "--:|" * (len(STATES) + 1)
    for kind in KINDS:
        cells = (_met(struck[kind].get(state, 0), survived[kind].get(state, 0)) for state in STATES)
        yield f"| {kind} | {drawn[kind]:,} | {' | '.join(cells)} |"


def _met(struck: int, survived: int) -> str:
    if not struck:
        return ""
    return f"{struck:,}" if struck == survived else f"**{survived:,}/{struck:,}**"


def _regressions() -> Iterator[str]:
    found = regressions()
    yield "Defects that campaigns have found; each is a test of its name in `test_regressions.py`:"
    yield ""
    for name, regression in found.items():
        yield f"- `{name}`: {regression.was}"
    if not found:
        yield "- none so far"
