"""Why an order is refused, in the broker's numbers and words. Nothing here changes anything."""

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal

from attrs import Factory, define, frozen

from gamma_scalper.domain.fee_rates import FIRST_DAY
from gamma_scalper.domain.fees import Bill
from gamma_scalper.domain.instruments import Combo, Leg, Option, Stock
from gamma_scalper.exchange.accounts import Account
from gamma_scalper.exchange.floor import Floor
from gamma_scalper.exchange.margin import Line, Margin, margin_of
from gamma_scalper.exchange.market import UnknownContract
from gamma_scalper.exchange.orders import Order
from gamma_scalper.exchange.tickets import ComboLeg, MarketOnClose, Stop, Ticket, TimeInForce

FEES_KNOWN_FROM = date.fromisoformat(FIRST_DAY)
_MOC_CUTOFF = timedelta(minutes=10)
_LARGEST = 10_000_000


@frozen
class Refusal:
    """A code and what it means, as a broker gives it."""

    code: int
    text: str


def refusal(floor: Floor, ticket: Ticket, replaced: Order | None = None) -> Refusal | None:
    """What is wrong with a ticket, or None. `replaced` is the living order it would take the place of."""
    return impossible(floor, ticket, replaced) or _unaffordable(floor, ticket, replaced)


def impossible(floor: Floor, ticket: Ticket, replaced: Order | None = None) -> Refusal | None:
    """What is wrong with a ticket whatever the account is worth."""
    return _unreadable(floor, ticket) or _unfit(floor, ticket, replaced)


def _unreadable(floor: Floor, ticket: Ticket) -> Refusal | None:
    """The account and the contract."""
    if floor.today() < FEES_KNOWN_FROM:
        return Refusal(201, f"Order rejected - reason:No fees are known before {FEES_KNOWN_FROM}")
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
        try:
            Bill(floor.parameters.fees, instrument, ticket.side, floor.today())
        except ValueError as error:
            return Refusal(201, f"Order rejected - reason:{error}")
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
        hangs = parent is not None and parent.ticket.account == ticket.account
        if not hangs or parent is None or (not parent.alive and not parent.filled):
            return Refusal(201, "Order rejected - reason:Parent order is being cancelled or unknown")
    if isinstance(ticket.kind, MarketOnClose | Stop) and not isinstance(ticket.what, int):
        return Refusal(387, "Unsupported order type for this exchange and security type.")
    if isinstance(ticket.kind, MarketOnClose):
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
    if _safe(floor, ticket, replaced):
        return None
    for leg in ticket.legs:
        if not floor.price(leg.con_id) and (ticket.limit is None or not floor.price(floor.underlying(leg.con_id))):
            return Refusal(201, "Order rejected - reason:There is no price to tell what it would cost")
    after = margin_after(floor, ticket, replaced)
    if after.available >= 0:
        return None
    return Refusal(
        201,
        "Order rejected - reason:We are unable to accept your order. Your available funds are insufficient to cover "
        f"the initial margin: loan value {after.loan_value:,.2f} USD, initial margin {after.initial:,.2f} USD",
    )


def _safe(floor: Floor, ticket: Ticket, replaced: Order | None) -> bool:
    """It needs no margin for certain: it makes a position smaller on which nothing leans, or is paid out of cash."""
    if not isinstance(ticket.what, int):
        return False
    account = floor.accounts[ticket.account]
    others = [order for order in floor.orders.living(ticket.account) if order is not replaced]
    held, sign = account.quantity(ticket.what), ticket.side.sign
    if held * sign < 0:  # it closes, so far as others haven't asked for the same
        asked = sum(
            order.left for order in others if (order.ticket.what, order.ticket.side.sign) == (ticket.what, sign)
        )
        left = int(ticket.quantity) - (replaced.filled if replaced is not None else 0)
        leaning = sign < 0 and (others or any(other.quantity < 0 for other in account.held.values()))
        alike = all(order.ticket.what == ticket.what for order in others)
        return left + asked <= abs(held) and (not leaning or (alike and not _owes(account)))
    if sign < 0 or others or _owes(account):
        return False
    price = _price_to_pay(floor, ticket)
    return 0 < price * float(ticket.quantity) <= float(account.cash)


def _owes(account: Account) -> bool:
    return any(held.quantity < 0 for held in account.held.values())


def margin_now(floor: Floor, account: str) -> Margin:
    """Of what the account holds."""
    holdings = {con_id: int(held.quantity) for con_id, held in floor.accounts[account].held.items()}
    return margin_of(float(floor.accounts[account].cash), _lines(floor, holdings, {}))


