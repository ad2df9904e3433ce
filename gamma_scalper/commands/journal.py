"""Commands that read the journal: status, positions, reconcile, ops, export. None of them needs the trader to run."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Column, Table

from gamma_scalper.commands.bookkeeping import BookView, HouseView, in_words, positions, read_house
from gamma_scalper.commands.inbox import tell
from gamma_scalper.commands.orders_seen import OrdersSeen
from gamma_scalper.commands.terminal import BookOption, JsonOption, SetOption, load, print_json, print_table
from gamma_scalper.domain.entries import Difference
from gamma_scalper.domain.exits import ExitCode, UserError
from gamma_scalper.domain.orders import Purpose
from gamma_scalper.journal.codec import KINDS
from gamma_scalper.journal.export import FORMS
from gamma_scalper.journal.export import export as export_to
from gamma_scalper.journal.operations import Wanted, operations
from gamma_scalper.journal.reader import JournalReader
from gamma_scalper.journal.records import records
from gamma_scalper.reports.trade_costs_shown import in_words as cost_in_words
from gamma_scalper.reports.trade_costs_shown import plain_order
from gamma_scalper.system import SystemParameters

commands = typer.Typer()

FromOption = Annotated[
    str | None, typer.Option("--from", metavar="DATE", help="From this day on, as 2026-01-05 (UTC).")
]
ToOption = Annotated[str | None, typer.Option("--to", metavar="DATE", help="Up to and with this day.")]


@commands.command()
def status(context: typer.Context, set_: SetOption = None, as_json: JsonOption = False) -> None:
    """Show how the house stands: mode, pauses, halts, orders, what needs a person.

    All of it is read from the journal, whether or not the trader runs. The exit code is 7 where a person is needed.
    """
    with _journal(load(context, set_).system) as reader:
        house, _ = read_house(reader.rows())
        head = reader.head
    if as_json:
        print_json("status/1", _status(house) | {"head": {"seq": head[0], "hash": head[1]}})
    else:
        _show_status(house, head)
    if house.needs_a_person:
        raise typer.Exit(int(ExitCode.NEEDS_A_PERSON))


@commands.command(name="positions")
def positions_(
    context: typer.Context, book: BookOption = None, set_: SetOption = None, as_json: JsonOption = False
) -> None:
    """Show what each book holds and what it cost, and what is the user's own."""
    with _journal(load(context, set_).system) as reader:
        found = positions(read_house(reader.rows())[1], book)
    if as_json:
        rows = [
            {
                "book": each.book,
                "owner": each.owner,
                "instrument": each.instrument,
                "con_id": each.con_id,
                "quantity": str(each.quantity),
                "average_price": None if each.average_price is None else str(each.average_price),
                "cost": None if each.cost is None else str(each.cost.amount),
                "currency": None if each.cost is None else each.cost.currency,
            }
            for each in found
        ]
        print_json("positions/1", {"positions": rows})
        return
    table = Table("book", "owner", "instrument", *(Column(name, justify="right") for name in ("held", "price", "cost")))
    for each in found:
        price = "" if each.average_price is None else f"{each.average_price:.4f}"
        table.add_row(
            each.book, each.owner, each.instrument, f"{each.quantity:+f}", price, str(each.cost) if each.cost else ""
        )
    print_table(table)


