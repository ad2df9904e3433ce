"""Market-data lines of all books together: one for each contract, and what is held before what is only wanted."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from loguru import logger

from gamma_scalper.domain.instruments import Index, Option, Stock
from gamma_scalper.domain.ports import Broker, Link, NotReady, Refused
from gamma_scalper.kernel import Clock
from gamma_scalper.pipeline.quote_board import QuoteBoard

Single = Stock | Index | Option

_AGAIN_S = 60.0  # before a contract the broker would not quote is asked for again


class MarketLines:
    """A line stays open until no book needs it. What the broker refuses is logged once, and asked for again slowly."""

    def __init__(self, broker: Broker, board: QuoteBoard, clock: Clock) -> None:
        self._broker, self._board, self._clock = broker, board, clock
        self._open: dict[int, Single] = {}  # conId -> contract
        self._refused: dict[int, datetime] = {}  # conId -> when it is asked for again

    async def keep(self, needed: Mapping[int, Single], wanted: Mapping[int, Single]) -> None:
        """Exactly these, by conId; what is wanted makes room for what is needed."""
        await self._close([each for each in self._open if each not in needed and each not in wanted])
        self._refused = {each: at for each, at in self._refused.items() if each in needed or each in wanted}
        for contract in needed.values():
            if self._is_due(contract) and not await self._opened(contract):
                await self._make_room(contract, [each for each in self._open if each not in needed])
        for contract in wanted.values():
            if contract.con_id not in needed and self._is_due(contract):
                await self._opened(contract)
        await self._ask_again()

    def _is_due(self, contract: Single) -> bool:
        if contract.con_id in self._open:
            return False
        again = self._refused.get(contract.con_id)
        return again is None or self._clock.now() >= again

    async def _make_room(self, contract: Single, given_up: Iterable[int]) -> None:
        """Where that helps; if it was not for the number of lines, the others are opened again at once."""
        given_up = tuple(given_up)
        if given_up:
            await self._close(given_up)
            if await self._opened(contract):
                self._refused |= dict.fromkeys(given_up, self._later())

    async def _ask_again(self) -> None:
        """A broker may take a request and refuse the line afterwards: it is never quoted, and says why."""
        if self._broker.link.link is not Link.READY:
            return
        for con_id, contract in list(self._open.items()):
            if self._board.quote(con_id) is not None or not self._board.condition(con_id).frozen:
                continue
            if self._clock.now() >= self._refused.setdefault(con_id, self._later()):
                await self._close([con_id])
                await self._opened(contract)
                self._refused[con_id] = self._later()

    async def _opened(self, contract: Single) -> bool:
        con_id = contract.con_id
        try:
            await self._broker.feed.subscribe([contract])
        except (Refused, NotReady) as error:
            if con_id not in self._refused:
                logger.warning("{} ({}) can't be looked at: {}", contract.symbol, con_id, error)
            self._refused[con_id] = self._later()
            return False
        self._refused.pop(con_id, None)
        self._open[con_id] = contract
        return True

    async def _close(self, con_ids: Iterable[int]) -> None:
        closing = [self._open.pop(each) for each in con_ids]
        if closing:
            await self._broker.feed.unsubscribe(closing)

    def _later(self) -> datetime:
        return self._clock.now() + timedelta(seconds=_AGAIN_S)
