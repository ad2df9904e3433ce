"""The command line: what a person can ask of the program."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from attrs import asdict, astuple
from rich.console import Console
from rich.table import Column, Table

from gamma_scalper import logs
from gamma_scalper.commands.backtest import commands as backtest_commands
from gamma_scalper.commands.calculator import Asked, calculate, market_of
from gamma_scalper.commands.history import commands as history_commands
from gamma_scalper.commands.inbox import commands as inbox_commands
from gamma_scalper.commands.journal import commands as journal_commands
from gamma_scalper.commands.manual import config_manual
from gamma_scalper.commands.scan import commands as scan_commands
from gamma_scalper.commands.speeds import parsed_speed
from gamma_scalper.commands.summary import commands as summary_commands
from gamma_scalper.commands.sweep import commands as sweep_commands
from gamma_scalper.commands.terminal import (
    BookOption,
    JsonOption,
    Loader,
    SetOption,
    TradedBookOption,
    load,
    plain,
    print_json,
    print_table,
    to_trade,
)
from gamma_scalper.commands.terminal import chosen as choose
from gamma_scalper.commands.verify import commands as verify_commands
from gamma_scalper.compiled_code import load_market_code
from gamma_scalper.domain.exits import UserError
from gamma_scalper.domain.instruments import Right
from gamma_scalper.domain.settings import Key, keys_of, value_at
from gamma_scalper.kernel import WallClock
from gamma_scalper.pipeline.book import BookParameters
from gamma_scalper.system import SIMULATED_ACCOUNT, Config, SystemParameters

app = typer.Typer(
    help="Buys at-the-money straddles at Interactive Brokers and keeps them delta-neutral with shares.\n\n"
    "Nothing real is at stake unless MODE=live. Settings come from --set, the environment, .env and books/*.toml, "
    "in this order; docs/config.md lists them all.\n\n"
    "Exit codes: 0 ok, 2 configuration, 3 broker unreachable, 4 halted by risk, 5 journal damaged, "
    "6 nothing tradable, 7 needs a person.",
    pretty_exceptions_enable=False,
    add_completion=False,
)
for each in (
    backtest_commands,
    history_commands,
    inbox_commands,
    journal_commands,
    scan_commands,
    summary_commands,
    sweep_commands,
    verify_commands,
):
    app.add_typer(each)


def main(load_config: Loader) -> None:
    """Run the command in `sys.argv`; a mistake of the user's ends with one line and the exit code it names."""
    try:
        app(obj=load_config)
    except UserError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)


@app.callback(invoke_without_command=True)
def trade(
    context: typer.Context,
    book: Annotated[
        list[str] | None,
        typer.Option("--book", metavar="NAME", help="Trade this book; give it again for more. Otherwise spy."),
    ] = None,
    mode: Annotated[str | None, typer.Option(help="paper or live; MODE otherwise.")] = None,
    spec: Annotated[
        str | None,
        typer.Option(
            "--market", metavar="SPEC", help="The offline market, as in the command market; MARKET otherwise."
        ),
    ] = None,
    speed: Annotated[
        str, typer.Option(metavar="N|max", help="The offline market: so many times as fast as the wall clock.")
    ] = "1",
    lasts: Annotated[
        str,
        typer.Option("--for", metavar="1d|2h|30m", help="End after so many sessions, or so much time of the market."),
    ] = "",
    seed: Annotated[int | None, typer.Option(help="All chance of the offline market is drawn from it.")] = None,
    start: Annotated[
        str,
        typer.Option(
            metavar="resume|fresh|adopt",
            help="Go on with what is held; close it and begin anew; or take over a straddle that is in the account.",
        ),
    ] = "resume",
    account: Annotated[
        str | None,
        typer.Option("--confirm-account", metavar="ID", help="Live mode: that of LIVE_ACCOUNT, again."),
    ] = None,
    record: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.rec", help="Write the session's quotes into a new file, to be replayed as rec:FILE."
        ),
    ] = None,
    set_: SetOption = None,
) -> None:
    """Without a command it trades: paper mode on the offline market, unless the settings say otherwise.

    main.py --speed 60                              a day in seven minutes

    main.py --book nvda --market "heston:symbol=NVDA,spot=180,sigma=0.4,implied=0.42" --speed 60

    main.py --for 1d --speed max --seed 7           a session as fast as it can be computed, the same on every run

    The offline account goes on from run to run; for another market or seed set STATE_DIR to another folder.
    """
    if context.invoked_subcommand is not None:
        sources = [context.get_parameter_source(name) for name in context.params]
        if any(source is not None and source.name == "COMMANDLINE" for source in sources):
            raise UserError(f"flags for {context.invoked_subcommand} come behind it, not before")
        return
    from gamma_scalper.commands.run import Asked, run

    if start not in ("resume", "fresh", "adopt"):
        raise UserError(f"--start {start}: allowed are resume, fresh and adopt")
    named = (("mode", mode), ("market", spec), ("seed", seed))
    overrides = [f"{key}={value}" for key, value in named if value is not None]
    loaded = load(context, [*overrides, *(set_ or ())])
    _confirm(loaded.system, account)
    asked = Asked(
        books=to_trade(loaded, book),
        speed=parsed_speed(speed, loaded.system),
        lasts=lasts,
        start=start,
        record=record,
    )
    raise typer.Exit(int(run(loaded, asked)))


