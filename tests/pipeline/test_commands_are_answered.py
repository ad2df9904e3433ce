"""The desk answers each command, whatever comes of it, and exercises options once."""

import asyncio
from functools import partial

import pytest
from attrs import evolve
from ring_parts import BOOK, CALL, NOON, PUT, SPY, SmallBroker, SmallHouse, hedge, holding, proposal

from gamma_scalper.domain.entries import AmendAsked, CancelAsked, DeskEntry, Ordered
from gamma_scalper.domain.instruments import Option
from gamma_scalper.domain.orders import IntentId, Limit, Purpose, Side
from gamma_scalper.domain.ports import Link, LinkReport, Unanswered
from gamma_scalper.domain.proposals import Flatten, Instruct, Plan, Reprice, TradeCommand, Withdraw
from gamma_scalper.domain.strategy_entries import Instructed
from gamma_scalper.kernel import Block, Channel, LoopClock, Unbounded, together
from gamma_scalper.pipeline.messages import Reason, Trigger
from gamma_scalper.pipeline.position_manager import PositionManager, Queues

ONE = IntentId(BOOK, 1)


class AtTheDesk:
    """A desk at work that holds a straddle."""

    def __init__(self, fills_after_s: float = 0.5) -> None:
        self.clock = LoopClock(asyncio.get_running_loop(), NOON)
        triggers: Channel[Trigger] = Channel("triggers", Unbounded(10_000, print))
        happenings: Channel[DeskEntry] = Channel("happenings", Unbounded(10_000, print))
        trades: Channel[TradeCommand] = Channel("trades", Block(4))
        self.queues = Queues(trades, happenings, triggers)
        self.house = SmallHouse()
        self.broker = SmallBroker(happenings, self.clock, fills_after_s)
        held = holding((CALL, 2), (PUT, 2))
        self.manager = PositionManager(held, self.queues, self.house, self.broker, self.clock)
        self.answers: list[tuple[float, Reason, int]] = []  # when, why, intents alive

    async def obeys(self, *script: TradeCommand | float, until: float = 10.0) -> list[tuple[float, Reason, int]]:
        """Commands, and seconds to wait between them; what was triggered after the first of them, and when."""
        began = self.clock.monotonic()

        async def tell() -> None:
            await self.clock.sleep(0.25)
            self.queues.happenings.put_nowait(LinkReport(self.clock.now(), Link.READY))
            await self.clock.sleep(0.25)
            self.answers.clear()
            for step in script:
                if isinstance(step, float):
                    await self.clock.sleep(step)
                else:
                    await self.queues.trades.put(step)
            await self.clock.sleep(began + until - self.clock.monotonic())

        async def look() -> None:
            async for trigger in self.queues.triggers:
                assert trigger.position is not None
                since = round(self.clock.monotonic() - began - 0.5, 6)
                self.answers.append((since, trigger.reasons[0], len(trigger.position.live)))

        await together(works=self.manager.run(), looks=look(), tells=tell())
        return self.answers

    def entries(self, kind: type) -> list[object]:
        return [entry for entry in self.house.entries if isinstance(entry, kind)]


def plan(shares: int = 10, settled_through: int = 0) -> Plan:
    return evolve(hedge(shares, NOON, settled_through), good_for_s=1_000)


async def test_a_plan_that_is_taken_on_is_answered_at_once_with_its_order_alive():
    assert (await AtTheDesk().obeys(plan()))[0] == (0.0, Reason.ORDER, 1)


FLATTEN_PLAN = Plan(
    proposals=[evolve(proposal(SPY, Side.SELL, 1), purpose=Purpose.FLATTEN)], decided_at=NOON, good_for_s=99,
    settled_through=0,
)  # fmt: skip


@pytest.mark.parametrize(
    "command",
    [
        plan(settled_through=7),
        evolve(plan(), good_for_s=0.0),
        FLATTEN_PLAN,
        Reprice(IntentId(BOOK, 9), Limit("600.01"), "there is no such order"),
        Withdraw(IntentId(BOOK, 9), "there is no such order"),
        Withdraw(IntentId("other", 1), "it is somebody else's"),
    ],
)
async def test_what_is_refused_is_answered_a_moment_later_so_that_nobody_asks_for_ever(command):
    desk = AtTheDesk()
    assert await desk.obeys(command) == [(1.0, Reason.ORDER, 0)]
    assert desk.broker.placed == []


