"""What the house does about a panic file: whoever can write a file can stop everything, and have it sold."""

from collections.abc import Mapping

from loguru import logger

from gamma_scalper.domain.entries import DeskEntry, FlattenAsked, Mode, ModeChanged, Paused, Unpaused
from gamma_scalper.domain.exits import UserError
from gamma_scalper.kernel import Channel
from gamma_scalper.pipeline.house import TradingHouse
from gamma_scalper.portfolio.ledger import holdings
from gamma_scalper.risk.governance import BY_PANIC, HOUSE

_WHY = "a panic file was found"


def heed(house: TradingHouse, books: Mapping[str, Channel[DeskEntry]], within_s: float) -> bool | None:
    """What it sees; with each look, whatever was done before: who died halfway finds all of it still to be done.

    New orders are the permit's business, which sees the file itself. To be sold cancels what works.
    """
    lies = house.panic()
    if not lies:
        return lies
    if not house.governance.panicked:
        logger.critical("PANIC: {}; every book is being sold, and nothing else is done until unpause", _WHY)
        house.take_down(HOUSE, ModeChanged(Mode.EMERGENCY, _WHY, BY_PANIC))
    if HOUSE not in house.governance.pauses:
        house.take_down(HOUSE, Paused(_WHY, BY_PANIC))
    for book, happenings in sorted(books.items()):
        state = house.states[book]
        if state.flattening is None and (state.living or holdings(state.ledger)):
            happenings.put_nowait(FlattenAsked(why=_WHY, by=BY_PANIC, within_s=within_s))
    return lies


def refuse_while_it_lies(house: TradingHouse, what: str) -> None:
    """Nothing is undone while the file is there, or while nobody can tell."""
    lies = house.panic()
    if lies is None:
        raise UserError(f"{what} has to wait: nobody can tell whether a panic file lies there; look at STATE_DIR")
    if lies:
        raise UserError(f"{what} has to wait: a panic file lies there; remove panic.flag in STATE_DIR, then unpause")


def end(house: TradingHouse, by: str) -> str:
    """A person has removed the file and goes on; the mode is what a person had chosen before."""
    house.take_down(HOUSE, Unpaused(by))
    paused = [f"{book} ({why})" for book, why in sorted(house.governance.pauses.items())]
    still = f"; still paused: {', '.join(paused)}: unpause --book NAME" if paused else ""
    if not house.governance.panicked:
        return f"goes on{still}"
    mode = house.governance.chosen.get(HOUSE, Mode.LIVE)
    house.take_down(HOUSE, ModeChanged(mode, "the panic is over", by))
    return f"goes on; the panic is over, and the mode is {mode.value}{still}"
