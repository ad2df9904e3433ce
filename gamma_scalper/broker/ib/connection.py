"""One connection, from the attempt to its end, and what a person is told where there can't be one."""

import asyncio
import socket
from collections import Counter
from collections.abc import Callable
from typing import Any

from loguru import logger

from gamma_scalper.broker.ib.client import OUR_VERSIONS, client_for, open_socket
from gamma_scalper.broker.ib.codes import Meaning
from gamma_scalper.broker.ib.incoming import HearsOfLink
from gamma_scalper.domain.exits import ExitCode, UserError

_PORTS = "7497 and 7496 are TWS paper and live, 4002 and 4001 IB Gateway's"
_API = "enable its API (Configure > API > Settings > Enable ActiveX and Socket Clients)"
_AWAY = 5.0  # for a closed socket to be gone
_MOST_UNREADABLE = 20  # messages, after which a connection is given up and made anew


class CannotConnect(Exception):
    """An attempt to connect failed; the next one may not.

    For the operator: the message says what to look at.
    """

    @property
    def as_user_error(self) -> UserError:
        return UserError(str(self), ExitCode.BROKER_UNREACHABLE)


class Connection(HearsOfLink):
    """Hears of itself until it is closed, and passes on what concerns others."""

    def __init__(
        self,
        address: tuple[str, int],
        client_id: int,
        said: Callable[[int, Meaning | None, str], None],
        doubtful: Callable[..., None],
    ) -> None:
        self.host, self.port = address
        self.client_id = client_id
        loop = asyncio.get_running_loop()
        self.gone: asyncio.Future[None] = loop.create_future()
        self._ready: asyncio.Future[None] = loop.create_future()
        self._accounts: list[str] = []
        self._has_id = False
        self._complaint: tuple[int, Meaning | None, str] | None = None  # newest, while not ready
        self._version: int | None = None  # of the protocol, where it is not ours
        self._unreadable: Counter[str] = Counter()  # kind of message -> how many of it
        self.broken = ""  # why it was cut from this side
        self._said = said
        self._doubtful = doubtful
        self.client: Any = None

    @property
    def managed(self) -> list[str]:
        """The accounts of this login."""
        return self._accounts

    async def open(self, receiver: Any, timeout_s: float, *, reads_only: bool) -> None:
        """Return once ids and accounts have come; raises `CannotConnect`, or `UserError` where waiting can't help."""
        self.client = client_for(receiver, self.client_id, reads_only=reads_only)
        try:
            async with asyncio.timeout(timeout_s):
                await open_socket(self.client, self.host, self.port)
        except TimeoutError:
            raise CannotConnect(
                f"{self._where} cannot be reached: no answer within {timeout_s:g} s; {_PORTS}"
            ) from None
        except (OSError, UnicodeError) as error:  # the second of a name that no host can have
            raise CannotConnect(self._unreachable(error)) from error
        await asyncio.wait([self._ready, self.gone], timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
        if self._version is not None:
            raise UserError(self._foreign(self._version), ExitCode.BROKER_UNREACHABLE)
        if self._complaint is not None and self._complaint[1] is Meaning.FATAL:
            code, _, text = self._complaint
            raise UserError(f"{self._where} says {code}: {text}", ExitCode.BROKER_UNREACHABLE)
        if self.gone.done() or not self._ready.done():
            raise CannotConnect(self._closed() if self.gone.done() else self._silent(timeout_s))

    async def close(self) -> None:
        """Explicitly, so that the gateway frees the client id at once."""
        if self.client is None:
            return
        if self.client.conn.isConnected():
            self.client.disconnect()
            await asyncio.wait([self.gone], timeout=_AWAY)
        if self.client.conn.isConnected():  # what was written is not taken, and no close waits for that
            self.client.conn.transport.abort()
            await asyncio.wait([self.gone], timeout=_AWAY)

    # -- what it hears -------------------------------------------------------------------------------------------------

    def said(self, code: int, meaning: Meaning | None, text: str) -> None:
        if not self._ready.done():
            self._complaint = code, meaning, text
        self._said(code, meaning, text)

    def accounts(self, names: list[str]) -> None:
        self._accounts = names
        self._maybe_ready()

    def first_id(self) -> None:
        self._has_id = True
        self._maybe_ready()

    def closed(self) -> None:
        if 0 < self.client.serverVersion() < OUR_VERSIONS[0]:
            self._version = self.client.serverVersion()
        if not self.gone.done():
            self.gone.set_result(None)

    def acknowledged(self) -> None:
        """The library takes any version from its own on upwards, and would misread what it does not know."""
        if self.client.serverVersion() > OUR_VERSIONS[1]:
            self._version = self.client.serverVersion()
            self.client.conn.transport.abort()

    def unreadable(self, what: str, error: str) -> None:
        """Each kind is told once; who says much that can't be read is not to be believed in the rest either."""
        self._unreadable[what] += 1
        if self._unreadable[what] == 1:
            logger.error("the broker's message {} cannot be read ({})", what, error)
            self._doubtful(f"message {what} could not be read", told=True)
        else:
            self._doubtful("a message could not be read", told=False)
        if self._unreadable.total() == _MOST_UNREADABLE:
            self.garbled(f"it sent {_MOST_UNREADABLE} messages that cannot be read")
            self.client.conn.transport.abort()

    def garbled(self, why: str) -> None:
        self.broken = f"{self._where} does not speak as TWS does: {why}"

    def _maybe_ready(self) -> None:
        if self._has_id and self._accounts and not self._ready.done():
            self._ready.set_result(None)

    # -- in words ------------------------------------------------------------------------------------------------------

    @property
    def _where(self) -> str:
        return f"{self.host}:{self.port}"

    def _foreign(self, version: int) -> str:
        low, high = OUR_VERSIONS
        remedy = "update TWS or IB Gateway" if version < low else "connect to TWS or IB Gateway, which answer by ours"
        return f"{self._where} speaks version {version} of the API, and this program {low} to {high}; {remedy}"

    def _unreachable(self, error: OSError | UnicodeError) -> str:
        if isinstance(error, socket.gaierror | UnicodeError):
            return f"there is no host {self.host!r}; GATEWAY is HOST:PORT, such as 127.0.0.1:7497"
        if isinstance(error, ConnectionRefusedError):
            return f"nothing listens at {self._where}; start TWS or IB Gateway there, {_API}, check the port ({_PORTS})"
        return f"{self._where} cannot be reached ({error.strerror or error}); check GATEWAY"

    def _closed(self) -> str:
        if self.broken:
            return f"{self.broken}; {_API}; {_PORTS}"
        if self._complaint is not None and self._complaint[1] is Meaning.ID_IN_USE:
            return (
                f"client id {self.client_id} is in use at {self._where}; end the other program, or give this one"
                " another CLIENT_ID for good"
            )
        why = "" if self._complaint is None else f" ({self._complaint[0]}: {self._complaint[2]})"
        return f"{self._where} closed the connection{why}; {_API} and let this machine connect (Trusted IPs)"

    def _silent(self, timeout_s: float) -> str:
        return (
            f"{self._where} takes connections but does not answer as TWS does within {timeout_s:g} s; {_API}; {_PORTS}"
        )
