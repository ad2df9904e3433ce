"""What a planner of the desk's own orders answers: what to do now, or why nothing."""

from datetime import datetime

from attrs import field, frozen

from gamma_scalper.domain.checks import not_empty, utc
from gamma_scalper.domain.proposals import Plan


@frozen
class Orders:
    """These, now; look again once they are dead."""

    plan: Plan
    alarm: str = ""  # what a person should know meanwhile; empty: all goes as it should


@frozen
class Wait:
    """Nothing can be ordered just now, which is nothing unusual."""

    until: datetime = field(converter=utc)  # look again then
    why: str = field(validator=not_empty)


@frozen
class Stuck:
    """Nothing can be ordered, and a person should know: what is held stays as it is, hedge and all."""

    until: datetime = field(converter=utc)  # look again then, since markets open and bids come back
    why: str = field(validator=not_empty)


@frozen
class Done:
    """Nothing is left to do."""


Step = Orders | Wait | Stuck | Done
