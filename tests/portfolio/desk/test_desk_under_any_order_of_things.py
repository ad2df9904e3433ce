"""The desk against a broker that keeps the truth: whatever comes late, twice, never, or after the process has died."""

from collections import Counter
from decimal import Decimal

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from little_broker import BrokersOrder, LittleBroker
from trading_desk import CALL, PUT, SPY, STRADDLE, TradingDesk, intent, ordered, quote, replayed

from gamma_scalper.domain.entries import (
    AmendAsked,
    CancelAsked,
    CancelFailed,
    DeskEntry,
    Dispatched,
    FlattenAsked,
    FlattenStopped,
    Looked,
    NotSent,
    Ordered,
    PlanRefused,
    Restarted,
)
from gamma_scalper.domain.fills import Fill
from gamma_scalper.domain.money import Money
from gamma_scalper.domain.orders import IntentId, Limit, Side
from gamma_scalper.domain.ports import Link, LinkReport, OrderReport, Recap, Standing
from gamma_scalper.domain.proposals import Refusal
from gamma_scalper.portfolio.desk import amendable, snapshot
from gamma_scalper.portfolio.effects import Amend, Ask, Cancel, Effect, Look, Send, Want
from gamma_scalper.portfolio.ledger import holdings

_INSTRUMENTS = st.sampled_from([SPY, SPY, CALL, PUT, STRADDLE])
_PRICE = Limit(Decimal(600))