@commands.command()
def reconcile(
    context: typer.Context,
    accept: Annotated[str | None, typer.Option(metavar="ID", help="Settle the difference with this id.")] = None,
    how: Annotated[
        str,
        typer.Option(
            "--as",
            metavar="HOW",
            help="The number of an explanation; book:NAME, it is the book's; baseline:NAME, it is your own; manual, "
            "you traded it away by hand; settled:PRICE, the option settled in cash.",
        ),
    ] = "1",
    set_: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show on what books and account differ, and settle it.

    What is accepted goes to the trader by the inbox; it is taken at once, or when the trader is started next.

    main.py reconcile --accept 4f0c9a12 --as baseline:spy
    """
    system = load(context, set_).system
    with _journal(system) as reader:
        house, _ = read_house(reader.rows())
    compared = house.last.reconciled
    open_ones = () if compared is None else compared.unexplained
    if accept is not None:
        _accept(system, accept, how, [each.id for each in open_ones])
        return
    if as_json:
        at = house.last.reconciled_at
        print_json(
            "reconcile/1",
            {"at": None if at is None else at.isoformat(), "unexplained": [_difference(each) for each in open_ones]},
        )
    elif compared is None:
        typer.echo("books and account have not been compared yet; the trader does it at its start")
    elif not open_ones:
        since = "never" if house.last.reconciled_at is None else f"last written {house.last.reconciled_at:%F %T} UTC"
        typer.echo(f"books and account agree, as far as they were compared ({since})")
    for each in () if as_json else open_ones:
        typer.echo(in_words(each))
        for number, words in enumerate(each.explanations, 1):
            typer.echo(f"  {number}: {words}")
        typer.echo(f"  settle it with: uv run main.py reconcile --accept {each.id} --as ...")
    if open_ones:
        raise typer.Exit(int(ExitCode.NEEDS_A_PERSON))


@commands.command()
def ops(
    context: typer.Context,
    book: BookOption = None,
    kind: Annotated[str | None, typer.Option(help="Only such rows: Ordered, Fill, PlanNotPermitted, ...")] = None,
    purpose: Annotated[str | None, typer.Option(help="Only its orders: entry, hedge, repair, exit, flatten.")] = None,
    text: Annotated[str | None, typer.Option(help="Only sentences with this in them.")] = None,
    from_: FromOption = None,
    to: ToOption = None,
    last: Annotated[int, typer.Option(min=0, help="The newest so many; 0: all.")] = 50,
    set_: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell what was done and why, row by row of the journal, and what each order cost.

    Below an order stands what came of it: its price against the middle it was decided on, what of the half spread
    that was, its commission, how long it took.

    main.py ops --purpose hedge --from 2026-01-05

    main.py ops --kind PlanNotPermitted --text spread --last 0
    """
    since, until = _days(from_, to)
    _known("--kind", kind, {name.casefold() for name in KINDS}, ", ".join(sorted(KINDS)))
    _known("--purpose", purpose, {each.value for each in Purpose}, ", ".join(each.value for each in Purpose))
    wanted = Wanted(
        book=None if not book else book[0] if len(book) == 1 else None,
        kind=kind,
        purpose=purpose,
        since=since,
        until=until,
        text=text,
    )
    orders = OrdersSeen()
    with _journal(load(context, set_).system) as reader:
        found = [each for each in operations(orders.followed(reader.rows()), wanted) if not book or each.book in book]
    found = found[-last:] if last else found
    costs = orders.by_row(each.seq for each in found)
    if as_json:
        told = [
            each._asdict()
            | {"at": each.at.isoformat(), "costs": [plain_order(order) for order in costs.get(each.seq, ())]}
            for each in found
        ]
        print_json("ops/1", {"operations": told})
        return
    for each in found:
        typer.echo(f"{each.seq:>6} {each.at:%Y-%m-%d %H:%M:%S} {each.book or '-':<8} {each.sentence}")
        for order in costs.get(each.seq, ()):
            typer.echo(f"{'':>35} {cost_in_words(order)}")


@commands.command()
def export(
    context: typer.Context,
    into: Annotated[Path | None, typer.Argument(metavar="FILE", help="Where to; without it to the terminal.")] = None,
    form: Annotated[str | None, typer.Option(help="jsonl, csv or parquet; else by the file's ending.")] = None,
    book: BookOption = None,
    from_: FromOption = None,
    to: ToOption = None,
    set_: SetOption = None,
) -> None:
    """Write ORDER, FILL and RISK records: what was wanted, what really happened, what was allowed or stopped.

    main.py export trades.parquet --from 2026-01-05

    main.py export --form csv | less
    """
    chosen = form or ("jsonl" if into is None else into.suffix.removeprefix("."))
    if chosen not in FORMS:
        raise UserError(f"--form {chosen!r} is not known; allowed: {', '.join(FORMS)}")
    since, until = _days(from_, to)

    with _journal(load(context, set_).system) as reader:
        # From the first row on, since a fill's order may have been given before.
        found = (
            each
            for each in records(reader.rows())
            if (not book or each["book"] in book) and _within(each["at"], since, until)
        )
        if into is None:
            export_to(found, chosen, sys.stdout.buffer)
            return
        try:
            with into.open("wb") as file:
                export_to(found, chosen, file)
        except OSError as error:
            raise UserError(f"{into} can't be written: {error.strerror}") from error


# -- parts of them -----------------------------------------------------------------------------------------------------


@contextmanager
def _journal(system: SystemParameters) -> Iterator[JournalReader]:
    reader = JournalReader.open(system.journal_address)
    try:
        yield reader
    finally:
        reader.close()


def _accept(system: SystemParameters, id: str, how: str, known: list[str]) -> None:
    if id not in known:
        raise UserError(f"there is no difference {id}; open are: {', '.join(known) or 'none'}")
    tell(system, "accept", None, f"{id} {how}")


def _days(first: str | None, last: str | None) -> tuple[datetime | None, datetime | None]:
    """Inclusive dates as moments; the second is the first that is left out."""
    since = None if first is None else datetime.combine(_day("--from", first), time(), UTC)
    until = None if last is None else datetime.combine(_day("--to", last), time(), UTC) + timedelta(days=1)
    return since, until


def _day(flag: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise UserError(f"{flag} {text!r} is no date; write it as 2026-01-05") from error


def _known(flag: str, said: str | None, known: set[str], allowed: str) -> None:
    if said is not None and said.casefold() not in known:
        raise UserError(f"{flag} {said!r} is not known; allowed: {allowed}")


def _within(at: Any, since: datetime | None, until: datetime | None) -> bool:
    return (since is None or at >= since) and (until is None or at < until)


def _status(house: HouseView) -> dict[str, Any]:
    last = house.last
    return {
        "mode": house.mode,
        "paused": house.paused or None,
        "halts": list(house.halts),
        "session": None if last.session is None else {"kind": last.session.kind, "at": last.session.at.isoformat()},
        "last_row_at": None if last.row is None else last.row.at.isoformat(),
        "link": None if last.link is None else {"state": last.link.link.value, "why": last.link.why},
        "unexplained": [] if last.reconciled is None else [_difference(each) for each in last.reconciled.unexplained],
        "needs_a_person": list(house.needs_a_person),
        "books": [_book(each) for each in house.books],
    }


def _book(book: BookView) -> dict[str, Any]:
    return {
        "book": book.book,
        "holdings": book.holdings,
        "living": list(book.living),
        "in_doubt": list(book.in_doubt),
        "flattening": book.flattening or None,
        "paused": book.paused or None,
        "halts": list(book.halts),
        "hedges_today": book.hedges_today,
        "realised": [{"amount": str(each.amount), "currency": each.currency} for each in book.realised],
        "equity": None if book.equity is None else str(book.equity),
    }


def _difference(each: Difference) -> dict[str, Any]:
    return {
        "id": each.id,
        "con_id": each.instrument.con_id,
        "ours": str(each.ours),
        "theirs": str(each.theirs),
        "explanations": list(each.explanations),
        "book": each.book or None,
    }


def _show_status(house: HouseView, head: tuple[int, str]) -> None:
    last = house.last
    table = Table(Column("", style="bold"), Column("", overflow="fold"), show_header=False)
    table.add_row("mode", house.mode + (f", paused: {house.paused}" if house.paused else ""))
    if last.session is not None:
        table.add_row("session", f"{last.session.kind} {last.session.at:%Y-%m-%d %H:%M:%S} UTC")
    if last.link is not None:
        table.add_row("link", f"{last.link.link.value} {last.link.why}")
    for book in house.books:
        earned = ", ".join(map(str, book.realised)) or "nothing"
        told = [f"{book.holdings} holdings, {book.hedges_today} hedges today, realised {earned}", *book.living]
        told += [f"paused: {book.paused}"] if book.paused else []
        told += [f"being flattened: {book.flattening}"] if book.flattening else []
        table.add_row(book.book, "\n".join(told))
    for why in house.needs_a_person:
        table.add_row("a person", why)
    table.add_row("journal", f"row {head[0]}, hash {head[1][:16]}")
    print_table(table)
