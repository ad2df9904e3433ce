"""The plots of a backtest as pictures in a folder."""

from pathlib import Path

from gamma_scalper.reports.backtest.plots import plots
from gamma_scalper.reports.backtest.told import Told
from gamma_scalper.reports.drawing import as_png


def write_pngs(told: Told, folder: Path) -> list[Path]:
    """Named by book and plot; `folder` is made where it is missing. Raises `OSError` where it can't be written."""
    folder.mkdir(parents=True, exist_ok=True)
    chapters = told.books if len(told.books) == 1 else (told.whole, *told.books)
    written = []
    for chapter in chapters:
        for plot in plots(chapter.run):
            if plot.figure is not None:
                path = folder / f"{chapter.run.book or 'all_books'}_{plot.name}.png"
                path.write_bytes(as_png(plot.figure))
                written.append(path)
    return written
