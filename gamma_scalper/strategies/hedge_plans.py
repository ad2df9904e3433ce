"""From a band to an order: whether a hedge is due and may be asked for, of how many shares, at what price."""

import math
from datetime import datetime, timedelta
from decimal import Decimal

from attrs import evolve, frozen

from gamma_scalper.domain.entries import Mode
from gamma_scalper.domain.instruments import Stock, Towards
from gamma_scalper.domain.money import to_decimal, to_float
from gamma_scalper.domain.orders import Limit, Market, Pricing, Purpose, Side
from gamma_scalper.domain.proposals import Plan, Proposal
from gamma_scalper.strategies.base import Act, Band, Decision, Hold
from gamma_scalper.strategies.deltas import deltas_of, target_of
from gamma_scalper.strategies.hedge_parameters import HedgeParameters
from gamma_scalper.strategies.limits import Limits
from gamma_scalper.strategies.scene import Scene

_HEDGING_MODES = (Mode.LIVE, Mode.DEGRADED)
_FIRST_WAIT, _LONGEST_WAIT = timedelta(seconds=1), timedelta(seconds=16)
_MOST_COUNTED = 10  # tries
_A_BASIS_POINT = Decimal("0.0001")


@frozen(kw_only=True)
class Hedging:
    """What is remembered of the last hedge. It need not outlive a restart: at worst something is asked for twice."""

    tried_at: datetime | None = None
    shares: Decimal = Decimal(0)  # held when it was tried
    tries: int = 0  # at that holding
    number: int = 0  # of the living order that something was asked of
    price: Decimal | None = None  # that it was given
    withdrawn: bool = False

    def next_try(self, shares: Decimal) -> datetime | None:
        """Ever later as long as none comes to anything; None where the last one did."""
        if self.tried_at is None or self.shares != shares:
            return None
        return self.tried_at + min((1 << self.tries - 1) * _FIRST_WAIT, _LONGEST_WAIT)


NOTHING_TRIED = Hedging()


@frozen
class _Wanted:
    """A hedge that is due."""

    band: Band
    underlying: Stock
    side: Side
    shares: int
    target: float
    forced: bool


def begin_hedge(
    scene: Scene, band: Band | None, parameters: HedgeParameters, limits: Limits, memory: Hedging = NOTHING_TRIED
) -> tuple[Decision, Hedging]:
    """While none of the book's orders lives: wait, or a plan that brings the delta to the band's target."""
    wanted = _wanted(scene, band, limits)
    if isinstance(wanted, Hold):
        return wanted, NOTHING_TRIED
    barred = _barred(scene, wanted, limits)
    if barred is not None:
        return barred, memory
    again = memory.next_try(scene.shares)
    if again is not None and scene.now < again:
        refused = scene.standing.refused(Purpose.HEDGE) or "it did not fill, or was refused"
        return Hold("hedge in vain", f"try {memory.tries}, the next at {again:%H:%M:%S} UTC: {refused}"), memory
    tries = 1 if again is None else min(memory.tries + 1, _MOST_COUNTED)
    plan = _plan(scene, wanted, parameters, limits)
    act = Act("forced hedge" if wanted.forced else "hedge", plan.proposals[0].reason, plan)
    return act, Hedging(tried_at=scene.now, shares=scene.shares, tries=tries)


# -- whether -----------------------------------------------------------------------------------------------------------


def _wanted(scene: Scene, band: Band | None, limits: Limits) -> _Wanted | Hold:
    projected, underlying = scene.projected, scene.view.underlying
    if not isinstance(underlying, Stock):
        return Hold("nothing to hedge with", f"{underlying.symbol} is an index: it can't be held")
    if not scene.options or not scene.greeks.gamma:
        return Hold("nothing to hedge", "there are no options, or they have no gamma")
    if band is None:
        return Hold("no hedge due", f"delta {projected:+.1f}")
    target = target_of(band, projected)
    if target is None:
        return Hold("inside the band", f"delta {projected:+.1f} in {band.low:+.1f} to {band.high:+.1f}")
    off, shares = abs(projected - band.centre), whole_shares(target - projected)
    least, smallest = limits.hedge(scene.straddles), max(limits.smallest(scene.straddles), 1.0)
    if off < least:
        return Hold("too little to hedge", f"delta {projected:+.1f}, {off:.1f} off its centre; {least:g} is the least")
    if shares < smallest:
        return Hold("smallest hedge", f"delta {projected:+.1f}, {shares} to hedge; {smallest:g} is the least")
    side = Side.BUY if target > projected else Side.SELL
    return _Wanted(band, underlying, side, shares, target, forced=is_forced(scene, band, limits))


def whole_shares(distance: float) -> int:
    """The whole number that comes within half a share; none for less than one, or rounding would be traded for ever."""
    size = abs(distance)
    return math.ceil(size - 0.5) if size >= 1 else 0


