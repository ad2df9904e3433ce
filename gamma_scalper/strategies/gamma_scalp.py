"""The gamma scalper: buys a straddle, hedges its delta with shares, and sells it when it has served its time."""

from datetime import timedelta

from attrs import evolve

from gamma_scalper.domain.entries import Mode
from gamma_scalper.domain.fees import FeeParameters
from gamma_scalper.domain.instruments import Combo, Stock
from gamma_scalper.domain.orders import Order, Purpose
from gamma_scalper.domain.proposals import Plan
from gamma_scalper.strategies.base import OLD_S, Act, Band, Decision, Hold, Judgement, View, age_s
from gamma_scalper.strategies.campaign import carried_on, result
from gamma_scalper.strategies.carry import Carry
from gamma_scalper.strategies.entry import enter, implied_of_best
from gamma_scalper.strategies.exercise import EarlyExercise
from gamma_scalper.strategies.exits import Leave, Record, leave, no_edge
from gamma_scalper.strategies.hedge_bands import band
from gamma_scalper.strategies.hedge_orders import hedge
from gamma_scalper.strategies.hedge_situation import situation
from gamma_scalper.strategies.leaving import SHARES_PATIENCE_S, shares_out, way_out
from gamma_scalper.strategies.limits import Limits
from gamma_scalper.strategies.memory import Attempt, Memory, from_notes, to_notes
from gamma_scalper.strategies.nights import flat_tonight, for_the_night
from gamma_scalper.strategies.scalp_parameters import ScalpParameters, refuse_what_ends_at_once
from gamma_scalper.strategies.scene import Scene, scene
from gamma_scalper.strategies.stepping import mind, withdrawn