def _confirm(system: SystemParameters, given: str | None) -> None:
    """Real money takes two confirmations: the account in `.env`, and a person who names it again."""
    from gamma_scalper.market_access import confirm_account

    def typed() -> str:
        return str(typer.prompt("Real money is at stake. Type the account to trade in", hide_input=True))

    if not confirm_account(system, given, typed if sys.stdin.isatty() else None):
        raise UserError("live mode: name the account of LIVE_ACCOUNT a second time, with --confirm-account ID")


@app.command()
def books(context: typer.Context, book: BookOption = None, set_: SetOption = None, as_json: JsonOption = False) -> None:
    """List the books: what each trades, by which strategy, within which limits.

    A book is a file in books/. Its limits are the settings that refuse an order or end its ring.
    """
    chosen = choose(load(context, set_), book)
    limits = [key for key in keys_of(BookParameters) if key.about.limit]
    if as_json:
        listed = [
            {
                "name": name,
                "strategy": parameters.strategy,
                "underlying": parameters.underlying.symbol,
                "fees": parameters.fees.schedule,
                "limits": {key.path: plain(value_at(parameters, key.path)) for key in limits},
            }
            for name, parameters in chosen.items()
        ]
        print_json("books/1", {"books": listed})
        return
    table = Table("book", "strategy", "underlying", "fees", "limits")
    for name, parameters in chosen.items():
        shown = "\n".join(f"{key.path} {value_at(parameters, key.path)}" for key in limits)
        table.add_row(name, parameters.strategy, parameters.underlying.symbol, parameters.fees.schedule, shown)
    print_table(table)


@app.command()
def config(
    context: typer.Context,
    book: BookOption = None,
    set_: SetOption = None,
    as_json: JsonOption = False,
    manual: Annotated[bool, typer.Option("--manual", help="Explain every setting, as in docs/config.md.")] = False,
) -> None:
    """Show the settings in force and where each was set.

    The last column names the file, the environment, --set, or says default. Private values are not shown.
    """
    if manual:
        typer.echo(config_manual(), nl=False)
        return
    loaded = load(context, set_)
    rows: list[tuple[str, Key, object]] = [("", key, loaded.system) for key in keys_of(SystemParameters)]
    rows += [(name, key, found) for name, found in choose(loaded, book).items() for key in keys_of(BookParameters)]
    if as_json:
        settings = [
            {
                "book": name or None,
                "key": key.path,
                "value": _public(key, parameters),
                "unit": key.about.unit or None,
                "origin": _origin(loaded, name, key),
            }
            for name, key, parameters in rows
        ]
        print_json("config/1", {"settings": settings})
        return
    table = Table("book", Column("key", overflow="fold"), Column("value", overflow="fold"), "unit", "set in")
    for name, key, parameters in rows:
        table.add_row(name, key.path, str(_public(key, parameters)), key.about.unit, _origin(loaded, name, key))
    print_table(table)