def is_forced(scene: Scene, band: Band | None, limits: Limits) -> bool:
    """So much delta that a hedge does not wait for the cooldown, nor for an order that works."""
    centre = 0.0 if band is None else band.centre
    return abs(scene.projected - centre) >= limits.force(scene.straddles)


def _barred(scene: Scene, wanted: _Wanted, limits: Limits) -> Hold | None:
    """What would be refused, and is known to be."""
    standing, hours = scene.standing, scene.market.session
    if standing.paused:
        return Hold("paused", standing.paused)
    if standing.mode not in _HEDGING_MODES:
        mode = "not known" if standing.mode is None else standing.mode.name
        return Hold("mode", f"no hedges while the mode is {mode}")
    if hours is not None and not hours.contains(scene.now) and not limits.outside:
        return Hold("market closed", f"{wanted.underlying.symbol} opens at {hours.opens:%Y-%m-%d %H:%M} UTC")
    if limits.largest(scene.straddles) < 1:
        return Hold("order size", "an order may not have a single share")
    if standing.hedged_at is not None and not wanted.forced:
        since = (scene.now - standing.hedged_at).total_seconds()
        if since < limits.cooldown_s:
            return Hold("cooldown", f"hedged {since:.0f} s ago, and {limits.cooldown_s:g} s is the least")
    if standing.hedged_price is not None:
        moved = 100 * abs(scene.spot / to_float(standing.hedged_price) - 1)
        if moved < limits.min_move_pct:
            return Hold("price move", f"moved {moved:.2f}% since the last hedge; {limits.min_move_pct:g}% is the least")
    return None


def _in_words(scene: Scene, wanted: _Wanted) -> str:
    band, where = wanted.band, "above" if wanted.side is Side.SELL else "below"
    return (
        f"delta {scene.projected:+.1f} {where} {band.low:+.1f} to {band.high:+.1f}: "
        f"{wanted.side.value} {wanted.shares} to {wanted.target:+.1f}"
    )


# -- how ---------------------------------------------------------------------------------------------------------------


def _plan(scene: Scene, wanted: _Wanted, parameters: HedgeParameters, limits: Limits) -> Plan:
    sizes = parts(wanted.shares, int(limits.largest(scene.straddles)))
    hours = scene.market.session
    outside = hours is not None and not hours.contains(scene.now)
    pricing, patience_s = _priced(scene, wanted, parameters, limits, parted=len(sizes) > 1, outside=outside)
    named = [scene.underlying, *(quote for option, _ in scene.options if (quote := scene.market.of(option.con_id)))]
    first = Proposal(
        purpose=Purpose.HEDGE,
        instrument=wanted.underlying,
        side=wanted.side,
        quantity=Decimal(sizes[0]),
        pricing=pricing,
        patience_s=patience_s,
        outside_rth=outside,
        snapshot_ids=[quote.snapshot_id for quote in named],
        reason=_in_words(scene, wanted),
    )
    return Plan(
        proposals=[first, *(evolve(first, quantity=Decimal(size)) for size in sizes[1:])],
        together=len(sizes) == 1,
        spacing_s=parameters.spacing_s if len(sizes) > 1 else 0.0,
        decided_at=scene.now,
        good_for_s=parameters.good_for_s,
        settled_through=scene.position.settled_through,
        quotes=named,
        deltas=deltas_of(scene.view.picture, wanted.band),
    )


def parts(shares: int, largest: int) -> list[int]:
    """No larger than one order may be, the small one last."""
    return [min(largest, shares - begun) for begun in range(0, shares, largest)]


def _priced(
    scene: Scene, wanted: _Wanted, parameters: HedgeParameters, limits: Limits, *, parted: bool, outside: bool
) -> tuple[Pricing, float]:
    """And how long it may work. Parts fill at once or not at all: the rest is decided anew, on a newer picture."""
    if parameters.execution == "passive" and not parted and not wanted.forced:
        return Limit(limit_across(scene, wanted.underlying, wanted.side, 0.0, parameters)), parameters.passive_s
    if parameters.execution == "market" and scene.underlying.spread_pct <= limits.wide_pct and not outside:
        return Market(), 0.0
    price = limit_across(scene, wanted.underlying, wanted.side, 1.0, parameters)
    return Limit(price), 0.0 if parted else parameters.work_s


def limit_across(scene: Scene, stock: Stock, side: Side, share: float, parameters: HedgeParameters) -> Decimal:
    """From the near side (0) to the collar through the far one (1), on the price step, rounded towards filling."""
    bid, ask = to_decimal(scene.underlying.bid or 0.0), to_decimal(scene.underlying.ask or 0.0)
    near, far = (bid, ask) if side is Side.BUY else (ask, bid)
    through = far + side.sign * far * to_decimal(parameters.collar_bp) * _A_BASIS_POINT
    wanted = near + (through - near) * to_decimal(share)
    towards: Towards = "up" if side is Side.BUY else "down"
    return max(stock.tick_rule.round(wanted, towards), stock.tick_rule.step(wanted))
