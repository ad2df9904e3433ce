"""Options exercised before their time: irrevocable, so it is asked for twice and sent once."""

from decimal import Decimal

from loguru import logger

from gamma_scalper.domain.ports import NotReady, OrderRouter, Refused, Unanswered
from gamma_scalper.domain.proposals import Instruct
from gamma_scalper.domain.proposals import Refused as NotPermitted
from gamma_scalper.domain.strategy_entries import Instructed
from gamma_scalper.pipeline.house_port import House


class Instructions:
    """One book's. What was sent once is not sent again, since the options are held until the night all the same."""

    def __init__(self, book: str, house: House, router: OrderRouter) -> None:
        self._book = book
        self._house = house
        self._router = router
        self._sent: set[int] = set()  # conIds
        self._refused: tuple[int, str] | None = None  # conId and why, as it was last written down
        self._log = logger.bind(book=book, stage="PositionManager")

    async def carry_out(self, command: Instruct) -> bool:
        """Whether it was sent. It stands in the journal before it is."""
        if refused := self._why_not(command):
            return self._could_not(command, refused)
        self._house.take_down(self._book, _entry(command))
        await self._house.durable()
        if refused := self._why_not(command, written=True):
            return self._could_not(command, refused)
        try:
            await self._router.exercise(command.option, command.contracts)
        except (NotReady, Refused) as error:
            return self._could_not(command, str(error))
        except Unanswered as error:
            self._sent.add(command.option.con_id)
            return self._could_not(command, f"nobody knows whether the broker heard it: {error}")
        self._sent.add(command.option.con_id)
        self._log.info("told the broker to exercise {} {}", command.contracts, command.option.symbol)
        return True

    def _why_not(self, command: Instruct, *, written: bool = False) -> str:
        if command.option.con_id in self._sent:
            return "the broker was told before"
        refusals = self._house.may_instruct(self._book, command.option, command.contracts, written=written)
        return str(NotPermitted(refusals)) if refusals else ""

    def _could_not(self, command: Instruct, why: str) -> bool:
        """A person has to hear of it, once."""
        if self._refused != (command.option.con_id, why):
            self._refused = command.option.con_id, why
            self._house.take_down(self._book, _entry(command, why))
            self._log.warning("could not exercise {} {}: {}", command.contracts, command.option.symbol, why)
        return False


def _entry(command: Instruct, refused: str = "") -> Instructed:
    return Instructed(option=command.option, contracts=Decimal(command.contracts), why=command.why, refused=refused)
