"""A market from its spec, such as `gbm:sigma=0.25,implied=0.20,spot=600`; wherever a market is named, this reads it.

Generated: `gbm`, `heston`, `merton`, `regime`, assets joined by `;`. From files: `csv:PATH`, `parquet:PATH`,
`lean:FOLDER`, `rec:PATH`, each with parameters after the path if need be. Fed from outside: `push:start=2026-01-05`.
"""

import difflib
import os
import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import frozen

from gamma_scalper.domain.exits import UserError
from gamma_scalper.domain.settings import Key, keys_of, setting
from gamma_scalper.exchange.market import Market
from gamma_scalper.exchange.simulated.markets import Gbm, Generator, Heston, Merton, Regime
from gamma_scalper.exchange.simulated.parameters import MarketParameters, are_ex_dates, is_date, parse_ex_dates

if TYPE_CHECKING:
    from gamma_scalper.exchange.replay import Tape

GENERATED: dict[str, type[Gbm] | type[Heston] | type[Merton] | type[Regime]] = {
    "gbm": Gbm,
    "heston": Heston,
    "merton": Merton,
    "regime": Regime,
}
FILES = ("csv", "lean", "parquet", "rec")
_LEAN_FOLDER = "../shared/data/lean"
_PUSHED_FOR = timedelta(days=1_500)
_PARAMETER = re.compile(r"\s*[a-z_]+\s*=")
_WIDEST = 120


@frozen(kw_only=True)
class ReplayParameters:
    """How a file is played back."""

    step: float = setting(1.0, "from one tick to the next", unit="s", at_least=0.001, at_most=3_600)
    option_close_delay_min: int = setting(
        0, "minutes that options trade on after the shares' close", unit="min", at_least=0, at_most=60
    )
    dividends: str = setting(
        "",
        "cash per share by ex-date",
        form="ex-dates and amounts such as 2026-03-20:1.75+2026-06-18:1.80",
        check=are_ex_dates,
    )
    first: str = setting("", "the first day", form="an ISO date", check=lambda text: not text or is_date(text))
    last: str = setting("", "the last day, included", form="an ISO date", check=lambda text: not text or is_date(text))

    @property
    def asked_for(self) -> tuple[date | None, date | None]:
        first, last = (date.fromisoformat(day) if day else None for day in (self.first, self.last))
        return first, last


@frozen(kw_only=True)
class LeanParameters(ReplayParameters):
    """Which part of a LEAN folder is played back."""

    symbol: str = setting("", "the underlying; may be left out where there is one only")


@frozen(kw_only=True)
class PushParameters:
    """From when on quotes are fed in."""

    start: str = setting("", "the day of the first quote", form="an ISO date such as 2026-01-05", check=is_date)
    option_close_delay_min: int = setting(
        0, "minutes that options trade on after the shares' close", unit="min", at_least=0, at_most=60
    )


def market_from(spec: str, *, seed: int | None = None, lenient: bool = False) -> Market:
    """The market a spec names; `seed` counts where the spec says none, `lenient` is for files with mistakes.

    `gbm:symbol=SPY;heston:symbol=NVDA,spot=180` are two assets with independent paths.
    """
    kind, _, text = spec.strip().partition(":")
    if kind in GENERATED:
        return _simulated([part.strip() for part in spec.strip().rstrip(";").split(";")], seed)
    if kind in FILES:
        return _replayed(kind, text, lenient)
    if kind == "push":
        return _pushed(text)
    raise UserError(_unknown(repr(spec), f"there is no market {kind!r}", kind, (*GENERATED, *FILES, "push")))


def _simulated(parts: list[str], seed: int | None) -> Market:
    from gamma_scalper.exchange.simulated.market import SimulatedMarket

    shared: dict[str, Any] = {}
    made = [_generator(part, shared) for part in parts]
    if len({generator.symbol for _, generator in made}) < len(made):
        raise UserError(f"{';'.join(parts)}: two assets have one symbol; give each its own, as symbol=NVDA")
    if seed is not None and not MarketParameters.allows_seed(seed):
        raise UserError(f"seed = {seed} is not allowed; allowed: 0 to 2^63 - 1")
    parameters = MarketParameters(**({} if seed is None else {"seed": seed}) | shared)
    name = ";".join(f"{kind}:{_written(generator, parameters)}" for kind, generator in made)
    try:
        return SimulatedMarket(name, parameters, [generator for _, generator in made])
    except ValueError as error:
        raise UserError(f"{';'.join(parts)}: {error}") from error


def _generator(part: str, shared: dict[str, Any]) -> tuple[str, Generator]:
    """One asset; what is said of the whole market goes to `shared`."""
    kind, _, text = part.partition(":")
    if kind not in GENERATED:
        raise UserError(_unknown(repr(part), f"there is no asset {kind!r}", kind, GENERATED))
    given = _values(kind, text.split(","), GENERATED[kind], MarketParameters)
    for key in keys_of(MarketParameters):
        if key.path in given and shared.setdefault(key.path, given[key.path]) != given.pop(key.path):
            raise UserError(f"{part}: {key.path} is of the whole market, which has {shared[key.path]} already")
    try:
        return kind, GENERATED[kind](**given)
    except ValueError as error:
        raise UserError(f"{part}: {error}") from error


