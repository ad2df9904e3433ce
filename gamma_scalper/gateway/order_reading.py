"""From an order as a client sends it to the exchange's ticket, or the reason why it can't be one."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from gamma_scalper.domain.checks import exact
from gamma_scalper.domain.money import to_decimal
from gamma_scalper.domain.orders import Limit, Market, Side
from gamma_scalper.exchange.tickets import ComboLeg, Kind, MarketOnClose, Oca, Stop, Ticket, TimeInForce
from gamma_scalper.gateway.contracts import Catalogue
from gamma_scalper.gateway.errors import Refused, invalid
from gamma_scalper.gateway.moments import local_day, read_moment
from gamma_scalper.gateway.wire.contracts import ContractFields
from gamma_scalper.gateway.wire.orders import OrderFields

NO_ZONE = (
    2174,
    "Warning: You submitted request with date-time attributes without explicit time zone. US/Eastern is assumed.",
)
_SIDES = {"BUY": Side.BUY, "SELL": Side.SELL, "SSHORT": Side.SELL}
_LONGEST_TEXT = 128

# What would change an order's meaning and isn't served: field -> how a person calls it.
_NOT_SERVED = {
    "algo_strategy": "algorithms",
    "all_or_none": "all or none",
    "block_order": "block orders",
    "cash_qty": "cash quantities",
    "conditions": "conditions",
    "delta_neutral_order_type": "delta-neutral orders",
    "discretionary_amt": "discretionary amounts",
    "display_size": "iceberg orders",
    "fa_group": "advisor groups",
    "fa_percentage": "advisor percentages",
    "fa_profile": "advisor profiles",
    "good_after_time": "good after time",
    "hedge_type": "hedge orders",
    "hidden": "hidden orders",
    "leg_prices": "prices for each leg",
    "min_qty": "minimum quantities",
    "model_code": "models",
    "not_held": "not-held orders",
    "percent_offset": "percent offsets",
    "scale_price_increment": "scale orders",
    "sweep_to_fill": "sweep to fill",
}


class Read(NamedTuple):
    """A ticket without a parent, and what the client is warned of."""

    ticket: Ticket
    warnings: tuple[tuple[int, str], ...]


def read_order(
    contract: ContractFields,
    order: OrderFields,
    *,
    catalogue: Catalogue,
    accounts: Sequence[str],
    owner: str,
    now: datetime,
) -> Read:
    """Raises `Refused` where it means something that is not served, or nothing."""
    _refuse_unserved(contract, order)
    if order.action not in _SIDES:
        raise Refused(10139, f"The order's action {order.action!r} is invalid; it is BUY or SELL")
    what: int | tuple[ComboLeg, ...]
    what = catalogue.legs(contract) if contract.sec_type == "BAG" else catalogue.one(contract, now).con_id
    tif = order.tif or "DAY"
    if tif not in TimeInForce.__members__:
        raise Refused(10052, f"Invalid time in force:{tif}")
    con_id = what if isinstance(what, int) else what[0].con_id
    good_till, warnings = _good_till(order, lambda day: catalogue.closes(con_id, day)) if tif == "GTD" else (None, ())
    ticket = Ticket(
        account=account_of(order.account, accounts),
        what=what,
        side=_SIDES[order.action],
        quantity=_quantity(order),
        kind=_kind(order),
        tif=TimeInForce(tif),
        good_till=good_till,
        outside_rth=order.outside_rth,
        oca_group=order.oca_group,
        oca=_oca(order),
        owner=owner,
        order_ref=order.order_ref,
    )
    return Read(ticket, warnings)


def account_of(named: str, accounts: Sequence[str]) -> str:
    """The account meant; with several it must be named."""
    if named:
        if named not in accounts:
            raise invalid(f"Invalid account code '{named}'")
        return named
    if len(accounts) != 1:
        raise Refused(435, "You must specify an account.")
    return accounts[0]


def _refuse_unserved(contract: ContractFields, order: OrderFields) -> None:
    if contract.delta_neutral is not None:
        raise invalid("delta-neutral contracts are not served by this gateway")
    for name, called in _NOT_SERVED.items():
        value = getattr(order, name)
        if value not in (None, "", 0, False, ()) and not (name == "leg_prices" and set(value) == {None}):
            raise invalid(f"{called} are not served by this gateway")
    for text in (order.order_ref, order.oca_group):
        if len(text) > _LONGEST_TEXT:
            raise invalid(f"a text of {len(text)} characters; at most {_LONGEST_TEXT} are taken")


def _kind(order: OrderFields) -> Kind:
    read = _KINDS.get(order.order_type.upper())
    if read is None:
        raise Refused(
            387, f"Unsupported order type for this exchange and security type: {order.order_type}; "
            f"served are {', '.join(_KINDS)}"
        )  # fmt: skip
    return read(order)


def _limit(order: OrderFields) -> Limit:
    if order.lmt_price is None:
        raise invalid("a limit order needs a limit price")
    return Limit(_price(order.lmt_price))


def _stop(order: OrderFields) -> Stop:
    if order.aux_price is None:
        raise invalid("a stop order needs a stop price")
    return Stop(_price(order.aux_price))


def _quantity(order: OrderFields) -> Decimal:
    try:
        return exact(order.total_quantity)
    except ValueError as error:
        raise Refused(434, "The order size cannot be zero, negative or beyond what can be traded") from error


def _price(price: float) -> Decimal:
    try:
        return to_decimal(price)
    except ValueError as error:
        raise invalid(str(error)) from error


_KINDS: dict[str, Callable[[OrderFields], Kind]] = {
    "MKT": lambda order: Market(),
    "LMT": _limit,
    "STP": _stop,
    "MOC": lambda order: MarketOnClose(),
}


def _oca(order: OrderFields) -> Oca:
    if order.oca_type not in (0, 1, 2, 3):
        raise invalid(f"Invalid OCA type {order.oca_type}")
    return Oca(order.oca_type or Oca.CANCEL)


def _good_till(order: OrderFields, closes: Callable[[date], datetime]) -> tuple[datetime, tuple[tuple[int, str], ...]]:
    """A date by itself means until trading ends on it."""
    try:
        moment = read_moment(order.good_till_date)
    except ValueError as error:
        raise Refused(
            391, f"The time or time-zone entered is invalid. The correct format is 'yyyymmdd hh:mm:ss xxx': {error}"
        ) from error
    if not moment.timed:
        return closes(local_day(moment.at)), ()
    return moment.at, () if moment.zoned else (NO_ZONE,)
