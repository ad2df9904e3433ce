"""Bytes that nobody means: frames spoilt in every way, and fields that can't be so."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from itertools import pairwise
from random import Random
from typing import Any

from gamma_scalper.gateway.framing import frame
from gamma_scalper.gateway.wire.spelling import Kind

ODD = (
    *("", "0", "-1", "1", "nan", "NaN", "None", "Infinity", "-inf", "1e308", "1.7976931348623157e+308", "-1e300"),
    *("2147483647", "2147483648", "-2147483649", "9223372036854775807", "9" * 30, "9" * 400, "1_0", " 1", "٣", "0x1f"),
    *("x", "SPY", "BUY", "true", "\ud800", "\x7f", "a" * 3_000, "20260105 10:00:07", "99991231 23:59:59 UTC", "%s{}"),
)
NUMBERS = (0, 1, -1, 5, 100, 2**31 - 1, 2**31, -(2**31), 2**63, 10**18)
REALS = (0.0, 1.0, -1.0, 0.01, 600.0, 1e15, -1e15, 1e299, -1e299, 1e-299)


def spelled(fields: Sequence[object]) -> bytes:
    """A message of these fields, framed; half characters are spelled as such."""
    return frame("".join(f"{field}\0" for field in fields).encode(errors="surrogatepass"))


def noise(chance: Random, most: int = 80) -> bytes:
    return chance.randbytes(chance.randint(1, most))


def spoilt_fields(chance: Random, payload: bytes) -> bytes:
    """The same message with some fields at an oddity, missing, doubled or too many; framed."""
    fields = payload.decode(errors="surrogatepass").split("\0")[:-1]
    for _ in range(chance.randint(1, 3)):
        place = chance.randrange(len(fields)) if fields else 0
        match chance.randrange(6):
            case 0 if fields:
                del fields[place]
            case 1:
                fields.insert(place, chance.choice(ODD))
            case 2:
                fields = fields[:place]
            case 3:
                fields += [chance.choice(ODD)] * chance.choice((1, 5, 300))
            case _ if fields:
                fields[place] = chance.choice(ODD)
            case _:
                pass
    return spelled(fields)


def spoilt_frame(chance: Random, framed: bytes) -> bytes:
    """A frame that was cut, or whose length or bytes are not what they were."""
    match chance.randrange(5):
        case 0:
            return framed[: chance.randrange(1, len(framed))]
        case 1:
            return chance.choice((0, 1, 2**31, 2**32 - 1, 50_000_000, 1_000_001)).to_bytes(4, "big") + framed[4:]
        case 2:
            place = chance.randrange(len(framed))
            return framed[:place] + bytes([framed[place] ^ 1 << chance.randrange(8)]) + framed[place + 1 :]
        case 3:
            place = chance.randrange(len(framed))
            return framed[:place] + noise(chance, 8) + framed[place:]
        case _:
            return noise(chance)


def odd_values(chance: Random, kinds_of_condition: Sequence[int]) -> Callable[[str, Kind], Any]:
    """Picks a value for each field of a table's message: of the right type, and seldom what anybody means."""

    def pick(name: str, kind: Kind) -> Any:
        if kind.name == "kind of condition":
            return chance.choice(kinds_of_condition)
        if "none" in kind.name and chance.random() < 0.3:
            return None
        if "flag" in kind.name:
            return chance.random() < 0.5
        if "quantity" in kind.name:
            return Decimal(chance.choice(("0", "1", "-1", "0.5", "10", "1E15", "-1E29", "1E-30")))
        if "text" in kind.name:
            return chance.choice(
                ("", "1", "SPY", "STK", "OPT", "BAG", "SMART", "USD", "C", "DU1000001", "x" * 300, "20260109")
            )
        return chance.choice(NUMBERS if "whole" in kind.name else REALS)

    return pick


def pieces(chance: Random, stream: bytes) -> list[bytes]:
    """Cut anywhere, now and then into single bytes."""
    if len(stream) < 400 and chance.random() < 0.2:
        return [stream[place : place + 1] for place in range(len(stream))]
    places = sorted({0, len(stream), *(chance.randrange(len(stream) + 1) for _ in range(chance.randrange(4)))})
    return [stream[begin:end] for begin, end in pairwise(places)]