async def test_what_a_guard_refuses_is_answered_too():
    desk = AtTheDesk()
    desk.house.refuses = "not today"
    assert await desk.obeys(plan()) == [(1.0, Reason.ORDER, 0)]


async def test_a_new_price_is_answered_at_once_and_the_same_again_a_moment_later():
    desk = AtTheDesk(fills_after_s=100)
    better = Reprice(ONE, Limit("600.01"), "a step")
    await desk.obeys(plan(), 1.0, better, 1.0, better, until=8)
    assert [each for each in desk.answers if each[0] >= 1.0][:2] == [(1.0, Reason.ORDER, 1), (3.0, Reason.ORDER, 1)]
    assert desk.broker.amended == [(ONE, Limit("600.01"))]
    assert len(desk.entries(AmendAsked)) == 1


async def test_a_cancel_is_answered_at_once_and_asked_for_once():
    desk = AtTheDesk(fills_after_s=100)
    asked: list[IntentId] = []
    desk.broker.cancel = partial(_hears, asked)  # a broker that takes its time
    await desk.obeys(plan(), 1.0, Withdraw(ONE, "a second thought"), Withdraw(ONE, "a third"), until=3)
    assert [each[0] for each in desk.answers if each[0] >= 1.0] == [1.0, 2.0]
    assert (asked, len(desk.entries(CancelAsked))) == ([ONE], 1)


async def _hears(asked: list[IntentId], intent: IntentId) -> None:
    asked.append(intent)


async def test_selling_all_is_answered_and_the_position_says_that_the_desk_is_busy():
    desk = AtTheDesk()
    await desk.obeys(Flatten(why="enough", by="spy", within_s=600), until=2)
    assert desk.answers[0][:2] == (0.0, Reason.ORDER)
    assert desk.manager.state.flattening.why == "enough"


async def test_of_two_plans_on_one_position_the_second_is_dropped():
    desk = AtTheDesk()
    await desk.obeys(plan(), plan())
    assert (len(desk.broker.placed), len(desk.entries(Ordered))) == (1, 1)


# -- exercising --------------------------------------------------------------------------------------------------------


def instruct(option: Option = CALL, contracts: int = 2) -> Instruct:
    return Instruct(option, contracts, "the dividend is worth more")


def told(desk: AtTheDesk) -> list[str]:
    return [each.refused for each in desk.entries(Instructed)]


async def test_an_instruction_is_written_down_then_sent_once_and_answered():
    desk = AtTheDesk()
    assert await desk.obeys(instruct(), 1.0, instruct()) == [(0.0, Reason.ORDER, 0), (2.0, Reason.ORDER, 0)]
    assert desk.broker.exercised == [(CALL.con_id, 2)]
    assert told(desk) == ["", "the broker was told before"]


async def test_an_instruction_that_is_not_permitted_is_told_to_a_person_once():
    desk = AtTheDesk()
    desk.house.refuses_instructions = "OBSERVE"
    await desk.obeys(instruct(), 2.0, instruct())
    assert (desk.broker.exercised, told(desk)) == ([], ["a guard: OBSERVE"])


async def test_what_is_permitted_no_longer_once_it_is_durable_is_not_sent():
    desk = AtTheDesk()

    async def meanwhile() -> None:
        desk.house.refuses_instructions = "panic"

    desk.house.durable = meanwhile
    await desk.obeys(instruct())
    assert (desk.broker.exercised, told(desk)) == ([], ["", "a guard: panic"])


async def test_a_broker_that_refuses_it_is_told_to_a_person_and_it_may_be_tried_again():
    desk = AtTheDesk()
    desk.broker.refuses_exercise = "too late"
    await desk.obeys(instruct(), until=3)
    assert told(desk) == ["", "322: too late"]
    desk.broker.refuses_exercise = ""
    await desk.obeys(instruct(), until=3)
    assert desk.broker.exercised == [(CALL.con_id, 2)]


async def test_an_instruction_that_nobody_confirmed_is_never_sent_again():
    desk, sent = AtTheDesk(), []

    async def unheard(option: Option, quantity: int, *, lapse: bool = False) -> None:
        sent.append(quantity)
        raise Unanswered("the line went dead")

    desk.broker.exercise = unheard
    await desk.obeys(instruct(), 2.0, instruct())
    assert sent == [2]
    assert told(desk) == [
        "", "nobody knows whether the broker heard it: the line went dead", "the broker was told before"
    ]  # fmt: skip
