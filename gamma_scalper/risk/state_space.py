"""Six dimensions of one moment, as a person reads them: views of the same facts that the guards judge."""

import enum

from attrs import frozen

from gamma_scalper.domain.orders import PartlyFilled
from gamma_scalper.domain.ports import Link
from gamma_scalper.risk.facts import Facts, Motion, NotKnown
from gamma_scalper.risk.guard import MomentGuard
from gamma_scalper.risk.guards import hedging, house, quotes, records
from gamma_scalper.risk.measures import (
    content,
    figure,
    finite,
    in_doubt,
    is_orphan,
    off_centre,
    options_held,
    two_sided,
)
from gamma_scalper.risk.parameters import RiskParameters
from gamma_scalper.risk.registry import Said, said_now


class Options(enum.Enum):
    """O: what the options held do when the underlying moves."""

    NONE = "none"
    LONG_GAMMA = "long gamma"
    SHORT_GAMMA = "short gamma"


class Delta(enum.Enum):
    """D: how much there is to hedge."""

    IN_BAND = "in band"
    MINOR = "minor"
    HEDGE_NEEDED = "hedge needed"
    FORCE_HEDGE = "force hedge"
    INVALID = "invalid"


class Market(enum.Enum):
    """M: what the underlying does."""

    QUIET = "quiet"
    NORMAL = "normal"
    TREND = "trend"
    CHOPPY = "choppy"
    GAP = "gap"
    STALE = "stale"


class Liquidity(enum.Enum):
    """L: what it costs to trade the shares."""

    NORMAL = "normal"
    WIDE = "wide"
    EXTREME = "extreme"
    NO_QUOTE = "no quote"


class Execution(enum.Enum):
    """E: what our orders and the broker are at."""

    IDLE = "idle"
    WORKING = "working"
    PARTIAL = "partial"
    DISCONNECTED = "disconnected"
    BROKER_ERROR = "broker error"


class System(enum.Enum):
    """S: whether we are fit to decide."""

    OK = "ok"
    GREEKS_BAD = "greeks bad"
    DATA_LAG = "data lag"
    RISK_HALT = "risk halt"


@frozen(kw_only=True)
class StateSpace:
    """Where a book stands; `may_hedge` says what follows."""

    options: Options
    delta: Delta
    market: Market
    liquidity: Liquidity
    execution: Execution
    system: System
    gap_confirmed: bool  # a second snapshot has shown the price after the jump
    orphan: bool  # shares left without options: reducing them is always allowed

    @property
    def dimensions(self) -> tuple[enum.Enum, ...]:
        """O, D, M, L, E, S, in this order."""
        return (self.options, self.delta, self.market, self.liquidity, self.execution, self.system)

    def __str__(self) -> str:
        return ", ".join(f"{type(each).__name__[0]} {each.value}" for each in self.dimensions)


def state_space(facts: Facts, parameters: RiskParameters, said: Said | None = None) -> StateSpace:
    """What is not known counts as the worst of its dimension. `said` is as for the permit."""
    answers = said_now(facts, parameters) if said is None else said
    motion = facts.market.motion or Motion()
    return StateSpace(
        options=_options(facts),
        delta=_delta(facts, parameters),
        market=_market(facts, parameters, answers),
        liquidity=_liquidity(facts, parameters),
        execution=_execution(facts, answers),
        system=_system(answers),
        gap_confirmed=bool(motion.confirmed),
        orphan=facts.book.holdings is not None and is_orphan(facts),
    )


def may_hedge(space: StateSpace) -> bool:
    """The hedge rule over the six dimensions. The cooldown, the clock and the order itself are other guards'."""
    return (
        space.options is not Options.NONE
        and space.delta in (Delta.HEDGE_NEEDED, Delta.FORCE_HEDGE)
        and space.market is not Market.STALE
        and (space.market is not Market.GAP or space.gap_confirmed)
        and space.liquidity in (Liquidity.NORMAL, Liquidity.WIDE)
        and space.execution is Execution.IDLE
        and space.system is System.OK
    )


# -- the dimensions ----------------------------------------------------------------------------------------------------


def _options(facts: Facts) -> Options:
    try:
        gamma = finite(facts.delta.gamma, "the gamma")
        if not gamma or not options_held(facts):
            return Options.NONE
    except NotKnown:
        return Options.NONE
    return Options.LONG_GAMMA if gamma > 0 else Options.SHORT_GAMMA


def _delta(facts: Facts, parameters: RiskParameters) -> Delta:
    limits = parameters.hedging
    try:
        off = off_centre(facts)
        due = off >= figure(facts, limits.hedge_shares, limits.hedge_per_straddle)
        if off and due and not content(facts):  # without straddles any delta is due at once
            force = off >= figure(facts, limits.force_shares, limits.force_per_straddle)
            return Delta.FORCE_HEDGE if force else Delta.HEDGE_NEEDED
        little = off < figure(facts, limits.epsilon_shares, limits.epsilon_per_straddle) or not off
        return Delta.IN_BAND if little else Delta.MINOR
    except NotKnown:
        return Delta.INVALID


def _refuse(said: Said, *guards: MomentGuard) -> bool:
    return any(guard.rule.name in said for guard in guards)


def _market(facts: Facts, parameters: RiskParameters, said: Said) -> Market:
    """Stale before all, then a gap; how it moves otherwise is shown and bars nothing."""
    motion = facts.market.motion
    if _refuse(said, quotes.stale_market, quotes.true_market) or motion is None or motion.jump_pct is None:
        return Market.STALE
    if not motion.jump_pct < parameters.quotes.gap_pct:
        return Market.GAP
    return _movement(motion, parameters)


def _movement(motion: Motion, parameters: RiskParameters) -> Market:
    limits = parameters.state
    if motion.efficiency is not None and motion.efficiency >= limits.trend_ratio:
        return Market.TREND
    if motion.realised_vol is None or not motion.implied_vol:
        return Market.NORMAL
    ratio = motion.realised_vol / motion.implied_vol
    if ratio >= limits.choppy_vol and motion.efficiency is not None and motion.efficiency < limits.choppy_ratio:
        return Market.CHOPPY
    return Market.QUIET if ratio <= limits.quiet_vol else Market.NORMAL


def _liquidity(facts: Facts, parameters: RiskParameters) -> Liquidity:
    try:
        spread = two_sided(facts, facts.book.underlying.con_id).spread_pct
    except NotKnown:
        return Liquidity.NO_QUOTE
    if spread > parameters.quotes.extreme_pct:
        return Liquidity.EXTREME
    return Liquidity.WIDE if spread > parameters.quotes.wide_pct else Liquidity.NORMAL


def _execution(facts: Facts, said: Said) -> Execution:
    if facts.house.link is not Link.READY:
        return Execution.DISCONNECTED
    if facts.book.live is None or _refuse(said, records.reconciled) or in_doubt(facts):
        return Execution.BROKER_ERROR
    if not facts.book.live:
        return Execution.IDLE
    partial = any(isinstance(order.state, PartlyFilled) for order in facts.book.live)
    return Execution.PARTIAL if partial else Execution.WORKING


_HALTS = (house.mode_of_going_on, house.panic_file, house.pause, house.halt, house.daily_loss, house.drawdown)


def _system(said: Said) -> System:
    if _refuse(said, *_HALTS):
        return System.RISK_HALT
    if _refuse(said, hedging.greeks):
        return System.GREEKS_BAD
    return System.DATA_LAG if _refuse(said, quotes.data_lag) else System.OK
