"""The audit as flat records: ORDER (what was wanted), FILL (what really happened), RISK (what was allowed or stopped).

A record has every column; None stands where a column has nothing to say. Account ids are left out.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from gamma_scalper.domain import entries as e
from gamma_scalper.domain.fills import Commission, Fill, InferredFill
from gamma_scalper.domain.instruments import Combo, Option, Stock, Tradable
from gamma_scalper.domain.money import to_decimal
from gamma_scalper.domain.orders import Intent, IntentId, Limit, Pricing
from gamma_scalper.domain.ports import Altered, LinkReport, OrderReport, Recap, Warned
from gamma_scalper.domain.quotes import Quote
from gamma_scalper.domain.strategy_entries import Attributed, Decided, Instructed, Noted, StateChanged
from gamma_scalper.journal.chain import Row
from gamma_scalper.journal.operations import intent_of
from gamma_scalper.journal.sentences import named, refused, sentence

Value = str | int | Decimal | date | datetime | None
Record = dict[str, Value]

COLUMNS: Mapping[str, type] = {
    "record": str,  # ORDER, FILL or RISK
    "event": str,  # what happened: the journal's kind of row
    "seq": int,
    "at": datetime,
    "book": str,
    "intent": str,
    "purpose": str,
    "instrument": str,
    "con_id": int,
    "symbol": str,
    "expiry": date,
    "strike": Decimal,
    "right": str,
    "multiplier": int,
    "currency": str,
    "side": str,
    "quantity": Decimal,  # where there is no side: the signed change of the holding
    "limit": Decimal,
    "standing": str,
    "filled": Decimal,
    "remaining": Decimal,
    "price": Decimal,
    "mid": Decimal,  # of the quote the order was decided on
    "slippage": Decimal,  # per share, against that mid; positive: worse than it
    "amount": Decimal,  # of money: a commission, a payment
    "exec_id": str,
    "perm_id": int,
    "code": int,
    "why": str,
}

ORDER = (
    e.Ordered, e.Dispatched, e.NotSent, e.AmendAsked, e.AmendFailed, e.CancelAsked, e.CancelFailed,
    OrderReport, Altered,
)  # fmt: skip
FILL = (Fill, InferredFill, Commission, e.Delivered, e.Lapsed, e.Replaced, e.Paid, e.TakenOver)
RISK = (
    e.PlanNotPermitted, e.PlanRefused, e.PermitChanged, e.ModeChanged, e.Paused, e.Unpaused, e.Halted, e.HaltLifted,
    e.Marked, e.DayBegan, e.FlattenAsked, e.FlattenStopped, e.Reconciled, e.Accepted, e.CommandTaken,
    Decided, StateChanged, Instructed, Attributed,
)  # fmt: skip
NOT_EXPORTED = (  # how the program went about it; `ops` tells of these
    e.Elapsed, e.Restarted, e.RecordsRead, e.Looked, e.BooksClosed, Recap, LinkReport, Warned, e.SessionBegan,
    e.SessionEnded, e.BaselineDeclared, Noted,
)  # fmt: skip

_EMPTY: Record = dict.fromkeys(COLUMNS)


def records(rows: Iterable[Row]) -> Iterator[Record]:
    """Of rows from the journal's beginning on, since what an order was for stands where it was ordered."""
    intents: dict[IntentId, Intent] = {}  # every one ordered so far
    mids: dict[tuple[IntentId, int], Decimal] = {}  # intent and conId -> the mid it was decided on
    for row in rows:
        if isinstance(row.entry, e.Ordered):
            intents |= {intent.id: intent for intent in row.entry.intents}
            mids |= _mids(row.entry)
            for intent in row.entry.intents:
                yield _record("ORDER", row) | _wanted(intent)
        elif isinstance(row.entry, ORDER):
            yield _record("ORDER", row) | _ordered(row.entry, intents)
        elif isinstance(row.entry, FILL):
            yield _record("FILL", row) | _happened(row.entry, intents, mids)
            if isinstance(row.entry, e.Delivered) and row.entry.underlying is not None:
                yield _record("FILL", row) | _shares(row.entry, row.entry.underlying)
        elif isinstance(row.entry, RISK):
            yield _record("RISK", row) | {"purpose": getattr(row.entry, "purpose", None)} | {"why": _why(row.entry)}


def _record(record: str, row: Row) -> Record:
    return _EMPTY | {"record": record, "event": row.kind, "seq": row.seq, "at": row.at, "book": row.book}


# -- orders ------------------------------------------------------------------------------------------------------------


def _wanted(intent: Intent) -> Record:
    return _of_intent(intent) | {
        "quantity": intent.quantity,
        "limit": _limit(intent.pricing),
        "why": intent.reason,
    }


