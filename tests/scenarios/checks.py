"""What holds after every play, whatever happened in it. Each scenario asks `sound` first, and then its own question."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from decimal import Decimal

from theatre import ACCOUNT, SHARE, Played

from gamma_scalper.domain.entries import Delivered, Dispatched, NotSent, Ordered
from gamma_scalper.domain.fills import Fill
from gamma_scalper.domain.instruments import legs_of
from gamma_scalper.domain.orders import Intent, IntentId, Purpose
from gamma_scalper.domain.quotes import Quote
from gamma_scalper.exchange.events import Executed
from gamma_scalper.exchange.orders import Order
from gamma_scalper.exchange.tickets import TimeInForce
from gamma_scalper.portfolio.ledger import cash, holdings
from gamma_scalper.recovery import Remembered, fold

OLDEST_QUOTE, OLDEST_LEG, OLDEST_TO_FLATTEN = timedelta(seconds=2), timedelta(seconds=5), timedelta(seconds=30)
_SLACK = timedelta(seconds=1)  # between an order's being written down and its arrival
_CENT, _ZERO = Decimal("0.01"), Decimal(0)


def sound(played: Played, *, alive: Iterable[str] = (), strangers: Mapping[int, int] | None = None) -> None:
    """`alive`: orders (by intent) that may outlive the play; `strangers`: conId -> what no book owns."""
    state = fold(played.rows)
    wrong = [
        *_of_the_holdings(played, state, strangers or {}),
        *_of_the_cash(played, state),
        *_of_the_sending(played),
        *_of_the_fills(played),
        *_of_what_lives(played, set(alive)),
        *_of_the_quotes(played),
        *_of_the_hedges(played),
    ]
    assert not wrong, "\n".join(wrong)


def intents(played: Played, purpose: Purpose | None = None, book: str = "") -> list[Intent]:
    """As they were ordered, the older first."""
    ordered = [intent for entry in played.entries(Ordered) for intent in entry.intents]
    return [each for each in ordered if purpose in (None, each.purpose) and book in ("", each.id.book)]


def fills(played: Played, purpose: Purpose | None = None) -> list[Fill]:
    """The journal's, of orders of this purpose."""
    of = {intent.id for intent in intents(played, purpose)}
    return [fill for fill in played.entries(Fill) if fill.intent in of]


def sent(played: Played, purpose: Purpose | None = None) -> list[tuple[float, Intent]]:
    """What was handed to the broker in this play, and in which of its minutes."""
    named = {intent.id: intent for intent in intents(played, purpose)}
    return [
        ((row.at - played.began).total_seconds() / 60, named[row.entry.intent])
        for row in played.rows[played.before :]
        if isinstance(row.entry, Dispatched) and row.entry.intent in named
    ]


def net_delta(played: Played) -> float:
    """Of the whole account at the play's end, at the street's own volatility."""
    return played.delta(played.account, played.ended)


# -- books and account -------------------------------------------------------------------------------------------------


def _of_the_holdings(played: Played, state: Remembered, strangers: Mapping[int, int]) -> Iterator[str]:
    ours: Counter[int] = Counter()
    for desk in state.desks.values():
        ours.update({each.instrument.con_id: int(each.quantity) for each in holdings(desk.ledger)})
    for baseline in state.baselines.values():
        ours.update({each.instrument.con_id: int(each.quantity) for each in baseline})
    ours.update(strangers)
    held = {con_id: quantity for con_id, quantity in ours.items() if quantity}
    if held != played.account:
        yield f"the books and what is not theirs come to {held}, and the account holds {dict(played.account)}"


def _of_the_cash(played: Played, state: Remembered) -> Iterator[str]:
    """Where nobody else traded in the account, and nothing was delivered while nobody looked."""
    if any(not each.order_ref for each in _executed(played)):
        return
    if any(isinstance(row.entry, Delivered) for row in played.rows[played.before :]):
        return
    made = _cash(state) - _cash(fold(played.rows[: played.before]))
    if abs(made - played.cash) >= _CENT:
        yield f"the books' cash changed by {made}, and the account's by {played.cash}"


def _cash(state: Remembered) -> Decimal:
    return sum((amount.amount for desk in state.desks.values() for amount in cash(desk.ledger)), _ZERO)


# -- orders ------------------------------------------------------------------------------------------------------------


def _of_the_sending(played: Played) -> Iterator[str]:
    ordered: set[IntentId] = set()
    sent: Counter[IntentId] = Counter()
    kept: set[IntentId] = set()
    for row in played.rows:
        match row.entry:
            case Ordered(intents=wanted):
                yield from (f"{each.id} was ordered twice" for each in wanted if each.id in ordered)
                ordered |= {each.id for each in wanted}
            case Dispatched(intent=intent):
                sent[intent] += 1
                if intent not in ordered:
                    yield f"{intent} was sent before it was written down"
            case NotSent(intent=intent):
                kept.add(intent)
    yield from (f"{intent} was sent {times} times" for intent, times in sent.items() if times > 1)
    yield from (f"{intent} was sent, and written down as not sent" for intent in sorted(kept & sent.keys()))
    arrived: dict[str, set[int]] = {}
    for order in _orders(played):
        arrived.setdefault(order.ticket.order_ref, set()).add(order.perm_id)
    for ref, perm_ids in arrived.items():
        if len(perm_ids) > 1:
            yield f"the exchange has {ref} {len(perm_ids)} times"
        if IntentId.parse(ref) not in sent:
            yield f"the exchange has {ref}, which nobody sent"


