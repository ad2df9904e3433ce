"""Option pricing models behind one protocol: QuantLib's binomial tree, a compiled lattice, the closed form.

The models load QuantLib or numba, so each is imported when it is first named.
"""

from typing import TYPE_CHECKING, Any

from gamma_scalper.domain.greeks import Greeks
from gamma_scalper.pricing.model import (
    DividendsNotTaken,
    MarketInputs,
    NoValidTree,
    OptionTerms,
    PricingModel,
)

if TYPE_CHECKING:
    from gamma_scalper.pricing.analytic import BlackScholes
    from gamma_scalper.pricing.chain import chain_greeks, chain_prices
    from gamma_scalper.pricing.lattice import Lattice
    from gamma_scalper.pricing.quantlib_crr import QuantLibCRR

__all__ = [
    "BlackScholes",
    "DividendsNotTaken",
    "Greeks",
    "Lattice",
    "MarketInputs",
    "NoValidTree",
    "OptionTerms",
    "PricingModel",
    "QuantLibCRR",
    "chain_greeks",
    "chain_prices",
]


def __getattr__(name: str) -> Any:
    if name == "QuantLibCRR":
        from gamma_scalper.pricing.quantlib_crr import QuantLibCRR

        return QuantLibCRR
    if name == "Lattice":
        from gamma_scalper.pricing.lattice import Lattice

        return Lattice
    if name == "BlackScholes":
        from gamma_scalper.pricing.analytic import BlackScholes

        return BlackScholes
    if name == "chain_greeks":
        from gamma_scalper.pricing.chain import chain_greeks

        return chain_greeks
    if name == "chain_prices":
        from gamma_scalper.pricing.chain import chain_prices

        return chain_prices
    raise AttributeError(f"gamma_scalper.pricing has no {name}")
