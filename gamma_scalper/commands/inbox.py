"""Commands that tell the trader something: pause, unpause, flatten, keep, lift. Each reports what came of it."""

import asyncio
import getpass
from typing import Annotated

import typer

from gamma_scalper.commands.terminal import SetOption, load
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


def tell(system: SystemParameters, name: str, book: str | None, argument: str = "") -> None:
    """Into the inbox, and what came of it; a trader that doesn't run takes it when it is started next."""
    if not system.mode_dir.is_dir():
        raise UserError(f"{system.mode_dir}: no trader has ever run here; set MODE and STATE_DIR as it has them")
    outcome = asyncio.run(_told(system, name, book, argument))
    if outcome is None:
        typer.echo("no trader has answered; it will be taken when one runs: see `ops --kind CommandTaken`")
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
