"""A book with wider and narrower bands, to ask of the same quotes what another band would have done."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from attrs import evolve

from gamma_scalper.pipeline.book import BookParameters
from gamma_scalper.strategies.hedge_parameters import HedgeParameters

# How the width of a band by cost goes with risk aversion: as its minus first over this-many-th power.
_ROOTS: Mapping[str, int] = MappingProxyType({"whalley_wilmott": 3, "zakamouline": 2, "fee_aware": 4})
_SCALES = ((0.5, "half as wide"), (2.0, "twice as wide"), (4.0, "four times as wide"))


class OtherBand(NamedTuple):
    """All books with their bands so many times as wide."""

    label: str
    books: Mapping[str, BookParameters]


def other_bands(books: Mapping[str, BookParameters]) -> tuple[OtherBand, ...]:
    return tuple(
        OtherBand(label, {name: evolve(book, hedge=scaled(book.hedge, times)) for name, book in books.items()})
        for times, label in _SCALES
    )


def scaled(hedge: HedgeParameters, times: float) -> HedgeParameters:
    """The same policy, its band (or its clock, or its move) about so many times as wide."""
    match hedge.policy:
        case "fixed":
            return evolve(
                hedge, band_shares=hedge.band_shares * times, band_per_straddle=hedge.band_per_straddle * times
            )
        case "time":
            return evolve(hedge, every_s=hedge.every_s * times)
        case "move":
            return evolve(
                hedge,
                move=hedge.move * times,
                move_pct=min(hedge.move_pct * times, 100.0),
                move_sigmas=hedge.move_sigmas * times,
            )
    aversion = times ** -_ROOTS[hedge.policy]
    return evolve(
        hedge,
        risk_aversion=min(hedge.risk_aversion * aversion, 1_000.0),
        risk_aversion_per_straddle=min(hedge.risk_aversion_per_straddle * aversion, 1_000.0),
    )
