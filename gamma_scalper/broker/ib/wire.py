"""The connection in force, and how something is asked over it."""

from collections.abc import Callable
from typing import Any

from gamma_scalper.broker.ib.client import LAST_ID
from gamma_scalper.broker.ib.pacing import Budget, Pacing
from gamma_scalper.broker.ib.parameters import IbParameters
from gamma_scalper.broker.ib.requests import Requests
from gamma_scalper.broker.ib.restraint import Restraint
from gamma_scalper.domain.ports import NotReady
from gamma_scalper.kernel import Clock


class Wire:
    """Stays the same while connections come and go; without one, whatever needs one raises `NotReady`."""

    def __init__(self, clock: Clock, parameters: IbParameters) -> None:
        self.clock = clock
        self.parameters = parameters
        self.requests = Requests()
        self.pacing = Pacing(clock, parameters.pacing)
        self.restraint = Restraint(clock)
        self._client: Any = None
        self._highest_id = 0  # ever given out or seen, over all connections

    def take(self, client: Any) -> None:
        """What a broken connection swallowed never reached the broker, which offers its id once more: it stays used."""
        self._client = client
        client.updateReqId(self._highest_id + 1)

    def drop(self) -> None:
        self._client = None
        self.requests.connection_lost()

    def send(self, call: Callable[[Any], None]) -> None:
        """Now, whatever the budgets say."""
        if self._client is None:
            raise NotReady("there is no connection")
        try:
            call(self._client)
        except ConnectionError as error:
            raise NotReady("the connection is gone") from error

    def next_id(self) -> int:
        """For a request or an order; it only ever goes up."""
        numbers: list[int] = []
        self.send(lambda client: numbers.append(client.getReqId()))
        self._highest_id = max(self._highest_id, numbers[0])
        return numbers[0]

    def seen_id(self, number: int) -> None:
        """Orders of ours that are told of have used this id. One that can't be raises `ValueError`."""
        if number > LAST_ID:
            raise ValueError(f"beyond {LAST_ID} soon no id is left")
        self._highest_id = max(self._highest_id, number)
        if self._client is not None:
            self._client.updateReqId(number + 1)

    async def ask(
        self,
        what: str,
        send: Callable[[Any, int], None],
        *,
        timeout_s: float,
        name: str = "",
        budget: Budget | None = None,
        kind: type = object,
    ) -> list[Any]:
        """The answer's parts, each of this kind; a question without an id of its own on the wire goes by its name."""
        number = 0 if name else self.next_id()
        return await self.requests.ask(
            what,
            name or number,
            lambda: self.send(lambda client: send(client, number)),
            budget=budget or self.pacing.data,
            timeout_s=timeout_s,
            kind=kind,
        )
