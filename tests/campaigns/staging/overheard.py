"""What the broker was asked and has answered, beside what the program says of it."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from gamma_scalper.gateway.gateway import Gateway
from gamma_scalper.gateway.session import Session
from gamma_scalper.gateway.wire import requests_of_orders as requests

CONNECTED = "a connection"
RECORDS = {  # without which nobody knows what is held, nor what may still fill
    requests.RequestPositions: "the positions",
    requests.RequestAllOpenOrders: "the open orders",
    requests.RequestExecutions: "the executions",
    requests.RequestCompletedOrders: "the completed orders",
}


class Heard(NamedTuple):
    """A connection that was made, or a record that was told."""

    at: datetime
    what: str


class Overheard(Gateway):
    """A gateway whose answers about records are noted."""

    def __init__(self, heard: list[Heard], *about: Any, **more: Any) -> None:
        self._heard = heard
        super().__init__(*about, **more)

    def joined(self, session: Session) -> None:
        self._heard.append(Heard(self.now(), CONNECTED))
        for kind, what in RECORDS.items():
            session._handlers[kind] = self._noted(what, session._handlers[kind])
        super().joined(session)

    def _noted(self, what: str, answer: Callable[[Any], None]) -> Callable[[Any], None]:
        def noted(request: Any) -> None:
            answer(request)
            self._heard.append(Heard(self.now(), what))

        return noted