def _replayed(kind: str, text: str, lenient: bool) -> Market:
    from gamma_scalper.exchange.replay import Replayed

    pieces = text.split(",")
    place = next((i for i, piece in enumerate(pieces) if _PARAMETER.match(piece)), len(pieces))
    written_path = ",".join(pieces[:place]).strip()
    form = LeanParameters if kind == "lean" else ReplayParameters
    given = _values(kind, pieces[place:], form)
    parameters = form(**given)
    path = Path(written_path or (os.environ.get("LEAN_DATA") or _LEAN_FOLDER if kind == "lean" else ""))
    if not written_path and kind != "lean":
        raise UserError(f"{kind}: expected a path, as {kind}:quotes.{kind}")
    tape = _tape(kind, path, parameters, lenient)
    said = "".join(f",{key.path}={getattr(parameters, key.path)}" for key in keys_of(form) if key.path in given)
    dividends = ", ".join(f"{due.ex} {due.amount}" for due in parse_ex_dates(parameters.dividends))
    return Replayed(tape, f"{kind}:{path}{said}", step_s=parameters.step, dividends=dividends)


def _tape(kind: str, path: Path, parameters: ReplayParameters, lenient: bool) -> "Tape":
    from gamma_scalper.exchange.replay import read_csv, read_lean, read_parquet, read_rec

    delay = parameters.option_close_delay_min
    try:
        path.exists()
    except (OSError, ValueError) as error:  # longer than a name can be, or in a folder that nobody may look into
        why = error.strerror if isinstance(error, OSError) else error
        raise UserError(f"{kind}:{str(path)!r}: cannot be read ({why}); give a path that is there") from error
    if isinstance(parameters, LeanParameters):
        first, last = parameters.asked_for
        return read_lean(
            path, symbol=parameters.symbol or None, first=first, last=last, lenient=lenient,
            option_close_delay_min=delay,
        )  # fmt: skip
    read = {"csv": read_csv, "parquet": read_parquet, "rec": read_rec}[kind]
    return read(path, lenient=lenient, option_close_delay_min=delay, days=parameters.asked_for)


def _pushed(text: str) -> Market:
    from gamma_scalper.exchange.replay import Pushed, trading_hours

    given = _values("push", text.split(","), PushParameters)
    if "start" not in given:
        raise UserError("push: start is missing; give the day of the first quote, as push:start=2026-01-05")
    start, delay = date.fromisoformat(given["start"]), given.get("option_close_delay_min", 0)
    hours = trading_hours(start, start + _PUSHED_FOR, delay)
    begins = datetime.combine(start, time(0), UTC)
    return Pushed((), hours, begins, name=f"push:start={start},option_close_delay_min={delay}")


def _values(kind: str, pieces: Iterable[str], *forms: type) -> dict[str, Any]:
    """path -> value of each `name=value`, checked against the parameter classes."""
    keys = {_shown(key): key for form in forms for key in keys_of(form)}
    values: dict[str, Any] = {}
    for piece in filter(None, (piece.strip() for piece in pieces)):
        name, equals, written = (part.strip() for part in piece.partition("="))
        if name not in keys:
            what = name[:_WIDEST] or "name before ="
            raise UserError(_unknown(f"{kind}:{piece}"[:_WIDEST], f"there is no {what}", name, keys))
        if not equals or keys[name].path in values:
            raise UserError(f"{kind}:{piece}: expected {name}=VALUE, once")
        values[keys[name].path] = _value(f"{kind}:{piece}", keys[name], written)
    return values


def _value(origin: str, key: Key, written: str) -> Any:
    value: Any = written
    try:
        if key.type is int:
            value = int(written)
        elif key.type is not str:
            value = None if written == "none" and key.default is None else float(written)
        allowed = key.about.permits(value)
    except ValueError:
        allowed = False
    if not allowed:
        what = f"{origin[:_WIDEST]}: {_shown(key)} can't be {written[:_WIDEST]!r}"
        raise UserError(f"{what}; allowed: {key.allowed()} ({key.about.meaning})")
    return value


def _shown(key: Key) -> str:
    """As it is written in a spec; `yield` is no name in Python."""
    return key.path.rstrip("_")


def _unknown(origin: str, what: str, name: str, known: Iterable[str]) -> str:
    names = sorted(known)
    nearest = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    hint = f"did you mean {nearest[0]}? " if nearest else ""
    return f"{origin}: {what}; {hint}allowed: {', '.join(names)}"


def _written(generator: Generator, parameters: MarketParameters) -> str:
    """All parameters by name, as they came out."""
    found = {}
    for owner in (generator, parameters):
        for key in keys_of(type(owner)):
            value = getattr(owner, key.path)
            found[_shown(key)] = "none" if value is None else str(value)
    return ",".join(f"{name}={value}" for name, value in sorted(found.items()))
