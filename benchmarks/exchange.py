"""The exchange: quotes, orders and requotes a second, the longest slice, and what a week keeps in memory.

    uv run python benchmarks/exchange.py [--json] [--hours 102]

Next to each figure stands a baseline of the same process: the bare making of the values that no exchange can do
without. Processor time is measured, so that other programs trouble it less.
"""

import gc
import resource
import statistics
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from time import process_time

from measure import Measured, arguments, report
from rich.console import Console
from rich.progress import track

from gamma_scalper.domain.fees import Bill
from gamma_scalper.domain.instruments import Stock
from gamma_scalper.domain.orders import Side
from gamma_scalper.domain.quotes import Quote
from gamma_scalper.exchange.engine import Engine
from gamma_scalper.exchange.parameters import FRICTIONLESS, ExchangeParameters
from gamma_scalper.exchange.replay import Pushed, trading_hours
from gamma_scalper.exchange.specs import market_from
from gamma_scalper.exchange.tickets import Look, Place, Tick, Ticket

SPEC = "heston:sigma=0.2,implied=0.22,spot=600"
SPY = 1001
LINES = 200
ROUNDS = 15


def main() -> None:
    asked = arguments("The exchange's speed and memory.", hours="hours of 200 lines for the memory (a week: 102)")
    console = Console(stderr=True)
    parts: list[Callable[[], list[Measured]]] = [quotes, orders, requotes, lambda: week(asked.hours)]
    rows = []
    for part in track(parts, "measuring", console=console, disable=asked.json, transient=True):
        rows += part()
    report("benchmark.exchange/1", rows, as_json=asked.json)


def _row(
    what: str, figure: float, baseline: float, unit: str, target: str, ok: bool, p99: float | None = None
) -> Measured:
    return Measured(what, figure, baseline, unit, target, figure / baseline, ok, p99)


def quotes() -> list[Measured]:
    """Quotes from outside on 200 lines; the baseline makes as many quotes and does nothing with them."""
    start = market_from(SPEC, seed=1).now
    shares = [Stock(con_id=i, symbol=f"S{i}") for i in range(1, LINES + 1)]
    engine = Engine(Pushed(shares, trading_hours(start.date(), start.date()), start))
    number, now, ours, bare = 0, start, [], []
    for _ in range(ROUNDS):
        now += timedelta(seconds=1)
        begin = process_time()
        made = [
            Quote(
                con_id=1 + i % LINES,
                snapshot_id=number + i,
                bid=99.99 + i % 7,
                ask=100.01 + i % 7,
                bid_size=100,
                ask_size=200,
                received_at=now,
            )
            for i in range(20_000)
        ]
        bare.append(len(made) / (process_time() - begin))
        number += len(made)
        begin = process_time()
        for quote in made:
            engine.on(quote, now)
        ours.append(len(made) / (process_time() - begin))
    figure, baseline = statistics.median(ours), statistics.median(bare)
    return [_row("quote updates without orders", figure, baseline, "/s", "at least 150,000 /s", figure >= 150_000)]


def orders() -> list[Measured]:
    """Placed, accepted, filled and billed; the baseline makes a ticket and one bill."""
    market = market_from(SPEC, seed=1)
    engine = Engine(
        market,
        accounts={"DU1": Decimal(10_000_000)},
        parameters=ExchangeParameters(venue=FRICTIONLESS),
    )
    shares = market.instrument(SPY)
    assert isinstance(shares, Stock)
    now, ours, bare = market.now, [], []
    gc.collect()
    gc.freeze()  # as a program does once it has started: what was imported isn't looked through again
    for _ in range(ROUNDS):
        now += timedelta(seconds=1)
        begin = process_time()
        tickets = []
        for i in range(100):
            tickets.append(Ticket(account="DU1", what=SPY, side=_side(i), quantity=Decimal(1)))
            Bill(engine.floor.parameters.fees, shares, _side(i), now.date()).after(Decimal(1), Decimal(600))
        bare.append(len(tickets) / (process_time() - begin))
        engine.on(Tick(), now)
        begin = process_time()
        told = [engine.on(Place(ticket), now) for ticket in tickets]
        ours.append(len(tickets) / (process_time() - begin))
        assert all(len(events) >= 4 for events in told), "an order was not filled"
    figure, baseline = statistics.median(ours), statistics.median(bare)
    return [_row("order round trips", figure, baseline, "/s", "at least 20,000 /s", figure >= 20_000)]


def _side(i: int) -> Side:
    return Side.SELL if i % 2 else Side.BUY


def requotes() -> list[Measured]:
    """2,000 options after a move of the spot, in slices; the baseline makes 2,000 quotes."""
    market = market_from(SPEC, seed=1)
    engine = Engine(market)
    options = [each for expiry in market.expiries(SPY) for each in market.options(SPY, expiry)]
    chosen = sorted(options, key=lambda each: (abs(each.strike - 600), each.con_id))[:2_000]
    for option in chosen:
        engine.on(Look(option.con_id), market.now)
    now, totals, slices, bare = market.now, [], [], []
    for _ in range(ROUNDS + 2):
        now += timedelta(seconds=1)
        took, more = [], True
        while more:
            begin = process_time()
            _, more = engine.step(now)
            took.append(process_time() - begin)
        totals.append(sum(took) * 1e3)
        slices.append(max(took) * 1e3)
        begin = process_time()
        [_again(engine, option.con_id) for option in chosen]
        bare.append((process_time() - begin) * 1e3)
    total, longest, baseline = (statistics.median(column[2:]) for column in (totals, slices, bare))
    return [
        _row("requoting 2,000 options", total, baseline, "ms", "at most 40 ms", total <= 40, max(totals[2:])),
        _row("the longest slice of it", longest, baseline, "ms", "at most 2 ms", longest <= 2, max(slices[2:])),
    ]


def _again(engine: Engine, con_id: int) -> Quote:
    quote = engine.floor.quotes[con_id]
    return Quote(
        con_id=con_id,
        snapshot_id=quote.snapshot_id,
        bid=quote.bid,
        ask=quote.ask,
        bid_size=quote.bid_size,
        ask_size=quote.ask_size,
        received_at=quote.received_at,
    )


def week(hours: float) -> list[Measured]:
    """So many hours of a quote a second on 200 lines: what the process holds then, and after the first minutes."""
    market = market_from(SPEC, seed=1)
    engine = Engine(market)
    options = [each for each in market.options(SPY, market.expiries(SPY)[12]) if abs(each.strike - 600) <= 60]
    for con_id in [SPY, *[each.con_id for each in options[: LINES - 1]]]:
        engine.on(Look(con_id), market.now)
    now, count, before = market.now, 0, 0.0
    end = now + timedelta(hours=hours)
    while now < end:
        now += timedelta(seconds=5)
        count += len(engine.on(Tick(), now))
        before = before or _megabytes()
    held = _megabytes()
    what = f"memory after {hours:g} h of {len(engine.floor.lines)} lines, {count:,} quotes"
    return [_row(what, held, before, "MB", "at most 300 MB", held <= 300)]


def _megabytes() -> float:
    """Held now; where the system doesn't tell, the most that ever was."""
    pages = Path("/proc/self/statm")
    if pages.exists():
        return int(pages.read_text().split()[1]) * resource.getpagesize() / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


if __name__ == "__main__":
    main()
