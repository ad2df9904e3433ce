"""One session in which a lot happens and nothing is broken: played once for all tests of a process."""

from functools import lru_cache

from staging.plan import Mishap, Plan, Trouble
from staging.play import Played, play
from staging.strikes import Strikes

from gamma_scalper.exchange.faults import Kind

TROUBLES = (
    Trouble(0.2, Kind.REJECT_201),
    Trouble(1.5, Mishap.GATEWAY_RESTART, 20.0),
    Trouble(1.6, Mishap.PERSON_PAUSES, 5.0),
    Trouble(5.0, Mishap.DEATH, 20.0, 3.0),
    Trouble(5.3, Mishap.CLOCK_JUMP, 0.0, 5.0),
    Trouble(8.0, Kind.CORRECTED_EXECUTION, 0.0, 0.02),
    Trouble(11.0, Kind.DISCONNECT_1102, 10.0),
    Trouble(15.0, Mishap.CLOCK_JUMP, 0.0, 20.0),
    Trouble(22.02, Kind.MANUAL_TRADE, 0.0, -50.0, "SPY"),
)


@lru_cache(maxsize=1)
def listened() -> tuple[Played, Strikes]:
    """Two books, two lives, a clock that is set, and in the end a trade by hand that nobody explains."""
    books = (("hedge.policy=fixed", "hedge.band_shares=2"), ("entry.form=legs", "hedge.policy=fixed"))
    with Strikes() as strikes:
        played = play(Plan(seed=8, books=books, troubles=TROUBLES))
    return played, strikes


def honest() -> Played:
    return listened()[0]