def _of_the_fills(played: Played) -> Iterator[str]:
    """What was executed is in the journal once, under the order it was ordered by."""
    known = {str(each.id): each for each in intents(played)}
    ours = [fill for fill in played.entries(Fill) if fill.intent is not None]  # others' are told with each connection
    written = Counter(fill.exec_id for fill in ours)
    yield from (f"execution {each} is in the journal {times} times" for each, times in written.items() if times > 1)
    for executed in _executed(played):
        if executed.order_ref and executed.order_ref not in known:
            yield f"{executed.order_ref} filled and was never ordered"
        if executed.order_ref and executed.exec_id not in written:
            yield f"{executed.order_ref} filled, and the journal does not know it: {executed.exec_id}"
    done: Counter[str] = Counter()
    for fill in ours:
        done[f"{fill.intent} {fill.instrument.con_id}"] += int(fill.quantity)
    for name, quantity in done.items():
        wanted = known[name.split()[0]].quantity
        if quantity > wanted:
            yield f"{name}: {quantity} filled of {wanted}"


def _of_what_lives(played: Played, alive: set[str]) -> Iterator[str]:
    living = {each.ticket.order_ref for each in played.engine.open_orders(ACCOUNT)}
    if living != alive:
        yield f"orders alive at the end: {sorted(living)}; expected: {sorted(alive)}"
    patience = {str(each.id): entry.patience_s for entry in played.entries(Ordered) for each in entry.intents}
    for order in _orders(played):
        ticket = order.ticket
        if ticket.tif is TimeInForce.IOC:
            continue
        longest = timedelta(seconds=2 * patience[ticket.order_ref]) + _SLACK
        if ticket.good_till is None or ticket.good_till - order.placed_at > longest:
            yield f"{ticket.order_ref} would outlive us: {ticket.tif} until {ticket.good_till}"


def _of_the_quotes(played: Played) -> Iterator[str]:
    for row in played.rows:
        if not isinstance(row.entry, Ordered):
            continue
        named = {quote.snapshot_id: quote for quote in row.entry.quotes}
        for intent in row.entry.intents:
            for snapshot_id in intent.snapshot_ids:
                quote = named.get(snapshot_id)
                if quote is None:
                    yield f"{intent.id} was decided on the quote {snapshot_id}, which nobody wrote down"
                elif row.at - quote.received_at > _oldest(intent, quote):
                    yield f"{intent.id} was decided on a quote {row.at - quote.received_at} old"


def _oldest(intent: Intent, quote: Quote) -> timedelta:
    """A price is of this moment; the delta may be of a few more, and what must go is sold on an older quote too."""
    if intent.purpose is Purpose.FLATTEN:
        return OLDEST_TO_FLATTEN
    traded = {leg.instrument.con_id for leg in legs_of(intent.instrument)}
    return OLDEST_LEG if quote.con_id not in traded else OLDEST_QUOTE


def _of_the_hedges(played: Played) -> Iterator[str]:
    """Each left its book with less delta than it found, by the street's own figures."""
    state, folded = Remembered(), 0
    for place, row in enumerate(played.rows):
        if not isinstance(row.entry, Ordered) or row.at < played.began:
            continue
        hedges = [each for each in row.entry.intents if each.purpose is Purpose.HEDGE]
        if not hedges:
            continue
        state, folded = fold(played.rows[folded:place], state), place
        held = {each.instrument.con_id: each.quantity for each in holdings(state.desk(row.book).ledger)}
        before = played.delta(held, row.at)
        wanted = sum((each.side.sign * each.quantity for each in hedges), _ZERO)
        after = played.delta(held | {SHARE.con_id: held.get(SHARE.con_id, _ZERO) + wanted}, row.at)
        if not abs(after) < abs(before):
            names = ", ".join(str(each.id) for each in hedges)
            yield f"{names} would take the delta of {row.book} from {before:+.1f} to {after:+.1f}"


def _executed(played: Played) -> list[Executed]:
    """Of single contracts, since midnight and in this play; a combo's legs are told one by one."""
    told = (executed for executed, _ in played.engine.executions(ACCOUNT))
    return [each for each in told if each.con_id is not None and each.at >= played.began]


def _orders(played: Played) -> list[Order]:
    """Ours, as the exchange has them."""
    engine = played.engine
    return [each for each in (*engine.completed_orders(ACCOUNT), *engine.open_orders()) if each.ticket.order_ref]
