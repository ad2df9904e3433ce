"""What the facts about an order come to: executions first, then what the broker said of each of its lives."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from attrs import frozen

from gamma_scalper.domain.instruments import Combo, Leg, Tradable
from gamma_scalper.domain.orders import (
    Cancelled,
    Expired,
    Filled,
    GoodTill,
    Intent,
    Journaled,
    Order,
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


@frozen
class Executed:
    """How much of an intent its executions make up."""

    filled: Decimal  # whole units of it, at most its quantity
    excess: Decimal  # units beyond the quantity
    strange: bool  # something was traded that was never ordered: another contract, or the other side


def legs_of(instrument: Tradable) -> tuple[Leg, ...]:
    """A contract alone is a structure of one leg."""
    return instrument.legs if isinstance(instrument, Combo) else (Leg(instrument, 1),)


def made_up(intent: Intent, signed: Mapping[int, Decimal]) -> Executed:
    """`signed` is what was executed by conId. A combo has filled as often as all of its legs have."""
    legs, quantity = legs_of(intent.instrument), intent.quantity
    if len(legs) == 1 and len(signed) == 1:  # by far the most frequent
        con_id = legs[0].instrument.con_id
        units = [intent.side.sign * signed.get(con_id, NONE)]
        strange = con_id not in signed
    else:
        units = [intent.side.sign * signed.get(leg.instrument.con_id, NONE) / leg.ratio for leg in legs]
        named = {leg.instrument.con_id for leg in legs}
        strange = any(amount and con_id not in named for con_id, amount in signed.items())
    least = max(min(units), NONE)
    whole = least if len(legs) == 1 else least // 1
    return Executed(min(whole, quantity), max(max(units) - quantity, NONE), strange or min(units) < 0)


def verdict(ticket: Ticket, filled: Decimal) -> Happening | None:
    """What the order comes to with so much filled; None while nothing was told of it."""
    quantity, lives = ticket.order.intent.quantity, ticket.lives
    if filled >= quantity:
        done = len(lives) < 2 or all(life.executed >= quantity or (life.over and not life.doubted) for life in lives)
        return Happening.WHOLE if done else Happening.DOUBTED
    if not lives:
        return None
    if any(life.doubted for life in lives):
        return Happening.DOUBTED
    if not all(life.over for life in lives):
        return Happening.PARTLY if filled else Happening.ALIVE
    if ticket.missing:
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
        and life.told_at >= lifetime.until
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


def with_state(order: Order, state: OrderState, filled: Decimal, lives: tuple[Life, ...]) -> Order:
    perm_ids = tuple(life.perm_id for life in lives if life.perm_id)
    return Order(intent=order.intent, state=state, filled=filled, perm_ids=perm_ids)
