"""Which strategies there are, by the name a book gives."""

from collections.abc import Callable, Mapping
from typing import Any

from attrs import frozen

from gamma_scalper.domain.exits import UserError
from gamma_scalper.domain.fees import FeeParameters
from gamma_scalper.strategies.base import Strategy
from gamma_scalper.strategies.carry import Carry
from gamma_scalper.strategies.gamma_scalp import GammaScalp
from gamma_scalper.strategies.limits import Limits
from gamma_scalper.strategies.scalp_parameters import ScalpParameters


@frozen
class Bundle:
    """All that a book gives its strategy; each takes what it needs."""

    scalp: ScalpParameters
    limits: Limits
    fees: FeeParameters
    carry: Carry


def _gamma_scalp(bundle: Bundle) -> Strategy[Any]:
    return GammaScalp(bundle.scalp, bundle.limits, bundle.fees, bundle.carry)


STRATEGIES: Mapping[str, Callable[[Bundle], Strategy[Any]]] = {
    "gamma_scalp": _gamma_scalp,
}


def made(name: str, parameters: ScalpParameters, limits: Limits, fees: FeeParameters, pricing: Carry) -> Strategy[Any]:
    """The strategy of this name, for one book."""
    if name not in STRATEGIES:
        raise UserError(f"strategy = {name!r}: there is no such strategy; allowed: {' or '.join(sorted(STRATEGIES))}")
    return STRATEGIES[name](Bundle(parameters, limits, fees, pricing))
