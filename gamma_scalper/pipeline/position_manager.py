"""The last stage of the ring: it feeds the desk what happened and carries out what the desk decides."""

import asyncio
from datetime import datetime, timedelta

from attrs import evolve, frozen
from loguru import logger

from gamma_scalper.domain.entries import (
    AmendAsked,
    AmendFailed,
    CancelAsked,
    CancelFailed,
    DeskEntry,
    Dispatched,
    Elapsed,
    FlattenAsked,
    Halted,
    NotSent,
    Ordered,
    PlanNotPermitted,
    PlanRefused,
    Restarted,
)
from gamma_scalper.domain.orders import Intent, IntentId, Pricing, Purpose
from gamma_scalper.domain.ports import NotReady, OrderRouter, Refused, Unanswered
from gamma_scalper.domain.proposals import Approved, Flatten, Instruct, Plan, Refusal, Reprice, TradeCommand, Withdraw
from gamma_scalper.domain.proposals import Refused as NotPermitted
from gamma_scalper.domain.snapshots import PositionSnapshot
from gamma_scalper.kernel import Channel, Clock, Fatal, Unbounded, together
from gamma_scalper.pipeline.house_port import House
from gamma_scalper.pipeline.instructions import Instructions
from gamma_scalper.pipeline.messages import Reason, Trigger
from gamma_scalper.portfolio import effects
from gamma_scalper.portfolio.desk import Desk, amendable, desk, due, snapshot
from gamma_scalper.portfolio.desk_parameters import DeskParameters, as_settings
from gamma_scalper.portfolio.ledger import told_before

_REASONS = {"fill": Reason.FILL, "order": Reason.ORDER}
_DEEP = 1_000
_AFTER_REFUSAL_S = 1.0
_A_STRATEGYS = (Purpose.ENTRY, Purpose.HEDGE, Purpose.EXIT)


@frozen
class Queues:
    """Where the stage reads and where it writes."""

    trades: Channel[TradeCommand]  # from the strategy
    happenings: Channel[DeskEntry]  # what the broker tells of this book
    triggers: Channel[Trigger]  # to the engine


