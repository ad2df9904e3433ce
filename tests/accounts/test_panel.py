"""The panel shows a person how the trader stands, at any width, at any speed of the market, and harms nothing."""

import asyncio
import io
from datetime import timedelta
from decimal import Decimal

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from loguru import logger
from open_books import BOOK, Book, at_work
from rich.console import Console
from straddles import SHARE, START, STRADDLE, standing

from gamma_scalper.commands.panel import Notices, drawable, show
from gamma_scalper.commands.panel_sources import Sources, view_of
from gamma_scalper.domain.greeks import Greeks
from gamma_scalper.kernel import LoopClock, Watch
from gamma_scalper.pipeline.governor import Outlook
from gamma_scalper.portfolio.attribution import NO_EARNINGS, attributed, counted
from gamma_scalper.reports.panel import as_line, panel, what_matters
from gamma_scalper.reports.panel_view import BookView, PanelView, Reach, Said
from gamma_scalper.risk.facts import BookFacts, Facts
from gamma_scalper.risk.health import health
from gamma_scalper.risk.parameters import RiskParameters
from gamma_scalper.risk.permit import permit
from gamma_scalper.risk.state_space import state_space

INTERVAL = attributed(
    standing(600.0, START, 0.15, STRADDLE), standing(603.0, START + timedelta(hours=2), 0.152, STRADDLE)
)
FULL = BookView(
    name="spy",
    symbol="SPY",
    mode="LIVE",
    lamp="yellow",
    reasons=("paused: lunch, by ada",),
    spot=603.0,
    change_pct=0.5,
    holds="2 straddles SPY 2026-02-04 600, -7 shares",
    days=29.9,
    implied=0.152,
    greeks=Greeks(4100.0, 12.0, 6.2, -69.0, 270.0),
    filled=3.0,
    projected=5.0,
    reach=Reach(-12.5, 12.5, 0.0),
    earned=counted(NO_EARNINGS, INTERVAL, START.date()),
    realised=Decimal("-6.81"),
    states=tuple(
        Said(*each) for each in zip("ODMLES", ("long gamma", "minor", "normal", "wide", "idle", "ok"), strict=True)
    ),
    purposes=(Said("entry", "pause: lunch, by ada"), Said("hedge", "pause: lunch, by ada"), Said("exit", "")),
    orders=("hedge: sell 5 SPY at 603.01 or better, working",),
    decision=Said("inside the band", "delta +5.0 in -12.5 to +12.5"),
    decided_at=START,
    hedges=("sell 7 at 602.11",),
    hedges_today=1,
)
VIEW = PanelView(at=START + timedelta(hours=2), money="paper", speed="60 x", link="ready", books=(FULL,))


def printed(view: PanelView, width: int = 110) -> str:
    console = Console(file=io.StringIO(), width=width)
    console.print(panel(view))
    return console.file.getvalue()


def row(text: str, name: str) -> str:
    return next(line for line in text.splitlines() if line.startswith(f"│ {name} "))


@pytest.mark.parametrize("width", [100, 110, 120])
def test_one_book_fits_on_a_terminal_and_two_do_too(width):
    both = evolve(VIEW, books=(FULL, evolve(FULL, name="nvda")))
    for view, most in ((VIEW, 24), (both, 40)):
        lines = printed(view, width).splitlines()
        assert len(lines) <= most and all(len(line) <= width for line in lines)


def test_everything_a_person_asks_for_is_on_it():
    text = printed(VIEW, 120)
    for words in (
        "paper", "11:30:00 New York", "60 x", "LIVE", "yellow", "paused: lunch", "SPY 603.00", "+0.50%", "15.2%",
        "29.9 days", "2 straddles SPY 2026-02-04 600", "theta -$69.00 a day", "+5.0 shares", "filled +3.0", "-12.5",
        "$4.72 (0.78%)", "64% of it", "gamma +$", "theta -$", "since it began", "realised -$6.81", "long gamma",
        "exit", "not entry, hedge", "sell 5 SPY", "inside the band", "09:30:00", "1 today", "sell 7 at 602.11",
    ):  # fmt: skip
        assert words in text, words


def test_a_reason_that_several_purposes_share_is_told_once():
    assert "exit not entry, hedge: pause: lunch, by ada" in printed(VIEW)


def test_before_anything_is_known_it_says_so():
    text = printed(
        PanelView(at=START, money="live", speed="", link="down", books=(BookView(name="spy", symbol="SPY"),))
    )
    assert "no quote yet" in text and "no mode yet" in text and "connection down" in text and "nothing" in text


@given(delta=st.floats(-200, 200), half=st.floats(0.5, 60), middle=st.floats(-40, 40))
def test_the_marker_stands_inside_the_band_exactly_where_the_delta_does(delta, half, middle):
    reach = Reach(middle - half, middle + half, middle)
    line = row(printed(evolve(VIEW, books=(evolve(FULL, projected=delta, reach=reach),)), 120), "delta")
    at = line.index("●")
    beyond = abs(delta - middle) / half - 1
    if beyond > 0.1:
        assert ("├" in line[at:]) if delta < middle else ("┤" in line[:at])
    elif beyond < -0.1:
        assert "├" in line[:at] and "┤" in line[at:]


@pytest.mark.parametrize(("delta", "colour"), [(0.0, "32"), (-13.0, "31"), (40.0, "31")])
def test_the_marker_is_green_inside_the_band_and_red_outside(delta, colour):
    console = Console(file=io.StringIO(), width=110, force_terminal=True, color_system="standard")
    console.print(panel(evolve(VIEW, books=(evolve(FULL, projected=delta),))))
    assert f"\x1b[1;{colour}m●" in console.file.getvalue()


