"""The panic file, as a command writes it, and what the journal says came of it."""

import contextlib
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from attrs import frozen

from gamma_scalper.domain.entries import ModeChanged
from gamma_scalper.domain.exits import ExitCode, UserError
from gamma_scalper.journal.chain import Row
from gamma_scalper.journal.reader import JournalReader
from gamma_scalper.journal.sentences import named, plain
from gamma_scalper.kernel import Clock
from gamma_scalper.portfolio.desk import Desk
from gamma_scalper.portfolio.ledger import holdings
from gamma_scalper.recovery import Remembered, fold
from gamma_scalper.risk.governance import BY_PANIC

FILE = "panic.flag"
PATIENCE_S, _LOOK_S = 10.0, 0.2


def put_file(folder: Path, by: str, why: str, now: datetime) -> bool:
    """Whole at once or not at all, and it survives a power cut. False: one lies there already, which stays."""
    flag = folder / FILE
    text = f"{now:%Y-%m-%d %H:%M:%S} UTC, by {by}: {why or 'panic'}\n"
    draft = folder / f".{FILE}.{os.getpid()}"
    try:
        with draft.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, flag)
    except FileExistsError:
        return False
    except OSError as error:
        _touch(flag, error)  # its words are dear, that it is there is what counts
    finally:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)
    return True


def _touch(flag: Path, error: OSError) -> None:
    try:
        flag.touch()
    except OSError:
        raise UserError(
            f"{flag} can't be written: {error.strerror}; nothing is stopped: end the trader, cancel and close in TWS",
            ExitCode.NEEDS_A_PERSON,
        ) from error


# -- what came of it ---------------------------------------------------------------------------------------------------


@frozen(kw_only=True)
class Outcome:
    """As far as the journal tells."""

    taken: bool  # by a trader that lives
    state: Remembered | None  # None: there is no journal that can be read

    @property
    def open_books(self) -> tuple[Desk, ...]:
        desks = {} if self.state is None else self.state.desks
        return tuple(desk for _, desk in sorted(desks.items()) if desk.living or holdings(desk.ledger))


def head_of(address: str) -> int | None:
    """The journal's last row, before the file is there; None where there is no journal to be read."""
    try:
        reader = JournalReader.open(address)
    except UserError:
        return None
    try:
        return reader.head[0]
    except UserError:
        return None
    finally:
        reader.close()


async def awaited(address: str, head: int, clock: Clock) -> Outcome:
    """Until a trader has taken it and every book is flat, or patience ends."""
    reader, until = JournalReader.open(address), clock.monotonic() + PATIENCE_S
    state: Remembered | None = None
    taken = False
    try:
        while True:
            rows = list(reader.rows(head))
            taken = taken or any(map(_takes_panic, rows))
            if taken:
                state = fold(rows if state is not None else reader.rows(), state or Remembered())
                head = state.seq
                if not Outcome(taken=True, state=state).open_books:
                    break
            if clock.monotonic() >= until:
                break
            await clock.sleep(_LOOK_S)
        if state is None:
            state = fold(reader.rows())
            before = Outcome(taken=state.governance.panicked, state=state)
            taken = before.taken and (bool(rows) or not before.open_books)  # whoever took it lives, or has done it all
        return Outcome(taken=taken, state=state)
    except UserError:
        return Outcome(taken=taken, state=state)  # what can't be read tells nothing, and the file lies there
    finally:
        reader.close()


def _takes_panic(row: Row) -> bool:
    return isinstance(row.entry, ModeChanged) and row.entry.by == BY_PANIC


def in_words(outcome: Outcome, flag: Path) -> Iterator[str]:
    """For the person who panics."""
    if outcome.taken:
        yield "the trader has taken it: mode emergency, paused, every book is being sold"
    else:
        yield f"no trader has taken it within {PATIENCE_S:g} s: it hangs, or none runs; it is taken at its next look"
    if outcome.state is None:
        yield "the journal can't be read, so nobody can tell what is held: look into TWS"
    elif not outcome.open_books:
        yield "every book is flat, and no order works"
    for desk in outcome.open_books:
        held = [f"{plain(each.quantity)} {named(each.instrument)}" for each in holdings(desk.ledger)]
        works = [
            f"{each.order.intent.id} ({type(each.order.state).__name__.lower()}) {plain(each.order.signed_remaining)} "
            f"{named(each.order.intent.instrument)}"
            for each in desk.living
        ]
        yield f"{desk.book} holds {', '.join(held) or 'nothing'}; works: {', '.join(works) or 'no order'}"
    if not outcome.taken:
        yield "what to do: `uv run main.py panic --take-over` ends its process and sells from here; or do it in TWS"
    yield f"the way back: remove {flag}, then `uv run main.py unpause`"