class GammaScalp:
    """Frozen parameters, and a decision for every picture."""

    def __init__(self, parameters: ScalpParameters, limits: Limits, fees: FeeParameters, carry: Carry) -> None:
        refuse_what_ends_at_once(parameters, limits)
        self._parameters = parameters
        self._limits = limits
        self._fees = fees
        self._curve = carry.curve
        self._yield = carry.dividend_yield_pct / 100
        self._exercise = EarlyExercise(carry.curve, carry.schedule.dividends, parameters.exits)

    def begin(self, notes: str) -> Memory:
        return from_notes(notes)

    def notes(self, memory: Memory) -> str:
        return to_notes(memory)

    def decide(self, view: View, memory: Memory) -> tuple[Judgement, Memory]:
        found = scene(view)
        if isinstance(found, str):
            return Judgement(Hold("no picture", found)), memory
        memory = self._remembered(found, memory)
        where = self._band(found, memory)
        decision, memory = self._decided(found, memory, where)
        return Judgement(decision, where), memory

    # -- what a decision is made of ------------------------------------------------------------------------------------

    def _remembered(self, scene: Scene, memory: Memory) -> Memory:
        """With what this picture adds to what is known."""
        exits, session = self._parameters.exits, scene.session
        if session is not None:
            memory = memory.watched(scene.spot, scene.now, session.day, exits.realised_half_life_days)
        if memory.asked:
            living = {order.intent.id.number for order in scene.position.live}
            memory = evolve(memory, asked=tuple(each for each in memory.asked if each.number in living))
        campaign = memory.campaign
        if campaign is not None or not scene.position.busy:  # none begins with what the desk is getting rid of
            campaign = carried_on(campaign, scene, memory.realised_idle)
        if campaign is None and memory.campaign is not None:
            memory = _ended(memory, scene, exits.reentry_after_s)
        elif campaign is not memory.campaign:
            memory = evolve(memory, campaign=campaign, reenter_at=None)
        if scene.flat and memory.realised_idle != scene.position.realised:
            memory = evolve(memory, realised_idle=scene.position.realised)
        return memory

    def _band(self, scene: Scene, memory: Memory) -> Band | None:
        """By the book's policy; None where there is nothing to hedge, or nothing is due by it."""
        if not scene.options:
            return None
        where = band(
            self._parameters.hedge,
            situation(
                scene,
                self._limits,
                self._fees,
                rate=self._curve.rate(max((scene.days_to_expiry() or 0) / 365, 0.0)),
                dividend_yield=self._yield,
                trend=memory.realised.trend,
            ),
        )
        return None if where is None else for_the_night(scene, where, self._parameters.nights)

    # -- the decision --------------------------------------------------------------------------------------------------

    def _decided(self, scene: Scene, memory: Memory, where: Band | None) -> tuple[Decision, Memory]:
        if scene.position.busy:
            return Hold("desk busy", scene.position.busy), memory
        if scene.position.live:
            return self._minded(scene, memory, where)
        if scene.options:
            return self._kept(scene, memory, where)
        if scene.shares:
            return self._orphan(scene, memory)
        return self._entered(scene, memory)

    def _entered(self, scene: Scene, memory: Memory) -> tuple[Decision, Memory]:
        """Nothing is held: a straddle is bought when it may be."""
        entry, standing = self._parameters.entry, scene.standing
        if standing.mode is None:
            return Hold("no word", "the house has not said yet what is allowed"), memory
        if standing.must_exit:
            return Hold("must exit", standing.must_exit), memory
        if memory.reenter_at is not None and scene.now < memory.reenter_at:
            return Hold("waits", f"nothing is bought before {memory.reenter_at:%Y-%m-%d %H:%M:%S} UTC"), memory
        if refused := standing.refused(Purpose.ENTRY):
            return Hold("no entry", refused), memory
        if night := flat_tonight(scene, self._parameters.nights):
            return Hold("no entry", night.why), memory
        if why := no_edge(memory.realised.volatility, implied_of_best(scene), self._parameters.exits):
            return Hold("no edge", why), memory
        if _too_soon(memory.entry, entry.retry_after_s, scene):
            return Hold("entry again soon", f"{entry.retry_after_s:g} s after the last attempt"), memory
        decision = enter(scene, entry, self._parameters.sizing, self._limits.budget, self._fees)
        return decision, evolve(memory, entry=_attempt(scene, memory.entry)) if isinstance(decision, Act) else memory

    def _kept(self, scene: Scene, memory: Memory, where: Band | None) -> tuple[Decision, Memory]:
        """Options are held: they are sold when their time has come, exercised, or else hedged."""
        reason, memory = self._reason_to_leave(scene, memory)
        waits = ""
        if reason is not None:
            out = self._out(scene, memory, reason)
            if isinstance(out, Act):
                return out, _gone(memory, scene, out, reason)
            waits = out
        exercise = self._exercise.due(scene, memory.instructed)
        if exercise is not None:  # asked for even where it can't be: that it could not is what a person must hear
            memory = memory.with_instructed(exercise.option, scene.market.session)
            return Act("exercise", exercise.why, exercise), memory
        decision, memory = self._hedged(scene, memory, where)
        if reason is not None and isinstance(decision, Hold):
            why = f"{reason.why}: {waits}; meanwhile {decision.rule}, {decision.why}"
            return Hold(f"{reason.rule} waits", why), memory
        return decision, memory

    def _hedged(self, scene: Scene, memory: Memory, where: Band | None) -> tuple[Decision, Memory]:
        decision, hedging = hedge(scene, where, self._parameters.hedge, self._limits, memory.hedging)
        return decision, memory if hedging is memory.hedging else evolve(memory, hedging=hedging)

    def _reason_to_leave(self, scene: Scene, memory: Memory) -> tuple[Leave | None, Memory]:
        """What the house says comes first; what was begun is ended; and then the rules of the book."""
        if scene.standing.must_exit:
            return Leave(rule="must exit", why=scene.standing.must_exit, urgent=True), memory
        if memory.leaving is not None or memory.campaign is None:
            return memory.leaving, memory
        record = Record(memory.campaign, result(memory.campaign, scene), memory.realised.volatility)
        reason, sightings = leave(scene, record, self._parameters.exits, memory.sightings)
        if sightings is not memory.sightings:
            memory = evolve(memory, sightings=sightings)
        return reason or flat_tonight(scene, self._parameters.nights), memory

    def _out(self, scene: Scene, memory: Memory, reason: Leave) -> Act | str:
        """The next order on the way out, or why there is none yet."""
        exits, urgent = self._parameters.exits, reason.urgent or not scene.balanced  # half a straddle can't wait
        if refused := scene.standing.refused(Purpose.EXIT):
            return refused
        if _too_soon(memory.exit, exits.step_s if urgent else exits.retry_after_s, scene):
            return "the last attempt was a moment ago"
        if scene.shares < 0 and _too_soon(memory.shares, SHARES_PATIENCE_S, scene):
            return "short shares are bought back first"
        whole = reason.rule in ("roll", "re-strike")  # it makes room for another, so there must be room
        out = way_out(scene, exits, reason.rule, reason.why, urgent=urgent, whole=whole)
        if isinstance(out, Act) and isinstance(out.command, Plan) and _is_old(out.command, scene):
            return "newer quotes are waited for"
        return out

    def _orphan(self, scene: Scene, memory: Memory) -> tuple[Decision, Memory]:
        """Shares without options are sold, or bought back, whatever the reason they are there for."""
        why = f"{scene.shares} shares are left without options"
        rule = memory.leaving.rule if memory.leaving is not None else "orphan"
        if refused := scene.standing.refused(Purpose.EXIT):
            return Hold(f"{rule} waits", f"{why}: {refused}"), memory
        if scene.session is None:
            return Hold(f"{rule} waits", f"{why}, and the market is closed"), memory
        if _too_soon(memory.shares, SHARES_PATIENCE_S, scene):
            return Hold(f"{rule} waits", f"{why}, and the last attempt was a moment ago"), memory
        out = shares_out(scene, self._parameters.exits, rule, why)
        if isinstance(out, str):
            return Hold(f"{rule} waits", f"{why}: {out}"), memory
        return out, evolve(memory, shares=_attempt(scene, memory.shares))

    # -- living orders -------------------------------------------------------------------------------------------------

    def _minded(self, scene: Scene, memory: Memory, where: Band | None) -> tuple[Decision, Memory]:
        """The first of them that wants something gets it; the others wait for the next picture."""
        if any(order.intent.purpose is Purpose.HEDGE for order in scene.position.live):
            return self._hedged(scene, memory, where)
        waits: Hold | None = None
        for order in scene.position.live:
            decision, memory = self._mind_one(scene, memory, order)
            if isinstance(decision, Act):
                return decision, memory
            waits = waits or decision
        return waits or Hold("desk busy", "nothing is known of what works"), memory

    def _mind_one(self, scene: Scene, memory: Memory, order: Order) -> tuple[Decision, Memory]:
        intent, parameters, standing = order.intent, self._parameters, scene.standing
        asked = memory.asked_of(intent.id.number)
        if intent.purpose is Purpose.ENTRY:
            against = standing.must_exit or standing.paused or standing.halted
            if not against and standing.mode not in (None, Mode.LIVE):
                against = f"the mode is {standing.mode.name}"
            if against:
                decision, asked = withdrawn(order, asked, against, "entry ends")
            else:
                stepping = parameters.entry.stepping(1 if isinstance(intent.instrument, Combo) else 2)
                decision, asked = mind(scene, order, stepping, asked, "entry")
            return decision, memory.with_asked(asked)
        if intent.purpose is Purpose.EXIT and not isinstance(intent.instrument, Stock):
            urgent = bool(standing.must_exit) or (memory.leaving is not None and memory.leaving.urgent)
            rule = memory.leaving.rule if memory.leaving is not None else "exit"
            decision, asked = mind(scene, order, parameters.exits.stepping, asked, rule, urgent=urgent)
            return decision, memory.with_asked(asked)
        return Hold(f"{intent.purpose.value} works", f"{intent.side.value} {order.remaining} is on its way"), memory


