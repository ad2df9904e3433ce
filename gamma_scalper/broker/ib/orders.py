"""What became of each order, in our own words. The library's status is not used: it calls living orders cancelled."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal

import ib_insync as ib

from gamma_scalper.broker.ib.codes import Codes, Meaning
from gamma_scalper.broker.ib.echo import differences
from gamma_scalper.broker.ib.executions import Executions
from gamma_scalper.broker.ib.numbers import quantity
from gamma_scalper.broker.ib.order_mapping import standing
from gamma_scalper.broker.ib.tracked import Life, Tracked
from gamma_scalper.broker.ib.wire import Wire
from gamma_scalper.domain.orders import Side
from gamma_scalper.domain.ports import Altered, NotReady, OrderEvent, OrderReport, Refused, Standing, Warned

_NO_CAUSE = (Meaning.WARNING, Meaning.UNKNOWN)  # of an order's death


class Orders:
    """Every order of the account that was sent here or told of, and the reports on it."""

    def __init__(
        self,
        wire: Wire,
        codes: Codes,
        client_id: int,
        account: Callable[[], str],
        executions: Executions,
        tell: Callable[[OrderEvent], None],
    ) -> None:
        self._wire = wire
        self._codes = codes
        self._client_id = client_id
        self._account = account
        self._executions = executions
        self._tell = tell
        self._by_id: dict[tuple[int, int], Tracked] = {}  # client id, order id
        self._by_perm_id: dict[int, Tracked] = {}
        self._by_ref: dict[str, Tracked] = {}
        self._refs: set[str] = set()  # every orderRef ever sent or told of
        self.doubts: dict[str, Tracked] = {}  # orderRef or ids -> what is to be cleared up
        self.in_doubt = asyncio.Event()

    # -- for the router ------------------------------------------------------------------------------------------------

    def find(self, order_ref: str) -> Tracked | None:
        return self._by_ref.get(order_ref)

    def was_sent(self, order_ref: str) -> bool:
        """Here or before this program began, however long ago."""
        return order_ref in self._refs

    def add(self, tracked: Tracked) -> None:
        """About to be sent: nothing that is said of it can come before it is known here."""
        key = tracked.client_id, tracked.order_id
        if key in self._by_id:
            raise Refused(f"{tracked.order_ref}: the order id {tracked.order_id} is another order's; nothing was sent")
        self._by_id[key] = tracked
        if tracked.order_ref:
            self._refs.add(tracked.order_ref)
            self._by_ref.setdefault(tracked.order_ref, tracked)

    def forget(self, tracked: Tracked) -> None:
        """It was not sent after all."""
        self._drop(tracked)
        self._refs.discard(tracked.order_ref)

    def forget_dead(self, before: datetime) -> None:
        """Of which nothing was told since then. That they were sent once is kept: nothing is sent twice."""
        for tracked in list(self._by_id.values()):
            if tracked.dead and tracked.reported_at is not None and tracked.reported_at < before:
                self._drop(tracked)

    def _drop(self, tracked: Tracked) -> None:
        del self._by_id[tracked.client_id, tracked.order_id]
        if self._by_ref.get(tracked.order_ref) is tracked:
            del self._by_ref[tracked.order_ref]
        for perm_id in tracked.lives:
            self._by_perm_id.pop(perm_id, None)

    def alive(self) -> list[Tracked]:
        return [tracked for tracked in self._by_id.values() if not tracked.dead]

    # -- what the broker says ------------------------------------------------------------------------------------------

    def executed(self, contract: ib.Contract, execution: ib.Execution) -> None:
        tracked = self._found(execution.clientId, execution.orderId, execution.permId)
        if execution.clientId == self._client_id:
            self._wire.seen_id(execution.orderId)
        if tracked is not None and execution.permId:  # what fills was acknowledged, whether it was said or not
            self.named(tracked, execution.permId)
        self._executions.executed(contract, execution)
        if tracked is not None and execution.permId and not tracked.combo:
            self._perhaps_filled(tracked, tracked.life(execution.permId))

    def _perhaps_filled(self, tracked: Tracked, life: Life) -> None:
        """Its executions tell it, should no status do. A combo's legs may still be under way."""
        filled = self._executions.done(life.perm_id, combo=False)
        if life.standing is Standing.FILLED or filled < tracked.quantity:
            return
        if tracked.echo_due:  # nobody knows how large it has become on its way
            self.doubt(tracked)
        else:
            self.report(tracked, life, Standing.FILLED, filled, Decimal(0))

    def billed(self, report: ib.CommissionReport) -> None:
        self._executions.billed(report)

    def knows(self, order_id: int) -> bool:
        return (self._client_id, order_id) in self._by_id

    def echoed(self, order_id: int, contract: ib.Contract, order: ib.Order) -> None:
        if order.account not in ("", self._account()) or not (order_id > 0 or order.permId):
            return
        tracked = self._found(order.clientId, order_id, order.permId)
        if tracked is None:
            tracked = _adopted(order_id, contract, order)
            self.add(tracked)
        if order.clientId == self._client_id:
            self._wire.seen_id(order_id)
        if order.permId:
            self.named(tracked, order.permId)
        if tracked.echo_due:
            self._compare(tracked, contract, order)

    def status(
        self, client_id: int, order_id: int, perm_id: int, status: str, filled: float, remaining: float, why_held: str
    ) -> None:
        tracked = self._found(client_id, order_id, perm_id)
        if tracked is None:
            return  # of another account: an order of ours is echoed before its status, or was sent here
        if perm_id:
            self._by_perm_id[perm_id] = tracked
        meant = standing(status, why_held)
        if meant is Standing.CANCELLED and self._without_cause(tracked):
            meant = Standing.UNKNOWN
        life = tracked.life(perm_id)
        if life.standing is Standing.FILLED:
            return  # nothing undoes that, and what comes late says less
        self.report(tracked, life, meant, quantity(filled), quantity(remaining))
        if meant is Standing.UNKNOWN:
            self.doubt(tracked)

    def trouble(self, order_id: int, code: int, text: str) -> None:
        tracked = self._by_id[self._client_id, order_id]
        meaning = self._codes.of_order(code)
        if meaning in (Meaning.WARNING, Meaning.NOTE) and self._wire.restraint.allows():
            self._tell(Warned(at=self._wire.clock.now(), code=code, text=text, order_ref=tracked.order_ref))
        if meaning is Meaning.NOTE:
            return
        tracked.code, tracked.why = code, text
        tracked.refused |= meaning is Meaning.REJECT
        alive = [life for life in tracked.lives.values() if not life.dead]
        if len(alive) > 1:  # an error names the order id alone, and so none of its lives
            self.doubt(tracked)
            return
        if meaning is Meaning.WARNING and not tracked.lives:
            return  # it may still be on its way
        life = alive[0] if alive else tracked.newest
        meant = self._meant(tracked, life, meaning)
        if meant is not None:
            self.report(tracked, life, meant, life.filled, life.remaining)
        if meant is Standing.UNKNOWN:
            self.doubt(tracked)

    def _meant(self, tracked: Tracked, life: Life, meaning: Meaning) -> Standing | None:
        """What an error makes of an order; None where it goes on as it was."""
        if meaning is Meaning.WARNING:
            told_dead = life.standing is Standing.CANCELLED and self._without_cause(tracked)
            return Standing.UNKNOWN if told_dead else None
        if life.dead:
            if meaning is not Meaning.REJECT or life.standing is not Standing.REJECTED:
                return None
            life.told = False  # it is told again, now with its reason
            return Standing.REJECTED
        if meaning is Meaning.CANCELLED:
            return Standing.CANCELLED
        if meaning is Meaning.HELD:
            return Standing.HELD
        # What is rejected may be the amendment alone; the order then lives on as it was.
        rejected = meaning is Meaning.REJECT and not tracked.taken
        return Standing.REJECTED if rejected else Standing.UNKNOWN

    def _without_cause(self, tracked: Tracked) -> bool:
        """Dead, they say, and the last that was said of it is no reason to die. That a cancel was asked for is none."""
        return tracked.code is not None and self._codes.of_order(tracked.code) in _NO_CAUSE

    def _compare(self, tracked: Tracked, contract: ib.Contract, order: ib.Order) -> None:
        zone = self._wire.parameters.time_zone
        found = differences(tracked.sent, tracked.contract, order, contract, zone)
        if found:
            for version in reversed(tracked.earlier):
                if not differences(version, tracked.contract, order, contract, zone):
                    tracked.shown = version
                    return  # the newest amendment has not come through yet
        tracked.echo_due, tracked.earlier, tracked.shown = False, [], None
        if not found:
            return
        tracked.quantity = quantity(order.totalQuantity)
        now = self._wire.clock.now()
        try:
            self._wire.send(lambda client: client.cancelOrder(tracked.order_id))
        except NotReady:
            self.doubt(tracked)
        self._tell(Altered(at=now, order_ref=tracked.order_ref, perm_id=order.permId, differences=found))

    # -- telling -------------------------------------------------------------------------------------------------------

    def report(self, tracked: Tracked, life: Life, meant: Standing, filled: Decimal, remaining: Decimal) -> None:
        """Tell of a change; what was said already is not said again."""
        if life.told and (life.standing, life.filled, life.remaining) == (meant, filled, remaining):
            return
        report = self._as_report(tracked, life.perm_id, meant, filled, remaining)  # what can't be so raises here
        life.standing, life.filled, life.remaining, life.told = meant, filled, remaining, True
        tracked.taken |= meant is Standing.WORKING
        tracked.reported_at = report.at
        self._tell(report)

    def _as_report(
        self, tracked: Tracked, perm_id: int, standing: Standing, filled: Decimal, remaining: Decimal
    ) -> OrderReport:
        explained = standing not in (Standing.PENDING, Standing.WORKING, Standing.FILLED)
        return OrderReport(
            at=self._wire.clock.now(),
            order_ref=tracked.order_ref,
            perm_id=perm_id,
            standing=standing,
            filled=filled,
            remaining=remaining,
            code=tracked.code if explained else None,
            why=tracked.why if explained else "",
        )

    def reports_of(self, orders: Sequence[ib.Order]) -> list[OrderReport]:
        """As far as is known now of these, which the broker has just listed."""
        listed = dict.fromkeys((order.clientId, order.orderId, order.permId) for order in orders)
        found = [(self._found(*ids), ids[2]) for ids in listed]
        lives = [(tracked, tracked.life(perm_id)) for tracked, perm_id in found if tracked is not None]
        return [self._as_report(each, it.perm_id, it.standing, it.filled, it.remaining) for each, it in lives]

    def named(self, tracked: Tracked, perm_id: int) -> Life:
        """The broker has it on record under this permId."""
        self._by_perm_id[perm_id] = tracked
        return tracked.life(perm_id)

    def doubt(self, tracked: Tracked) -> None:
        """What was said of it may be false: open orders and executions are to be asked."""
        self.doubts[tracked.order_ref or f"{tracked.client_id}:{tracked.order_id}"] = tracked
        self.in_doubt.set()

    def _found(self, client_id: int, order_id: int, perm_id: int) -> Tracked | None:
        by_id = self._by_id.get((client_id, order_id)) if order_id > 0 else None
        return by_id or self._by_perm_id.get(perm_id)


def _adopted(order_id: int, contract: ib.Contract, order: ib.Order) -> Tracked:
    """An order from before this program began, or of somebody else in the account."""
    return Tracked(
        client_id=order.clientId,
        # What was entered by hand has no id of its own; its permId tells it from the others.
        order_id=order_id if order_id > 0 else -order.permId,
        order_ref=order.orderRef,
        quantity=quantity(order.totalQuantity),
        contract=contract,
        sent=_essentials(order),
        side=Side.BUY if order.action == "BUY" else Side.SELL,
    )


def _essentials(order: ib.Order) -> ib.Order:
    """What an amendment sends again; an echo is full of the broker's own marks besides."""
    names = (
        "action",
        "totalQuantity",
        "orderType",
        "lmtPrice",
        "tif",
        "goodTillDate",
        "account",
        "orderRef",
        "outsideRth",
    )
    return ib.Order(**{name: getattr(order, name) for name in names})
