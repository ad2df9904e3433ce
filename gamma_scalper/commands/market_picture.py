"""A day of a market for a person to judge: drawn in six panels, or told in a few lines; the command `market`."""

import math
import os
import textwrap
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from rich.console import Console

from gamma_scalper.commands.market_day import WINDOW, MarketDay, Smile, describe
from gamma_scalper.domain.exits import UserError
from gamma_scalper.exchange.simulated.option_quotes import load_kernel
from gamma_scalper.exchange.specs import market_from
from gamma_scalper.pricing.warm_up import WarmUp

Floats = npt.NDArray[np.float64]

_FORMATS = (".png", ".svg")
_MOST_SESSIONS = 252
_NAME_WIDTH, _TITLE_WIDTH = 90, 120


def look_at(spec: str, *, seed: int | None, sessions: int, lenient: bool, plot: Path | None) -> MarketDay:
    """Walk a market through its first sessions, and draw it if asked to; what it is busy with goes to stderr."""
    if not 1 <= sessions <= _MOST_SESSIONS:
        raise UserError(f"market: --days {sessions} is not allowed; allowed: 1 to {_MOST_SESSIONS}")
    if plot is not None:
        _check(plot)
    with Console(stderr=True).status("reading the market ...") as status:
        market = market_from(spec, seed=seed, lenient=lenient)
        warm_up = WarmUp(also=[load_kernel])
        while warm_up.wait(0.05) == "loading":
            pass
        if warm_up.state == "compiling":
            status.update("compiling the lattice for this processor, once after set-up or an update ...")
            warm_up.wait()
        day = describe(market, sessions, lambda day: status.update(f"walking through {day:%a %d %b %Y} ..."))
        if plot is not None:
            status.update(f"drawing {plot} ...")
            draw(day, plot)
    return day


def _check(plot: Path) -> None:
    """Before any work is done for it."""
    if plot.suffix not in _FORMATS:
        raise UserError(f"{plot}: a picture's name ends in {' or '.join(_FORMATS)}")
    if plot.is_dir():
        raise UserError(f"{plot}: is a folder; name a file in it")
    if not plot.absolute().parent.is_dir():
        raise UserError(f"{plot}: there is no folder {plot.parent}")
    if not os.access(plot if plot.exists() else plot.absolute().parent, os.W_OK):
        raise UserError(f"{plot}: can't be written: permission denied")


def facts(day: MarketDay) -> list[tuple[str, str]]:
    """What there is to say, a line each; figures that nobody knows are left out."""
    begins, ends = (moment.astimezone(day.zone) for moment in (day.times[0], day.times[-1]))
    written = [
        ("{sessions:.0f}, " + f"{begins:%a %d %b %Y %H:%M} to {ends:%a %d %b %Y %H:%M %Z}", "sessions"),
        ("open {open:,.2f}, high {high:,.2f}, low {low:,.2f}, close {close:,.2f}", "price, $"),
        ("{gap_pct:+.2f} % from the close before", "overnight gap"),
        ("{realised_vol:.1%} a year of trading hours", "realised volatility"),
        ("{implied_vol_30d:.1%} a year at the money, about 30 days", "implied volatility"),
        ("{contracts:,.0f} options of {expiries:.0f} expiries", "listed"),
        ("${straddle_price:,.2f} at {straddle_strike:g}, {straddle_days:.1f} days", "straddle at the money"),
        ("${straddle_spread:.2f}, bid to ask", "its spread"),
        ("{spread_at_the_money_cents:.1f} cents, bid to ask", "an option's at the money"),
        ("{largest_move_in_a_tick_pct:.3f} % in a tick", "largest move"),
    ]
    known = {name: figure for name, figure in day.statistics.items() if math.isfinite(figure)}
    name = "\n".join(textwrap.wrap(day.name.replace(",", ", "), _NAME_WIDTH))
    said = [("market", name), ("underlying", day.symbol)]
    for text, what in written:
        try:
            said.append((what, text.format_map(known)))
        except KeyError:
            said.append((what, "not known"))
    if day.tape is not None:
        account = day.tape.account
        said += [("rows of the file", f"{account.rows:,}"), ("used", f"{account.used:,}")]
        said += [("rejected", f"{count:,}: {reason}") for reason, count in sorted(account.rejected.items())]
        said += [("files skipped", f"{count:,}: {reason}") for reason, count in sorted(account.skipped.items())]
        said += [("notice", notice) for notice in day.tape.notices]
    return said


