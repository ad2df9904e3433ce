"""Who may ask whom for what: a desk its conversation, a conversation the house; none needs the others' files."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, Protocol

from gamma_scalper.domain.instruments import TickRule
from gamma_scalper.exchange.delivery import Delivery
from gamma_scalper.exchange.engine import Engine, Instruction
from gamma_scalper.exchange.events import Event
from gamma_scalper.exchange.faults import FaultSchedule
from gamma_scalper.exchange.valuation import Valuation
from gamma_scalper.gateway.contracts import Catalogue
from gamma_scalper.gateway.details import Hours
from gamma_scalper.gateway.echo import Echo
from gamma_scalper.gateway.lines import Line
from gamma_scalper.gateway.order_numbers import OrderNumbers
from gamma_scalper.gateway.outbox import Outbox
from gamma_scalper.gateway.parameters import GatewayParameters
from gamma_scalper.gateway.past import Past
from gamma_scalper.gateway.wire.answers import Answer
from gamma_scalper.gateway.worth import Worth


class Extras(Protocol):
    """What a line tells besides bid and ask."""

    def numbers(self, written: str, sec_type: str) -> frozenset[int]: ...

    def tell(self, line: Line, con_id: int, now: datetime) -> None: ...


class House(Protocol):
    """The gateway, as those see it who work in it: what all conversations share."""

    engine: Engine
    parameters: GatewayParameters
    faults: FaultSchedule
    catalogue: Catalogue
    numbers: OrderNumbers
    past: Past
    valuation: Valuation
    worth: Worth
    echo: Echo
    hours: Hours
    rules: dict[int, TickRule]

    @property
    def extras(self) -> Extras: ...

    def now(self) -> datetime: ...

    def do(self, instruction: Instruction) -> Sequence[Event]: ...

    def wake(self) -> None: ...

    def trading(self) -> bool: ...

    def accounts(self) -> list[str]: ...


class Conversation(Protocol):
    """A session, as its desks see it."""

    client_id: int | None
    outbox: Outbox

    @property
    def gateway(self) -> House: ...

    @property
    def delivery(self) -> Delivery: ...

    @property
    def now(self) -> datetime: ...

    def say(self, answer: Answer) -> None: ...

    def say_in_turn(self, long: Iterator[Answer]) -> None: ...

    def error(self, req_id: int, code: int, text: str) -> None: ...

    def tell(self, events: Sequence[Event], now: datetime) -> None: ...


class Desk(Protocol):
    """Serves some kinds of request of one session."""

    def handlers(self) -> dict[type, Callable[[Any], None]]: ...

    def close(self) -> None:
        """Let go of what it holds at the exchange."""
        ...


class TimedDesk(Desk, Protocol):
    """One that also tells things by itself."""

    def tend(self, now: datetime) -> None:
        """Do what is due."""
        ...

    def next_at(self) -> datetime | None: ...


class Seated(Protocol):
    """A session, as the house sees the others when a new one asks to be let in."""

    client_id: int | None


class Reception(House, Protocol):
    """The gateway, as a session sees it: who comes and who goes."""

    def refuses(self, client: str, now: datetime) -> bool: ...

    def delivery(self, client_id: int, now: datetime) -> Delivery: ...

    def session_of(self, client_id: int) -> Seated | None: ...

    def joined(self, session: Any) -> None: ...

    def left(self, session: Any) -> None: ...


class Door(Reception, Protocol):
    """The gateway, as a connection sees it."""

    def connected(self, connection: Any) -> bool: ...

    def lost(self, connection: Any) -> None: ...