class AnyOrderOfThings(RuleBasedStateMachine):
    """The shell around the desk is here too: it carries effects out one by one, and may die between any two."""

    def __init__(self) -> None:
        super().__init__()
        self.desk = TradingDesk()
        self.broker = LittleBroker()
        self.waiting: list[Effect] = []  # effects not carried out
        self.told: dict[str, Fill] = {}  # key -> newest that the desk was told
        self.lost: set[IntentId] = set()  # handed over, and never arrived

    # -- helping words ---------------------------------------------------------------------------------------------

    @property
    def up(self) -> bool:
        return self.desk.state.link is Link.READY

    def say(self, entry: DeskEntry) -> None:
        self.waiting += self.desk.tell(entry)

    def say_of_broker(self, told: OrderReport | Fill) -> None:
        if isinstance(told, Fill):
            before = self.told.get(told.key)
            if before is None or before.exec_id < told.exec_id:
                self.told[told.key] = told
        self.say(told)

    def connect(self) -> None:
        self.say(LinkReport(self.desk.now, Link.CONFIRMING))
        self.pull()
        reports = tuple(self.broker.open_orders(self.desk.now))
        self.say(Recap(at=self.desk.now, why="connected", holdings=(), open_orders=reports))
        self.say(LinkReport(self.desk.now, Link.READY))

    def pull(self) -> None:
        for fill in list(self.broker.executions.values()):
            self.say_of_broker(fill)

    @initialize()
    def opens(self) -> None:
        self.connect()

    # -- what the house does ---------------------------------------------------------------------------------------

    @rule(
        instrument=_INSTRUMENTS,
        side=st.sampled_from(Side),
        quantity=st.integers(1, 5),
        count=st.integers(1, 3),
        together=st.booleans(),
        patience_s=st.sampled_from([0, 5, 30]),
    )
    def orders(self, instrument, side, quantity, count, together, patience_s) -> None:
        first = self.desk.state.next_number
        intents = [
            intent(n, self.desk.now, patience_s=patience_s, instrument=instrument, side=side, quantity=quantity)
            for n in range(first, first + count)
        ]
        self.say(ordered(*intents, patience_s=patience_s, together=together, spacing_s=3.0))

    @precondition(lambda self: self.waiting)
    @rule(how=st.sampled_from(["well", "well", "well", "badly", "lost", "died"]), code=st.sampled_from([None, 201]))
    def carries_out(self, how, code) -> None:
        effect = self.waiting.pop(0)
        match effect:
            case Send(wanted):
                if how == "badly" or not self.up:
                    self.say(NotSent(wanted.id, "no", code))
                    return
                if how == "lost":
                    self.lost.add(wanted.id)
                else:
                    self.broker.arrives(wanted, self.desk.now)
                if how == "died":
                    self.dies()
                else:
                    self.say(Dispatched(wanted.id))
            case Amend(id, _):
                living = self.of(id)
                if living and how == "badly":  # a second life
                    self.broker.arrives(living[0].intent, self.desk.now)
            case Cancel(id):
                living = self.of(id)
                if not self.up or not living or how == "badly":
                    self.say(CancelFailed(id, "not found"))
                elif how != "lost":
                    for each in living:
                        self.broker.ends(each, Standing.CANCELLED, self.desk.now)
            case Ask() if self.up:
                self.pull()
                completed = None if how == "badly" else self.broker.completed(self.desk.now)
                self.waiting += self.desk.records(
                    *self.broker.open_orders(self.desk.now), completed=completed, complete=how != "lost"
                )
            case Look():
                self.say(Looked([quote(each, 599, 601, self.desk.now) for each in (SPY, CALL, PUT)]))
            case Want(plan):
                if how == "badly":
                    self.say(PlanRefused(plan.purpose.value, [Refusal("a guard", "no")]))
                    return
                first = self.desk.state.next_number
                intents = [
                    proposal.numbered(IntentId("spy", first + i), "DU1", self.desk.now)
                    for i, proposal in enumerate(plan.proposals)
                ]
                nothing = [Money(Decimal(0))] * len(intents)
                self.say(Ordered(intents=intents, reserved=nothing, patience_s=2.0, good_for_s=2.0))

    def of(self, id: IntentId) -> list[BrokersOrder]:
        return [order for order in self.broker.living() if order.intent.id == id]

    @precondition(lambda self: self.desk.state.live)
    @rule(data=st.data())
    def amends_or_cancels(self, data) -> None:
        id = IntentId("spy", data.draw(st.sampled_from(self.desk.state.live)))
        if amendable(self.desk.state, id) and data.draw(st.booleans()):
            self.say(AmendAsked(id, _PRICE, "a better price"))
        else:
            self.say(CancelAsked(id, "no longer wanted"))

    @rule(stop=st.booleans())
    def flattens(self, stop) -> None:
        if stop:
            self.say(FlattenStopped("enough", "a test"))
        else:
            self.say(FlattenAsked(why="a test", by="a test", within_s=30))

    @rule()
    def dies(self) -> None:
        """All that was not journaled is gone, and what was told meanwhile too."""
        again = replayed(self.desk.entries)
        assert again == self.desk.state
        self.desk.state = again
        self.waiting.clear()
        self.broker.outbox.clear()
        self.say(Restarted())

    # -- what the broker does --------------------------------------------------------------------------------------

    @precondition(lambda self: self.broker.living())
    @rule(data=st.data(), quantity=st.integers(1, 5))
    def market_fills(self, data, quantity) -> None:
        self.broker.fills(data.draw(st.sampled_from(self.broker.living())), quantity, self.desk.now)

    @precondition(lambda self: self.broker.living())
    @rule(data=st.data(), standing=st.sampled_from([Standing.CANCELLED, Standing.REJECTED, Standing.HELD]))
    def broker_decides(self, data, standing) -> None:
        self.broker.ends(data.draw(st.sampled_from(self.broker.living())), standing, self.desk.now)

    @precondition(lambda self: any(fill.quantity > 1 for fill in self.broker.executions.values()))
    @rule(data=st.data())
    def broker_corrects(self, data) -> None:
        keys = [key for key, fill in self.broker.executions.items() if fill.quantity > 1]
        self.broker.corrects(data.draw(st.sampled_from(keys)))

    @precondition(lambda self: self.broker.orders)
    @rule(data=st.data())
    def broker_confuses(self, data) -> None:
        """A code from which the end of an order can't be told."""
        order = data.draw(st.sampled_from(self.broker.orders))
        self.broker.outbox.append(self.broker.report(order, self.desk.now, Standing.UNKNOWN))

    @precondition(lambda self: self.broker.outbox and self.desk.state.link is not Link.DOWN)
    @rule(data=st.data(), how=st.sampled_from(["once", "once", "once", "twice", "never"]))
    def broker_tells(self, data, how) -> None:
        """Mostly in order; now and then another comes first, or is told twice, or is lost."""
        place = data.draw(st.sampled_from([0, 0, 0, len(self.broker.outbox) - 1]))
        told = self.broker.outbox[place] if how == "twice" else self.broker.outbox.pop(place)
        if how != "never":
            self.say_of_broker(told)

    @rule()
    def line_breaks(self) -> None:
        self.broker.outbox.clear()
        self.say(LinkReport(self.desk.now, Link.DOWN))

    @precondition(lambda self: not self.up)
    @rule()
    def line_is_mended(self) -> None:
        self.connect()

    @rule(seconds=st.sampled_from([0.5, 2, 6, 70]))
    def time_passes(self, seconds) -> None:
        self.waiting += self.desk.wait(seconds)
        self.broker.time_passes(self.desk.now)

    # -- what always holds -----------------------------------------------------------------------------------------

    @invariant()
    def position_is_the_sum_of_executions(self) -> None:
        position = Counter()
        for fill in self.told.values():
            position[fill.instrument.con_id] += fill.signed_quantity
        held = {each.instrument.con_id: each.quantity for each in holdings(self.desk.state.ledger)}
        assert held == {con_id: quantity for con_id, quantity in position.items() if quantity}

    @invariant()
    def nothing_is_sent_twice(self) -> None:
        sent = Counter(effect.intent.id for effect in self.desk.effects if isinstance(effect, Send))
        assert not [id for id, times in sent.items() if times > 1]

    @invariant()
    def filled_is_what_was_executed_and_never_more_than_ordered(self) -> None:
        for ticket in self.desk.state.orders.values():
            assert ticket.order.filled <= ticket.order.intent.quantity
            told = [fill for fill in self.told.values() if fill.intent == ticket.order.intent.id]
            if ticket.order.intent.instrument is not STRADDLE:
                assert ticket.order.filled + ticket.excess == sum(fill.quantity for fill in told)

    @invariant()
    def the_dead_are_dead_in_all_their_lives(self) -> None:
        for ticket in self.desk.state.orders.values():
            if not ticket.alive:
                names = [life.perm_id for life in ticket.lives if life.perm_id]
                assert not [order.perm_id for order in self.broker.living() if order.perm_id in names]

    @invariant()
    def the_snapshot_can_be_taken(self) -> None:
        position = snapshot(self.desk.state)
        numbers = [order.intent.id.number for order in position.live]
        assert all(number > position.settled_through for number in numbers)

    # -- how it ends -----------------------------------------------------------------------------------------------

    def teardown(self) -> None:
        """Everything is told and asked, and time passes: then nothing is in doubt, and the ledger is the truth."""
        self.say(FlattenStopped("the day ends", "a test"))
        if not self.up:
            self.connect()
        for _ in range(200):
            self.broker.time_passes(self.desk.now)
            while self.broker.outbox:
                self.say_of_broker(self.broker.outbox.pop(0))
            while self.waiting:
                self.settles(self.waiting.pop(0))
            self.waiting += self.desk.wait(10)
            if not self.desk.state.live and not self.waiting:
                break
        left = {number: self.desk.became(number) for number in self.desk.state.live}
        assert not left, left
        assert replayed(self.desk.entries) == self.desk.state
        assert self.told == self.broker.executions
        self.position_is_the_sum_of_executions()

    def settles(self, effect: Effect) -> None:
        match effect:
            case Send(wanted):
                self.say(NotSent(wanted.id, "the day ends"))
            case Cancel(id):
                for each in self.of(id):
                    self.broker.ends(each, Standing.CANCELLED, self.desk.now)
            case Ask():
                self.pull()
                self.waiting += self.desk.records(
                    *self.broker.open_orders(self.desk.now), completed=self.broker.completed(self.desk.now)
                )
            case Want(plan):
                self.say(PlanRefused(plan.purpose.value, [Refusal("a guard", "the day ends")]))
            case Look():
                self.say(Looked([]))


TestAnyOrderOfThings = AnyOrderOfThings.TestCase
TestAnyOrderOfThings.settings = settings(max_examples=max(settings().max_examples // 4, 10), stateful_step_count=40)
