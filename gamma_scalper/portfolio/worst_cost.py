"""What an order may tie up at worst, before anybody asks the broker."""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from attrs import frozen

from gamma_scalper.domain.instruments import Combo, Leg, Option, Stock, Tradable
from gamma_scalper.domain.money import Money, to_decimal
from gamma_scalper.domain.orders import Limit
from gamma_scalper.domain.proposals import Proposal
from gamma_scalper.domain.quotes import Quote
from gamma_scalper.domain.settings import setting

_ZERO = Decimal(0)


@frozen
class CostParameters:
    """How dark the worst is painted where a price is not known beforehand."""

    market_pct: float = setting(
        2.0, "above the ask that a market order is reckoned to cost", unit="%", at_least=0, at_most=50
    )
    short_shares_pct: float = setting(
        50.0, "of their value that shares sold short tie up", unit="%", above=0, at_most=200
    )


def worst_cost(
    proposal: Proposal,
    quote: Quote | None,
    held: Mapping[int, Decimal],
    fees: Money,
    parameters: CostParameters,
) -> Money | None:
    """The cash an order needs if it fills in full at its worst price, on top of what the book holds by conId.

    Closing what is held costs the fees, and the price where it is bought back. Opening costs the price paid, or what
    the legs can lose at expiry where that is more; shares sold short tie up a part of their value. None: it can't be
    said, since there is no price or no end to what may be lost, and then only the broker's own figure tells.
    """
    instrument, quantity = proposal.instrument, proposal.signed_quantity
    opened = _opened(instrument, quantity, held)
    if quantity < 0 and not isinstance(instrument, Combo) and not any(opened.values()):
        return fees  # whatever it brings in
    price = _price(proposal, quote, parameters)
    if price is None:
        return None
    paid = quantity * price * instrument.multiplier
    if isinstance(instrument, Stock):
        short = max(-opened.get(instrument.con_id, _ZERO), _ZERO)
        tied_up = max(paid, _ZERO) + short * price * to_decimal(parameters.short_shares_pct) / 100
    else:
        loss = _worst_loss(_legs(instrument), opened)
        if loss is None:
            return None
        tied_up = max(paid + loss, _ZERO)
    return Money(tied_up, instrument.currency) + fees


def _price(proposal: Proposal, quote: Quote | None, parameters: CostParameters) -> Decimal | None:
    """The price per share at which it costs most."""
    if isinstance(proposal.pricing, Limit):
        return proposal.pricing.price
    if quote is None or quote.ask is None:
        return None
    return to_decimal(quote.ask) * (1 + to_decimal(parameters.market_pct) / 100)


def _legs(instrument: Tradable) -> tuple[Leg, ...]:
    return instrument.legs if isinstance(instrument, Combo) else (Leg(instrument, 1),)


def _opened(instrument: Tradable, quantity: Decimal, held: Mapping[int, Decimal]) -> Mapping[int, Decimal]:
    """What of each leg is left of the order once it has closed what was held on the other side."""
    opened = {}
    for leg in _legs(instrument):
        wanted = quantity * leg.ratio
        before = held.get(leg.instrument.con_id, _ZERO)
        closing = min(abs(wanted), abs(before)) if before * wanted < 0 else _ZERO
        opened[leg.instrument.con_id] = wanted - closing * (1 if wanted > 0 else -1)
    return opened


def _worst_loss(legs: Iterable[Leg], opened: Mapping[int, Decimal]) -> Decimal | None:
    """The most the opened legs can owe when they end together; None where there is no end to it.

    Between two strikes their worth is a straight line, so that it is lowest at zero, at a strike, or far above all.
    Of legs that end on different days the long ones may end first: nothing is set off against them.
    """
    some = [(leg.instrument, opened[leg.instrument.con_id]) for leg in legs if opened[leg.instrument.con_id]]
    options = [(held, many) for held, many in some if isinstance(held, Option)]
    if len({option.expiry for option, _ in options}) > 1:
        some = [(held, many) for held, many in some if many < 0]
    far = sum((many * held.multiplier for held, many in some if isinstance(held, Stock) or held.right == "C"), _ZERO)
    if far < 0:
        return None
    spots = {_ZERO, *(option.strike for option, _ in options)}
    return max(max(-_worth(some, spot) for spot in spots), _ZERO)


def _worth(some: Iterable[tuple[Stock | Option, Decimal]], spot: Decimal) -> Decimal:
    return sum((many * held.multiplier * _ends_at(held, spot) for held, many in some), _ZERO)


def _ends_at(held: Stock | Option, spot: Decimal) -> Decimal:
    if isinstance(held, Stock):
        return spot
    return max(spot - held.strike if held.right == "C" else held.strike - spot, _ZERO)
