"""Limits that start in the middle, say, and step towards the far side, until they fill or cost too much."""

import math
from datetime import timedelta
from decimal import Decimal

from attrs import evolve, frozen

from gamma_scalper.domain.instruments import Towards, Tradable, legs_of
from gamma_scalper.domain.money import to_decimal
from gamma_scalper.domain.orders import GoodTill, Limit, Order, PartlyFilled, Side, Working
from gamma_scalper.domain.proposals import Reprice, Withdraw
from gamma_scalper.strategies.base import Act, Decision, Hold
from gamma_scalper.strategies.scene import Scene


@frozen
class Touch:
    """The middle of what is traded, and how far each side is from it; of a combo its legs' together."""

    mid: float
    half: float


@frozen
class Stepping:
    """How an order goes from the middle to the far side."""

    step_s: float
    share_pct: float  # of the half spread, a step
    patience_s: float
    most: float | None = None  # dollars per share beyond the middle; None: as far as the far side
    most_pct: float = 100.0  # the same, in percent of the middle
    start_pct: float = 0.0  # of the half spread, where it begins; 0: in the middle

    @property
    def steps(self) -> int:
        """That lead to the far side."""
        return math.ceil((100 - self.start_pct) / self.share_pct)

    def furthest(self, mid: float) -> float:
        """The cost beyond the middle, in dollars per share, at which it is given up."""
        return mid * self.most_pct / 100 if self.most is None else self.most


@frozen
class Asked:
    """What was asked of a living order last."""

    number: int  # of its intent
    steps: int
    price: Decimal
    withdrawn: bool = False


def touch(scene: Scene, instrument: Tradable) -> Touch | None:
    """None where a leg is not quoted on both sides."""
    quotes = scene.quotes_of(instrument)
    if quotes is None:
        return None
    legs = legs_of(instrument)
    mid = sum(leg.ratio * quote.mid for leg, quote in zip(legs, quotes, strict=True))
    half = sum(abs(leg.ratio) * quote.spread / 2 for leg, quote in zip(legs, quotes, strict=True))
    return Touch(mid, half)


def limit_after(instrument: Tradable, side: Side, at: Touch, steps: int, stepping: Stepping) -> Decimal:
    """The limit after so many steps: on its price step, and never beyond the cost that is stated."""
    rule, sign = instrument.tick_rule, side.sign
    outwards: Towards = "up" if side is Side.BUY else "down"
    inwards: Towards = "down" if side is Side.BUY else "up"
    share = min((stepping.start_pct + steps * stepping.share_pct) / 100, 1.0)
    most = stepping.furthest(at.mid)
    middle, furthest = to_decimal(at.mid), to_decimal(round(at.mid + sign * most, 9))
    wanted = to_decimal(round(at.mid + sign * min(share * at.half, most), 9))
    price = rule.round(wanted, outwards if share >= 1.0 else inwards)  # at the far side it is to trade
    if sign * (price - furthest) > 0:
        price = rule.round(furthest, inwards)
    return max(price, rule.step(middle))


def steps_due(order: Order, stepping: Stepping, scene: Scene) -> int:
    """By the order's age, which its own end tells: so it is the same after a restart."""
    lifetime = order.intent.lifetime
    if not isinstance(lifetime, GoodTill):
        return 0
    began = lifetime.until - timedelta(seconds=2 * stepping.patience_s)
    return max(0, int((scene.now - began).total_seconds() // stepping.step_s))


def mind(
    scene: Scene, order: Order, stepping: Stepping, asked: Asked | None, rule: str, *, urgent: bool = False
) -> tuple[Decision, Asked]:
    """What becomes of a living order now: another limit, an end, or nothing yet. An urgent one is at the far side."""
    intent = order.intent
    if asked is None:
        price = intent.pricing.price if isinstance(intent.pricing, Limit) else Decimal(0)
        asked = Asked(intent.id.number, 0, price)
    at = touch(scene, intent.instrument)
    what = f"{intent.side.value} {order.remaining} at {asked.price:.2f}"
    if asked.withdrawn:
        return Hold(f"{rule} ends", f"{what} is being cancelled"), asked
    if not isinstance(order.state, Working | PartlyFilled):
        return Hold(f"{rule} sent", f"{what} is not confirmed yet"), asked
    if at is None:
        return Hold(f"{rule} works", f"{what}; a leg is not quoted on both sides"), asked
    due = steps_due(order, stepping, scene)
    if due > stepping.steps + 1 and asked.steps >= stepping.steps:  # looks may be rarer than steps
        return withdrawn(order, asked, f"{rule}: {what} did not fill, {at.mid:.2f} is the middle", f"{rule} given up")
    price = limit_after(intent.instrument, intent.side, at, stepping.steps if urgent else due, stepping)
    if due <= asked.steps or price == asked.price:
        waits = Hold(f"{rule} works", f"{what}, {at.mid:.2f} is the middle, {at.half:.2f} the half spread")
        return waits, evolve(asked, steps=max(due, asked.steps))
    step = f"step {min(due, stepping.steps)} of {stepping.steps}" if stepping.steps else "at the touch"
    why = f"{step}: {asked.price:.2f} -> {price:.2f}, {at.mid:.2f} is the middle"
    return Act(f"{rule} step", why, Reprice(intent.id, Limit(price), why)), Asked(intent.id.number, due, price)


def withdrawn(order: Order, asked: Asked | None, why: str, rule: str) -> tuple[Decision, Asked]:
    """Its end is asked for, once."""
    number = order.intent.id.number
    asked = Asked(number, 0, Decimal(0)) if asked is None else asked
    if asked.withdrawn:
        return Hold(rule, f"{order.intent.id} is being cancelled"), asked
    return Act(rule, why, Withdraw(order.intent.id, why)), Asked(number, asked.steps, asked.price, withdrawn=True)
