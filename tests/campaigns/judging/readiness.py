"""Nothing is ordered on a connection before its records were asked for, whatever the program says of its readiness."""

from collections.abc import Iterator
from datetime import datetime

from staging.overheard import CONNECTED, RECORDS
from staging.plan import OUTAGES

from gamma_scalper.domain.entries import Dispatched, Ordered, SessionBegan
from gamma_scalper.domain.orders import Intent
from gamma_scalper.domain.ports import Link, LinkReport, Recap
from judging.evidence import Evidence


def of_the_readiness(evidence: Evidence) -> Iterator[str]:
    """Confirmed, as the journal has it; and told by the gateway since, as the gateway has it."""
    doubted, confirmed = evidence.world.began, False
    for place, row in enumerate(evidence.rows):
        match row.entry:
            case SessionBegan():
                doubted, confirmed = evidence.moments[place], False
            case LinkReport(link=link) if not row.book and link is not Link.READY:
                doubted, confirmed = evidence.moments[place], False
            case Recap() if not row.book:
                confirmed = True
            case Ordered(intents=intents):
                yield from _too_early(evidence, place, intents[0], "ordered", doubted, confirmed=confirmed)
            case Dispatched(intent=id) if id in evidence.given:
                intent = evidence.given[id].intent
                yield from _too_early(evidence, place, intent, "sent", doubted, confirmed=confirmed)


def _too_early(
    evidence: Evidence, place: int, intent: Intent, what: str, doubted: datetime, *, confirmed: bool
) -> Iterator[str]:
    at = evidence.moments[place]
    since = max(doubted, _cut(evidence, at))
    whose = f"{intent.id} ({intent.purpose.value}) was {what} though since {since:%H:%M:%S}"
    if not confirmed:
        yield f"{whose} nothing was confirmed"
    told = {heard.what for heard in evidence.world.heard if since <= heard.at <= at}
    yield from (f"{whose} {record} had not been told" for record in RECORDS.values() if record not in told)


def _cut(evidence: Evidence, at: datetime) -> datetime:
    """The last moment before that at which the broker had lost us, or we it: what it told earlier is old."""
    made = (heard.at for heard in evidence.world.heard if heard.what == CONNECTED and heard.at <= at)
    outages = (fault.ends for fault in evidence.plan.faults() if fault.kind in OUTAGES and fault.ends < at)
    return max((*made, *outages), default=evidence.world.began)
