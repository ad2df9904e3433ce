"""What was said to a client and has not left yet: one write a turn, never a long one, never without bound."""

from collections import deque
from collections.abc import Callable
from struct import Struct

from gamma_scalper.gateway.parameters import BufferParameters

_length = Struct(">I").pack
BURST = 60_000  # bytes; a client's buffer may be slow beyond 64 kB


class Outbox:
    """Frames in order. `wake` is called with the first of a turn."""

    def __init__(self, wake: Callable[[], object], parameters: BufferParameters) -> None:
        self._wake = wake
        self._frames: deque[bytes] = deque()
        self._conflate_above = parameters.conflate_above_kb * 1_000
        self._close_above = parameters.close_above_kb * 1_000
        self._awake = False
        self.size = 0
        self.blocked = False  # the network takes no more just now

    def add(self, payload: bytes) -> None:
        """It gets its length here: ticks come by the hundred thousand, and a call more each would tell."""
        framed = _length(len(payload)) + payload
        self._frames.append(framed)
        self.size += len(framed)
        if not self._awake:
            self._awake = True
            self._wake()

    @property
    def crowded(self) -> bool:
        """So much waits that a quote replaces the one before it."""
        return self.size > self._conflate_above

    @property
    def full(self) -> bool:
        """More waits than will be kept for who doesn't read, and than will be added to for who does."""
        return self.size > self._close_above

    @property
    def overflowing(self) -> bool:
        """Nobody reads, and more waits than will be kept."""
        return self.blocked and self.full

    def take(self) -> bytes:
        """What is to be written now; the rest is for the next turn."""
        self._awake = False
        frames, size = self._frames, 0
        burst: list[bytes] = []
        while frames and (not burst or size + len(frames[0]) <= BURST):
            size += len(frames[0])
            burst.append(frames.popleft())
        self.size -= size
        return b"".join(burst)
