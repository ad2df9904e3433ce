"""The order of time, contract by contract."""

import numpy as np

from gamma_scalper.exchange.replay.arrays import Whole
from gamma_scalper.exchange.replay.hours import moment_of
from gamma_scalper.exchange.replay.verdict import Rule


def backwards(contract: Whole, time: Whole) -> list[Rule]:
    """Each contract's times only rise; the contracts may be interleaved in any way."""
    order = np.argsort(contract, kind="stable")
    rank = np.unique(time, return_inverse=True)[1]
    key = (contract * (len(time) + 1) + rank)[order]
    highest = np.maximum.accumulate(key)
    broken = np.empty(len(time), np.bool_)
    broken[order] = key < highest

    def found(row: int) -> str:
        return f"{moment_of(int(time[row])):%Y-%m-%dT%H:%M:%S.%fZ}"

    return [Rule("time going backwards", broken, found, "rising times for each contract", "time")]


def replaced(contract: Whole, time: Whole) -> list[Rule]:
    """Of several rows of one contract and moment the last counts."""
    order = np.argsort(contract, kind="stable")
    contract, time = contract[order], time[order]
    broken = np.zeros(len(time), np.bool_)
    broken[order[:-1]] = (contract[:-1] == contract[1:]) & (time[:-1] == time[1:])
    return [Rule("replaced by a later row of the same time", broken, lambda row: None, mistake=False)]
