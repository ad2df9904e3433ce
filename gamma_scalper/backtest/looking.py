"""What a book saw and thought, kept look by look for its report."""

import math
import re

import numpy as np

from gamma_scalper.domain.strategy_entries import Decided
from gamma_scalper.kernel import Watch
from gamma_scalper.pipeline.motion import implied_vol
from gamma_scalper.pipeline.thoughts import Thought
from gamma_scalper.reports.backtest.story import Looks, Reason

_NAN = math.nan
_NOTHING = (_NAN,) * 4
_NUMBERS = re.compile(r"[\d.,:-]+")


class Looking:
    """One book's. It changes nothing: whoever is not looked at trades the same."""

    def __init__(self, thoughts: Watch[Thought | None]) -> None:
        self._thoughts = thoughts
        self._seen: list[tuple[float, ...]] = []
        self._reasons: list[Reason] = []
        self._sort = ("", "")

    async def run(self) -> None:
        """Until cancelled."""
        seq = 0
        while True:
            seq, thought = await self._thoughts.newer_than(seq)
            if thought is not None:
                self._hear(thought)
                self._look(thought)

    def _hear(self, thought: Thought) -> None:
        """Of reasons that differ in their numbers alone the first: the journal has one for all waits by one rule."""
        decision = thought.judgement.decision
        sort = decision.rule, _NUMBERS.sub("", decision.why)
        if sort != self._sort:
            self._sort = sort
            self._reasons.append((thought.at, Decided(decision.rule, decision.why)))

    def reasons(self) -> tuple[Reason, ...]:
        return tuple(self._reasons)

    def _look(self, thought: Thought) -> None:
        picture, band = thought.picture, thought.judgement.band
        if picture.unusable or picture.market is None or picture.options is None:
            return
        shares = picture.market.of(picture.market.underlying_con_id)
        spot = shares.mid if shares is not None and shares.usable else _NAN
        options = picture.options
        edges = (_NAN, _NAN, _NAN) if band is None else (band.low, band.high, band.centre)
        greeks = (options.gamma, options.theta_per_day, options.vega) if options.gamma or options.vega else _NOTHING[:3]
        vol = implied_vol(picture)
        filled, projected = picture.filled, picture.projected
        self._seen.append(
            (
                thought.at.timestamp(),
                spot,
                _NAN if filled is None else filled,
                _NAN if projected is None else projected,
                *edges,
                *greeks,
                _NAN if vol is None else vol,
            )
        )

    def looks(self) -> Looks:
        table = np.array(self._seen, dtype=np.float64).reshape(-1, 11).T
        at = np.rint(table[0] * 1e6).astype(np.int64) * 1_000
        spot, filled, projected, low, high, centre, gamma, theta, vega, implied = table[1:]
        return Looks(
            at=at, spot=spot, filled=filled, projected=projected, low=low, high=high, centre=centre,
            gamma=gamma, theta=theta, vega=vega, implied=implied,
        )  # fmt: skip
