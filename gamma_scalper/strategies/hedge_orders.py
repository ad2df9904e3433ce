"""What is to be done about the delta: begin a hedge, or mind the one that works. `hedge` is what a strategy asks."""

import math
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

from attrs import evolve

from gamma_scalper.domain.instruments import Stock
from gamma_scalper.domain.money import to_decimal
from gamma_scalper.domain.orders import GoodTill, Limit, Order, PartlyFilled, Planned, Purpose, Side, Working
from gamma_scalper.domain.proposals import Reprice, Withdraw
from gamma_scalper.strategies.base import Act, Band, Decision, Hold
from gamma_scalper.strategies.deltas import target_of
from gamma_scalper.strategies.hedge_parameters import HedgeParameters
from gamma_scalper.strategies.hedge_plans import NOTHING_TRIED, Hedging, begin_hedge, is_forced, limit_across
from gamma_scalper.strategies.limits import Limits
from gamma_scalper.strategies.scene import Scene


def hedge(
    scene: Scene, band: Band | None, parameters: HedgeParameters, limits: Limits, memory: Hedging = NOTHING_TRIED
) -> tuple[Decision, Hedging]:
    """What is to be done now, and what is to be remembered of it; also while orders live.

    While a hedge works it is left alone, given another price or withdrawn; while anything else does, nothing is done.
    """
    if not scene.position.live:
        return begin_hedge(scene, band, parameters, limits, memory)
    orders = [order for order in scene.position.live if order.intent.purpose is Purpose.HEDGE]
    order = next((order for order in orders if not isinstance(order.state, Planned)), None)
    if order is None:
        return _mind_parts(scene, orders, band, limits, memory)
    return _mind(scene, order, band, parameters, limits, memory)


def _mind_parts(
    scene: Scene, parts: Sequence[Order], band: Band | None, limits: Limits, memory: Hedging
) -> tuple[Decision, Hedging]:
    """Between one part of a large hedge and the next: those to come are dropped once the delta has turned."""
    if not parts or memory.number == parts[0].intent.id.number:
        return Hold("an order lives", "no hedge while anything else of the book works"), memory
    first = parts[0].intent
    against = _against(scene, parts[0], band, limits)
    if not against:
        return Hold("hedge goes on", f"{len(parts)} parts are to come"), memory
    why = f"{len(parts)} parts to come: {against}"
    return Act("hedge withdrawn", why, Withdraw(first.id, against)), evolve(
        memory, number=first.id.number, price=None, withdrawn=True
    )


def _mind(
    scene: Scene, order: Order, band: Band | None, parameters: HedgeParameters, limits: Limits, memory: Hedging
) -> tuple[Decision, Hedging]:
    intent = order.intent
    if memory.number != intent.id.number:
        memory = evolve(memory, number=intent.id.number, price=None, withdrawn=False)
    what = f"{intent.side.value} {order.remaining:f} {_at(order, memory)}"
    if memory.withdrawn:
        return Hold("hedge ends", f"{what} is being cancelled"), memory
    if not isinstance(order.state, Working | PartlyFilled):
        return Hold("hedge sent", f"{what} is not confirmed"), memory
    against = _against(scene, order, band, limits)
    if against:
        return Act("hedge withdrawn", f"{what}: {against}", Withdraw(intent.id, against)), evolve(
            memory, withdrawn=True
        )
    price = _next_price(scene, order, parameters, memory)
    if price is None:
        return Hold("hedge works", f"{what}, quoted {scene.underlying.bid:.2f} x {scene.underlying.ask:.2f}"), memory
    why = f"{what} did not fill: now at {price}"
    return Act("hedge step", why, Reprice(intent.id, Limit(price), why)), evolve(memory, price=price)


def _at(order: Order, memory: Hedging) -> str:
    price = _price(order, memory)
    return "at the market" if price is None else f"at {price}"


def _price(order: Order, memory: Hedging) -> Decimal | None:
    """That it has by now; None at the market."""
    pricing = order.intent.pricing
    return memory.price if memory.price is not None else pricing.price if isinstance(pricing, Limit) else None


def _against(scene: Scene, order: Order, band: Band | None, limits: Limits) -> str:
    """Why it is no longer wanted."""
    if is_forced(scene, band, limits):
        return f"delta {scene.projected:+.1f} with it; a hedge of all of it must not wait"
    target = None if band is None else target_of(band, scene.projected)
    if target is not None and (target - scene.projected) * order.intent.side.sign < 0:
        return f"the delta has turned, {scene.projected:+.1f} with it"
    return ""


def _next_price(scene: Scene, order: Order, parameters: HedgeParameters, memory: Hedging) -> Decimal | None:
    """By the order's age, which its own end tells: a step nearer to filling, if it would not fill as it is."""
    intent, now_at = order.intent, _price(order, memory)
    stock, lifetime = intent.instrument, intent.lifetime
    if parameters.execution != "passive" or now_at is None:
        return None
    if not isinstance(stock, Stock) or not isinstance(lifetime, GoodTill):
        return None
    began = lifetime.until - timedelta(seconds=2 * parameters.passive_s)
    late_s = (scene.now - began).total_seconds() - parameters.patience_s
    if late_s < 0:
        return None
    step = min(1 + math.floor(late_s / parameters.step_s), parameters.steps)
    price = limit_across(scene, stock, intent.side, step / parameters.steps, parameters)
    sign = intent.side.sign
    far = to_decimal((scene.underlying.ask if intent.side is Side.BUY else scene.underlying.bid) or 0.0)
    behind, fills_as_it_is = sign * (price - now_at) > 0, sign * (now_at - far) >= 0
    return price if behind and not fills_as_it_is else None
