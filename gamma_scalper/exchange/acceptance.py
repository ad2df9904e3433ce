"""Why an order is refused, in the broker's numbers and words. Nothing here changes anything."""

from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal

from attrs import frozen

from gamma_scalper.domain.instruments import Combo, Leg, Option, Stock
from gamma_scalper.domain.orders import Side
from gamma_scalper.exchange.floor import Floor
from gamma_scalper.exchange.margin import Line, Margin, margin_of
from gamma_scalper.exchange.market import UnknownContract
from gamma_scalper.exchange.orders import Order
from gamma_scalper.exchange.tickets import ComboLeg, MarketOnClose, Stop, Ticket, TimeInForce

_MOC_CUTOFF = timedelta(minutes=10)
_LARGEST = 10_000_000


@frozen
class Refusal:
    """A code and what it means, as a broker gives it."""

    code: int
    text: str


def refusal(floor: Floor, ticket: Ticket, replaced: Order | None = None) -> Refusal | None:
    """What is wrong with a ticket, or None. `replaced` is the living order it would take the place of."""
    return _unreadable(floor, ticket) or _unfit(floor, ticket, replaced) or _unaffordable(floor, ticket, replaced)


def _unreadable(floor: Floor, ticket: Ticket) -> Refusal | None:
    """The account and the contract."""
    if ticket.account not in floor.accounts:
        return Refusal(321, f"Error validating request.-'bZ' : cause - Invalid account code '{ticket.account}'")
    try:
        instruments = [floor.instrument(leg.con_id) for leg in ticket.legs]
    except UnknownContract:
        return Refusal(200, "No security definition has been found for the request")
    for instrument in instruments:
        if not isinstance(instrument, Stock | Option):
            return Refusal(201, f"Order rejected - reason:{instrument.symbol} is an index and can't be traded")
        if isinstance(instrument, Option) and floor.now >= instrument.expires_at:
            return Refusal(201, "Order rejected - reason:The contract has expired")
        if instrument.currency != "USD":
            return Refusal(201, f"Order rejected - reason:No fees are known for trading in {instrument.currency}")
    if not isinstance(ticket.what, int):
        try:
            combo_of(floor, ticket.what)
        except ValueError as error:
            return Refusal(321, f"Error validating request.-'bZ' : cause - {error}")
    return None


def _unfit(floor: Floor, ticket: Ticket, replaced: Order | None) -> Refusal | None:
    """Quantity, price and lifetime."""
    if ticket.quantity != int(ticket.quantity) or not 0 < ticket.quantity <= _LARGEST:
        if 0 < ticket.quantity <= _LARGEST:
            return Refusal(10243, "Fractional-sized order cannot be placed via API. Please use desktop version")
        return Refusal(434, "The order size cannot be zero, negative or beyond what can be traded")
    if replaced is not None and ticket.quantity < replaced.filled:
        return Refusal(201, f"Order rejected - reason:{replaced.filled} are filled already")
    if replaced is not None and (ticket.what, ticket.side, ticket.account) != (
        replaced.ticket.what,
        replaced.ticket.side,
        replaced.ticket.account,
    ):
        return Refusal(105, "Order being modified does not match original order")
    price = ticket.kind.price if isinstance(ticket.kind, Stop) else ticket.limit
    if price is not None and not _tradable_price(floor, ticket, price):
        return Refusal(110, "The price does not conform to the minimum price variation for this contract.")
    if ticket.tif is TimeInForce.GTD and (ticket.good_till is None or ticket.good_till <= floor.now):
        return Refusal(201, "Order rejected - reason:A good-till-date order needs a moment yet to come")
    if ticket.parent is not None and replaced is None:
        parent = floor.orders.find(ticket.parent)
        if parent is None or (not parent.alive and not parent.filled):
            return Refusal(201, "Order rejected - reason:Parent order is being cancelled or unknown")
    if isinstance(ticket.kind, MarketOnClose | Stop) and not isinstance(ticket.what, int):
        return Refusal(387, "Unsupported order type for this exchange and security type.")
    if isinstance(ticket.kind, MarketOnClose) and replaced is None:
        left = floor.closes(ticket.what) - floor.now if isinstance(ticket.what, int) else timedelta(0)
        if left < _MOC_CUTOFF:
            return Refusal(201, "Order rejected - reason:Too late for a market-on-close order")
    return None


def _tradable_price(floor: Floor, ticket: Ticket, price: Decimal) -> bool:
    if isinstance(ticket.what, int):
        instrument = floor.instrument(ticket.what)
        return isinstance(instrument, Stock | Option) and price > 0 and instrument.tick_rule.allows(price)
    return combo_of(floor, ticket.what).tick_rule.allows(price)


