"""Figures of matplotlib as text for a page and as pictures: the same bytes each time."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from io import BytesIO, StringIO
from typing import cast

import matplotlib
import matplotlib.style
from matplotlib.axes import Axes
from matplotlib.figure import Figure

BLUE, ORANGE, GREEN, RED, PURPLE = "#1f5fa8", "#d9741a", "#2a8a3e", "#c23a2b", "#7b4fa0"
BROWN, PINK, GREY, TEAL, BLACK = "#7a5340", "#c65d97", "#7d8590", "#168a8f", "#1b1f24"

_REFERRED = re.compile(r'(?:url\(#|href="#)([^")]+)')
_ID = re.compile(r' id="([^"]+)"')
_WIDTH_IN = 6.0  # a column of a wide page; on a phone it is scaled to half of that, and can still be read


@contextmanager
def style() -> Iterator[None]:
    """Figures are made and saved in it; what the process or its user has set otherwise is left alone."""
    with matplotlib.style.context(
        {
            "font.family": ["DejaVu Sans", "sans-serif"],
            "font.size": 10.5,
            "axes.titlesize": 11.0,
            "axes.titleweight": "bold",
            "axes.titlelocation": "left",
            "axes.grid": True,
            "axes.axisbelow": True,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.edgecolor": GREY,
            "axes.labelcolor": BLACK,
            "axes.formatter.useoffset": False,
            "xtick.color": BLACK,
            "ytick.color": BLACK,
            "grid.color": "#dfe3e8",
            "grid.linewidth": 0.6,
            "legend.frameon": False,
            "legend.fontsize": 9.5,
            "lines.linewidth": 1.2,
            "svg.fonttype": "none",  # text stays text: small, sharp, and can be searched
            "text.parse_math": False,  # a dollar is a dollar
            "path.simplify": True,
        },
        after_reset=True,
    ):
        yield


def panels(count: int, height_in: float, *, ratios: tuple[float, ...] | None = None) -> tuple[Figure, list[Axes]]:
    """So many, one above the other, over one time axis."""
    figure = Figure(figsize=(_WIDTH_IN, height_in), layout="constrained")
    made = figure.subplots(count, 1, sharex=True, squeeze=False, height_ratios=ratios)
    return figure, [cast(Axes, each) for each in made[:, 0]]


def as_svg(figure: Figure, name: str, about: str) -> str:
    """To stand inside a page of HTML; `name` keeps its inner names apart from those of the page's other pictures."""
    with style(), matplotlib.rc_context({"svg.hashsalt": name}):
        written = StringIO()
        figure.savefig(written, format="svg", metadata={"Date": None}, transparent=True)
    text = written.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r' xmlns(:\w+)?="[^"]*"', "", text).replace("xlink:href", "href")
    kept = set(_REFERRED.findall(text))
    text = _ID.sub(lambda found: found[0] if found[1] in kept else "", text)
    text = re.sub(r'<svg width="[^"]*" height="[^"]*"', "<svg", text, count=1)
    return text.replace("<svg", f'<svg role="img" aria-label="{escape(about)}"', 1)


def as_png(figure: Figure) -> bytes:
    with style():
        written = BytesIO()
        figure.savefig(written, format="png", dpi=150, facecolor="white", metadata={"Software": None})
    return written.getvalue()
