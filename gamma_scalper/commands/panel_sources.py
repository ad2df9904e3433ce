"""Gathers what the panel shows from those who know it. Nothing is computed that somebody else has computed already."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal

from attrs import evolve, field, frozen

from gamma_scalper.domain.instruments import Option
from gamma_scalper.domain.orders import Limit, Order, Purpose
from gamma_scalper.domain.pictures import Picture
from gamma_scalper.domain.proposals import Refusal
from gamma_scalper.domain.snapshots import Holding
from gamma_scalper.journal.sentences import named, plain, refused
from gamma_scalper.kernel import Watch
from gamma_scalper.pipeline.accounting import Accounting
from gamma_scalper.pipeline.governor import Outlook
from gamma_scalper.pipeline.house import TradingHouse
from gamma_scalper.pipeline.standpoints import spot_of
from gamma_scalper.pipeline.thoughts import Thought
from gamma_scalper.portfolio.desk import Desk
from gamma_scalper.portfolio.ledger import holdings
from gamma_scalper.reports.panel_view import BookView, PanelView, Reach, Said
from gamma_scalper.risk.guards import quotes

_SECONDS_PER_DAY = 86_400
_HEDGES, _LOOKED_BACK = 3, 200
_ZERO = Decimal(0)
_MOMENTARY = quotes.data_lag.rule.name


@frozen(kw_only=True)
class Sources:
    """Who knows what the panel shows."""

    house: TradingHouse
    accounting: Accounting
    thoughts: Mapping[str, Watch[Thought | None]]
    outlooks: Mapping[str, Watch[Outlook | None]]
    money: str  # paper or live
    pace: float | None = 1.0  # times the wall clock; None: as fast as it can
    notices: Sequence[str] = field(factory=tuple)  # the log's last lines; looked at anew each time


def view_of(sources: Sources) -> PanelView:
    """How the trader stands at this moment."""
    speed = "as fast as it can" if sources.pace is None else "" if sources.pace == 1 else f"{sources.pace:g} x"
    return PanelView(
        at=sources.house.clock.now(),
        money=sources.money,
        speed=speed,
        link=sources.house.link.link.value,
        books=tuple(_book(sources, book) for book in sorted(sources.thoughts)),
        notices=tuple(sources.notices),
    )


def _book(sources: Sources, book: str) -> BookView:
    state, now = sources.house.states[book], sources.house.clock.now()
    held = holdings(state.ledger)
    options = [each.instrument for each in held if isinstance(each.instrument, Option)]
    view = BookView(
        name=book,
        symbol=sources.house.residents[book].underlying.symbol,
        holds=_in_words(held),
        days=min(((each.expires_at - now).total_seconds() / _SECONDS_PER_DAY for each in options), default=None),
        earned=sources.accounting.earnings(book),
        orders=tuple(_order(ticket.order) for ticket in state.living),
        hedges=tuple(_hedges(state)),
    )
    return _with_outlook(_with_thought(view, sources.thoughts[book].value), sources.outlooks[book].value)


# -- what is held ------------------------------------------------------------------------------------------------------


def _in_words(held: Iterable[Holding]) -> str:
    """Calls and puts of one strike in equal numbers are straddles; the rest is named one by one."""
    quantities = {each.instrument: each.quantity for each in held}
    words = []
    for call in [each for each in quantities if isinstance(each, Option) and each.right == "C"]:
        put = next((each for each in quantities if isinstance(each, Option) and _twins(call, each)), None)
        both = _ZERO if put is None else _together(quantities[call], quantities[put])
        if put is not None and both:
            words.append(f"{plain(both)} {_plural('straddle', both)} {call.symbol} {call.expiry} {plain(call.strike)}")
            quantities[call] -= both
            quantities[put] -= both
    words += [
        f"{plain(quantity)} {named(each)}" if isinstance(each, Option) else f"{quantity:+f} shares"
        for each, quantity in quantities.items()
        if quantity
    ]
    return ", ".join(words)


def _twins(call: Option, other: Option) -> bool:
    return other.right == "P" and (other.expires_at, other.strike) == (call.expires_at, call.strike)


def _together(calls: Decimal, puts: Decimal) -> Decimal:
    """What both have of one sign."""
    if calls * puts <= 0:
        return _ZERO
    return min(calls, puts) if calls > 0 else max(calls, puts)


def _plural(noun: str, number: Decimal) -> str:
    return noun if abs(number) == 1 else f"{noun}s"


# -- orders ------------------------------------------------------------------------------------------------------------


def _order(order: Order) -> str:
    intent = order.intent
    price = f"at {plain(intent.pricing.price)} or better" if isinstance(intent.pricing, Limit) else "at the market"
    filled = f", {plain(order.filled)} filled" if order.filled else ""
    what = f"{intent.purpose.value}: {intent.side.value} {plain(intent.quantity)} {named(intent.instrument)} {price}"
    return f"{what}, {type(order.state).__name__.lower()}{filled}"


def _hedges(state: Desk) -> Iterator[str]:
    """The newest first, with what they got."""
    told = 0
    for number in range(state.next_number - 1, max(0, state.next_number - 1 - _LOOKED_BACK), -1):
        ticket, names = state.orders.get(number), state.ledger.intents.get(number)
        if ticket is None or names is None or ticket.order.intent.purpose is not Purpose.HEDGE:
            continue
        fills = [state.ledger.fills[key] for key in names.keys]
        quantity = sum((fill.quantity for fill in fills), _ZERO)
        if quantity:
            paid = sum((fill.quantity * fill.price for fill in fills), _ZERO) / quantity
            yield f"{ticket.order.intent.side.value} {plain(quantity)} at {paid:.2f}"
            told += 1
        if told == _HEDGES:
            return


# -- what was thought, and what is allowed ----------------------------------------------------------------------------


def _with_thought(view: BookView, thought: Thought | None) -> BookView:
    if thought is None:
        return evolve(view, decision=Said("waits", "for its first quotes"))
    picture, judgement = thought.picture, thought.judgement
    spot = spot_of(picture)
    before = None if picture.market is None else picture.market.prior_close
    band, shortlist = judgement.band, None if picture.market is None else picture.market.shortlist
    return evolve(
        view,
        wants="" if view.holds or shortlist is None else shortlist.why,
        spot=spot,
        change_pct=None if spot is None or not before else 100 * (spot / before - 1),
        implied=_implied(picture),
        greeks=picture.options,
        filled=picture.filled,
        projected=picture.projected,
        reach=None if band is None else Reach(band.low, band.high, band.centre),
        realised=None if picture.position is None else picture.position.realised,
        decision=Said(judgement.decision.rule, judgement.decision.why),
        decided_at=thought.at,
        reasons=(picture.unusable,) if picture.unusable else (),
    )


def _implied(picture: Picture) -> float | None:
    """Of the legs the book holds or looks at, by their vegas."""
    known = [(leg.greeks.vega, leg.vol) for leg in picture.legs if leg.vol is not None]
    total = sum(vega for vega, _ in known)
    return sum(vega * vol for vega, vol in known) / total if total > 0 else None


def _with_outlook(view: BookView, outlook: Outlook | None) -> BookView:
    if outlook is None:
        return view
    paused = (f"paused: {outlook.paused}",) if outlook.paused else ()
    halts = tuple(f"halt, {halt}" for halt in outlook.halts)
    return evolve(
        view,
        mode="" if outlook.mode is None else outlook.mode.name,
        lamp=outlook.health.lamp.value,
        reasons=(*halts, *paused, *outlook.health.reasons, *view.reasons),
        states=tuple(Said(type(each).__name__[0], each.value) for each in outlook.space.dimensions),
        orphan=outlook.space.orphan,
        purposes=tuple(Said(each.value, refused(_lasting(outlook.permit.refusals[each]))) for each in Purpose),
        hedges_today=outlook.hedges_today,
    )


def _lasting(refusals: Iterable[Refusal]) -> list[Refusal]:
    """Between two heartbeats the figures grow old; that is no news, and no decision is taken on them then."""
    return [refusal for refusal in refusals if refusal.guard != _MOMENTARY]
