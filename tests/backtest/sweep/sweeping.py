"""Cells and a player without a crew, for tests of a sweep."""

from functools import partial

from attrs import define

from config import load_config
from gamma_scalper.backtest.sweep.cells import Cells, Ground
from gamma_scalper.backtest.sweep.player import Player
from gamma_scalper.backtest.sweep.store import Run, SweepStore

MARKET = "heston:step=60"


def cells_of(overrides=(), ground=None):
    """Of the book spy, as the files have it."""
    load = partial(load_config, environment={})
    found = Ground(MARKET, "", None, None) if ground is None else ground
    return Cells(load, tuple(overrides), found, load(overrides).system, "spy")


@define(kw_only=True)
class Alone(Player):
    """Plays where it stands, one run after the other."""

    played: int = 0

    def bring(self, cells, seeds):
        for cell in cells:
            for seed in seeds:
                if self.store.missing([(cell.digest, seed)]):
                    self.played += 1
                    self.store.add([self.play(cell, seed)])


def alone(folder, play):
    return Alone(play=play, store=SweepStore(folder, print))


def plain_run(cell, seed, profit, cost=1.0, hedged=None):
    return Run(
        cell=cell.digest, seed=seed, profit=tuple(profit), hedged=tuple(profit if hedged is None else hedged),
        costs=(cost,) * len(profit), hedges=len(profit),
    )  # fmt: skip
