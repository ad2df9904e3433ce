"""Shows the trader at work: a live picture on a terminal, a plain line now and then where there is none."""

import io
from collections import deque
from collections.abc import AsyncIterator, Callable

from loguru import logger
from rich.console import Console
from rich.live import Live

from gamma_scalper.kernel import Clock, WallClock
from gamma_scalper.reports.panel import as_line, panel, what_matters
from gamma_scalper.reports.panel_view import PanelView

_EVERY_S = 0.5  # of the wall clock
_LOOKED_AFTER_S = 10.0  # of a market that runs as fast as it can, before the wall clock is looked at
_LINE_EVERY_S = 10.0  # of the wall clock, at most
_KEPT = 3


class Notices(io.StringIO):
    """Stands in for the console of the log while the panel is drawn: keeps its last lines for the panel's foot."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: deque[str] = deque(maxlen=_KEPT)

    def write(self, text: str) -> int:
        self.lines.extend(line for line in text.splitlines() if line.strip())
        return len(text)


async def show(
    view: Callable[[], PanelView], clock: Clock, pace: float | None, console: Console, wall: Clock = WallClock()
) -> None:
    """For ever. A terminal that goes away ends the picture and nothing else."""
    try:
        if drawable(console):
            await _draw(view, clock, pace, console, wall)
        else:
            await _tell(view, clock, pace, wall)
    except OSError as error:
        logger.warning("the panel can't be shown any more: {}", error.strerror)
        while True:
            await clock.sleep(3_600)


def drawable(console: Console) -> bool:
    """Whether there is a terminal that can show more than lines of plain letters."""
    return console.is_terminal and not console.is_dumb_terminal and not console.options.ascii_only


async def _draw(view: Callable[[], PanelView], clock: Clock, pace: float | None, console: Console, wall: Clock) -> None:
    with Live(console=console, auto_refresh=False) as live:
        async for _ in _looks(clock, pace, wall):
            live.update(panel(view()), refresh=True)


async def _tell(view: Callable[[], PanelView], clock: Clock, pace: float | None, wall: Clock) -> None:
    """When something happened, and not too often."""
    known: object = None
    told_at = -_LINE_EVERY_S
    async for now in _looks(clock, pace, wall):
        if now - told_at < _LINE_EVERY_S:
            continue
        seen = view()
        if what_matters(seen) != known:
            known, told_at = what_matters(seen), now
            logger.info("{}", as_line(seen))


async def _looks(clock: Clock, pace: float | None, wall: Clock) -> AsyncIterator[float]:
    """Now, and then twice a second of the wall clock, whatever the market's speed."""
    looked_at = wall.monotonic()
    yield looked_at
    while True:
        await clock.sleep(_LOOKED_AFTER_S if pace is None else _EVERY_S * pace)
        now = wall.monotonic()
        if pace is not None or now - looked_at >= _EVERY_S:
            looked_at = now
            yield now
