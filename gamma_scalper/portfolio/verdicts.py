"""What the facts about an order come to: executions first, then what the broker said of each of its lives."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from gamma_scalper.domain.instruments import Combo
from gamma_scalper.domain.orders import (
    Cancelled,
    Expired,
    Filled,
    GoodTill,
    Intent,
    Journaled,
    OrderState,
    PartlyFilled,
    Rejected,
    Sent,
    Unknown,
    Working,
)
from gamma_scalper.domain.ports import Standing
from gamma_scalper.portfolio.order_table import Happening, Kind
from gamma_scalper.portfolio.tickets import NONE, Life, Ticket

_WIRE_STEP = timedelta(seconds=1)  # on the wire an order's end has no fractions of a second


class Executed(NamedTuple):
    """How much of an intent its executions make up."""

    filled: Decimal  # whole units of it, at most its quantity
    excess: Decimal  # units beyond the quantity
    strange: bool  # something was traded that was never ordered: another contract, or the other side


def made_up(intent: Intent, signed: Mapping[int, Decimal]) -> Executed:
    """`signed` is what was executed by conId. A combo has filled as often as all of its legs have."""
    what, sign, quantity = intent.instrument, intent.side.sign, intent.quantity
    if not isinstance(what, Combo):
        done = sign * signed.get(what.con_id, NONE)
        strange = done < 0 or len(signed) > (what.con_id in signed)
        return Executed(min(max(done, NONE), quantity), max(done - quantity, NONE), strange)
    units = [sign * signed.get(leg.instrument.con_id, NONE) / leg.ratio for leg in what.legs]
    strange = min(units) < 0 or not {leg.instrument.con_id for leg in what.legs}.issuperset(signed)
    whole = max(min(units), NONE) // 1
    return Executed(min(whole, quantity), max(max(units) - quantity, NONE), strange)


def verdict(ticket: Ticket, filled: Decimal) -> Happening:
    """What an order of which something was told comes to, with so much of it filled."""
    quantity, lives = ticket.order.intent.quantity, ticket.lives
    if filled >= quantity:
        done = len(lives) < 2 or all(life.executed >= quantity or (life.over and not life.doubted) for life in lives)
        return Happening.WHOLE if done else Happening.DOUBTED
    over = True
    for life in lives:
        if life.doubted:
            return Happening.DOUBTED
        over = over and life.over
    if not over:
        return Happening.PARTLY if filled else Happening.ALIVE
    if ticket.missing_with(filled):
        return Happening.DOUBTED
    last = lives[-1]
    if last.standing is Standing.REJECTED:
        return Happening.REJECTED
    return Happening.EXPIRED if _ran_out(ticket, last) else Happening.CANCELLED


def _ran_out(ticket: Ticket, life: Life) -> bool:
    lifetime = ticket.order.intent.lifetime
    return (
        isinstance(lifetime, GoodTill)
        and life.standing is Standing.CANCELLED
        and life.told_at is not None
        and life.told_at > lifetime.until - _WIRE_STEP
    )


def state_of(kind: Kind, ticket: Ticket, why: str, code: int | None, now: datetime) -> OrderState:
    """The state of this kind, with its particulars."""
    last = ticket.lives[-1] if ticket.lives else None
    said = last.why if last is not None and last.over else ""
    match kind:
        case Kind.JOURNALED:
            return Journaled()
        case Kind.SENT:
            return Sent(now)
        case Kind.WORKING:
            return Working()
        case Kind.PARTIAL:
            return PartlyFilled()
        case Kind.UNKNOWN:
            return Unknown(why)
        case Kind.FILLED:
            return Filled()
        case Kind.CANCELLED:
            return Cancelled(said or why)
        case Kind.REJECTED:
            return Rejected(code if code is not None or last is None else last.code, said or why)
        case Kind.EXPIRED:
            return Expired()
        case Kind.PLANNED:
            raise ValueError("an order is planned once, when it is written down")
