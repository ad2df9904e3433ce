"""Clients that mean harm, or nothing at all: what they say to the gateway is drawn from a seed."""

import asyncio
import sys
from pathlib import Path
from random import Random
from typing import Any

sys.path += [str(Path(__file__).parents[1] / "gateway"), str(Path(__file__).parents[1] / "gateway" / "wire")]

from made_from_tables import CONDITIONS, REQUEST_RECORDS, counted, made
from oddities import noise, odd_values, pieces, spelled, spoilt_fields, spoilt_frame
from trading_house import CALL, SHARE, YOU, of_option, order

from gamma_scalper.gateway.framing import frame, greeting
from gamma_scalper.gateway.wire.codec import BadMessage, write_request
from gamma_scalper.gateway.wire.requests_of_data import RequestCurrentTime, StartApi
from gamma_scalper.gateway.wire.requests_of_orders import RequestAllOpenOrders, RequestIds

# A global cancel is the right of every client of an account, so that nobody would be unaffected by it.
KINDS = tuple(sorted(set(REQUEST_RECORDS) - {"StartApi", "CancelAllOrders"}))
GLOBAL_CANCEL = b"58\0"
DRAWN_VERSIONS = tuple(range(157, 177))
_FLOOD = 3_000


class HostileClient(asyncio.Protocol):
    """One connection; it reads what it is told or it doesn't, and keeps none of it."""

    def __init__(self, chance: Random) -> None:
        self._chance = chance
        self.version = 0
        self.lost = asyncio.Event()
        self.heard = 0
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.heard += len(data)
        if not self.version and len(data) > 7 and data[4:7].isdigit():
            self.version = int(data[4:7])

    def connection_lost(self, error: Exception | None) -> None:
        self.lost.set()

    # -- what it does --------------------------------------------------------------------------------------------------

    async def attack(self) -> str:
        """From the connection to wherever it gets; says by which ways it went."""
        chance = self._chance
        greets = chance.choice(("well", "well", "well", "well", "badly", "never", "late"))
        if greets == "badly":
            await self._say(chance.choice((noise(chance), b"API\0" + noise(chance), b"GET / HTTP/1.1\r\n\r\n")))
        if greets == "late":
            await self._say(self._valid() + greeting(157, 176))
        if greets != "well":
            await self._leave()
            return greets
        await self._say(greeting(chance.randint(1, 157), chance.choice((chance.randint(100, 225), *DRAWN_VERSIONS))))
        await asyncio.sleep(0.001)
        if not self.version or chance.random() < 0.1:
            await self._say(self._valid())  # before it has started, or to nobody
            await self._leave()
            return "never started"
        await self._say(frame(write_request(StartApi(chance.choice((1, 2, 3, 4, 5, 0, -1, 2**31))), self.version)))
        ways = [chance.choice(_WAYS) for _ in range(chance.randint(1, 4))]
        for way in ways:
            await getattr(self, f"_{way}")()
        await self._leave()
        return " ".join(ways)

    async def _say(self, data: bytes) -> None:
        for piece in pieces(self._chance, data):
            if self.lost.is_set() or self.transport.is_closing():
                return
            self.transport.write(piece)
            if self._chance.random() < 0.5:
                await asyncio.sleep(self._chance.choice((0.0, 0.0, 0.01, 0.3)))

    async def _leave(self) -> None:
        """Properly, by a reset, by half, or not at all."""
        await asyncio.sleep(self._chance.choice((0.0, 0.01, 1.0)))
        match self._chance.randrange(4):
            case 0:
                self.transport.close()
            case 1:
                self.transport.abort()
            case 2 if not self.transport.is_closing() and not self.lost.is_set():
                self.transport.pause_reading()
            case _:
                pass

    # -- its ways ------------------------------------------------------------------------------------------------------

    async def _noises(self) -> None:
        await self._say(self._valid() + noise(self._chance))

    async def _frames(self) -> None:
        await self._say(b"".join(spoilt_frame(self._chance, self._valid()) for _ in range(self._chance.randint(1, 4))))

    async def _fields(self) -> None:
        spoilt = (spoilt_fields(self._chance, self._valid()[4:]) for _ in range(self._chance.randint(1, 8)))
        await self._say(b"".join(each for each in spoilt if not each[4:].startswith(GLOBAL_CANCEL)))

    async def _shuffled(self) -> None:
        said = [self._valid() for _ in range(self._chance.randint(2, 12))]
        self._chance.shuffle(said)
        await self._say(b"".join(said))

    async def _extremes(self) -> None:
        await self._say(b"".join(self._extreme() for _ in range(self._chance.randint(1, 12))))

    async def _orders(self) -> None:
        for _ in range(self._chance.randint(1, 6)):
            fields = write_request(self._order(), self.version).decode().split("\0")[:-1]
            for place in self._chance.sample((1, 17, 19, 20, 21), 2):  # id, quantity, limit, stop, time in force
                fields[place] = self._chance.choice(
                    ("nan", "inf", "-inf", "1e308", "-1", "0", "-100", "1e15", "9" * 40, "", "1.7976931348623157e+308")
                )
            await self._say(spelled(fields))

    async def _flood(self) -> None:
        """Asks and asks, and reads nothing."""
        if not self.transport.is_closing() and not self.lost.is_set():
            self.transport.pause_reading()
        asked = self._chance.choice((RequestCurrentTime(), RequestIds(), RequestAllOpenOrders()))
        await self._say(frame(write_request(asked, self.version)) * _FLOOD)
        if self._chance.random() < 0.5:
            self.transport.resume_reading()

    async def _starts_again(self) -> None:
        await self._say(frame(write_request(StartApi(1), self.version)) + greeting(157, 176))

    # -- messages ------------------------------------------------------------------------------------------------------

    def _valid(self) -> bytes:
        """Some message as a client sends it."""
        version = self.version or 176
        if self._chance.random() < 0.3:
            return frame(write_request(self._order(), version))
        record = REQUEST_RECORDS[self._chance.choice(KINDS)]
        return frame(write_request(counted(record, version), version))

    def _extreme(self) -> bytes:
        record = REQUEST_RECORDS[self._chance.choice(KINDS)]
        told = made(record, self.version, odd_values(self._chance, CONDITIONS), lambda name: self._chance.randrange(3))
        try:
            return frame(write_request(told, self.version))
        except BadMessage:  # can't even be written
            return self._valid()

    def _order(self) -> Any:
        chance = self._chance
        contract = chance.choice((SHARE, of_option(CALL)))
        limit = chance.choice((None, 599.0, 0.05))
        return order(chance.randint(1, 9), chance.choice(("BUY", "SELL")), 1, limit, contract=contract, account=YOU)


_WAYS = ("noises", "frames", "fields", "shuffled", "extremes", "orders", "flood", "starts_again")
