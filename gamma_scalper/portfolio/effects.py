"""What the desk wants done. The desk decides, `PositionManager` carries out; nothing here is done by being written."""

from attrs import field, frozen

from gamma_scalper.domain.checks import not_empty
from gamma_scalper.domain.orders import Intent, IntentId, Pricing
from gamma_scalper.domain.proposals import Plan


@frozen
class Send:
    """Hand it to the broker: once durable, not older than `Ordered.good_for_s`, and still permitted."""

    intent: Intent


@frozen
class Amend:
    intent: IntentId
    pricing: Pricing


@frozen
class Cancel:
    intent: IntentId


@frozen
class Ask:
    """Read the broker's executions, open orders, completed orders, in this order, and tell the desk."""

    why: str = field(validator=not_empty)


@frozen
class Want:
    """Orders of the desk's own (repair, flatten): to be permitted like anybody's, then `Ordered` or `PlanRefused`."""

    plan: Plan


@frozen
class Look:
    """Newest quotes of these contracts, as a `Looked`."""

    con_ids: tuple[int, ...]


@frozen
class Tell:
    """The position changed (`fill`), or an order did: the ring is triggered with the newest snapshot."""

    reason: str  # "fill" or "order"


@frozen
class Alarm:
    """A person should know. The same alarm is raised once until what it is about has changed."""

    text: str = field(validator=not_empty)


@frozen
class Halt:
    """Stop trading in this book, latched, until a person lifts it."""

    breaker: str = field(validator=not_empty)
    why: str = field(validator=not_empty)


Effect = Send | Amend | Cancel | Ask | Want | Look | Tell | Alarm | Halt
