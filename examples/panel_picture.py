"""Trades the first hours of the offline market as `uv run main.py` does, and draws its panel: docs/panel.svg.

uv run python examples/panel_picture.py [FILE]
"""

import io
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

sys.path.insert(0, str(Path(__file__).parents[1]))  # the project is not installed

from config import load_config
from gamma_scalper.commands.panel_sources import Sources, view_of
from gamma_scalper.compiled_code import load_market_code
from gamma_scalper.domain.entries import SessionBegan
from gamma_scalper.domain.ports import Broker
from gamma_scalper.journal.store import SqlJournal
from gamma_scalper.kernel import Clock
from gamma_scalper.market_access import with_broker
from gamma_scalper.recovery import Remembered
from gamma_scalper.reports.panel import panel
from gamma_scalper.reports.panel_view import PanelView
from gamma_scalper.scalping import Scalping
from gamma_scalper.trading import Terms, Trading

BOOK, HOURS, COLUMNS = "spy", 2.5, 112
SVG = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" class="rich-terminal">
<style>
.{unique_id}-matrix {{ font-family: Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: {char_height}px;
  line-height: {line_height}px; font-variant-east-asian: full-width; }}
.{unique_id}-title {{ font-size: 18px; font-weight: bold; font-family: sans-serif; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


async def traded(broker: Broker, clock: Clock) -> PanelView:
    """How the trader stands after some hours."""
    book = load_config(environment={}).books[BOOK]
    await broker.start()
    share = await broker.catalogue.stock(book.underlying.symbol, book.underlying.currency)
    with TemporaryDirectory() as folder:
        journal = SqlJournal.open(f"sqlite:///{folder}/journal.db", lock=None, clock=clock, threaded=False)
        trading = Trading(
            broker=broker,
            journal=journal,
            clock=clock,
            remembered=Remembered(),
            residents=[book.resident(share, book.hours())],
            terms=Terms(session=SessionBegan("paper", "picture", "")),
        )
        scalping = Scalping(trading, {BOOK: book}, broker, clock)
        sources = Sources(
            house=trading.house,
            accounting=scalping.accounting,
            thoughts=scalping.thoughts,
            outlooks=scalping.governor.outlooks,
            money="paper",
        )
        views = []

        async def look() -> None:
            await clock.sleep(HOURS * 3_600)
            views.append(view_of(sources))
            trading.stop("the picture is taken")

        await scalping.run({"looks": look()})
        journal.close()
    return views[0]


def drawn(view: PanelView) -> str:
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(panel(view))
    return console.export_svg(title="uv run main.py", code_format=SVG, unique_id="panel")


if __name__ == "__main__":
    into = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[1] / "docs" / "panel.svg"
    load_market_code()
    into.write_text(drawn(with_broker(load_config(environment={}).system, traded, pace=None)), encoding="utf-8")
    print(into)