class PositionManager:
    """One book's desk at work. Each entry is taken down, decided on and carried out, in this order."""

    def __init__(
        self,
        state: Desk,
        queues: Queues,
        house: House,
        router: OrderRouter,
        clock: Clock,
        parameters: DeskParameters = DeskParameters(),
    ) -> None:
        self._state = state
        self._queues = queues
        self._house = house
        self._router = router
        self._clock = clock
        self._parameters = parameters
        self._log = logger.bind(book=state.book, stage="PositionManager")
        self._effects: Channel[effects.Effect] = Channel("effects", Unbounded(_DEEP, self._alarm_depth))
        self._instructions = Instructions(state.book, house, router)
        self._good_until: dict[IntentId, datetime] = {}  # of what was ordered in this process and not yet sent
        self._last_refusal: tuple[Purpose, tuple[str, ...]] | None = None
        self._triggers = 0
        self._ran = False
        self._sleeping: tuple[datetime, asyncio.Task[None]] | None = None  # until the desk's next moment
        self._wake = asyncio.Event()
        self._ask = asyncio.Event()
        self._refused = asyncio.Event()

    @property
    def state(self) -> Desk:
        return self._state

    async def run(self) -> None:
        """Live as the last stage of a ring: returns only by being cancelled or by failing. It may be run again."""
        self.step(Restarted(as_settings(self._parameters)))
        if self._ran:
            self.step(self._house.link)  # which was told to the first run; what happened since is in the queue
        self._ran = True
        await together(
            hears=self._hear(),
            minds_time=self._mind_time(),
            reads_records=self._read_records(),
            answers_refusals=self._answer_refusals(),
            carries_out=self._carry_out(),
            obeys=self._obey_all(),
        )

    # -- what comes in -------------------------------------------------------------------------------------------------

    def step(self, entry: DeskEntry) -> None:
        """Decided on, taken down, and only then made anything of. Nothing is awaited, so nothing comes between.

        What can't be raises before it is written. A halt stands in the journal before its cause does: a process that
        dies between the two is halted without need, and not free without reason.
        """
        book, now = self._state.book, self._clock.now()
        state, wanted = desk(self._state, entry, now)
        for effect in wanted:
            if isinstance(effect, effects.Halt):
                self._log.error("halted by {}: {}", effect.breaker, effect.why)
                self._house.take_down(book, Halted(effect.breaker, effect.why), now)
        self._house.take_down(book, entry, now)
        self._state = state
        self._house.show(state)
        for effect in wanted:
            if not isinstance(effect, effects.Halt):
                self._effects.put_nowait(effect)
        self._rearm()

    async def _hear(self) -> None:
        """A broker tells all executions of the day to whoever connects; those in the books are no news."""
        async for happening in self._queues.happenings:
            if not told_before(self._state.ledger, happening):
                self.step(happening)

    async def _obey_all(self) -> None:
        """One command at a time, to its end. Each is answered: somebody waits for it."""
        async for command in self._queues.trades:
            told = self._triggers
            await self._obey(command)
            await self._effects.join()
            if self._triggers == told and not self._refused.is_set():
                self._trigger(Reason.ORDER)

    async def _obey(self, command: TradeCommand) -> None:
        match command:
            case Plan():
                await self._house.preview(self._state.book, command)
                self._take_on(command)
            case Reprice(intent, pricing, why):
                self._if(_repriceable(self._state, intent, pricing), AmendAsked(intent, pricing, why))
            case Withdraw(intent, why):
                self._if(_withdrawable(self._state, intent), CancelAsked(intent, why))
            case Instruct():
                if not await self._instructions.carry_out(command):
                    self._refused.set()
            case Flatten(why=why, by=by, within_s=within_s):
                self.step(FlattenAsked(why=why, by=by, within_s=within_s))

    def _take_on(self, plan: Plan) -> None:
        """A strategy's plan. One that was decided on an older position is dropped, and so is one that is too old."""
        if plan.settled_through != self._state.next_number - 1:
            self._drop(plan, "decided on an older position than the book's")
        elif self._clock.now() > plan.decided_at + timedelta(seconds=plan.good_for_s):
            self._drop(plan, f"older than {plan.good_for_s:g} s")
        elif plan.purpose not in _A_STRATEGYS:
            whose = f"{plan.purpose.value} is planned by the desk alone"
            self._not_permitted(plan, NotPermitted([Refusal("purpose", whose)]))
        else:
            self._propose(plan, own=False)

    def _drop(self, plan: Plan, why: str) -> None:
        self._log.debug("{} dropped: {}", plan.purpose.value, why)
        self._refused.set()

    def _if(self, possible: bool, entry: AmendAsked | CancelAsked) -> None:
        """The order may have died, or come into doubt, while the command was on its way; or it is as wanted already."""
        if possible:
            self.step(entry)
        else:
            self._refused.set()

    def _propose(self, plan: Plan, *, own: bool) -> None:
        answer = self._house.approve(self._state.book, plan)
        if isinstance(answer, Approved):
            self._order(answer)
        elif own:
            self.step(PlanRefused(plan.purpose.value, answer.refusals))
        else:
            self._not_permitted(plan, answer)

    def _not_permitted(self, plan: Plan, answer: NotPermitted) -> None:
        """Told at once, taken down when it is other guards that refuse than the last time."""
        guards = plan.purpose, tuple(refusal.guard for refusal in answer.refusals)
        if guards != self._last_refusal:
            self._last_refusal = guards
            reason = plan.proposals[0].reason
            refused = PlanNotPermitted(purpose=plan.purpose.value, reason=reason, refusals=answer.refusals)
            self._house.take_down(self._state.book, refused)
            self._log.info("{} refused: {}", plan.purpose.value, answer)
        self._refused.set()

    def _order(self, approved: Approved) -> None:
        self._last_refusal = None
        plan, now = approved.plan, self._clock.now()
        first, account = self._state.next_number, self._house.account
        intents = tuple(
            proposal.numbered(IntentId(self._state.book, first + i), account, now)
            for i, proposal in enumerate(plan.proposals)
        )
        for intent in intents if plan.together else intents[:1]:
            self._good_until[intent.id] = plan.decided_at + timedelta(seconds=plan.good_for_s)
        self.step(
            Ordered(
                intents=intents,
                reserved=approved.reserved,
                patience_s=max(proposal.patience_s for proposal in plan.proposals),
                together=plan.together,
                spacing_s=plan.spacing_s,
                structure=plan.structure,
                good_for_s=plan.good_for_s,
                quotes=plan.quotes,
            )
        )

    # -- time ----------------------------------------------------------------------------------------------------------

    def _rearm(self) -> None:
        """Wake `_mind_time` if the desk wants to be stepped at another moment than it sleeps for."""
        if (self._sleeping[0] if self._sleeping else None) != due(self._state):
            self._wake.set()

    async def _mind_time(self) -> None:
        try:
            while True:
                self._wake.clear()
                moment = due(self._state)
                if moment is not None and moment <= self._clock.now():
                    self.step(Elapsed())
                    if due(self._state) == moment:
                        raise Fatal(f"the desk wants to be stepped at {moment} for ever")
                    continue
                self._sleep_until(moment)
                await self._wake.wait()
        finally:
            self._sleep_until(None)

    def _sleep_until(self, moment: datetime | None) -> None:
        if self._sleeping is not None:
            self._sleeping[1].cancel()
        self._sleeping = None
        if moment is not None:
            self._sleeping = moment, asyncio.create_task(self._sleep(moment), name=f"{self._state.book}/desk's timer")

    async def _sleep(self, moment: datetime) -> None:
        await self._clock.sleep((moment - self._clock.now()).total_seconds())
        self._wake.set()

    # -- what goes out -------------------------------------------------------------------------------------------------

    async def _carry_out(self) -> None:
        async for effect in self._effects:
            await self._do(effect)

    async def _do(self, effect: effects.Effect) -> None:
        match effect:
            case effects.Send(intent):
                await self._send(intent)
            case effects.Amend(intent, pricing):
                await self._amend(intent, pricing)
            case effects.Cancel(intent):
                await self._house.durable()
                try:
                    await self._router.cancel(intent)
                except (NotReady, Refused, Unanswered) as error:
                    self.step(CancelFailed(intent, str(error)))
            case effects.Ask():
                self._ask.set()
            case effects.Want(plan):
                self._propose(plan, own=True)
            case effects.Look(con_ids):
                self.step(self._house.look(self._state.book, con_ids))
            case effects.Tell(reason):
                self._trigger(_REASONS[reason])
            case effects.Alarm(text):
                self._log.warning("{}", text)

    async def _send(self, intent: Intent) -> None:
        """Durable, then everything that may have changed meanwhile is looked at again, then sent: once."""
        await self._house.durable()
        good_until = self._good_until.pop(intent.id, None)  # a later part of a large order is as old as its turn
        if good_until is not None and self._clock.now() > good_until:
            self.step(NotSent(intent.id, "too old by the time it was taken down"))
        elif refusals := self._house.still(intent):
            self.step(NotSent(intent.id, str(NotPermitted(refusals))))
        else:
            try:
                await self._router.place(intent)
            except NotReady as error:
                self.step(NotSent(intent.id, str(error)))
            except Refused as error:
                self.step(NotSent(intent.id, error.why, error.code))
            else:
                self.step(Dispatched(intent.id))

    async def _amend(self, intent: IntentId, pricing: Pricing) -> None:
        """With the new price it is looked at as a new order would be."""
        await self._house.durable()
        order = self._state.orders[intent.number].order
        if not order.remaining:
            return  # it has died meanwhile
        if refusals := self._house.still(evolve(order.intent, pricing=pricing, quantity=order.remaining)):
            self.step(AmendFailed(intent, str(NotPermitted(refusals))))
            self._refused.set()
            return
        try:
            await self._router.amend(intent, pricing)
        except (NotReady, Refused) as error:
            self.step(AmendFailed(intent, str(error)))
        except Unanswered as error:
            self.step(AmendFailed(intent, str(error), in_doubt=True))

    async def _read_records(self) -> None:
        """One reading at a time; what is asked for meanwhile is answered by one more."""
        while True:
            await self._ask.wait()
            self._ask.clear()
            for entry in await self._house.read_records(self._state.book):
                self.step(entry)

    async def _answer_refusals(self) -> None:
        """Who was refused may try again, though not at once: the same question would get the same answer for ever."""
        while True:
            await self._refused.wait()
            await self._clock.sleep(_AFTER_REFUSAL_S)
            self._refused.clear()
            self._trigger(Reason.ORDER)

    def _trigger(self, reason: Reason) -> None:
        self._triggers += 1
        position: PositionSnapshot = snapshot(self._state)
        self._queues.triggers.put_nowait(
            Trigger(book=self._state.book, seq=self._triggers, reasons=(reason,), position=position)
        )

    def _alarm_depth(self, depth: int) -> None:
        self._log.warning("{} decisions of the desk wait to be carried out", depth)


def _repriceable(state: Desk, intent: IntentId, pricing: Pricing) -> bool:
    ticket = state.orders.get(intent.number)
    return (
        ticket is not None
        and ticket.order.intent.id == intent
        and pricing != (ticket.amended or ticket.order.intent.pricing)
        and amendable(state, intent)
    )


def _withdrawable(state: Desk, intent: IntentId) -> bool:
    ticket = state.orders.get(intent.number)
    return ticket is not None and ticket.order.intent.id == intent and ticket.alive and ticket.cancelling is None
