"""The command `verify`: the journal, gone over from its first row to its last."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Column, Table

from gamma_scalper.audit.findings import ABOUT, Break, Check
from gamma_scalper.audit.quote_ages import QuoteAges
from gamma_scalper.audit.verdict import Audit, Verdict
from gamma_scalper.commands.terminal import BookOption, JsonOption, SetOption, load, print_json, print_table
from gamma_scalper.domain.exits import ExitCode, UserError
from gamma_scalper.journal.chain import Head, Row
from gamma_scalper.journal.failures import JournalFailed
from gamma_scalper.journal.reader import JournalReader
from gamma_scalper.recovery import fold

commands = typer.Typer()

_LONG = 20_000  # rows from which on a person sees how far it is
_STEP = 1_000


@commands.command()
def verify(
    context: typer.Context,
    book: BookOption = None,
    ages: Annotated[
        str,
        typer.Option(
            metavar="TRADED,DELTA,FLATTEN",
            help="Seconds a quote may be old at the decision: of what is traded, of what made the delta, of what is "
            "flattened. As risk.quotes.age_s, stale_s and flatten_age_s; where a book sets others, give those.",
        ),
    ] = "2,5,30",
    delayed: Annotated[bool, typer.Option("--delayed", help="As where risk.quotes.delayed is on.")] = False,
    set_: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check that the journal tells one whole story: every fill back to a quote, every sum again.

    Hash chain; fill, order, decision and quotes by the order's name (orderRef); nothing missing, nothing twice;
    positions and money as plain sums against what a restart would make of them. It reads the journal and nothing else,
    whether or not the trader runs, and changes nothing. The first link that doesn't hold is told in words: exit code 5.

    main.py verify

    main.py verify --book spy --json

    docs/audit.md says what each line means, and what no journal can show.
    """
    allowed = _ages(ages, delayed)
    reader = JournalReader.open(load(context, set_).system.journal_address)
    try:
        head = reader.head
        audit = Audit(book, allowed)
        with _counted(reader.rows(), head[0]) as rows:
            verdict = gone_over(rows, audit)
    finally:
        reader.close()
    if book and verdict.ok and verdict.rows and (unknown := sorted(set(book) - audit.seen)):
        there = ", ".join(sorted(audit.seen)) or "none"
        raise UserError(f"--book {unknown[0]}: the journal has no row of it; it has rows of: {there}")
    if as_json:
        print_json("verify/1", _plain(verdict, head, reader.name, allowed))
    else:
        _show(verdict, head, reader.name)
    if not verdict.ok:
        raise typer.Exit(int(ExitCode.JOURNAL_DAMAGED))


def gone_over(rows: Iterable[Row], audit: Audit) -> Verdict:
    """A chain that is broken, or a row no recovery gets past, is a finding: what stands before it was gone over."""
    try:
        recovered = fold(audit.followed(rows))
        return audit.verdict({name: desk.ledger for name, desk in recovered.desks.items()})
    except JournalFailed as error:
        audit.broken_off(Check.CHAIN, audit.rows + 1, "the journal can't be read on", str(error))
    except UserError as error:
        audit.broken_off(Check.POSITIONS, audit.rows, "a recovery gets no further", str(error))
    except _BEYOND_RECKONING as error:
        what = f"{type(error).__name__}: {error}"
        audit.broken_off(Check.POSITIONS, audit.rows, "it can't be reckoned with", what)
    return audit.verdict(None)


# Whoever forges a journal writes what no trader does: amounts, moments and numbers beyond all bounds. Each value was
# allowed when its row was read; that together they come to nothing is a finding about that row, and no fault of ours.
_BEYOND_RECKONING = (ArithmeticError, LookupError, TypeError, ValueError)


@contextmanager
def _counted(rows: Iterator[Row], total: int) -> Iterator[Iterator[Row]]:
    """With a bar on the terminal, where it takes a while."""
    console = Console(stderr=True)
    columns = TextColumn("verifying"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console, transient=True, disable=total < _LONG or not console.is_terminal) as bar:
        task = bar.add_task("rows", total=total)

        def passed() -> Iterator[Row]:
            for row in rows:
                if row.seq % _STEP == 0:
                    bar.update(task, completed=row.seq)
                yield row

        yield passed()


def _ages(text: str, delayed: bool) -> QuoteAges:
    try:
        traded_s, delta_s, flatten_s = (float(part) for part in text.split(","))
        return QuoteAges(traded_s, delta_s, flatten_s, delayed)
    except ValueError as error:
        allowed = "three numbers of seconds above 0, each a day at most, as 2,5,30"
        raise UserError(f"--ages {text!r} is not known; give {allowed}") from error


# -- told --------------------------------------------------------------------------------------------------------------


def _show(verdict: Verdict, head: Head, name: str) -> None:
    if not verdict.rows and verdict.ok:
        typer.echo(f"{name} holds no row yet: there is nothing to verify")
        return
    table = Table("", Column("links", justify="right"), "", Column("what was compared", overflow="fold"))
    for check in Check:
        broken = verdict.findings.broken[check]
        state = f"{broken:,} BROKEN" if broken else "ok"
        table.add_row(check.value, f"{verdict.findings.links[check]:,}", state, ABOUT[check])
    print_table(table)
    typer.echo("also seen: " + ", ".join(f"{many:,} {what}" for what, many in verdict.told.items()))
    for doubt in verdict.doubts:
        typer.echo(f"open at the end, {doubt}")
    first = verdict.findings.first
    if first is None:
        typer.echo(f"{verdict.rows:,} rows hold together; the head is row {head[0]}, hash {head[1][:16]}")
    else:
        typer.echo(f"first broken link ({first.check.value}): {first}")


def _plain(verdict: Verdict, head: Head, name: str, ages: QuoteAges) -> dict[str, Any]:
    findings = verdict.findings
    return {
        "ok": verdict.ok,
        "journal": name,
        "rows": verdict.rows,
        "head": {"seq": head[0], "hash": head[1]},
        "quote_ages_s": {"traded": ages.traded_s, "delta": ages.delta_s, "flatten": ages.flatten_s},
        "quotes_may_be_delayed": ages.delayed,
        "checks": [
            {
                "check": each.value,
                "links": findings.links[each],
                "broken": findings.broken[each],
                "first": None if each not in findings.firsts else _plain_break(findings.firsts[each]),
            }
            for each in Check
        ],
        "first_broken": None if findings.first is None else _plain_break(findings.first),
        "seen": {what.replace(" ", "_"): many for what, many in verdict.told.items()},
        "open": list(verdict.doubts),
    }


def _plain_break(broken: Break) -> dict[str, Any]:
    return {
        "check": broken.check.value,
        "row": broken.row,
        "at": None if broken.at is None else broken.at.isoformat(),
        "book": broken.book or None,
        "what": broken.what,
        "expected": broken.expected,
        "found": broken.found,
    }
