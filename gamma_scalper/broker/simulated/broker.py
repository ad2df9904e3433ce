"""One account at the simulated exchange, as the rest of the house sees a broker."""

from collections.abc import Callable

from gamma_scalper.broker.simulated.account import SimulatedAccount
from gamma_scalper.broker.simulated.catalogue import SimulatedCatalogue
from gamma_scalper.broker.simulated.feed import SimulatedFeed
from gamma_scalper.broker.simulated.parameters import SimulatedParameters
from gamma_scalper.broker.simulated.router import SimulatedRouter
from gamma_scalper.broker.simulated.seat import Seat
from gamma_scalper.broker.simulated.venue import Venue
from gamma_scalper.domain.exits import UserError
from gamma_scalper.domain.ports import LinkReport
from gamma_scalper.exchange.faults import NO_FAULTS, FaultSchedule


def _nothing_beyond() -> LinkReport | None:
    return None


class SimulatedBroker:
    """`SimulatedBroker(Venue(engine, clock), "DU1")`; several accounts share a venue. `faults` spoil what it is told.

    `source` is the link the quotes come over, where they come from outside: nothing is placed while it isn't ready.
    """

    def __init__(
        self,
        venue: Venue,
        account: str,
        *,
        faults: FaultSchedule = NO_FAULTS,
        parameters: SimulatedParameters = SimulatedParameters(),
        source: Callable[[], LinkReport | None] = _nothing_beyond,
    ) -> None:
        accounts = [each.name for each in venue.engine.accounts()]
        if account not in accounts:
            raise UserError(
                f"there is no such account at the simulated exchange, which has {len(accounts)}; set ACCOUNT"
            )
        self._seat = Seat(venue, account, faults, parameters, source)
        self._account = SimulatedAccount(self._seat)
        self._catalogue = SimulatedCatalogue(venue.engine.market)
        self._orders = SimulatedRouter(self._seat)

    @property
    def seat(self) -> Seat:
        return self._seat

    @property
    def feed(self) -> SimulatedFeed:
        return self._seat.feed

    @property
    def account(self) -> SimulatedAccount:
        return self._account

    @property
    def catalogue(self) -> SimulatedCatalogue:
        return self._catalogue

    @property
    def orders(self) -> SimulatedRouter:
        return self._orders

    @property
    def past(self) -> None:
        """A market of our own keeps none."""

    @property
    def link(self) -> LinkReport:
        return self._seat.link

    @property
    def reads_only(self) -> bool:
        return False

    @property
    def clock_skew_s(self) -> float | None:
        return self._seat.clock_skew_s()

    async def start(self) -> None:
        self._seat.sit()

    async def stop(self) -> None:
        await self._seat.rise()
