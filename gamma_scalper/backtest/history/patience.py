"""Questions asked again over lost connections and silence: only what a person must put right ends a download."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from gamma_scalper.domain.exits import ExitCode, UserError
from gamma_scalper.domain.ports import Broker, Link, NotReady, Unanswered
from gamma_scalper.kernel import Clock

T = TypeVar("T")

_PATIENCE_S, _LOOK_S = 600.0, 1.0  # with a connection that is gone
_TRIES = 4


class Patience:
    """With one broker."""

    def __init__(self, broker: Broker, clock: Clock) -> None:
        self._broker, self._clock = broker, clock

    async def ask(self, question: Callable[[], Awaitable[T]]) -> T:
        """Raises `UserError` where it stays without an answer; a refusal is passed on."""
        trouble: Exception | None = None
        for _ in range(_TRIES):
            try:
                return await question()
            except (NotReady, Unanswered) as error:
                trouble = error
                await self._until_ready()
        raise UserError(f"{trouble}; look at the gateway, then start again", ExitCode.BROKER_UNREACHABLE)

    async def _until_ready(self) -> None:
        until = self._clock.monotonic() + _PATIENCE_S
        while self._broker.link.link is not Link.READY:
            if self._clock.monotonic() >= until:
                raise UserError(
                    f"no connection for {_PATIENCE_S:g} s ({self._broker.link.why}); start again once there is one",
                    ExitCode.BROKER_UNREACHABLE,
                )
            await self._clock.sleep(_LOOK_S)
