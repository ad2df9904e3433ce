"""Messages from their bytes and back, at the version both sides agreed on."""

import math
from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any

from gamma_scalper.gateway.framing import HIGHEST_VERSION
from gamma_scalper.gateway.wire.answers import Answer, TickOptionComputation, TickPrice, TickSize
from gamma_scalper.gateway.wire.requests import Request, Unserved
from gamma_scalper.gateway.wire.shapes import Fixed, Reader, RecordWays
from gamma_scalper.gateway.wire.spelling import GREEK_FORMAT, INT, BadMessage, NotANumber, spell_real, spell_size
from gamma_scalper.gateway.wire.tables_of_answers import ANSWERS, TICK_BY_TICK, TICKS_BY_TICK
from gamma_scalper.gateway.wire.tables_of_requests import REQUESTS

__all__ = ["BadMessage", "NotANumber", "read_answer", "read_request", "write_answer", "write_request"]


_LONGEST_REQUEST = 65_536
_SHORT = 2_000  # bytes of a request whose parts are remembered, since many are alike


class _Dialect:
    """Every message at one version."""

    def __init__(self, version: int) -> None:
        self.requests = {number: record.at(version) for number, record in REQUESTS.items()}
        self.answers = {number: record.at(version) for number, record in ANSWERS.items()}
        self.ticks_by_tick = {kind: record.at(version) for kind, record in TICKS_BY_TICK.items()}
        self.of_class = {
            ways.make: (number, ways)
            for number, ways in (
                *self.requests.items(),
                *self.answers.items(),
                *((TICK_BY_TICK, ways) for ways in self.ticks_by_tick.values()),
            )
        }


_dialect = cache(_Dialect)


def read_request(payload: bytes, version: int) -> Request:
    """What a client asks. Fields beyond those known are overlooked: other clients have more."""
    if len(payload) > _LONGEST_REQUEST:
        raise BadMessage(f"{len(payload):,} bytes are more than any request has; allowed: {_LONGEST_REQUEST:,}")
    fields = _fields(payload)
    number = INT.read(fields[0])
    ways = _dialect(version).requests.get(number)
    if ways is None:
        raise BadMessage(f"there is no request {number}")
    request: Request
    try:
        request = _read(ways, fields, short=len(payload) <= _SHORT)[0]
    except NotANumber as problem:
        behind_version = isinstance(REQUESTS[number].shapes[0], Fixed)
        raise NotANumber(str(problem), about=INT.read(fields[2 if behind_version else 1])) from None
    return request


def write_request(request: Request, version: int) -> bytes:
    """As a client sends it."""
    dialect = _dialect(version)
    if isinstance(request, Unserved):
        return _written(request, request.message_id, dialect.requests[request.message_id])
    return _written(request, *dialect.of_class[type(request)])


def read_answer(payload: bytes, version: int) -> Answer:
    """What the gateway says. A field too many is an error of ours, so it isn't overlooked."""
    fields = _fields(payload)
    number = INT.read(fields[0])
    dialect = _dialect(version)
    ways = dialect.answers.get(number)
    if number == TICK_BY_TICK:
        ways = dialect.ticks_by_tick.get(fields[2] if len(fields) > 2 else "")
    if ways is None:
        raise BadMessage(f"there is no answer {number}")
    answer: Answer
    answer, left = _read(ways, fields)
    if left:
        raise BadMessage(f"answer {number} has {left} fields too many")
    return answer


def write_answer(answer: Answer, version: int) -> bytes:
    """As the gateway sends it, without the length. Ticks are by far the most, so they have a way of their own."""
    write_tick = _TICKS.get(type(answer))
    if write_tick is not None:
        return write_tick(answer)
    return _written(answer, *_dialect(version).of_class[type(answer)])


def _fields(payload: bytes) -> list[str]:
    try:
        fields = payload.decode().split("\0")
    except UnicodeDecodeError:
        raise BadMessage(f"{payload[:40]!r} is not UTF-8") from None
    if len(fields) < 2 or fields.pop():
        raise BadMessage(f"{payload[-40:]!r} doesn't end with a NUL")
    return fields


def _read(ways: RecordWays, fields: list[str], *, short: bool = False) -> tuple[Any, int]:
    reader = Reader(fields, short=short)
    try:
        reader.take()
        return ways.read(reader), reader.left()
    except StopIteration:
        raise BadMessage(f"message {fields[0]} ends after {len(fields)} fields") from None
    except BadMessage as problem:
        raise type(problem)(f"message {fields[0]}: {problem}") from None


def _written(message: object, number: int, ways: RecordWays) -> bytes:
    out = [str(number)]
    try:
        ways.write(message, out)
        return ("\0".join(out) + "\0").encode()
    except UnicodeEncodeError:
        raise BadMessage(f"message {number} holds half a character") from None
    except BadMessage as problem:
        raise BadMessage(f"message {number}: {problem}") from None


# -- ticks: the same at every version, and just what the tables would write -------------------------------------------

_real = lru_cache(16_384)(lambda price: spell_real(price).encode())  # prices come again, and spelling one takes long
_size = lru_cache(16_384)(lambda size: spell_size(size).encode())
_COMPUTATION = "\0".join(["21", "%d", "%d", "%d", *[GREEK_FORMAT] * 8, ""]).encode()


def _tick_price(tick: TickPrice) -> bytes:
    req_id, tick_type, price, size, attributes = tick
    return b"1\x006\0%d\0%d\0%b\0%b\0%d\0" % (req_id, tick_type, _real(price), _size(size), attributes)


def _tick_size(tick: TickSize) -> bytes:
    req_id, tick_type, size = tick
    return b"2\x006\0%d\0%d\0%b\0" % (req_id, tick_type, _size(size))


def _tick_option_computation(tick: TickOptionComputation) -> bytes:
    values: tuple[Any, ...] = tick
    try:
        total = sum(values)
    except TypeError:  # one is None
        total = math.nan
    if total - total != 0:  # one is None, NaN or infinite
        return _written(tick, *_dialect(HIGHEST_VERSION).of_class[TickOptionComputation])
    return _COMPUTATION % values


_TICKS: dict[type, Callable[[Any], bytes]] = {
    TickPrice: _tick_price,
    TickSize: _tick_size,
    TickOptionComputation: _tick_option_computation,
}
