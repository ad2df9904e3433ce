"""What an order gets from the quotes. Pure: the same order at the same quotes gets the same, every time."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple

from gamma_scalper.domain.instruments import TickRule
from gamma_scalper.domain.money import to_decimal
from gamma_scalper.domain.orders import Side
from gamma_scalper.domain.quotes import Quote
from gamma_scalper.exchange.parameters import VenueParameters

_MASK = (1 << 64) - 1


class Take(NamedTuple):
    """So many at a price."""

    quantity: int
    price: Decimal


def chance(*what: int) -> float:
    """A number from 0 to 1 that depends on these whole numbers alone (splitmix64): chance without memory."""
    mixed = 0
    for number in what:
        mixed = (mixed ^ (number & _MASK)) + 0x9E3779B97F4A7C15 & _MASK
        mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9 & _MASK
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB & _MASK
        mixed ^= mixed >> 31
    return mixed / 2**64


def touch(side: Side, quote: Quote) -> tuple[float, int] | None:
    """Price and size an order of this side can take; None where nobody offers. Nobody buys at a bid of nothing."""
    price, size = (quote.ask, quote.ask_size) if side is Side.BUY else (quote.bid, quote.bid_size)
    return None if price is None or price <= 0 or size <= 0 else (price, size)


def ladder(side: Side, quote: Quote, taken: int, rule: TickRule, venue: VenueParameters) -> Iterator[Take]:
    """What is left to take, from the touch on: as much again at each worse step, less what this snapshot gave."""
    best = touch(side, quote)
    if best is None:
        return
    price, size = to_decimal(best[0]), int(best[1] * venue.participation_pct / 100)
    for _ in range(venue.levels):
        left = max(size - taken, 0)
        taken = max(taken - size, 0)
        if left:
            yield Take(left, price)
        price += side.sign * rule.step(price)
        if price <= 0:
            return


def worsened(side: Side, price: Decimal, rule: TickRule, slippage_bps: float) -> Decimal:
    """The price less favourable by the slippage, at a tradable step."""
    if not slippage_bps:
        return price
    slipped = price * (1 + side.sign * to_decimal(slippage_bps) / 10_000)
    return max(rule.round(slipped, "up" if side is Side.BUY else "down"), rule.step(price))


def within(side: Side, price: Decimal, limit: Decimal | None) -> bool:
    return limit is None or (price <= limit if side is Side.BUY else price >= limit)


def reach(wanted: int, draw: float, venue: VenueParameters) -> int:
    """How much of it this match may fill: now and then only a part, at least one."""
    partial = venue.partial_fill_pct / 100
    return max(1, int(wanted * draw / partial)) if draw < partial else wanted


def takes(
    side: Side,
    wanted: int,
    limit: Decimal | None,
    quote: Quote,
    taken: int,
    rule: TickRule,
    venue: VenueParameters,
    draw: float,
) -> list[Take]:
    """What an order that arrives takes from the quote: the touch first, then worse levels within its limit."""
    left = reach(wanted, draw, venue) if venue.partial_fill_pct else wanted
    found: list[Take] = []
    for size, price in ladder(side, quote, taken, rule, venue):
        if not within(side, price, limit):
            break
        slipped = worsened(side, price, rule, venue.slippage_bps)
        found.append(Take(min(size, left), slipped if limit is None or within(side, slipped, limit) else limit))
        left -= found[-1].quantity
        if not left:
            break
    return found


def rests(
    side: Side, wanted: int, limit: Decimal, quote: Quote, taken: int, venue: VenueParameters, draw: float
) -> list[Take]:
    """What comes to an order that waited at its limit: its own price, once the other side quotes as much or better."""
    best = touch(side, quote)
    if best is None or not within(side, to_decimal(best[0]), limit):
        return []
    size = int(best[1] * venue.participation_pct / 100) - taken
    filled = min(size, reach(wanted, draw, venue))
    return [Take(filled, limit)] if filled > 0 else []


class LegQuote(NamedTuple):
    """One leg of a combo as it would be traded: its own side, its ratio's size, its quote."""

    side: Side
    ratio: int
    quote: Quote
    taken: int
    rule: TickRule
    weight: Decimal = Decimal(1)  # its multiplier, next to the combo's: shares beside options count a hundredth


def combo_takes(
    wanted: int,
    limit: Decimal | None,
    side: Side,
    legs: Sequence[LegQuote],
    venue: VenueParameters,
    draw: float,
    *,
    at_limit: bool = False,
) -> tuple[int, list[Decimal]]:
    """How many combos fill and at which price of each leg: all legs at once, at their touches, or nothing.

    `at_limit`: it has rested, so that it gets its own limit and not what the touches have come to.
    """
    prices, available = [], reach(wanted, draw, venue)
    for leg in legs:
        best = touch(leg.side, leg.quote)
        if best is None:
            return 0, []
        prices.append(to_decimal(best[0]))
        size = int(best[1] * venue.participation_pct / 100) - leg.taken
        available = min(available, size // leg.ratio)
    if available <= 0 or not within(side, net_price(side, legs, prices), limit):
        return 0, []
    if limit is not None and at_limit:
        return available, _up_to(limit, side, legs, prices)
    slipped = [worsened(leg.side, price, leg.rule, venue.slippage_bps) for leg, price in zip(legs, prices, strict=True)]
    if limit is None or within(side, net_price(side, legs, slipped), limit):
        return available, slipped
    return available, _up_to(limit, side, legs, prices)


def natural_price(side: Side, legs: Sequence[LegQuote]) -> Decimal | None:
    """Of one combo at the touches of its legs; None where one has none."""
    touches = [touch(leg.side, leg.quote) for leg in legs]
    found = [to_decimal(each[0]) for each in touches if each is not None]
    return net_price(side, legs, found) if len(found) == len(legs) else None


def _up_to(limit: Decimal, side: Side, legs: Sequence[LegQuote], prices: list[Decimal]) -> list[Decimal]:
    """Prices that come to the limit: the first leg that can bear the difference bears it."""
    spare = (limit - net_price(side, legs, prices)) * side.sign
    for i, leg in enumerate(legs):
        price = prices[i] + leg.side.sign * spare / leg.ratio / leg.weight
        if price > 0 and leg.rule.allows(price):
            return [*prices[:i], price, *prices[i + 1 :]]
    return prices


def net_price(side: Side, legs: Sequence[LegQuote], prices: Sequence[Decimal]) -> Decimal:
    """Of one combo: what a buyer pays and a seller gets; negative where it is the other way round."""
    paid = Decimal(0)
    for leg, price in zip(legs, prices, strict=True):
        paid += leg.side.sign * leg.ratio * leg.weight * price
    return side.sign * paid