def test_the_break_even_move_is_the_one_whose_gamma_pays_a_days_theta():
    move = FULL.break_even
    assert 0.5 * FULL.greeks.gamma * move**2 == pytest.approx(-FULL.greeks.theta_per_day)
    assert evolve(FULL, greeks=None).break_even is None
    assert evolve(FULL, greeks=evolve(FULL.greeks, theta_per_day=5.0)).break_even is None


def test_one_line_says_what_a_person_would_ask_first_and_prices_alone_are_no_news():
    line = as_line(VIEW)
    assert "\n" not in line and "inside the band" in line and "delta +5.0 in -12.5 to +12.5" in line
    moved = evolve(VIEW, books=(evolve(FULL, spot=604.0, projected=6.0),))
    assert what_matters(moved) == what_matters(VIEW)
    assert what_matters(evolve(VIEW, books=(evolve(FULL, orders=()),))) != what_matters(VIEW)


# -- showing it --------------------------------------------------------------------------------------------------------


class Seen:
    """Gives views and counts how often it was asked."""

    def __init__(self, view: PanelView = VIEW) -> None:
        self.view, self.count = view, 0

    def __call__(self) -> PanelView:
        self.count += 1
        return self.view


def terminal(file=None, encoding="utf-8") -> Console:
    file = file or io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    return Console(file=file, width=110, height=50, force_terminal=True, _environ={"TERM": "xterm"})


async def shown_for(seconds: float, seen: Seen, pace: float | None, console: Console, wall=None) -> None:
    clock = LoopClock(asyncio.get_running_loop(), START)
    task = asyncio.create_task(show(seen, clock, pace, console, wall or clock))
    await clock.sleep(seconds)
    assert not task.done()
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()


class Paced:
    """A wall clock on which a market at this speed passes."""

    def __init__(self, pace: float) -> None:
        self._loop, self._pace = asyncio.get_running_loop(), pace

    def monotonic(self) -> float:
        return self._loop.time() / self._pace


@pytest.mark.parametrize(("pace", "known"), [(1.0, 1.0), (60.0, 60.0), (1_200.0, None)])
async def test_it_is_drawn_twice_a_second_of_the_wall_clock_whatever_the_speed(pace, known):
    seen = Seen()
    await shown_for(10 * pace + 0.1, seen, known, terminal(), Paced(pace))
    assert 20 <= seen.count <= 21


async def test_without_a_terminal_there_is_a_line_when_something_happened_and_not_too_often():
    seen, lines = Seen(), []
    sink = logger.add(lambda line: lines.append(str(line)), level="INFO", format="{message}")
    try:
        clock = LoopClock(asyncio.get_running_loop(), START)
        task = asyncio.create_task(show(seen, clock, 1.0, Console(file=io.StringIO()), clock))
        await clock.sleep(30)
        assert len(lines) == 1
        for number in range(40):
            seen.view = evolve(VIEW, books=(evolve(FULL, hedges_today=number),))
            await clock.sleep(1)
        assert len(lines) in (5, 6)
    finally:
        logger.remove(sink)
        task.cancel()


class Gone(io.StringIO):
    """A terminal that was closed."""

    def write(self, text: str) -> int:
        raise OSError(5, "Input/output error")


async def test_a_terminal_that_goes_away_ends_the_picture_and_nothing_else():
    await shown_for(10, Seen(), 1.0, terminal(Gone()))


def test_what_can_show_plain_letters_only_is_not_drawn_on():
    assert drawable(terminal())
    assert not drawable(terminal(encoding="ascii"))
    assert not drawable(Console(file=io.StringIO()))


def test_the_logs_last_lines_are_kept_for_the_foot_of_the_panel():
    notices = Notices()
    for number in range(5):
        notices.write(f"line {number}\n")
    assert list(notices.lines) == ["line 2", "line 3", "line 4"]
    assert "line 4" in printed(evolve(VIEW, notices=tuple(notices.lines)))
    assert not notices.isatty()


# -- gathering it ------------------------------------------------------------------------------------------------------


async def test_the_view_is_gathered_from_those_who_know():
    book = Book()
    facts = Facts(now=START, book=BookFacts(book=BOOK, underlying=SHARE))  # nothing else is known: all is refused
    risk = RiskParameters()
    outlook = Outlook(
        at=START,
        permit=permit(facts, risk),
        space=state_space(facts, risk),
        health=health(facts, risk),
        mode=None,
        paused="lunch, by ada",
        halts=("daily loss: too much",),
        profit_today=None,
        equity=None,
        hedges_today=2,
    )
    async with at_work(book) as accounting:
        sources = Sources(
            house=book,
            accounting=accounting,
            thoughts={BOOK: book.thoughts},
            outlooks={BOOK: Watch(outlook)},
            money="paper",
            pace=None,
        )
        (waiting,) = view_of(sources).books
        assert (waiting.holds, waiting.decision.about, waiting.spot) == ("", "waits", None)
        await book.think(600.0)
        book.buy_straddle()
        book.trade(SHARE, -7, "600.00")
        await book.think(601.0, after_s=60)
        view = view_of(sources)
        (seen,) = view.books
    assert (view.speed, view.link) == ("as fast as it can", "ready")
    assert seen.holds == "1 straddle SPY 2026-02-04 600, -7 shares"
    assert seen.spot == 601.0 and 29 < seen.days < 30
    assert seen.decision == Said("inside the band", "all is well")
    assert seen.earned.today.total == book.equity(601.0)
    assert seen.reasons[:2] == ("halt, daily loss: too much", "paused: lunch, by ada") and seen.lamp == "red"
    assert [each.about for each in seen.states] == list("ODMLES")
    assert all(each.words for each in seen.purposes)
    assert printed(view)