def draw(day: MarketDay, path: Path) -> None:
    """Six panels in a file; its ending says the format."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    _check(path)
    try:
        file = path.open("wb")
    except OSError as error:
        raise UserError(f"{path}: can't be written: {error.strerror}") from error
    with file, matplotlib.rc_context({"font.size": 12, "axes.grid": True, "grid.alpha": 0.3, "svg.hashsalt": day.name}):
        figure, panels = pyplot.subplots(3, 2, figsize=(13, 15.5), constrained_layout=True)
        for panel, paint in zip(
            panels.flat, (_spot_panel, _vol_panel, _smile_panel, _term_panel, _half_panel, _spread_panel), strict=True
        ):
            paint(panel, day)
        figure.suptitle(_title(day), fontsize=13)
        kind = path.suffix[1:]
        figure.savefig(file, format=kind, dpi=110, metadata={"Date": None} if kind == "svg" else None)
        pyplot.close(figure)


def _title(day: MarketDay) -> str:
    found = day.statistics
    facts = [
        f"{day.symbol}, {day.times[0].astimezone(day.zone):%a %d %b %Y}",
        f"{found['sessions']:.0f} sessions" if found["sessions"] > 1 else "one session",
        f"realised {100 * found['realised_vol']:.1f}%",
        f"implied {100 * found['implied_vol_30d']:.1f}%",
        f"range {found['low']:.2f} to {found['high']:.2f}",
    ]
    name = textwrap.wrap(day.name.replace(",", ", "), _TITLE_WIDTH)
    return "\n".join(["   ".join(facts), *name[:4]])


def _by_hours(panel: Any, day: MarketDay) -> tuple[Floats, list[int]]:
    """Hours of trading, sessions joined, as the horizontal axis; and where sessions end."""
    seconds = np.array([moment.timestamp() for moment in day.times])
    ends = [*day.opens[1:], seconds.size]
    hours, passed = np.empty(seconds.size), 0.0
    for begin, end in zip(day.opens, ends, strict=True):
        hours[begin:end] = passed + (seconds[begin:end] - seconds[begin]) / 3600
        passed = float(hours[end - 1])
        panel.axvline(passed, color="grey", alpha=0.4, linewidth=0.8)
    if len(day.opens) == 1:
        clock = day.times[0].astimezone(day.zone)
        marks = np.arange(0.5 if clock.minute == 30 else 0.0, passed + 0.01, 1.0)
        panel.set_xticks(marks, [f"{clock + timedelta(hours=float(mark)):%H}" for mark in marks])
        panel.set_xlabel(f"hour of the day ({clock.tzname()})")
    else:
        panel.set_xlabel("hours of trading, sessions joined")
    return hours, ends


def _spot_panel(panel: Any, day: MarketDay) -> None:
    hours, ends = _by_hours(panel, day)
    for begin, end, gap in zip(day.opens, ends, day.gaps_pct, strict=True):
        panel.plot(hours[begin:end], day.spots[begin:end], linewidth=0.9, color="tab:blue")
        if math.isfinite(gap):
            before = day.spots[begin] / (1 + gap / 100)
            panel.plot([hours[begin]] * 2, [before, day.spots[begin]], color="tab:red", linewidth=2.5)
            panel.plot(hours[begin], before, "o", color="tab:red", markersize=6)
    gaps = ", ".join(f"{gap:+.2f}%" for gap in day.gaps_pct[:4] if math.isfinite(gap))
    panel.set_title(f"Price; from the close before, in red: {gaps}" if gaps else "Price")
    panel.set_ylabel("$")


def _vol_panel(panel: Any, day: MarketDay) -> None:
    hours, ends = _by_hours(panel, day)
    at = np.interp([one.timestamp() for one in day.implied_times], [one.timestamp() for one in day.times], hours)
    for begin, end in zip(day.opens, ends, strict=True):
        first = begin == 0
        panel.plot(hours[begin:end], 100 * day.realised[begin:end], color="tab:orange", linewidth=0.9,
                   label="realised, last half hour" if first else None)  # fmt: skip
        if day.instantaneous is not None:
            panel.plot(hours[begin:end], 100 * day.instantaneous[begin:end], color="tab:green", linewidth=1.2,
                       label="of the process now" if first else None)  # fmt: skip
    panel.plot(at, 100 * day.implied, "o-", color="tab:blue", markersize=3, label="implied, 30 days")
    usual, most = 100 * np.nanmax(day.implied, initial=0.01), 100 * np.nanmax(day.realised, initial=0.0)
    cut = most > 4 * usual
    panel.set_ylim(bottom=0, top=4 * usual if cut else None)
    panel.set_ylabel("volatility, % a year")
    panel.set_title("Realised and implied volatility" + (f" (highest: {most:.0f}%)" if cut else ""))
    panel.legend(fontsize=10)


def _days(smile: Smile) -> str:
    return f"{smile.days:.1f} days" if smile.days < 5 else f"{smile.days:.0f} days"


def _smile_panel(panel: Any, day: MarketDay) -> None:
    for i, smile in enumerate(day.smiles):
        mid, half = (smile.bid_vol + smile.ask_vol) / 2, (smile.ask_vol - smile.bid_vol) / 2
        known = np.isfinite(mid) & (half < 0.25 * mid)
        panel.errorbar(
            smile.distance_pct[known], 100 * mid[known], yerr=100 * half[known],
            color=f"C{i}", linewidth=1, markersize=2, fmt="o-", capsize=0, label=_days(smile),
        )  # fmt: skip
    panel.set_xlabel("strike from spot, %")
    panel.set_ylabel("implied volatility, % a year")
    panel.set_title("Smile at mid-session, bars from bid to ask")
    panel.legend(fontsize=10)


def _term_panel(panel: Any, day: MarketDay) -> None:
    panel.plot([days for days, _ in day.term], [100 * vol for _, vol in day.term], "o-", markersize=4)
    panel.set_xscale("log")
    marks = [mark for mark in (1, 2, 5, 10, 30, 90, 180, 365) if day.term and mark <= 1.3 * day.term[-1][0]]
    panel.set_xticks(marks, [str(mark) for mark in marks])
    panel.minorticks_off()
    low, high = panel.get_ylim()
    panel.set_ylim(min(low, 0.9 * low), high * 1.1)
    panel.set_xlabel("days to expiry")
    panel.set_ylabel("implied volatility, % a year")
    panel.set_title("Term structure at the money")


def _half_panel(panel: Any, day: MarketDay) -> None:
    clock = day.times[0].astimezone(day.zone)
    panel.bar(np.arange(day.halves.size) + 0.5, 100 * day.halves, width=0.85, color="tab:orange")
    marks = np.arange(0, day.halves.size + 1, 2)
    panel.set_xticks(marks, [f"{clock + int(mark) * WINDOW:%H:%M}" for mark in marks])
    panel.tick_params(axis="x", labelrotation=45)
    panel.set_ylabel("volatility, % a year of trading hours")
    panel.set_title("Realised volatility by half hour")


def _spread_panel(panel: Any, day: MarketDay) -> None:
    for i, smile in enumerate(day.smiles):
        panel.plot(smile.distance_pct, 100 * smile.spread, "o-", markersize=2.5, linewidth=0.8, color=f"C{i}",
                   label=_days(smile))  # fmt: skip
    panel.set_yscale("log")
    marks = (1, 2, 5, 10, 20, 50, 100, 200, 500)
    low, high = panel.get_ylim()
    shown = [mark for mark in marks if 0.7 * low <= mark <= 1.4 * high]
    panel.set_yticks(shown, [str(mark) for mark in shown])
    panel.minorticks_off()
    panel.set_xlabel("strike from spot, %")
    panel.set_ylabel("spread, cents a share")
    panel.set_title("Option spreads, out of the money")
    panel.legend(fontsize=10)