def combo_of(floor: Floor, legs: Iterable[ComboLeg]) -> Combo:
    """The domain's combo of these contracts; ValueError where there is no such thing."""
    found: list[Leg] = []
    for leg in legs:
        instrument = floor.instrument(leg.con_id)
        if not isinstance(instrument, Stock | Option):
            raise ValueError(f"{instrument.symbol} can't be a leg")
        found.append(Leg(instrument, leg.ratio))
    return Combo(found)


def _unaffordable(floor: Floor, ticket: Ticket, replaced: Order | None) -> Refusal | None:
    if closes_only(floor, ticket) or _paid_in_full(floor, ticket):
        return None
    after = margin_after(floor, ticket, replaced)
    if after.available >= 0:
        return None
    return Refusal(
        201,
        "Order rejected - reason:We are unable to accept your order. Your available funds are in sufficient to cover "
        f"the initial margin: loan value {after.loan_value:,.2f} USD, initial margin {after.initial:,.2f} USD",
    )


def _paid_in_full(floor: Floor, ticket: Ticket) -> bool:
    """A purchase out of cash, in an account that owes nothing and asks for nothing else, needs no margin at all."""
    account = floor.accounts[ticket.account]
    if ticket.side is Side.SELL or not isinstance(ticket.what, int) or floor.orders.living(ticket.account):
        return False
    if any(held.quantity < 0 for held in account.held.values()):
        return False
    return _price_to_pay(floor, ticket) * float(ticket.quantity) <= float(account.cash)


def closes_only(floor: Floor, ticket: Ticket) -> bool:
    """It can only make one position smaller: buying back, or selling what is held and covers nothing."""
    if not isinstance(ticket.what, int):
        return False
    account = floor.accounts[ticket.account]
    signed = ticket.side.sign * ticket.quantity
    held = account.quantity(ticket.what)
    if held * signed >= 0 or abs(signed) > abs(held):
        return False
    return signed > 0 or not any(other.quantity < 0 for other in account.held.values())


def margin_now(floor: Floor, account: str) -> Margin:
    """Of what the account holds."""
    holdings = {con_id: int(held.quantity) for con_id, held in floor.accounts[account].held.items()}
    return margin_of(float(floor.accounts[account].cash), _lines(floor, holdings))


def margin_after(floor: Floor, ticket: Ticket, replaced: Order | None = None) -> Margin:
    """As if this order, and every other that is alive, had filled at its price."""
    account = floor.accounts[ticket.account]
    holdings = {con_id: int(held.quantity) for con_id, held in account.held.items()}
    cash = float(account.cash)
    others = [(order.ticket, order.left) for order in floor.orders.living(ticket.account) if order is not replaced]
    filled = replaced.filled if replaced is not None else 0
    for other, left in [*others, (ticket, int(ticket.quantity) - filled)]:
        if other is not ticket and closes_only(floor, other):
            continue  # it would set funds free that aren't there yet
        for leg in other.legs:
            holdings[leg.con_id] = holdings.get(leg.con_id, 0) + other.side.sign * leg.ratio * left
        cash -= other.side.sign * left * _price_to_pay(floor, other)
    return margin_of(cash, _lines(floor, holdings))


def _price_to_pay(floor: Floor, ticket: Ticket) -> float:
    """Dollars for one: the limit, or what the market asks."""
    if ticket.limit is not None:
        instrument = floor.instrument(ticket.legs[0].con_id)
        multiplier = instrument.multiplier if isinstance(instrument, Stock | Option) else 1
        if not isinstance(ticket.what, int):
            multiplier = combo_of(floor, ticket.what).multiplier
        return float(ticket.limit) * multiplier
    total = 0.0
    for leg in ticket.legs:
        instrument = floor.instrument(leg.con_id)
        multiplier = instrument.multiplier if isinstance(instrument, Stock | Option) else 1
        total += leg.ratio * floor.price(leg.con_id) * multiplier
    return total


def _lines(floor: Floor, holdings: dict[int, int]) -> list[Line]:
    lines = []
    for con_id, quantity in holdings.items():
        instrument = floor.instrument(con_id)
        if quantity and isinstance(instrument, Stock | Option):
            underlying = floor.price(floor.underlying(con_id))
            price = underlying if isinstance(instrument, Stock) else floor.price(con_id)
            lines.append(Line(instrument, quantity, price, underlying))
    return lines
