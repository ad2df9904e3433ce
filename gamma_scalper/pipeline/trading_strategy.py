"""The third stage of the ring: it lets the strategy think about every picture, and passes on what that decides."""

import asyncio
from typing import Generic, TypeVar

from attrs import evolve, frozen
from loguru import logger

from gamma_scalper.domain.instruments import Index, Stock
from gamma_scalper.domain.proposals import Plan, TradeCommand
from gamma_scalper.domain.strategy_entries import Decided, Noted, StrategyEntry
from gamma_scalper.kernel import Channel, Clock, Watch, Writer
from gamma_scalper.pipeline.messages import DeltaUpdate, Reason
from gamma_scalper.pipeline.thoughts import Thought
from gamma_scalper.strategies.base import OLD_S, Act, Decision, Hold, Judgement, Standing, Strategy, View, age_s

M = TypeVar("M")

_ANSWERS = frozenset((Reason.FILL, Reason.ORDER))
_GRACE_S = 10.0  # beyond a command's own patience, for the desk's answer to come round


@frozen
class Asked:
    """A command that has not been answered."""

    rule: str
    judgement: Judgement
    until: float  # by the clock; after that nobody waits for its answer


class TradingStrategy(Generic[M]):
    """One book's. After a command nothing is decided until it is answered, so that a burst can't hedge twice."""

    def __init__(
        self,
        book: str,
        underlying: Stock | Index,
        deltas: Channel[DeltaUpdate],
        trades: Channel[TradeCommand],
        clock: Clock,
        strategy: Strategy[M],
        notes: str,
        standing: Watch[Standing],
        thoughts: Writer[Thought | None],
        records: Channel[StrategyEntry],
    ) -> None:
        self._book = book
        self._underlying = underlying
        self._deltas = deltas
        self._trades = trades
        self._clock = clock
        self._strategy = strategy
        self._memory = strategy.begin(notes)
        self._notes = notes
        self._standing = standing
        self._thoughts = thoughts
        self._records = records
        self._asked: Asked | None = None
        self._rule = ""  # of the newest decision that was written down
        self._log = logger.bind(book=book, stage="TradingStrategy")

    async def run(self) -> None:
        async for update in self._deltas:
            await self._consider(update)

    async def _consider(self, update: DeltaUpdate) -> None:
        asked = self._unanswered(update)
        if asked is not None:
            waiting = Hold("waiting", f"for what comes of: {asked.rule}")
            self._tell(update, evolve(asked.judgement, decision=waiting))
            return
        now = self._clock.now()
        view = View(
            now=now,
            book=self._book,
            underlying=self._underlying,
            picture=update.picture,
            standing=self._standing.value,
        )
        judgement, memory = self._strategy.decide(view, self._memory)
        if self._on_old_quotes(update, judgement.decision):
            waiting = Hold("old quotes", f"{judgement.decision.rule} waits for newer ones")
            judgement, memory = evolve(judgement, decision=waiting), self._memory
        if memory is not self._memory:
            self._memory = memory
            await self._note()
        await self._record(judgement)
        self._tell(update, judgement)
        if isinstance(judgement.decision, Act):
            await self._ask(judgement.decision, judgement)

    def _on_old_quotes(self, update: DeltaUpdate, decision: Decision) -> bool:
        """An order's end brings no quotes along, and whatever is ordered names those of this moment."""
        market = update.picture.market
        if market is None or not isinstance(decision, Act) or not isinstance(decision.command, Plan):
            return False
        return age_s(decision.command, market, self._clock.now()) > OLD_S

    def _unanswered(self, update: DeltaUpdate) -> Asked | None:
        """The command that is still waited for, after this update."""
        asked = self._asked
        if asked is not None:
            if self._clock.monotonic() > asked.until:
                self._log.warning("{} was not answered in time", asked.rule)
                self._asked = None
            elif not _ANSWERS.isdisjoint(update.reasons):
                self._asked = None
        return self._asked

    async def _ask(self, act: Act, judgement: Judgement) -> None:
        until = self._clock.monotonic() + _patience_s(act.command) + _GRACE_S
        self._asked = Asked(act.rule, judgement, until)
        await asyncio.sleep(0)  # whoever writes the decision down is woken: it stands before what comes of it
        await self._trades.put(act.command)

    def _tell(self, update: DeltaUpdate, judgement: Judgement) -> None:
        self._thoughts.publish(Thought(at=self._clock.now(), picture=update.picture, judgement=judgement))

    async def _note(self) -> None:
        notes = self._strategy.notes(self._memory)
        if notes != self._notes:
            self._notes = notes
            await self._records.put(Noted(notes))

    async def _record(self, judgement: Judgement) -> None:
        """Every act; of waiting only the beginning, since a book waits most of the time."""
        decision = judgement.decision
        if isinstance(decision, Act) or decision.rule != self._rule:
            await self._records.put(Decided(decision.rule, decision.why))
        self._rule = decision.rule


def _patience_s(command: TradeCommand) -> float:
    if isinstance(command, Plan):
        return command.good_for_s + max(proposal.patience_s for proposal in command.proposals)
    return 0.0
