"""Contracts by name, once a day; by conId from then on."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import ib_insync as ib
from loguru import logger

from gamma_scalper.broker.ib.contracts import Record, Single, UnknownKind, day_of, instrument, tick_rule
from gamma_scalper.broker.ib.day_cache import DayCache
from gamma_scalper.broker.ib.incoming import Chain
from gamma_scalper.broker.ib.wire import Wire
from gamma_scalper.domain.instruments import Index, Option, Stock, TickRule
from gamma_scalper.domain.ports import Refused, Unanswered

NO_SUCH_CONTRACT = 200


def never_ours(refusal: Refused) -> bool:
    """There is no such contract, or it is of a kind that is not traded here; other refusals may pass."""
    return refusal.code in (None, NO_SUCH_CONTRACT)


class IbCatalogue:
    """The port `ContractCatalog`. What was asked for today is not asked for again."""

    def __init__(self, wire: Wire, cache: DayCache) -> None:
        self._wire = wire
        self._cache = cache
        self._known: dict[int, Single] = {}  # conId -> newest of it, of whatever day
        self._rules = asyncio.Lock()  # many contracts have one rule, which is asked for once

    # -- the port ------------------------------------------------------------------------------------------------------

    async def stock(self, symbol: str, currency: str = "USD") -> Stock:
        wanted = ib.Contract(secType="STK", symbol=symbol, exchange="SMART", currency=currency)
        found = await self._one(f"the stock {symbol}", f"STK {symbol} {currency}", wanted)
        if not isinstance(found, Stock):
            raise Refused(f"{symbol} is not a stock")
        return found

    async def index(self, symbol: str, currency: str = "USD") -> Index:
        wanted = ib.Contract(secType="IND", symbol=symbol, currency=currency)
        found = await self._one(f"the index {symbol}", f"IND {symbol} {currency}", wanted)
        if not isinstance(found, Index):
            raise Refused(f"{symbol} is not an index")
        return found

    async def expiries(self, underlying: Stock | Index) -> Sequence[date]:
        key = f"expiries of {underlying.con_id}"
        texts = self._cache.texts(key)
        if texts is None:
            kind = "IND" if isinstance(underlying, Index) else "STK"
            chains = await self._wire.ask(
                f"the expiries of {underlying.symbol}",
                lambda client, number: client.reqSecDefOptParams(
                    number, underlying.symbol, "", kind, underlying.con_id
                ),
                timeout_s=self._wire.parameters.timeouts.contracts_s,
                kind=Chain,
            )
            smart = [chain for chain in chains if chain[0] == "SMART"] or chains
            texts = sorted({expiry for _, _, expiries in smart for expiry in expiries})
            self._cache.keep_texts(key, texts)
        return [expiry for expiry in _days(texts) if expiry >= self._cache.today()]

    async def options(
        self, underlying: Stock | Index, expiry: date, strikes: tuple[Decimal, Decimal] | None = None
    ) -> Sequence[Option]:
        what = f"the options on {underlying.symbol} of {expiry}"
        wanted = ib.Contract(
            secType="OPT",
            symbol=underlying.symbol,
            exchange="SMART",
            currency=underlying.currency,
            lastTradeDateOrContractMonth=expiry.strftime("%Y%m%d"),
        )
        records = await self._records(what, f"options on {underlying.con_id} of {expiry}", wanted)
        mine = _of_one_class([each for each in records if each.underlying_con_id == underlying.con_id])
        found = [each for each in [await self._readable(record) for record in mine] if isinstance(each, Option)]
        low, high = strikes or (Decimal(0), Decimal("Infinity"))
        within = (option for option in found if low <= option.strike <= high)
        return sorted(within, key=lambda option: (option.strike, option.right))

    async def by_con_id(self, con_id: int) -> Single:
        known = self._known.get(con_id)
        if known is not None and self._cache.knows(con_id):
            return known
        return await self._one(f"contract {con_id}", f"id {con_id}", ib.Contract(conId=con_id))

    # -- for the adapter's own use -------------------------------------------------------------------------------------

    @property
    def size(self) -> int:
        """How many contracts are known."""
        return len(self._known)

    def known(self, con_id: int) -> Single | None:
        """Without asking anybody."""
        return self._known.get(con_id)

    def learn(self, instruments: Iterable[Single]) -> None:
        """Contracts that others have named; details of today are better."""
        for each in instruments:
            self._known.setdefault(each.con_id, each)

    # -- asking --------------------------------------------------------------------------------------------------------

    async def _one(self, what: str, key: str, wanted: ib.Contract) -> Single:
        records = await self._records(what, key, wanted)
        by_id = {record.con_id: record for record in records}
        if len(by_id) != 1:
            names = ", ".join(f"{each.symbol} at {each.primary_exchange} ({each.con_id})" for each in by_id.values())
            raise Refused(f"{what} could be several: {names}; name the one by its conId", NO_SUCH_CONTRACT)
        # One contract told once for each exchange is traded where the router finds the best.
        record = next((each for each in records if each.exchange == "SMART"), records[0])
        try:
            return await self._instrument(record)
        except UnknownKind as error:
            raise Refused(str(error)) from error

    async def _records(self, what: str, key: str, wanted: ib.Contract) -> list[Record]:
        kept = self._cache.records(key)
        if kept is not None:
            return kept
        details = await self._wire.ask(
            what,
            lambda client, number: client.reqContractDetails(number, wanted),
            timeout_s=self._wire.parameters.timeouts.contracts_s,
            kind=ib.ContractDetails,
        )
        if not details:
            raise Refused(f"there is no {what}", NO_SUCH_CONTRACT)
        records = [Record.of(each) for each in details]
        if wanted.conId and any(record.con_id != wanted.conId for record in records):
            raise Unanswered(f"{what}: the answer was about another")  # kept for the day, it would be traded for it
        self._cache.keep_records(key, records)
        return records

    async def _instrument(self, record: Record) -> Single:
        known = self._known.get(record.con_id)
        if known is None or not self._cache.knows(record.con_id):
            try:
                known = self._known[record.con_id] = instrument(record, await self._rule(record))
            except UnknownKind:
                raise
            except (ValueError, ArithmeticError, LookupError) as error:
                raise UnknownKind(f"contract {record.con_id} ({record.symbol}) cannot be read: {error}") from error
            self._cache.know(record.con_id)
        return known

    async def _readable(self, record: Record) -> Single | None:
        """One that can't be read is left out of its chain, and told."""
        try:
            return await self._instrument(record)
        except UnknownKind as error:
            logger.warning("{}; it is left out", error)
            return None

    async def _rule(self, record: Record) -> TickRule:
        if not record.market_rule:
            return TickRule((("0", record.min_tick or "0.01"),))
        key = f"market rule {record.market_rule}"
        async with self._rules:
            bands = self._cache.bands(key)
            if bands is None:
                answer: list[Any] = await self._wire.ask(
                    key,
                    lambda client, _: client.reqMarketRule(record.market_rule),
                    timeout_s=self._wire.parameters.timeouts.contracts_s,
                    name=key,
                )
                try:
                    bands = tick_rule(answer[0]).bands
                except (ValueError, LookupError) as error:
                    raise Refused(f"{key} cannot be read: {error}") from error
                self._cache.keep_bands(key, bands)
        return TickRule(bands)


def _days(texts: Iterable[str]) -> Iterator[date]:
    for text in texts:
        try:
            yield day_of(text)
        except ValueError:
            logger.warning("the expiry {!r} cannot be read; it is left out", text)


def _of_one_class(records: list[Record]) -> list[Record]:
    """Adjusted options share the expiry of the plain ones and are something else; the plain ones are the most."""
    classes = Counter(record.trading_class for record in records)
    if len(classes) < 2:
        return records
    most = min(classes, key=lambda name: (-classes[name], name))
    logger.info("options of {}: {} of class {} are taken", records[0].last_trade_day, classes[most], most)
    return [record for record in records if record.trading_class == most]
