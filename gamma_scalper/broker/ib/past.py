"""Past prices by the minute, within the broker's rations."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import ib_insync as ib
from loguru import logger

from gamma_scalper.broker.ib import numbers
from gamma_scalper.broker.ib.contracts import Single, contract
from gamma_scalper.broker.ib.past_pacing import PastPacing
from gamma_scalper.broker.ib.wire import Wire
from gamma_scalper.domain.ports import NotReady, PastBar, PastPrice, Refused, Unanswered

_MINUTE = timedelta(minutes=1)
_HISTORY, _TOO_MANY = 162, (100, 420)  # codes
_FIRST_WAIT_S, _LONGEST_WAIT_S = 30.0, 600.0  # after the broker said that it was too many
_TRIES = 8


class IbPast:
    """The port `PastPrices`. What the broker calls too many is waited out and asked for again."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._pacing = PastPacing(wire.clock, wire.parameters.pacing.history_per_10_min)

    async def minutes(self, of: Single, price: PastPrice, begins: datetime, ends: datetime) -> Sequence[PastBar]:
        wait_s = _FIRST_WAIT_S
        for left in reversed(range(_TRIES)):
            await self._pacing.turn(
                (of.con_id, price), (of.con_id, price, ends), 2 if price is PastPrice.MEAN_OFFER else 1
            )
            try:
                bars = await self._ask(of, price, ends)
            except Refused as error:
                if _has_none(error):
                    return ()
                if not _too_many(error) or not left:
                    raise
                logger.warning("past prices of {}: {}; asked again in {:g} s", of.symbol, error, wait_s)
                self._pacing.hold(wait_s)
                wait_s = min(2 * wait_s, _LONGEST_WAIT_S)
            else:
                read = [each for bar in bars if (each := _bar(bar, price)) is not None]
                return sorted((each for each in read if begins <= each.begins < ends), key=lambda each: each.begins)
        raise AssertionError("the last try returns or raises")

    async def _ask(self, of: Single, price: PastPrice, ends: datetime) -> list[Any]:
        asked: list[int] = []

        def send(client: Any, number: int) -> None:
            asked.append(number)
            until = f"{ends.astimezone(UTC):%Y%m%d %H:%M:%S} UTC"
            # By seconds since 1970, of regular hours, once.
            client.reqHistoricalData(number, contract(of), until, "1 D", "1 min", price.value, True, 2, False, [])

        try:
            return await self._wire.ask(
                f"past prices of {of.symbol}",
                send,
                timeout_s=self._wire.parameters.timeouts.history_s,
                kind=ib.BarData,
            )
        except (Unanswered, asyncio.CancelledError):
            for number in asked:  # else it goes on counting as open
                self._cancel(number)
            raise

    def _cancel(self, number: int) -> None:
        with suppress(NotReady):
            self._wire.send(lambda client: client.cancelHistoricalData(number))


def _has_none(error: Refused) -> bool:
    return error.code == _HISTORY and "no data" in error.why.lower()


def _too_many(error: Refused) -> bool:
    return error.code in _TOO_MANY or (error.code == _HISTORY and "pacing" in error.why.lower())


def _bar(bar: ib.BarData, price: PastPrice) -> PastBar | None:
    """None where it can't be read; -1 stands for a price there was none of, and for a volume that isn't told."""
    prices = [numbers.price(each) for each in (bar.open, bar.high, bar.low, bar.close)]
    text = str(bar.date)
    if None in prices or not text.isdigit():
        return None
    begins = datetime.fromtimestamp(int(text), UTC)
    opened, high, low, close = (each or 0.0 for each in prices)
    trades = price is PastPrice.TRADES
    return PastBar(
        begins=begins, ends=begins + _MINUTE, open=opened, high=high, low=low, close=close,
        volume=numbers.not_negative(bar.volume) if trades else None,
        trades=numbers.count(bar.barCount) if trades else None,
    )  # fmt: skip
