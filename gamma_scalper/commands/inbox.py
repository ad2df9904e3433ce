"""Commands that tell the trader something: pause, flatten, mode, stop, panic, ... Each reports what came of it."""

import asyncio
import getpass
from typing import Annotated

import typer

from gamma_scalper.commands import panic as panicking
from gamma_scalper.commands.terminal import SetOption, load
from gamma_scalper.domain.entries import Mode
from gamma_scalper.domain.exits import ExitCode, UserError
from gamma_scalper.journal.inbox import Inbox
from gamma_scalper.kernel import WallClock
from gamma_scalper.pipeline.caretaker import REFUSED
from gamma_scalper.system import SystemParameters

commands = typer.Typer()

OneBook = Annotated[str | None, typer.Option("--book", metavar="NAME", help="This book; without it the whole house.")]
Why = Annotated[str, typer.Argument(metavar="WHY", help="For the journal.")]
_PATIENCE_S, _LOOK_S = 5.0, 0.2


@commands.command()
def pause(context: typer.Context, why: Why = "", book: OneBook = None, set_: SetOption = None) -> None:
    """Begin nothing new: no entries, no hedges. What mends or ends a position goes on. Survives restarts."""
    tell(load(context, set_).system, "pause", book, why)


@commands.command()
def unpause(context: typer.Context, book: OneBook = None, set_: SetOption = None) -> None:
    """Go on after a pause."""
    tell(load(context, set_).system, "unpause", book)


@commands.command()
def flatten(context: typer.Context, why: Why = "", book: OneBook = None, set_: SetOption = None) -> None:
    """Sell all that the books own, shares and options together, and pause. What is your own stays."""
    tell(load(context, set_).system, "flatten", book, why)


@commands.command()
def keep(context: typer.Context, why: Why = "", book: OneBook = None, set_: SetOption = None) -> None:
    """End a flattening and keep what is left."""
    tell(load(context, set_).system, "keep", book, why)


@commands.command()
def lift(
    context: typer.Context,
    halt: Annotated[str, typer.Argument(metavar="HALT", help="Its name, as `status` says: 'altered order'.")],
    book: OneBook = None,
    set_: SetOption = None,
) -> None:
    """Lift a halt, once you know why it came: docs/runbook.md has a line for each."""
    tell(load(context, set_).system, "lift", book, halt)


@commands.command()
def mode(
    context: typer.Context,
    mode: Annotated[str, typer.Argument(metavar="MODE", help="LIVE, DEGRADED, OBSERVE or EMERGENCY.")],
    book: OneBook = None,
    set_: SetOption = None,
) -> None:
    """Say how much may be done: all, no entries, nothing, or flattening alone. Health never goes above it.

    main.py mode observe
    """
    if mode.lower() not in {each.value for each in Mode}:
        raise UserError(f"{mode} is no mode; allowed: {', '.join(each.name for each in Mode)}")
    tell(load(context, set_).system, "mode", book, mode.lower())


@commands.command()
def stop(context: typer.Context, why: Why = "", set_: SetOption = None) -> None:
    """End the program as Ctrl+C does: what works is cancelled, positions are kept."""
    silence = "no trader has answered: none runs, or it hangs; `panic` stops one that hangs from trading"
    tell(load(context, set_).system, "stop", None, why, silence)


@commands.command()
def panic(
    context: typer.Context,
    why: Why = "",
    both: Annotated[bool, typer.Option("--both", help="Paper and live, not only the mode that is set.")] = False,
    over: Annotated[
        bool,
        typer.Option("--take-over", help="Where the trader hangs: end its process, and sell from here at the broker."),
    ] = False,
    set_: SetOption = None,
) -> None:
    """Stop everything and sell all that the books own: no new orders, working ones cancelled, mode EMERGENCY.

    It writes the file panic.flag and says what came of it. The way back: remove the file, then `unpause`. The exit code
    is 7 where no trader has taken it, or something is left.
    """
    if over:
        from gamma_scalper.commands.take_over import (
            take_over,  # now: what it brings can't be loaded once a loop has run
        )

    loaded = load(context, set_)
    system = loaded.system
    folder = system.state_dir if both else system.mode_dir
    if not folder.is_dir():
        raise UserError(f"{folder}: no trader has ever run here; set MODE and STATE_DIR as it has them")
    head, clock = panicking.head_of(system.journal_address), WallClock()
    new = panicking.put_file(folder, getpass.getuser(), why, clock.now())
    flag = folder / panicking.FILE
    typer.echo(f"{flag} is written" if new else f"{flag} lies there already")
    outcome = panicking.Outcome(taken=False, state=None)
    if head is not None:
        outcome = asyncio.run(panicking.awaited(system.journal_address, head, clock))
    for line in panicking.in_words(outcome, flag):
        typer.echo(line)
    if both:
        typer.echo(f"of the mode that is not {system.mode} nothing is said here: see `status` with MODE set to it")
    if outcome.taken:
        return
    if not over:
        raise typer.Exit(int(ExitCode.NEEDS_A_PERSON))
    typer.echo("taking over")
    code = take_over(loaded)
    typer.echo("every book is flat, and no order works" if code is ExitCode.OK else "something is left; look into TWS")
    raise typer.Exit(int(code))


_SILENCE = "no trader has answered; it will be taken when one runs: see `ops --kind CommandTaken`"


def tell(system: SystemParameters, name: str, book: str | None, argument: str = "", silence: str = _SILENCE) -> None:
    """Into the inbox, and what came of it; a trader that doesn't run takes it when it is started next."""
    if not system.mode_dir.is_dir():
        raise UserError(f"{system.mode_dir}: no trader has ever run here; set MODE and STATE_DIR as it has them")
    outcome = asyncio.run(_told(system, name, book, argument))
    if outcome is None:
        typer.echo(silence)
        raise typer.Exit(int(ExitCode.NEEDS_A_PERSON))
    if outcome.startswith(REFUSED):
        raise UserError(outcome.removeprefix(REFUSED))
    typer.echo(outcome)


async def _told(system: SystemParameters, name: str, book: str | None, argument: str) -> str | None:
    clock, inbox = WallClock(), Inbox.open(system.inbox_path)
    try:
        number = inbox.put(name, getpass.getuser(), clock.now(), book, argument)
        until = clock.monotonic() + _PATIENCE_S
        while clock.monotonic() < until:
            outcome = inbox.outcome(number)
            if outcome is not None:
                return outcome
            await clock.sleep(_LOOK_S)
    finally:
        inbox.close()
    return None