def _attempt(scene: Scene, last: Attempt | None) -> Attempt:
    settled = scene.position.settled_through
    return Attempt(scene.now, settled, 0 if last is None else last.again(settled))


def _is_old(plan: Plan, scene: Scene) -> bool:
    return age_s(plan, scene.market, scene.now) > OLD_S


def _too_soon(last: Attempt | None, wait_s: float, scene: Scene) -> bool:
    return last is not None and last.too_soon(scene.now, scene.position.settled_through, wait_s)


def _gone(memory: Memory, scene: Scene, out: Act, reason: Leave) -> Memory:
    """An order on the way out is asked for: from now on it is ended, unless it is the house that wants it."""
    leaving = memory.leaving if scene.standing.must_exit else reason
    if isinstance(out.command, Plan) and isinstance(out.command.proposals[0].instrument, Stock):
        return evolve(memory, leaving=leaving, shares=_attempt(scene, memory.shares))
    return evolve(memory, leaving=leaving, exit=_attempt(scene, memory.exit))


def _ended(memory: Memory, scene: Scene, delay_s: float) -> Memory:
    """Nothing of the structure is left; what was not our doing is followed by a pause too."""
    leaving = memory.leaving
    after = scene.now + timedelta(seconds=delay_s if leaving is None else leaving.reenter_after_s)
    if leaving is not None and leaving.not_before is not None:
        after = max(after, leaving.not_before)
    return evolve(memory, campaign=None, leaving=None, sightings=(), reenter_at=after)
