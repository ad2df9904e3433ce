"""Which runs the laws are asked of, and what they say."""

from collections.abc import Mapping, Sequence

from attrs import frozen

from gamma_scalper.backtest.laws.ring import verdicts
from gamma_scalper.backtest.laws.ring.outcome import Outcome, outcome
from gamma_scalper.backtest.laws.ring.verdicts import Verdict
from gamma_scalper.backtest.laws.ring.world import CHEAP, DEAR, EVERY_TICK, FAIR, FINE, POLICIES, World, play

_PATHS_A_FINE_ONE, _LEAST_FINE = 5, 4


@frozen
class Trial:
    """A world, and how the book hedges in it."""

    world: World
    policy: str


CHEAP_TRIALS = {policy: Trial(CHEAP, policy) for policy in POLICIES}
FAIR_TRIAL, DEAR_TRIAL, FINE_TRIAL = (Trial(world, EVERY_TICK) for world in (FAIR, DEAR, FINE))


@frozen
class Run:
    """A trial on one seed."""

    trial: Trial
    seed: int


def runs(paths: int, seed: int) -> list[Run]:
    """The long ones first. Each trial has the same seeds."""
    fine = max(paths // _PATHS_A_FINE_ONE, _LEAST_FINE)
    seeds = range(seed, seed + paths)
    every = [FAIR_TRIAL, DEAR_TRIAL, *CHEAP_TRIALS.values()]
    return [Run(FINE_TRIAL, one) for one in range(seed, seed + fine)] + [
        Run(trial, one) for one in seeds for trial in every
    ]


def played(run: Run) -> Outcome:
    return outcome(run.trial.world, play(run.trial.world, run.trial.policy, run.seed))


def judged(found: Mapping[Run, Outcome]) -> list[Verdict]:
    """Of all laws."""

    def of(trial: Trial) -> Sequence[Outcome]:
        return [each for run, each in found.items() if run.trial == trial]

    return [
        *(verdicts.independence(policy, of(trial)) for policy, trial in CHEAP_TRIALS.items()),
        verdicts.noise(of(FAIR_TRIAL)),
        verdicts.beside(of(FAIR_TRIAL)),
        verdicts.cost(of(DEAR_TRIAL)),
        verdicts.step_identity(of(FINE_TRIAL)),
        verdicts.unexplained(of(FINE_TRIAL)),
        verdicts.premium(list(found.values())),
        verdicts.fills(list(found.values())),
        verdicts.to_the_cent(list(found.values())),
    ]
