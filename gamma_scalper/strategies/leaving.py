"""How a structure is got out of.

Short shares are bought back before the options go, long ones are sold after them: so no share is ever short without its
calls, and what can't be sold keeps its hedge, or gets it back by the next hedge.
"""

from collections.abc import Sequence
from decimal import Decimal

from attrs import frozen

from gamma_scalper.domain.instruments import Combo, Leg, Option, Stock, Tradable
from gamma_scalper.domain.money import to_decimal
from gamma_scalper.domain.orders import Limit, Purpose, Side
from gamma_scalper.domain.proposals import Plan, Proposal
from gamma_scalper.domain.quotes import Quote
from gamma_scalper.strategies.base import Act
from gamma_scalper.strategies.exits import ExitParameters
from gamma_scalper.strategies.scene import Scene
from gamma_scalper.strategies.stepping import limit_after, touch

SHARES_PATIENCE_S = 5.0  # a limit through the touch fills at once, or the next one will


@frozen
class Piece:
    """What is traded in one order."""

    instrument: Tradable
    side: Side
    quantity: Decimal


def way_out(
    scene: Scene, parameters: ExitParameters, rule: str, why: str, *, urgent: bool, whole: bool = False
) -> Act | str:
    """The next order on the way out, or why there is none just now. What must go `whole` waits for both legs."""
    if scene.session is None:
        return "the market is closed"
    pieces = _options(scene, parameters)
    tradable = [piece for piece in pieces if _quoted(scene, piece, whole=whole)]
    if not tradable and not whole:  # rather a leg alone than none at all; what is left keeps its hedge
        tradable = [piece for piece in _single(scene) if _quoted(scene, piece)]
        if tradable and not any(_covers(piece) for piece in tradable):
            return Act(rule, why, _plan(scene, tradable, parameters, why, urgent=urgent))
    if pieces and not tradable:
        return f"{_words(pieces[0])} can't be traded: it is not quoted on both sides, or nobody bids"
    pieces = tradable
    if scene.shares < 0 or not pieces:
        return shares_out(scene, parameters, rule, why)
    return Act(rule, why, _plan(scene, pieces, parameters, why, urgent=urgent))


def _quoted(scene: Scene, piece: Piece, *, whole: bool = False) -> bool:
    """On both sides; and of what is sold somebody bids for each leg, unless it must go `whole` or not at all."""
    quotes = scene.quotes_of(piece.instrument)
    return quotes is not None and (whole or piece.side is Side.BUY or all(quote.bid for quote in quotes))


def shares_out(scene: Scene, parameters: ExitParameters, rule: str, why: str) -> Act | str:
    """All shares that are held, or owed."""
    underlying = scene.view.underlying
    if not isinstance(underlying, Stock) or not scene.shares:
        return "there are no shares to trade"
    side = Side.SELL if scene.shares > 0 else Side.BUY
    proposal = Proposal(
        purpose=Purpose.EXIT,
        instrument=underlying,
        side=side,
        quantity=abs(scene.shares),
        pricing=Limit(_through(underlying, side, scene.underlying, parameters.share_ticks)),
        patience_s=SHARES_PATIENCE_S,
        snapshot_ids=(scene.underlying.snapshot_id,),
        reason=why,
    )
    return Act(rule, why, _planned(scene, [proposal], [scene.underlying], parameters))


def _through(stock: Stock, side: Side, quote: Quote, ticks: int) -> Decimal:
    """So far through the touch that it fills at once."""
    price = to_decimal((quote.ask if side is Side.BUY else quote.bid) or quote.mid)
    rule = stock.tick_rule
    further = price + side.sign * ticks * rule.step(price)
    return max(rule.round(further, "up" if side is Side.BUY else "down"), rule.step(price))


def _options(scene: Scene, parameters: ExitParameters) -> list[Piece]:
    """First what was sold short, then pairs as one order, then what has no partner."""
    short = [Piece(option, Side.BUY, -many) for option, many in scene.options if many < 0]
    if short:
        return short
    if parameters.form == "combo":
        for call, calls in scene.options:
            for put, puts in scene.options:
                if call.right == "C" and put.right == "P" and _belong_together(call, put):
                    return [Piece(Combo([Leg(call, 1), Leg(put, 1)]), Side.SELL, min(calls, puts))]
    return _single(scene)


def _covers(piece: Piece) -> bool:
    """Short shares stand on it."""
    return isinstance(piece.instrument, Option) and piece.instrument.right == "C"


def _single(scene: Scene) -> list[Piece]:
    return [Piece(option, Side.SELL if many > 0 else Side.BUY, abs(many)) for option, many in scene.options]


def _belong_together(call: Option, put: Option) -> bool:
    return (call.expiry, call.multiplier, call.currency) == (put.expiry, put.multiplier, put.currency)


def _plan(scene: Scene, pieces: Sequence[Piece], parameters: ExitParameters, why: str, *, urgent: bool) -> Plan:
    stepping = parameters.stepping
    proposals: list[Proposal] = []
    seen: list[Quote] = []
    for piece in pieces:
        at, quotes = touch(scene, piece.instrument), scene.quotes_of(piece.instrument)
        if at is None or quotes is None:
            continue
        limit = limit_after(piece.instrument, piece.side, at, stepping.steps if urgent else 0, stepping)
        proposals.append(
            Proposal(
                purpose=Purpose.EXIT,
                instrument=piece.instrument,
                side=piece.side,
                quantity=piece.quantity,
                pricing=Limit(limit),
                patience_s=stepping.patience_s,
                snapshot_ids=[quote.snapshot_id for quote in quotes],
                reason=why,
            )
        )
        seen.extend(quotes)
    return _planned(scene, proposals, seen, parameters)


def _planned(scene: Scene, proposals: Sequence[Proposal], quotes: Sequence[Quote], parameters: ExitParameters) -> Plan:
    return Plan(
        proposals=proposals,
        decided_at=scene.now,
        good_for_s=parameters.good_for_s,
        settled_through=scene.position.settled_through,
        quotes=quotes,
    )


def _words(piece: Piece) -> str:
    if isinstance(piece.instrument, Option):
        return f"{piece.instrument.symbol} {piece.instrument.strike:f} {piece.instrument.right}"
    return "the straddle"