@app.command()
def price(
    context: typer.Context,
    spot: Annotated[float, typer.Option(help="Price of the share, $.")],
    strike: Annotated[float, typer.Option(help="Strike, $.")],
    days: Annotated[float, typer.Option(help="Days to expiry, with decimals for hours.")],
    vol_pct: Annotated[float | None, typer.Option(help="Volatility a year, %.")] = None,
    quoted: Annotated[
        float | None, typer.Option("--price", help="Or what it costs, $: its volatility is told.")
    ] = None,
    right: Annotated[Right, typer.Option(help="A call or a put.", case_sensitive=False)] = "C",
    european: Annotated[bool, typer.Option("--european", help="Exercised at expiry only, as on an index.")] = False,
    book: Annotated[
        list[str] | None, typer.Option("--book", metavar="NAME", help="Whose rates and dividends; otherwise spy's.")
    ] = None,
    set_: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Price one option on every model, with its Greeks: what the book's rates, yield and dividends make of it.

    Theta is per calendar day, vega per percent of volatility.
    """
    chosen = to_trade(load(context, set_), book)
    if len(chosen) > 1:
        raise UserError(f"price: whose rates and dividends? Name one book with --book: {', '.join(chosen)}")
    ((name, parameters),) = chosen.items()
    asked, now = Asked(right, strike, european, spot, days, vol_pct, quoted), WallClock().now()
    rows = calculate(parameters.pricing, asked, now)
    inputs = market_of(parameters.pricing, asked, now)
    if as_json:
        print_json("price/1", {"book": name, "inputs": asdict(inputs), "models": [asdict(row) for row in rows]})
        return
    due = ", ".join(f"${amount:g} in {years * 365:.1f} days" for years, amount in inputs.dividends) or "none"
    about = f"book {name}: rate {inputs.rate:.3%}, yield {inputs.dividend_yield:.3%}, cash dividends {due}"
    table = Table("model", "volatility", "price", "delta", "gamma", "theta", "vega", "", caption=about)
    for row in rows:
        shown = "" if row.greeks is None else "{:.4f} {:.5f} {:.6f} {:.4f} {:.4f}".format(*astuple(row.greeks))
        vol = "" if row.vol_pct is None else f"{row.vol_pct:.4f} %"
        table.add_row(row.model, vol, *(shown.split() or [""] * 5), row.refused)
    print_table(table)


@app.command()
def market(
    spec: Annotated[
        str,
        typer.Option(
            "--market",
            metavar="SPEC",
            help="Made up: gbm, heston, merton or regime; from a file: csv:PATH, parquet:PATH, lean:FOLDER, rec:PATH; "
            "each with parameters, as gbm:sigma=0.25,implied=0.2,spot=600. Several assets are joined by a semicolon.",
        ),
    ] = "heston:",
    seed: Annotated[int | None, typer.Option(help="All chance is drawn from it, unless the market says one.")] = None,
    plot: Annotated[Path | None, typer.Option(metavar="FILE", help="Draw it: out.png or out.svg.")] = None,
    days: Annotated[int, typer.Option(help="So many sessions, from the market's first.")] = 1,
    lenient: Annotated[bool, typer.Option("--lenient", help="Skip and count a file's bad rows.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show a day of a market: its price, realised against implied volatility, its options and their spreads.

    Of several assets it shows the first. A file's rows are accounted for: used, or rejected and why.

    main.py market --market "heston:sigma=0.3,implied=0.35,symbol=NVDA,spot=180" --plot out.png

    main.py market --market "merton:jumps=20,jump_mean=-0.03" --seed 7 --days 5

    main.py market --market "lean:../shared/data/lean,step=60" --json
    """
    from gamma_scalper.commands.market_picture import facts, look_at

    day = look_at(spec, seed=seed, sessions=days, lenient=lenient, plot=plot)
    if as_json:
        typer.echo(json.dumps(day.as_json(), indent=2))
        return
    table = Table(Column("", style="bold"), Column("", overflow="fold"), show_header=False)
    for what, told in facts(day):
        table.add_row(what, told)
    if plot is not None:
        table.add_row("picture", str(plot))
    print_table(table)


@app.command()
def gateway(
    context: typer.Context,
    port: Annotated[int, typer.Option(help="TCP port on this machine; 0: any that is free.")] = 7497,
    spec: Annotated[
        str | None, typer.Option("--market", metavar="SPEC", help="As in the command market; MARKET otherwise.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="All chance is drawn from it; SEED otherwise.")] = None,
    speed: Annotated[float, typer.Option(help="So many times as fast as the wall clock.")] = 1.0,
    faults: Annotated[Path | None, typer.Option(metavar="FILE", help="What goes wrong, and when: a TOML file.")] = None,
    account: Annotated[
        list[str] | None, typer.Option("--account", metavar="ID", help="An account; give it again for more.")
    ] = None,
    cash: Annotated[int | None, typer.Option(help="What each account starts with, $; PAPER_CASH otherwise.")] = None,
    past: Annotated[int, typer.Option(help="Sessions that a generated market has behind it when it opens.")] = 5,
    data: Annotated[str, typer.Option(help="Market data that clients have paid for: live, delayed or none.")] = "live",
    set_: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Serve an offline market to any IB client: TWS's protocol on this machine, until Ctrl+C.

    Point ib_insync, ib_async or the official API at 127.0.0.1 and the port; docs/gateway.md says what is served.

    main.py gateway --port 7497 --market "heston:sigma=0.3,symbol=NVDA,spot=180" --speed 60

    main.py gateway --market "lean:../shared/data/lean" --faults faults.toml
    """
    from gamma_scalper.commands.serving import Listening, Served, serve

    system = load(context, set_).system

    def told(now: Listening) -> None:
        if as_json:
            typer.echo(json.dumps({"schema": "gateway/1"} | asdict(now), default=str))
            return
        typer.echo(
            f"{', '.join(now.symbols)} on 127.0.0.1:{now.port}, account {', '.join(now.accounts)}; Ctrl+C ends it"
        )
        typer.echo(f"the market's time is {now.begins:%a %Y-%m-%d %H:%M:%S} UTC, {speed:g} x the wall clock")

    logs.configure(WallClock(), system.log_level)
    asked = Served(
        market=system.market if spec is None else spec,
        seed=system.seed if seed is None else seed,
        port=port,
        speed=speed,
        accounts=account or [SIMULATED_ACCOUNT],
        cash=system.paper_cash if cash is None else cash,
        past_sessions=past,
        faults=faults,
        data=data,
        venue=system.venue,
    )
    load_market_code()
    asyncio.run(serve(asked, told))


@app.command()
def doctor(
    context: typer.Context,
    book: TradedBookOption = None,
    set_: SetOption = None,
    as_json: JsonOption = False,
    confirm_account: Annotated[
        str | None,
        typer.Option(
            "--confirm-account", metavar="ID", help="Live mode: the account of LIVE_ACCOUNT, to ask it for a what-if."
        ),
    ] = None,
) -> None:
    """Check everything trading needs, against the GATEWAY that is configured; the worst finding is the exit code.

    Connection, account, clock, contracts, calendar, market data, lines, what-if, state folder. Nothing is traded; in
    live mode the connection is read-only unless the account is confirmed.
    """
    from gamma_scalper.commands.doctor import Finding, Verdict, examine, worst

    loaded = load(context, set_)
    chosen = to_trade(loaded, book)
    logs.configure(WallClock(), "ERROR" if loaded.system.log_level == "INFO" else loaded.system.log_level,
                   secrets=loaded.secrets())  # fmt: skip
    console = Console(stderr=True)
    with console.status("looking") as status:

        def look(finding: Finding) -> None:
            status.update(f"{finding.check}: {finding.verdict.name.lower()}")

        if loaded.system.gateway == "embedded":
            load_market_code()
        findings = examine(loaded.system, chosen, confirm_account, look)
    code = worst(findings)
    if as_json:
        rows = [asdict(each) | {"verdict": each.verdict.name.lower()} for each in findings]
        print_json("doctor/1", {"findings": rows, "exit_code": int(code)})
    else:
        table = Table("check", "", Column("found", overflow="fold"), Column("what to do", overflow="fold"))
        marks = {Verdict.GOOD: "ok", Verdict.NOT_ASKED: "-", Verdict.WARNING: "!", Verdict.PROBLEM: "PROBLEM"}
        for each in findings:
            table.add_row(each.check, marks[each.verdict], each.found, each.remedy)
        print_table(table)
    raise typer.Exit(int(code))


def _origin(config: Config, book: str, key: Key) -> str:
    return config.origins[f"{book}:{key.path}" if book else key.path]


def _public(key: Key, parameters: object) -> Any:
    value = value_at(parameters, key.path)
    return key.about.shown(value) if key.about.private and value else plain(value)
