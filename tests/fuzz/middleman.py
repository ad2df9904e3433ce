"""Who sits between the true gateway and our client and does harm to what either says."""

import asyncio
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random

sys.path.append(str(Path(__file__).parents[1] / "gateway" / "wire"))

from attrs import frozen
from lies import forged
from made_from_tables import ANSWER_RECORDS, CONDITIONS, counted, made
from oddities import noise, odd_values, pieces, spoilt_fields, spoilt_frame

from gamma_scalper.gateway.framing import Frames, frame
from gamma_scalper.gateway.wire.codec import BadMessage, read_request, write_answer
from gamma_scalper.gateway.wire.requests_of_orders import PlaceOrder
from gamma_scalper.gateway.wire.spelling import Kind
from gamma_scalper.kernel.memory_stream import connect_in_memory

VERSION = 176
_LONG, _MOST_LONG = 10_000_000, 3  # bytes, and how often: they are slow to make, not to refuse
_ANSWERS = tuple(sorted(ANSWER_RECORDS))
TRICKS = (
    *("drop", "double", "swap", "delay", "flip", "fields", "frame", "noise", "inject", "inject", "forge", "forge"),
    *("cut", "reset", "endless", "long", "silence", "flood", "digit"),
)


@frozen
class Mischief:
    """How much of what is said is spoilt, and by which tricks."""

    tricks: tuple[str, ...]
    one_in: int  # messages, of the gateway's
    upwards: bool  # and of the client's

    @classmethod
    def drawn(cls, chance: Random) -> "Mischief":
        tricks = tuple(chance.sample(TRICKS, chance.randint(1, 4)))
        return cls(tricks, chance.choice((5, 10, 20, 60)), chance.random() < 0.2)


class Sent:
    """Every order that left our client, as it left: before any mischief."""

    def __init__(self) -> None:
        self.orders: dict[str, set[tuple[int, int]]] = {}  # orderRef -> (connection, order id)s it went out under
        self.times: list[tuple[float, str]] = []
        self.unreadable = 0

    def note(self, payload: bytes, at: float, connection: int) -> None:
        try:
            request = read_request(payload, VERSION)
        except BadMessage:
            self.unreadable += 1
            return
        if isinstance(request, PlaceOrder) and not request.order.what_if:
            self.orders.setdefault(request.order.order_ref, set()).add((connection, request.order_id))
            self.times.append((at, request.order.order_ref))


class Street:
    """All connections of one run through the man in the middle, who may become honest."""

    def __init__(self, gateway: Callable[[], asyncio.Protocol], chance: Random, mischief: Mischief) -> None:
        self.gateway, self.chance, self.mischief = gateway, chance, mischief
        self.honest = False
        self.sent = Sent()
        self.done: Counter[str] = Counter()
        self.open: list[Middleman] = []
        self.connections = 0

    def protocol(self) -> "Middleman":
        self.connections += 1
        return Middleman(self, self.connections)

    def become_honest(self) -> None:
        """Every connection that was tampered with is cut; from now on all is passed on as it is."""
        self.honest = True
        for each in list(self.open):
            each.cut()


