"""The transitions of an order, as data: from this kind of state, on this happening, to that kind.

What a broker says is always in the table, however late, doubled or contradictory. What is not in it would be a mistake
of our own, and raises.
"""

import enum
from collections.abc import Iterable, Mapping

from gamma_scalper.domain import orders


class IllegalTransition(Exception):
    """The desk was told to do with an order what can't be done with it.

    For the operator: a fault of the program, found before anything was sent; stop, and report the journal's last rows.
    """


class Kind(enum.StrEnum):
    """A state of an order without its particulars, in the order of an order's life."""

    PLANNED = "planned"
    JOURNALED = "journaled"
    SENT = "sent"
    WORKING = "working"
    PARTIAL = "partial"
    UNKNOWN = "unknown"
    FILLED = "filled"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    EXPIRED = "expired"


_KINDS: dict[type[orders.OrderState], Kind] = {
    orders.Planned: Kind.PLANNED,
    orders.Journaled: Kind.JOURNALED,
    orders.Sent: Kind.SENT,
    orders.Working: Kind.WORKING,
    orders.PartlyFilled: Kind.PARTIAL,
    orders.Unknown: Kind.UNKNOWN,
    orders.Filled: Kind.FILLED,
    orders.Cancelled: Kind.CANCELLED,
    orders.Rejected: Kind.REJECTED,
    orders.Expired: Kind.EXPIRED,
}


def kind_of(state: orders.OrderState) -> Kind:
    return _KINDS[type(state)]


class Happening(enum.StrEnum):
    """What may happen to an order; its value is how the printed table calls it."""

    # of the house
    TURN = "its turn has come"
    DISPATCHED = "handed to the broker's client"
    NOT_SENT = "not handed over"
    REFUSED = "refused by the broker's client"
    AMEND_ASKED = "an amendment is wanted"
    AMEND_FAILED = "the amendment failed"
    CANCEL_ASKED = "a cancel is wanted"
    RESTARTED = "the process began anew"
    # of the broker
    ALIVE = "it lives, nothing of it filled"
    PARTLY = "it lives, partly filled"
    WHOLE = "executions make it up"
    DOUBTED = "its end can't be told"
    CANCELLED = "dead: cancelled"
    REJECTED = "dead: rejected"
    EXPIRED = "dead: its time ran out"


_ALL = tuple(Kind)
_AT_BROKER = (Kind.SENT, Kind.WORKING, Kind.PARTIAL, Kind.UNKNOWN)
_SENDABLE = (Kind.JOURNALED, *_AT_BROKER)
_DEAD = (Kind.FILLED, Kind.CANCELLED, Kind.REJECTED, Kind.EXPIRED)
_BUT_PLANNED = (*_SENDABLE, *_DEAD)


def _stays(*kinds: Kind) -> dict[Kind, Kind]:
    return {kind: kind for kind in kinds}


def _all(kinds: Iterable[Kind], to: Kind) -> dict[Kind, Kind]:
    return dict.fromkeys(kinds, to)


# Of an order that was planned only, or that is dead, the broker can say nothing good: what it says is doubted.
_NEVER = {Kind.PLANNED: Kind.UNKNOWN}

TABLE: Mapping[Happening, Mapping[Kind, Kind]] = {
    Happening.TURN: {Kind.PLANNED: Kind.JOURNALED},
    Happening.DISPATCHED: {Kind.JOURNALED: Kind.SENT} | _stays(Kind.WORKING, Kind.PARTIAL, Kind.UNKNOWN, *_DEAD),
    Happening.NOT_SENT: _all((Kind.PLANNED, Kind.JOURNALED), Kind.CANCELLED)
    | _all((Kind.WORKING, Kind.PARTIAL, Kind.UNKNOWN), Kind.UNKNOWN)
    | _stays(*_DEAD),
    Happening.REFUSED: {Kind.JOURNALED: Kind.REJECTED}
    | _all((Kind.WORKING, Kind.PARTIAL, Kind.UNKNOWN), Kind.UNKNOWN)
    | _stays(*_DEAD),
    Happening.AMEND_ASKED: _stays(Kind.WORKING, Kind.PARTIAL),
    Happening.AMEND_FAILED: _stays(Kind.WORKING, Kind.PARTIAL, Kind.UNKNOWN, *_DEAD),
    Happening.CANCEL_ASKED: {Kind.PLANNED: Kind.CANCELLED} | _stays(*_SENDABLE, *_DEAD),
    Happening.RESTARTED: {Kind.PLANNED: Kind.CANCELLED}
    | _all((Kind.JOURNALED, Kind.SENT, Kind.UNKNOWN), Kind.UNKNOWN)
    | _stays(Kind.WORKING, Kind.PARTIAL, *_DEAD),
    Happening.ALIVE: _NEVER | _all(_SENDABLE, Kind.WORKING) | _all(_DEAD, Kind.UNKNOWN),
    Happening.PARTLY: _NEVER | _all(_SENDABLE, Kind.PARTIAL) | _all(_DEAD, Kind.UNKNOWN),
    Happening.WHOLE: _all(_ALL, Kind.FILLED),
    Happening.DOUBTED: _all(_ALL, Kind.UNKNOWN),
    Happening.CANCELLED: _NEVER | _all(_BUT_PLANNED, Kind.CANCELLED),
    Happening.REJECTED: _NEVER | _all(_BUT_PLANNED, Kind.REJECTED),
    Happening.EXPIRED: _NEVER | _all(_BUT_PLANNED, Kind.EXPIRED),
}


def after(kind: Kind, happening: Happening, about: object) -> Kind:
    """The kind it comes into; `about` names the order in the message of what is raised."""
    to = TABLE[happening].get(kind)
    if to is None:
        raise IllegalTransition(f"order {about} is {kind}, and then: {happening}")
    return to


def printed() -> str:
    """The table for a person, in Markdown: a line for each happening, a column for each state; `-` raises."""
    lines = [
        "| what happens | " + " | ".join(_ALL) + " |",
        "|---" * (len(_ALL) + 1) + "|",
    ]
    for happening, transitions in TABLE.items():
        cells = (transitions.get(kind) for kind in _ALL)
        lines.append(f"| {happening} | " + " | ".join("-" if cell is None else cell for cell in cells) + " |")
    return "\n".join(lines)
