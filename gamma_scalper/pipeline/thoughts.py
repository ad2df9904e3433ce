"""What a strategy thought last: for the governor, the screen and the accounts to look at, never for another stage."""

from datetime import datetime

from attrs import frozen

from gamma_scalper.domain.pictures import Picture
from gamma_scalper.domain.proposals import Deltas
from gamma_scalper.strategies.base import Judgement


@frozen(kw_only=True)
class Thought:
    """One picture and what was made of it."""

    at: datetime
    picture: Picture
    judgement: Judgement

    @property
    def deltas(self) -> Deltas | None:
        """As the risk rules want them; None where the picture is unusable."""
        picture, band = self.picture, self.judgement.band
        if picture.market is None or picture.options is None or picture.filled is None or picture.projected is None:
            return None
        target = None
        if band is not None:
            low, high = band.from_below, band.from_above
            target = low if picture.projected < band.low else high if picture.projected > band.high else None
        return Deltas(
            as_of=picture.market.at,
            legs=[(leg.option.con_id, leg.greeks.delta) for leg in picture.legs],
            gamma=picture.options.gamma,
            filled=picture.filled,
            projected=picture.projected,
            centre=0.0 if band is None else band.centre,
            target=target,
        )