class Middleman(asyncio.Protocol):
    """The server, as our client sees it."""

    def __init__(self, street: Street, number: int) -> None:
        self._street, self._number = street, number
        self._down, self._up = Frames(greeted=True, longest=1 << 24), Frames(longest=1 << 24)
        self._greeted = self._silent = False
        self._kept: bytes | None = None  # a message that waits to be said after the next
        self._transport: asyncio.Transport | None = None
        self._beyond: asyncio.Transport | None = None  # to the gateway
        self._ids = [0, 1, 2, -1]  # of requests and orders

    # -- towards our client --------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        loop = asyncio.get_running_loop()
        self._transport = transport
        self._street.open.append(self)
        far = self._street.gateway()
        self._beyond = connect_in_memory(loop, _Far(self), far, client_name="middleman", server_name="gateway")

    def data_received(self, data: bytes) -> None:
        """From our client: noted, and passed on."""
        if self._beyond is None or self._beyond.is_closing():
            return
        if not self._street.mischief.upwards or self._street.honest:
            self._beyond.write(data)
            self._note(self._up.feed(data))
            return
        for payload in self._note(self._up.feed(data)):
            for piece in self._spoilt(frame(payload)) if self._greeted_up(payload) else [b"API\0" + frame(payload)]:
                if not self._beyond.is_closing():
                    self._beyond.write(piece)

    def _greeted_up(self, payload: bytes) -> bool:
        return not payload.startswith(b"v")

    def _note(self, payloads: Sequence[bytes]) -> Sequence[bytes]:
        now = asyncio.get_running_loop().time()
        for payload in payloads:
            self._street.sent.note(payload, now, self._number)
            parts = payload.split(b"\0", 3)
            self._ids += [int(each) for each in parts[1:3] if each.isdigit() and len(each) < 8]
        return payloads

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        if self in self._street.open:
            self._street.open.remove(self)
        if self._beyond is not None:
            self._beyond.close()

    def cut(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    # -- from the gateway ----------------------------------------------------------------------------------------------

    def came(self, data: bytes) -> None:
        street = self._street
        for payload in self._down.feed(data):
            framed = frame(payload)
            if street.honest or street.chance.randrange(street.mischief.one_in):
                self._say(framed)
            else:
                for piece in self._spoilt(framed):
                    self._say(piece)

    def gone(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def _say(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing() and not self._silent:
            self._transport.write(data)
            if self._kept is not None:
                kept, self._kept = self._kept, None
                self._transport.write(kept)

    # -- the tricks ----------------------------------------------------------------------------------------------------

    def _spoilt(self, framed: bytes) -> list[bytes]:
        street, chance = self._street, self._street.chance
        trick = chance.choice(street.mischief.tricks)
        street.done[trick] += 1
        match trick:
            case "drop":
                return []
            case "double":
                return [framed] * chance.choice((2, 2, 50))
            case "swap":
                self._kept = framed
                return []
            case "delay":
                asyncio.get_running_loop().call_later(chance.uniform(0.01, 30), self._say, framed)
                return []
            case "fields":
                return [spoilt_fields(chance, framed[4:])]
            case "digit":
                return [_digit(chance, framed)]
            case "flip" | "frame" | "noise":
                spoilt = _flipped(chance, framed) if trick == "flip" else spoilt_frame(chance, framed)
                return pieces(chance, spoilt if trick != "noise" else framed + noise(chance))
            case "inject":
                return [framed, *(self._injected() for _ in range(chance.randint(1, 5)))]
            case "forge":
                return [framed, *(forged(chance, self._ids) for _ in range(chance.randint(1, 5)))]
            case "flood":
                one = self._injected() if chance.random() < 0.5 else forged(chance, self._ids)
                return [framed, one * chance.choice((100, 2_000))]
            case "cut":
                self._say(framed[: chance.randrange(len(framed))])
                self.gone()
                return []
            case "reset":
                self.cut()
                return []
            case "endless":
                return [(_LONG * 200).to_bytes(4, "big"), *[b"x" * 50_000] * 20]
            case "long" if street.done["long"] <= _MOST_LONG:
                return [framed, frame(b"6\0" + b"2\0" + b"y" * _LONG)]
            case _:
                self._silent = True
                return []

    def _injected(self) -> bytes:
        """Some answer of the protocol about something that may be in use, with values nobody means."""
        chance = self._street.chance
        record = ANSWER_RECORDS[chance.choice(_ANSWERS)]
        odd = odd_values(chance, CONDITIONS)

        def pick(name: str, kind: Kind) -> object:
            if name.endswith(("req_id", "order_id", "client_id", "perm_id")):  # one that may be in use
                return chance.choice((*self._ids[-40:], 17))
            return odd(name, kind)

        try:
            told = made(record, VERSION, pick, lambda name: chance.randrange(3)) if chance.random() < 0.7 else None
            payload = write_answer(counted(record, VERSION) if told is None else told, VERSION)
        except (BadMessage, ValueError, OverflowError):  # it can't even be written
            return forged(chance, self._ids)
        return frame(payload) if chance.random() < 0.6 else spoilt_fields(chance, payload)


class _Far(asyncio.Protocol):
    """The client, as the gateway sees it."""

    def __init__(self, middleman: Middleman) -> None:
        self._middleman = middleman

    def data_received(self, data: bytes) -> None:
        self._middleman.came(data)

    def connection_lost(self, error: Exception | None) -> None:
        self._middleman.gone()


def _flipped(chance: Random, framed: bytes) -> bytes:
    """One bit of what it says; its length is left alone."""
    place = chance.randrange(4, len(framed))
    return framed[:place] + bytes([framed[place] ^ 1 << chance.randrange(8)]) + framed[place + 1 :]


def _digit(chance: Random, framed: bytes) -> bytes:
    """One digit is another: nobody can see that it was not meant."""
    places = [place for place in range(4, len(framed)) if chr(framed[place]).isdigit()]
    place = chance.choice(places)
    return framed[:place] + str(chance.randrange(10)).encode() + framed[place + 1 :]
