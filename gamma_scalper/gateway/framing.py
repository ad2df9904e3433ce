"""How messages are cut out of the stream: a greeting, then four bytes of length before each."""

import re
import struct

from attrs import frozen

LOWEST_VERSION = 157  # of what is served; clients that stop below it count sizes and times in another way
HIGHEST_VERSION = 176  # above it ib_insync misreads without a word

_GREETING = b"API\0"
_VERSIONS = re.compile(rb"v([1-9]\d{0,3})\.\.([1-9]\d{0,3})(?: ([\x20-\x7e]*))?")
_LENGTH = struct.Struct(">I")
_LONGEST = 1_000_000
_LONGEST_HELLO = 256  # bytes; before it is known who speaks nothing long is waited for


class BadFrame(ValueError):
    """What came isn't this protocol, so nothing after it can be read either: the connection has to be closed."""


@frozen
class Handshake:
    """The versions a client speaks, and the options it adds."""

    lowest: int
    highest: int
    options: str = ""


def read_handshake(payload: bytes) -> Handshake:
    """What a client's first message says: v157..176 and perhaps options."""
    said = _VERSIONS.fullmatch(payload)
    if said is None or int(said[1]) > int(said[2]):
        raise BadFrame(f"a connection begins with versions such as v157..176, not with {payload[:40]!r}")
    return Handshake(int(said[1]), int(said[2]), (said[3] or b"").decode("ascii"))


def negotiate(lowest: int, highest: int) -> int | None:
    """The highest version both sides speak; None where there is none."""
    version = min(highest, HIGHEST_VERSION)
    return version if version >= max(lowest, LOWEST_VERSION) else None


def frame(payload: bytes) -> bytes:
    """The payload with its length before it, as it goes over the wire."""
    return _LENGTH.pack(len(payload)) + payload


def greeting(lowest: int, highest: int, options: str = "") -> bytes:
    """What a client sends first, length and all."""
    versions = f"v{lowest}..{highest} {options}" if options else f"v{lowest}..{highest}"
    return _GREETING + frame(versions.encode("ascii"))


class Frames:
    """Cuts one connection's bytes into payloads, however the network cut them; holds one unfinished frame at most.

    With `greeted` false the stream has to begin with a client's greeting, whose versions are then the first payload.
    """

    def __init__(self, *, greeted: bool = False, longest: int = _LONGEST) -> None:
        self._rest = bytearray()
        self._greeting = b"" if greeted else _GREETING
        self._longest = longest
        self._allowed = longest if greeted else min(longest, _LONGEST_HELLO)

    def feed(self, data: bytes) -> list[bytes]:
        """The payloads that are complete now, in their order."""
        rest = self._rest
        rest += data
        begin = self._greet()
        payloads: list[bytes] = []
        while begin is not None and len(rest) >= begin + _LENGTH.size:
            (length,) = _LENGTH.unpack_from(rest, begin)
            if not 0 < length <= self._allowed:
                raise BadFrame(f"a message of {length:,} bytes; 1 to {self._allowed:,} are taken")
            body = begin + _LENGTH.size
            if len(rest) < body + length:
                break
            payloads.append(bytes(rest[body : body + length]))
            begin = body + length
            self._allowed = self._longest
        del rest[: begin or 0]
        return payloads

    def _greet(self) -> int | None:
        """Where the first frame begins; None while the greeting is incomplete."""
        expected = self._greeting
        if not expected:
            return 0
        if not expected.startswith(self._rest[: len(expected)]):
            raise BadFrame(f"a client of the API begins with API, not with {bytes(self._rest[:8])!r}")
        if len(self._rest) < len(expected):
            return None
        self._greeting = b""
        return len(expected)
