"""Open interest by contract, from columns that tell of many."""

from collections.abc import Sequence

import numpy as np

from gamma_scalper.exchange.market import Listed
from gamma_scalper.exchange.replay.arrays import Whole
from gamma_scalper.exchange.replay.tape import OpenInterest


def by_contract(
    contract: Whole, time: Whole, figure: Whole, contracts: Sequence[Listed | None]
) -> dict[int, OpenInterest]:
    """conId -> its figures in order of time; `contract` numbers `contracts`, and a figure below 0 is none."""
    told = figure >= 0
    contract, time, figure = contract[told], time[told], figure[told]
    order = np.lexsort((time, contract))
    contract, time, figure = contract[order], time[order], figure[order]
    bounds = np.searchsorted(contract, np.arange(len(contracts) + 1)).tolist()
    return {
        listed.con_id: OpenInterest(time[begin:end], figure[begin:end])
        for listed, begin, end in zip(contracts, bounds[:-1], bounds[1:], strict=True)
        if listed is not None and begin < end
    }