def margin_after(floor: Floor, ticket: Ticket, replaced: Order | None = None) -> Margin:
    """As if this order had filled, and every other too, or only what they open: whichever needs more."""
    living = floor.orders.living(ticket.account)
    others = [order for order in living if order is not replaced and order.why_held != "child"]
    left = int(ticket.quantity) - (replaced.filled if replaced is not None else 0)
    closable = {con_id: int(held.quantity) for con_id, held in floor.accounts[ticket.account].held.items()}
    openings = [(order.ticket, _opening(order, closable)) for order in others]
    worst = _margin_with(floor, [*openings, (ticket, left)])
    whole = [(order.ticket, order.left) for order in others]
    if openings != whole:
        full = _margin_with(floor, [*whole, (ticket, left)])
        worst = min(worst, full, key=lambda margin: margin.available)
    return worst


def margin_alone(floor: Floor, ticket: Ticket) -> Margin:
    """As if this order had filled and nothing else."""
    return _margin_with(floor, [(ticket, int(ticket.quantity))])


def _margin_with(floor: Floor, filled: Iterable[tuple[Ticket, int]]) -> Margin:
    """Once so much of each of these has filled, all of one account."""
    filled = list(filled)
    account = floor.accounts[filled[0][0].account]
    after = _After(floor, float(account.cash), {con_id: int(held.quantity) for con_id, held in account.held.items()})
    for ticket, quantity in filled:
        if quantity:
            after.add(ticket, quantity)
    return margin_of(after.cash, [*_lines(floor, after.holdings, after.limits), *after.at_limit])


def _opening(order: Order, closable: dict[int, int]) -> int:
    """The part of a working order that closes nothing; what it closes can't be closed by another."""
    what, sign = order.ticket.what, order.ticket.side.sign
    if not isinstance(what, int):
        return order.left
    closing = min(order.left, max(-sign * closable.get(what, 0), 0))
    closable[what] = closable.get(what, 0) + sign * closing
    return order.left - closing


@define
class _After:
    """What an account would have once orders have filled."""

    _floor: Floor
    cash: float
    holdings: dict[int, int]
    limits: dict[int, float] = Factory(dict)  # conId -> an order's limit, where the market has no price
    at_limit: list[Line] = Factory(list)  # what would have been opened at a better price than the market's

    def add(self, ticket: Ticket, quantity: int) -> None:
        """Waiting for a better price earns nothing: what it opens is worth its limit, what it closes the market's."""
        market = sum(leg.ratio * self._floor.price(leg.con_id) * _multiplier(self._floor, leg.con_id)
                     for leg in ticket.legs)  # fmt: skip
        sign, price = ticket.side.sign, _price_to_pay(self._floor, ticket)
        if ticket.limit is not None and market and sign * (market - price) > 0:
            if isinstance(ticket.what, int):
                self._open_at_limit(ticket.what, sign, quantity, market, price)
                return
            price = market
        self.cash -= sign * quantity * price
        for leg in ticket.legs:
            self._hold(leg.con_id, sign * leg.ratio * quantity)
        if ticket.limit is not None and isinstance(ticket.what, int):
            self.limits[ticket.what] = float(ticket.limit)

    def _open_at_limit(self, con_id: int, sign: int, quantity: int, market: float, price: float) -> None:
        closing = min(quantity, max(-sign * self.holdings.get(con_id, 0), 0))
        opening = quantity - closing
        self.cash -= sign * (closing * market + opening * price)
        self._hold(con_id, sign * closing)
        instrument = self._floor.instrument(con_id)
        if opening and isinstance(instrument, Stock | Option):
            underlying = self._floor.price(self._floor.underlying(con_id))
            self.at_limit.append(Line(instrument, sign * opening, price / instrument.multiplier, underlying))

    def _hold(self, con_id: int, quantity: int) -> None:
        self.holdings[con_id] = self.holdings.get(con_id, 0) + quantity


def _price_to_pay(floor: Floor, ticket: Ticket) -> float:
    """Dollars for one: the limit, or what the market is at."""
    if ticket.limit is not None:
        return float(ticket.limit) * floor.multiplier(ticket)
    return sum(leg.ratio * floor.price(leg.con_id) * _multiplier(floor, leg.con_id) for leg in ticket.legs)


def _multiplier(floor: Floor, con_id: int) -> int:
    instrument = floor.instrument(con_id)
    return instrument.multiplier if isinstance(instrument, Stock | Option) else 1


def _lines(floor: Floor, holdings: dict[int, int], limits: dict[int, float]) -> list[Line]:
    """Each at its price, or at an order's limit where it has none."""
    lines = []
    for con_id, quantity in holdings.items():
        instrument = floor.instrument(con_id)
        if quantity and isinstance(instrument, Stock | Option):
            underlying = floor.price(floor.underlying(con_id)) or limits.get(con_id, 0.0)
            price = underlying if isinstance(instrument, Stock) else floor.price(con_id) or limits.get(con_id, 0.0)
            lines.append(Line(instrument, quantity, price, underlying))
    return lines