def _ordered(entry: Any, intents: Mapping[IntentId, Intent]) -> Record:
    """What became of it. The order's own columns are repeated, so that a record can be read alone."""
    id = intent_of(entry)
    intent = intents.get(id) if id else None
    record: Record = {"intent": str(id) if id else None} | (_of_intent(intent) if intent else {})
    match entry:
        case OrderReport():
            record |= {
                "standing": entry.standing.value,
                "filled": entry.filled,
                "remaining": entry.remaining,
                "perm_id": entry.perm_id or None,
                "code": entry.code,
                "why": entry.why,
            }
        case Altered():
            record |= {"perm_id": entry.perm_id or None, "why": "; ".join(entry.differences)}
        case e.AmendAsked():
            record |= {"limit": _limit(entry.pricing), "why": entry.why}
        case _:
            record |= {"why": getattr(entry, "why", None), "code": getattr(entry, "code", None)}
    return record


def _of_intent(intent: Intent) -> Record:
    return {"intent": str(intent.id), "purpose": intent.purpose.value, "side": intent.side.value} | _contract(
        intent.instrument
    )


def _contract(instrument: Tradable) -> Record:
    known: Record = {
        "instrument": named(instrument),
        "multiplier": instrument.multiplier,
        "currency": instrument.currency,
    }
    if isinstance(instrument, Combo):
        return known
    known |= {"con_id": instrument.con_id, "symbol": instrument.symbol}
    if isinstance(instrument, Option):
        known |= {"expiry": instrument.expiry, "strike": instrument.strike, "right": instrument.right}
    return known


def _limit(pricing: Pricing) -> Decimal | None:
    return pricing.price if isinstance(pricing, Limit) else None


def _mids(entry: e.Ordered) -> dict[tuple[IntentId, int], Decimal]:
    usable = [quote for quote in entry.quotes if quote.usable]
    return {
        (intent.id, quote.con_id): to_decimal(quote.mid)
        for intent in entry.intents
        for quote in usable
        if _names(intent, quote)
    }


def _names(intent: Intent, quote: Quote) -> bool:
    parts = intent.instrument.legs if isinstance(intent.instrument, Combo) else ()
    return quote.con_id in {leg.instrument.con_id for leg in parts} | {getattr(intent.instrument, "con_id", None)}


# -- reality -----------------------------------------------------------------------------------------------------------


def _happened(
    entry: e.LedgerEntry, intents: Mapping[IntentId, Intent], mids: Mapping[tuple[IntentId, int], Decimal]
) -> Record:
    if isinstance(entry, Fill | InferredFill):
        return _filled(entry, intents, mids)
    record: Record = {"why": sentence(entry, intents)}
    match entry:
        case Commission():
            record |= {"amount": entry.amount.amount, "currency": entry.amount.currency, "exec_id": entry.exec_id}
        case e.Paid():
            record |= {"amount": entry.amount.amount, "currency": entry.amount.currency, "con_id": entry.con_id}
        case e.Delivered():
            gone = -entry.contracts if entry.was_long else entry.contracts
            record |= _contract(entry.option) | {"quantity": gone, "price": entry.settled_per_share}
        case e.Lapsed():
            record |= _contract(entry.option) | {"quantity": -entry.contracts, "price": Decimal(0)}
        case e.Replaced():
            cash = entry.cash.amount if entry.cash else None
            record |= _contract(entry.after) | {"amount": cash}
        case e.TakenOver():
            record |= _contract(entry.instrument) | {"quantity": entry.quantity, "price": entry.price}
    return record


def _shares(delivered: e.Delivered, underlying: Stock) -> Record:
    """The other half of a delivery: the shares, at the strike."""
    option = delivered.option
    came = delivered.was_long is (option.right == "C")
    shares = delivered.contracts * option.multiplier
    return _contract(underlying) | {
        "quantity": shares if came else -shares,
        "price": option.strike,
        "why": sentence(delivered, {}),
    }


def _filled(
    fill: Fill | InferredFill,
    intents: Mapping[IntentId, Intent],
    mids: Mapping[tuple[IntentId, int], Decimal],
) -> Record:
    intent = intents.get(fill.intent) if fill.intent else None
    mid = mids.get((fill.intent, fill.instrument.con_id)) if fill.intent else None
    return _contract(fill.instrument) | {
        "intent": str(fill.intent) if fill.intent else None,
        "purpose": intent.purpose.value if intent else None,
        "side": fill.side.value,
        "quantity": fill.quantity,
        "price": fill.price,
        "mid": mid,
        "slippage": None if mid is None else fill.side.sign * (fill.price - mid),
        "exec_id": fill.exec_id if isinstance(fill, Fill) else None,
        "perm_id": (fill.perm_id or None) if isinstance(fill, Fill) else None,
        "why": fill.evidence if isinstance(fill, InferredFill) else intent.reason if intent else None,
    }


# -- risk --------------------------------------------------------------------------------------------------------------


def _why(entry: Any) -> str:
    refusals = getattr(entry, "refusals", ())
    return refused(refusals) if refusals else sentence(entry, {})
