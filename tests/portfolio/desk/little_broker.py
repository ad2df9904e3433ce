"""A broker that keeps the truth, and tells it late, twice, in another order or not at all."""

from datetime import datetime
from decimal import Decimal

from attrs import Factory, define, evolve

from gamma_scalper.domain.fills import Fill
from gamma_scalper.domain.instruments import Combo, Leg
from gamma_scalper.domain.orders import GoodTill, Intent, Side
from gamma_scalper.domain.ports import OrderReport, Standing

_DEAD = (Standing.FILLED, Standing.CANCELLED, Standing.REJECTED)


@define(eq=False)
class BrokersOrder:
    """One permId."""

    intent: Intent
    perm_id: int
    standing: Standing = Standing.WORKING
    filled: int = 0

    @property
    def alive(self) -> bool:
        return self.standing not in _DEAD

    @property
    def remaining(self) -> int:
        return int(self.intent.quantity) - self.filled


@define
class LittleBroker:
    """What is true of the account, and what waits to be told."""

    orders: list[BrokersOrder] = Factory(list)
    executions: dict[str, Fill] = Factory(dict)  # key -> the one in force
    outbox: list[OrderReport | Fill] = Factory(list)
    count: int = 0

    # -- what happens ----------------------------------------------------------------------------------------------

    def arrives(self, intent: Intent, now: datetime) -> None:
        """An order that comes after its own end is cancelled at once."""
        order = BrokersOrder(intent, perm_id=len(self.orders) + 1)
        self.orders.append(order)
        self.tells(order, now)
        self.time_passes(now)

    def time_passes(self, now: datetime) -> None:
        for order in self.orders:
            lifetime = order.intent.lifetime
            if order.alive and isinstance(lifetime, GoodTill) and lifetime.until <= now:
                self.ends(order, Standing.CANCELLED, now)

    def ends(self, order: BrokersOrder, standing: Standing, now: datetime) -> None:
        order.standing = standing
        self.tells(order, now)

    def fills(self, order: BrokersOrder, quantity: int, now: datetime) -> None:
        """One execution for each leg."""
        quantity = min(quantity, order.remaining)
        order.filled += quantity
        what = order.intent.instrument
        for leg in what.legs if isinstance(what, Combo) else (Leg(what, 1),):
            self.count += 1
            signed = order.intent.side.sign * leg.ratio * quantity
            fill = Fill(
                exec_id=f"0001.{self.count:06d}.01.01",
                intent=order.intent.id,
                perm_id=order.perm_id,
                account="DU1",
                instrument=leg.instrument,
                side=Side.BUY if signed > 0 else Side.SELL,
                quantity=abs(signed),
                price=Decimal(600),
                at=now,
            )
            self.executions[fill.key] = fill
            self.outbox.append(fill)
        if not order.remaining:
            order.standing = Standing.FILLED
        self.tells(order, now)

    def corrects(self, key: str) -> None:
        """The newest word on an execution: one less of it."""
        fill = self.executions[key]
        revision = int(fill.exec_id[-2:]) + 1
        self.executions[key] = evolve(fill, exec_id=f"{key}.{revision:02d}", quantity=fill.quantity - 1)
        self.outbox.append(self.executions[key])

    # -- what it says ----------------------------------------------------------------------------------------------

    def tells(self, order: BrokersOrder, now: datetime) -> None:
        self.outbox.append(self.report(order, now))

    def report(self, order: BrokersOrder, now: datetime, standing: Standing | None = None) -> OrderReport:
        return OrderReport(
            at=now,
            order_ref=str(order.intent.id),
            perm_id=order.perm_id,
            standing=standing or order.standing,
            filled=order.filled,
            remaining=order.remaining,
        )

    def living(self) -> list[BrokersOrder]:
        return [order for order in self.orders if order.alive]

    def open_orders(self, now: datetime) -> list[OrderReport]:
        return [self.report(order, now) for order in self.living()]

    def completed(self, now: datetime) -> list[OrderReport]:
        return [self.report(order, now) for order in self.orders if not order.alive]
