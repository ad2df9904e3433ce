"""Past prices from the broker into the store: what the command `history download` does."""

import json
import re
from datetime import date

import typer
from attrs import asdict
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Column, Table

from gamma_scalper import logs
from gamma_scalper.backtest.history.choosing import NearTheMoney, near_on
from gamma_scalper.backtest.history.downloading import Asked, Download, DownloadedDay
from gamma_scalper.backtest.history.downloading import Progress as Far
from gamma_scalper.backtest.history.store import HistoryStore
from gamma_scalper.commands.history_files import store_of, writing
from gamma_scalper.commands.terminal import chosen, print_json, print_table, shown_path
from gamma_scalper.compiled_code import load_market_code
from gamma_scalper.domain.exits import UserError
from gamma_scalper.domain.ports import Broker, Refused
from gamma_scalper.exchange.market import Market
from gamma_scalper.kernel import Clock, WallClock
from gamma_scalper.market_access import with_broker
from gamma_scalper.paper_account import OfflinePast
from gamma_scalper.system import Config

_STRIKES, _EXPIRIES = 5, 2
_OFFLINE_SESSIONS = 5  # that the embedded market has behind it


def wanted(
    loaded: Config, *, symbol: str, book: str, days: tuple[date | None, date | None], what: str, prices: str,
    options: bool, strikes: int, expiries: int, sizes: str, overwrite: bool,
) -> Asked:  # fmt: skip
    """What the flags mean; raises `UserError` for what they can't."""
    parameters = chosen(loaded, [book])[book] if book else None
    name = symbol or (parameters.underlying.symbol if parameters else "")
    if not name:
        raise UserError("whose past? Name a symbol with --symbol, or a book with --book")
    if what not in ("quotes", "bars"):
        raise UserError(f"--what {what}: allowed are quotes and bars")
    if prices not in ("close", "mean"):
        raise UserError(f"--prices {prices}: allowed are close and mean")
    near = None
    if options or strikes or expiries:
        window = {} if parameters is None else _window(parameters.risk.structure)
        near = NearTheMoney(strikes=strikes or _STRIKES, expiries=expiries or _EXPIRIES, **window)
    first, last = days
    assert first is not None and last is not None
    return Asked(
        symbol=name, first=first, last=last, kind="bars" if what == "bars" else "quotes",
        prices="mean" if prices == "mean" else "close", near=near, sizes=_sizes(sizes), overwrite=overwrite,
        option_close_delay_min=0 if parameters is None else parameters.session.option_close_delay_min,
    )  # fmt: skip


def _window(structure: object) -> dict[str, int]:
    return {name: getattr(structure, name) for name in ("min_dte", "max_dte")}


def _sizes(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"([1-9][0-9]{0,8}),([1-9][0-9]{0,8})", text)
    if found is None:
        raise UserError(f"--sizes {text}: write shares and contracts as 1000,10")
    return int(found[1]), int(found[2])


def downloaded(loaded: Config, asked: Asked, *, as_json: bool) -> None:
    """Fetch it, and say what came of it; Ctrl+C keeps every day that is whole."""
    system = loaded.system
    level = "ERROR" if system.log_level == "INFO" else system.log_level
    logs.configure(WallClock(), level, secrets=loaded.secrets())
    store = store_of(system)
    lock = writing(store)
    if system.gateway == "embedded":
        load_market_code()
    far = _Bars()
    held: list[Download] = []

    async def use(broker: Broker, clock: Clock) -> None:
        await broker.start()
        held.append(Download(broker, clock, store, asked, far.told))
        try:
            await held[0].run()
        except Refused as error:
            raise UserError(f"{asked.symbol}: {error}; name another with --symbol") from error

    def also(market: Market) -> list[int]:
        return [] if asked.near is None else near_on(market, asked.symbol, asked.near)

    try:
        with far:
            with_broker(system, use, reads_only=True, pace=None, past=OfflinePast(_OFFLINE_SESSIONS, also))
    except KeyboardInterrupt:
        whole = sum(each.what in ("stored", "there already") for each in held[0].done) if held else 0
        typer.echo(f"stopped: {whole} days are whole; the same command goes on from there", err=True)
        raise
    finally:
        lock.release()
    _show(store, asked, held[0].done, as_json=as_json)


class _Bars:
    """Two bars on the error stream: days, and the contracts of the day."""

    def __init__(self) -> None:
        console = Console(stderr=True)
        columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
        self._progress = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._days = self._progress.add_task("days", total=None)
        self._contracts = self._progress.add_task("contracts", total=None)

    def __enter__(self) -> "_Bars":
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def told(self, far: Far) -> None:
        part = far.contracts_done / max(far.contracts, 1)
        self._progress.update(self._days, completed=far.days_done + part, total=far.days)
        self._progress.update(
            self._contracts, completed=far.contracts_done, total=far.contracts, description=f"{far.day}"
        )


def _show(store: HistoryStore, asked: Asked, done: list[DownloadedDay], *, as_json: bool) -> None:
    if as_json:
        print_json(
            "history_download/1", {"symbol": asked.symbol, "what": asked.kind, "days": [_plain(e) for e in done]}
        )
        return
    numbers = [Column(name, justify="right") for name in ("rows", "contracts", "without data")]
    table = Table("day", "", *numbers, "wrong")
    for each in done:
        seen = each.seen
        cells = ("", "") if seen is None else (f"{seen.rows:,}", f"{seen.contracts:,}")
        wrong = "" if seen is None else "; ".join(seen.faults) or "-"
        table.add_row(str(each.day), each.what, *cells, str(len(each.without) or ""), wrong)
    print_table(table)
    got = [each for each in done if each.what in ("stored", "there already")]
    typer.echo(f"{asked.symbol}: {len(got)} of {len(done)} sessions are there")
    if got and asked.kind == "quotes":
        typer.echo(f"to play them: --market parquet:{shown_path(store.folder('quotes', asked.symbol))}")


def _plain(done: DownloadedDay) -> dict[str, object]:
    seen = done.seen
    told: dict[str, object] = {"day": str(done.day), "what": done.what, "without": len(done.without)}
    if seen is not None:
        told |= json.loads(json.dumps(asdict(seen), default=lambda each: each.isoformat()))
        told |= {"missing_min": seen.missing_min, "faults": list(seen.faults)}
    return told
