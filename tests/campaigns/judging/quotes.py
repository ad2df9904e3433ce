"""No order on stale or delayed data: what it was decided on was live, young, and really on offer just then."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from gamma_scalper.domain.entries import Ordered
from gamma_scalper.domain.instruments import legs_of
from gamma_scalper.domain.orders import Intent
from gamma_scalper.domain.quotes import DataType, Quote
from judging.evidence import Evidence

OLDEST_QUOTE, OLDEST_LEG, OLDEST_TO_FLATTEN = timedelta(seconds=2), timedelta(seconds=5), timedelta(seconds=30)
_TRANSIT = timedelta(milliseconds=500)  # from the street to our books


def of_the_quotes(evidence: Evidence) -> Iterator[str]:
    for place, row in evidence.entries(Ordered):
        entry = row.entry
        assert isinstance(entry, Ordered)
        named = {quote.snapshot_id: quote for quote in entry.quotes}
        for intent in entry.intents:
            reduces = evidence.flattens(place, intent)
            for snapshot_id in intent.snapshot_ids:
                quote = named.get(snapshot_id)
                if quote is None:
                    yield f"{intent.id} was decided on the quote {snapshot_id}, which nobody wrote down"
                    continue
                most = _oldest(intent, quote, reduces)
                if row.at - quote.received_at > most:
                    yield f"{intent.id} was decided on a quote {row.at - quote.received_at} old"
                if quote.data_type is not DataType.LIVE and not reduces:
                    yield f"{intent.id} was decided on a quote that is {quote.data_type.name}"
                if not _was_on_offer(evidence, quote, evidence.moments[place], most):
                    offer = f"{quote.bid} x {quote.ask} of {quote.con_id}"
                    yield f"{intent.id} was decided on {offer}, which was not on offer"


def _oldest(intent: Intent, quote: Quote, reduces: bool) -> timedelta:
    """A price is of this moment; the delta may be of a few more, and what must go is sold on an older quote too."""
    if reduces:
        return OLDEST_TO_FLATTEN
    traded = {leg.instrument.con_id for leg in legs_of(intent.instrument)}
    return OLDEST_LEG if quote.con_id not in traded else OLDEST_QUOTE


def _was_on_offer(evidence: Evidence, quote: Quote, at: datetime, most: timedelta) -> bool:
    """By the street's own book: at some time within the age that is allowed, the offer in force then included."""
    ticks = evidence.world.truth(quote.con_id, at - most - _TRANSIT, at)
    return any((tick.bid or None, tick.ask or None) == (quote.bid or None, quote.ask or None) for tick in ticks)
