"""Every hedge policy there is, for a position so large that whole shares are fine enough."""

import math

import numpy as np

from gamma_scalper.backtest.laws.greeks import grid
from gamma_scalper.backtest.laws.hedger import Hedger
from gamma_scalper.backtest.laws.trial import Trial
from gamma_scalper.strategies.hedge_parameters import HedgeParameters
from gamma_scalper.strategies.hedge_shapes import Costs

PATHS = 20_000
MANY = 1_000.0  # straddles
DEAR = Costs(half_spread=0.05, commission=0.0035, minimum=350.0)  # as if an order cost $0.35 for each straddle

PARAMETERS = {
    "fixed to the centre": HedgeParameters(policy="fixed", band_per_straddle=15),
    "fixed to the edge": HedgeParameters(policy="fixed", band_per_straddle=15, to="edge"),
    "whalley_wilmott": HedgeParameters(policy="whalley_wilmott", risk_aversion_per_straddle=0.005),
    "zakamouline": HedgeParameters(policy="zakamouline", risk_aversion_per_straddle=0.005),
    "fee_aware": HedgeParameters(policy="fee_aware", risk_aversion_per_straddle=0.005),
    "time": HedgeParameters(policy="time", every_s=1_000),
    "move": HedgeParameters(policy="move", move_sigmas=0.5),
}


def hedger(name: str) -> Hedger:
    return Hedger(parameters=PARAMETERS[name], costs=DEAR)


def each_step(proportional: float = 0.0) -> Hedger:
    """Hedges at every step, whatever the delta is."""
    return Hedger(parameters=HedgeParameters(policy="time", every_s=1), proportional=proportional)


def first_greeks(trial: Trial) -> tuple[float, float, float]:
    """Value, gamma and vega of the position on the first day."""
    seen = grid(trial, np.full((1, trial.steps + 1), trial.spot))
    gamma = float(seen.gammas[0, 0])
    return float(seen.values[0, 0]), gamma, gamma * trial.spot**2 * trial.implied * trial.years


def standard_error(sample: np.ndarray) -> float:
    return float(sample.std()) / math.sqrt(len(sample))
