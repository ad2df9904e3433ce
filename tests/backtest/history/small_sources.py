"""Small markets as csv files, and what a market offers through a day."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from gamma_scalper.domain.instruments import Option
from gamma_scalper.exchange.replay import Replayed

HEADER = "time,symbol,expiry,strike,right,bid,ask,bid_size,ask_size,last"
NOW = datetime(2026, 2, 1, tzinfo=UTC)
OPEN = datetime(2026, 1, 5, 14, 30, tzinfo=UTC)


def share(moment: datetime, bid: object, ask: object, symbol: str = "SPY") -> str:
    return f"{moment.isoformat()},{symbol},,,,{bid},{ask},100,200,"


def call(moment: datetime, bid: object, ask: object, strike: object = 600) -> str:
    return f"{moment.isoformat()},SPY,2026-01-16,{strike},C,{bid},{ask},10,20,"


def minute(number: int, day: int = 0) -> datetime:
    """The end of the so many-th minute of a session."""
    return OPEN + timedelta(days=day, minutes=number)


def whole_day(day: int = 0, without: range = range(0)) -> list[str]:
    """A share's row for each minute of a session, but for some."""
    numbers = [number for number in range(1, 391) if number not in without]
    return [share(minute(number, day), 600 + number % 7, 600.1 + number % 7) for number in numbers]


def csv(path: Path, *rows: str, header: str = HEADER) -> Path:
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


def name_of(contract: object) -> tuple[object, ...]:
    """What a contract is, whatever number it goes by."""
    if isinstance(contract, Option):
        return contract.symbol, contract.expiry, contract.strike, contract.right, contract.multiplier
    return (contract.symbol,)


def offers_through(market: Replayed, names: list[tuple[object, ...]], every: int = 1):
    """At every so many-th tick: its time, and what is on offer of each of these contracts."""
    numbers = {name_of(contract): con_id for con_id, contract in market.tape.contracts.items()}
    con_ids = [numbers[name] for name in names]
    ticks = 0
    while True:
        if ticks % every == 0:
            yield market.now, market.offers(con_ids), [market.open_interest(con_id) for con_id in con_ids]
        tick = market.next_tick()
        if tick is None:
            return
        market.advance(tick)
        ticks += 1
