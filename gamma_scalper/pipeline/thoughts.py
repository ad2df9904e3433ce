"""What a strategy thought last: for the governor, the screen and the accounts to look at, never for another stage."""

from datetime import datetime

from attrs import frozen

from gamma_scalper.domain.pictures import Picture
from gamma_scalper.domain.proposals import Deltas
from gamma_scalper.strategies.base import Judgement
from gamma_scalper.strategies.deltas import deltas_of


@frozen(kw_only=True)
class Thought:
    """One picture and what was made of it."""

    at: datetime
    picture: Picture
    judgement: Judgement

    @property
    def deltas(self) -> Deltas | None:
        """As the risk rules want them; None where the picture is unusable."""
        return deltas_of(self.picture, self.judgement.band)
