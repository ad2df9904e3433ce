"""One session of a simulated market: its ticks, and each asset's prices at them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gamma_scalper.domain.sessions import SECONDS_PER_YEAR
from gamma_scalper.exchange.simulated.assets import Asset
from gamma_scalper.exchange.simulated.markets import Path, Steps
from gamma_scalper.exchange.simulated.noise import stream
from gamma_scalper.exchange.simulated.quote_kernel import Now

Floats = npt.NDArray[np.float64]

_MOST_LOST = 0.5  # of a price, by one dividend


class Level(NamedTuple):
    """All that a price remembers of a day that is over."""

    spot: float
    variance: float


class Prices(NamedTuple):
    """Of one asset, tick by tick."""

    spots: list[float]
    variances: list[float]
    lived: list[float]  # variance time


class Day:
    """From the open to the latest close, both of them ticks; what happens in it depends on seed, date and last close.

    It is made all at once, so that a day on which nobody looks differs in nothing from one on which somebody does.
    """

    def __init__(self, assets: Sequence[Asset], place: int, levels: Sequence[Level], seed: int, step: int) -> None:
        session = assets[0].shares.sessions[place]
        self.place, self.date, self.opens = place, session.day, session.opens
        self.levels, self._step, self._begins = list(levels), step, session.opens.timestamp()
        self.closes = [float(asset.option_closes[place]) for asset in assets]
        self._length = round(_latest_close(assets, place) - self._begins)
        self.ticks = -(-self._length // step)
        moments = np.minimum(np.arange(self.ticks + 1) * step, self._length) + self._begins
        self.prices = [self._prices(asset, level, moments, seed) for asset, level in zip(assets, levels, strict=True)]

    def at(self, tick: int) -> datetime:
        return self.opens + timedelta(seconds=min(tick * self._step, self._length))

    def seconds(self, tick: int) -> float:
        """Since 1970."""
        return self._begins + min(tick * self._step, self._length)

    def now(self, tick: int, i: int) -> Now:
        """Where the i-th asset is."""
        prices = self.prices[i]
        return Now(prices.spots[tick], prices.variances[tick], self.seconds(tick), prices.lived[tick])

    def closing(self) -> list[Level]:
        return [Level(prices.spots[-1], prices.variances[-1]) for prices in self.prices]

    def _prices(self, asset: Asset, level: Level, moments: Floats, seed: int) -> Prices:
        """They stand still once the asset's own options have closed, so that other assets make no difference to it."""
        last = asset.option_closes[self.place]
        own = int(np.searchsorted(moments, last)) + 1
        passed = np.concatenate(([asset.option_closes[self.place - 1]], np.minimum(moments[:own], last)))
        lived = np.maximum(np.diff(asset.time.at(passed)), 0.0)  # a night without variance, by rounding, is below none
        steps = Steps(lived, np.diff(passed) / SECONDS_PER_YEAR)
        path = asset.generator.path(level.variance, steps, stream(seed, asset.symbol, self.date))
        path = Path(*(np.pad(values, (0, moments.size - own), mode="edge") for values in path))
        spots = level.spot * np.exp(path.growth)
        if paid := asset.paid_on(self.date):
            since = float(moments[0] - asset.ex_moments[asset.ex_moments <= moments[0]].max()) / SECONDS_PER_YEAR
            spots *= max(1.0 - paid * np.exp(asset.generator.carry * since) / spots[0], 1.0 - _MOST_LOST)
        return Prices(spots.tolist(), path.variance.tolist(), asset.time.at(moments).tolist())


def _latest_close(assets: Sequence[Asset], place: int) -> float:
    return max(float(asset.option_closes[place]) for asset in assets)
