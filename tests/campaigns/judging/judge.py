"""Every invariant of a session that was played, and in words each that was broken."""

from collections.abc import Sequence

from staging.play import Played

from judging.books import of_the_cash, of_the_fills, of_the_holdings
from judging.causes import of_the_causes
from judging.deeds import of_the_deeds
from judging.end_states import end_state, known_names
from judging.evidence import Evidence, remembered
from judging.hedges import of_the_hedges
from judging.orders import of_one_thing_at_a_time, of_the_sending, of_their_ends, of_what_was_told
from judging.permits import of_the_permits
from judging.purse import of_the_purse
from judging.quotes import of_the_quotes
from judging.readiness import of_the_readiness
from judging.recovery import of_the_recovery
from judging.wire import of_the_wire


def judged(played: Played) -> Sequence[str]:
    """None: all holds."""
    evidence, state, name = Evidence(played), remembered(played), end_state(played)
    found = [
        *of_the_sending(evidence),
        *of_their_ends(evidence),
        *of_what_was_told(evidence),
        *of_one_thing_at_a_time(evidence),
        *of_the_fills(evidence),
        *of_the_holdings(evidence, state),
        *of_the_cash(evidence, state),
        *of_the_purse(evidence),
        *of_the_permits(evidence),
        *of_the_readiness(evidence),
        *of_the_quotes(evidence),
        *of_the_hedges(evidence),
        *of_the_recovery(evidence, state),
        *of_the_wire(evidence),
        *of_the_causes(evidence, name),
        *of_the_deeds(evidence, name),
    ]
    if name not in known_names():
        found.append(f"the session ended as {name!r}, which the runbook does not name")
    return tuple(dict.fromkeys(found))
