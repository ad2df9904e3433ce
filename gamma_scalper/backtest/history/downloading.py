"""Past quotes and bars from the broker, day by day into the store; what is whole stays, whatever ends it."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from typing import Literal

from attrs import frozen

from gamma_scalper.backtest.history.choosing import NearTheMoney, still_trading
from gamma_scalper.backtest.history.fetched import OFFERED, Fetched, Prices, bar_table, offers_table
from gamma_scalper.backtest.history.inspection import Inspected, first_price, inspect_table, session_days, sessions_on
from gamma_scalper.backtest.history.patience import Patience
from gamma_scalper.backtest.history.store import HistoryStore, Kind, Origin
from gamma_scalper.domain.exits import UserError
from gamma_scalper.domain.instruments import Option, Stock
from gamma_scalper.domain.ports import Broker, PastBar, PastPrice, Refused
from gamma_scalper.kernel import Clock

What = Literal["stored", "there already", "no data", "not over yet"]

_NO_SUCH_CONTRACT = 200
_NOTES: dict[Prices, str] = {
    "close": "each minute's last bid and ask, known at its end",
    "mean": "each minute's average bid and ask, known at its end: they move less than the market did",
}


@frozen(kw_only=True)
class Asked:
    """What a person wants of the broker's past."""

    symbol: str
    first: date
    last: date
    kind: Kind = "quotes"
    prices: Prices = "close"
    near: NearTheMoney | None = None  # None: shares alone
    sizes: tuple[int, int] = (1_000, 10)  # of shares and of contracts, that count as offered
    option_close_delay_min: int = 0
    overwrite: bool = False

    @property
    def kinds_of_price(self) -> tuple[PastPrice, ...]:
        return (PastPrice.TRADES,) if self.kind == "bars" else OFFERED[self.prices]

    def origin_of(self, seen: Inspected, now: datetime) -> Origin:
        names = " and ".join(price.value for price in self.kinds_of_price)
        notes: tuple[str, ...] = ()
        if self.kind == "quotes":
            shares, contracts = self.sizes
            notes = (_NOTES[self.prices], f"sizes are assumed: {shares} shares, {contracts} contracts a side")
        source = f"the broker's bars of a minute, {names}"
        return Origin(source=source, written_at=now, rows=seen.rows, contracts=seen.contracts, notes=notes)


@frozen(kw_only=True)
class DownloadedDay:
    """What became of one session."""

    day: date
    what: What
    seen: Inspected | None = None
    without: tuple[Option, ...] = ()  # options of which the broker has nothing that day


@frozen
class Progress:
    """How far it is: of the day, and of all days."""

    day: date
    days_done: int
    days: int
    contracts_done: int
    contracts: int


class Download:
    """One symbol's. `done` grows day by day, so that an end half-way can tell what is whole."""

    def __init__(
        self, broker: Broker, clock: Clock, store: HistoryStore, asked: Asked, told: Callable[[Progress], None]
    ) -> None:
        past = broker.past
        if past is None:
            raise UserError("this broker tells nothing of the past; set GATEWAY to one that does")
        self._catalogue, self._clock = broker.catalogue, clock
        self._past, self._patience = past, Patience(broker, clock)
        self._store, self._asked, self._told = store, asked, told
        self._near: dict[int, Option] = {}  # conId -> option that was near the money on a day so far
        self.days = session_days(asked.first, asked.last)
        self.done: list[DownloadedDay] = []
        if not self.days:
            raise UserError(f"{asked.first} to {asked.last}: no session in it; give days on which shares are traded")

    async def run(self) -> None:
        stock = await self._patience.ask(lambda: self._catalogue.stock(self._asked.symbol))
        for day in self.days:
            self.done.append(await self._day(stock, day))

    async def _day(self, stock: Stock, day: date) -> DownloadedDay:
        kind = self._asked.kind
        if self._store.has(kind, stock.symbol, day) and not self._asked.overwrite:
            table = self._store.read(kind, stock.symbol, day)
            await self._options(stock, day, first_price(kind, table))
            return DownloadedDay(day=day, what="there already", seen=inspect_table(kind, stock.symbol, day, table))
        if sessions_on(day)[-1].closes > self._clock.now():
            return DownloadedDay(day=day, what="not over yet")
        self._tell(day, 0, 1)
        shares = await self._fetch(stock, day)
        if shares.spot is None:
            return DownloadedDay(day=day, what="no data")
        fetched = [shares]
        options = await self._options(stock, day, shares.spot)
        for number, option in enumerate(options, 1):
            self._tell(day, number, len(options) + 1)
            fetched.append(await self._fetch(option, day))
        return self._keep(stock.symbol, day, fetched)

    async def _fetch(self, contract: Stock | Option, day: date) -> Fetched:
        sessions, late = sessions_on(day), timedelta(0)
        if isinstance(contract, Option):
            late = timedelta(minutes=self._asked.option_close_delay_min)
        bars = []
        for price in self._asked.kinds_of_price:
            bars.append(await self._minutes(contract, price, sessions[0].opens, sessions[-1].closes + late))
            if not bars[-1]:
                break  # who has no bid has no quote, and the broker's requests are few
        return Fetched(contract, tuple(bars))

    async def _minutes(
        self, of: Stock | Option, price: PastPrice, begins: datetime, ends: datetime
    ) -> Sequence[PastBar]:
        try:
            return await self._patience.ask(lambda: self._past.minutes(of, price, begins, ends))
        except Refused as error:
            if isinstance(of, Option) and error.code == _NO_SUCH_CONTRACT:
                return ()  # others of its chain are there
            raise UserError(f"past prices of {of.symbol}: {error}; look at this login's market data") from error

    async def _options(self, stock: Stock, day: date, spot: float | None) -> Sequence[Option]:
        """Near the money that day or on a day before it, as a book may hold them still."""
        near = self._asked.near
        if near is None:
            return ()
        if spot is not None:
            expiries = await self._patience.ask(lambda: self._catalogue.expiries(stock))
            for expiry in near.chosen_expiries(expiries, day):
                chain = await self._patience.ask(partial(self._catalogue.options, stock, expiry))
                self._near |= {option.con_id: option for option in near.chosen(chain, spot)}
        options = still_trading(self._near.values(), day)
        return sorted(options, key=lambda option: (option.expiry, option.strike, option.right))

    def _keep(self, symbol: str, day: date, fetched: Sequence[Fetched]) -> DownloadedDay:
        asked = self._asked
        table = bar_table(fetched) if asked.kind == "bars" else offers_table(fetched, asked.prices, asked.sizes)
        seen = inspect_table(asked.kind, symbol, day, table)
        self._store.write(asked.kind, symbol, day, table, asked.origin_of(seen, self._clock.now()))
        without = tuple(each.contract for each in fetched if not each.rows and isinstance(each.contract, Option))
        return DownloadedDay(day=day, what="stored", seen=seen, without=without)

    def _tell(self, day: date, contracts_done: int, contracts: int) -> None:
        self._told(Progress(day, len(self.done), len(self.days), contracts_done, contracts))
