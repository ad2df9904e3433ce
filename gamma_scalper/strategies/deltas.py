"""What the risk rules are told of a picture and the band it was judged by."""

from gamma_scalper.domain.pictures import Picture
from gamma_scalper.domain.proposals import Deltas
from gamma_scalper.strategies.base import Band
from gamma_scalper.strategies.hedge_shapes import Edges


def target_of(band: Band | Edges, projected: float) -> float | None:
    """Where an order brings the projected delta; None inside the band."""
    return band.from_below if projected < band.low else band.from_above if projected > band.high else None


def deltas_of(picture: Picture, band: Band | None) -> Deltas | None:
    """None where the picture is unusable. Without a band there is no target; inside it the delta is at its target."""
    if picture.market is None or picture.options is None or picture.filled is None or picture.projected is None:
        return None
    target = None
    if band is not None:
        outside = target_of(band, picture.projected)
        target = picture.projected if outside is None else outside
    return Deltas(
        as_of=picture.market.at,
        legs=[(leg.option.con_id, leg.greeks.delta) for leg in picture.legs],
        gamma=picture.options.gamma,
        filled=picture.filled,
        projected=picture.projected,
        centre=0.0 if band is None else band.centre,
        target=target,
    )
