"""Past prices over lost connections and silence: only what a person must put right ends a download."""

from collections.abc import Sequence
from datetime import datetime

from gamma_scalper.domain.exits import ExitCode, UserError
from gamma_scalper.domain.instruments import Option, Stock
from gamma_scalper.domain.ports import (
    Broker,
    Link,
    NotReady,
    PastBar,
    PastPrice,
    PastPrices,
    Refused,
    Unanswered,
)
from gamma_scalper.kernel import Clock

_PATIENCE_S, _LOOK_S = 600.0, 1.0  # with a connection that is gone
_TRIES = 4
_NO_SUCH_CONTRACT = 200


class Patient:
    """Asks again where the connection was at fault."""

    def __init__(self, broker: Broker, past: PastPrices, clock: Clock) -> None:
        self._broker, self._past, self._clock = broker, past, clock

    async def minutes(
        self, of: Stock | Option, price: PastPrice, begins: datetime, ends: datetime
    ) -> Sequence[PastBar]:
        """None of an option the broker no longer has. Raises `UserError` alone."""
        trouble: Exception | None = None
        for _ in range(_TRIES):
            try:
                return await self._past.minutes(of, price, begins, ends)
            except (NotReady, Unanswered) as error:
                trouble = error
                await self._until_ready()
            except Refused as error:
                if isinstance(of, Option) and error.code == _NO_SUCH_CONTRACT:
                    return ()
                raise UserError(f"past prices of {of.symbol}: {error}; look at this login's market data") from error
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
