"""A session's quotes into a file, without trading: what the command `record` does."""

from datetime import datetime
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from gamma_scalper import logs
from gamma_scalper.backtest.history.recording_session import Length, Recorded, RecordingSession
from gamma_scalper.commands.run import UNITS, parsed_duration
from gamma_scalper.commands.speeds import parsed_speed
from gamma_scalper.commands.terminal import print_json, shown_path, to_trade
from gamma_scalper.compiled_code import load_compiled_code, load_market_code
from gamma_scalper.domain.exits import ExitCode, UserError
from gamma_scalper.domain.ports import Broker, Refused, Unanswered
from gamma_scalper.exchange.replay import Recorder
from gamma_scalper.kernel import Clock, WallClock
from gamma_scalper.market_access import with_broker
from gamma_scalper.pipeline.book import BookParameters
from gamma_scalper.system import Config, SystemParameters


def recorded(
    loaded: Config, book: str, lasts: str, to: Path | None, straddles: int, speed: str, *, as_json: bool
) -> None:
    """Record until it is over or Ctrl+C, and say what there is."""
    system = loaded.system
    parameters = next(iter(to_trade(loaded, [book] if book else None).values()))
    length, pace = _length(lasts), parsed_speed(speed, system)
    level = "WARNING" if system.log_level == "INFO" else system.log_level
    logs.configure(WallClock(), level, secrets=loaded.secrets())
    load_market_code() if system.gateway == "embedded" else load_compiled_code()
    held: list[tuple[Path, RecordingSession]] = []

    async def use(broker: Broker, clock: Clock) -> None:
        path = to or _new_path(system, parameters, clock.now())
        with Recorder(path) as recorder, _Bar(path) as bar:
            await broker.start()
            session = RecordingSession(broker, recorder, clock, parameters, straddles, length)
            held.append((path, session))
            try:
                stock = await broker.catalogue.stock(parameters.underlying.symbol, parameters.underlying.currency)
            except (Refused, Unanswered) as error:
                raise UserError(f"book {parameters.name}: {error}", ExitCode.NOTHING_TRADABLE) from error
            await session.run(stock, bar.told)

    try:
        with_broker(system, use, reads_only=True, pace=pace)
    except KeyboardInterrupt:
        if not held:
            raise
    path, session = held[0]
    if session.recorded.failure:
        raise UserError(f"{path}: the recording ended before its time: {session.recorded.failure}; make room")
    _show(path, session.recorded, as_json=as_json)


def _length(lasts: str) -> Length:
    count, unit = parsed_duration(lasts) or (0, "s")
    return Length(sessions=count) if unit == "d" else Length(seconds=count * UNITS[unit])


def _new_path(system: SystemParameters, book: BookParameters, now: datetime) -> Path:
    folder = system.state_dir / "history" / "recordings"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{folder}: cannot be made ({error.strerror}); name a file with --to") from error
    return folder / f"{book.name}-{now:%Y-%m-%dT%H%M%S}Z.rec"


class _Bar:
    """On the error stream: the market's time, and how much was written down."""

    def __init__(self, path: Path) -> None:
        console = Console(stderr=True)
        columns = TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn()
        self._progress = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._task = self._progress.add_task(f"recording into {path.name}", total=None)

    def __enter__(self) -> "_Bar":
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def told(self, far: Recorded) -> None:
        total = None if far.ends is None else (far.ends - far.began).total_seconds()
        said = f"{far.now:%a %H:%M:%S} UTC, {far.quotes:,} quotes of {len(far.contracts)} contracts"
        done = (far.now - far.began).total_seconds()
        self._progress.update(self._task, completed=done, total=total, description=said)


def _show(path: Path, far: Recorded, *, as_json: bool) -> None:
    if as_json:
        told = {"began": far.began.isoformat(), "ended": far.now.isoformat(), "quotes": far.quotes}
        print_json("record/1", {"file": str(path), "contracts": len(far.contracts)} | told)
        return
    name = shown_path(path)
    typer.echo(
        f"{name}: {far.quotes:,} quotes of {len(far.contracts)} contracts, "
        f"{far.began:%a %Y-%m-%d %H:%M:%S} to {far.now:%H:%M:%S} UTC"
    )
    typer.echo(f"to play it: --market rec:{name}; to keep it by day: main.py history import rec:{name}")
