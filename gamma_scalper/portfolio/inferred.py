"""Fills that were concluded, and what is left of them once the broker tells of them after all."""

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from gamma_scalper.domain.fills import Fill, InferredFill


class Inference(NamedTuple):
    fill: InferredFill
    known: tuple[str, ...]  # keys of the intent's executions that were known when it was concluded
    left: Decimal  # what of its quantity no execution has told since


def left_of(inferences: Sequence[Inference], fills: Sequence[Fill]) -> tuple[Decimal, ...]:
    """What is left of each inferred fill of one intent, the executions of that intent being these.

    An execution stands for an inferred one if it is of the same contract and side, was not known when that was
    concluded, and happened before: what happened later is something new. Each counts once, for the oldest first.
    """
    left = {inference.fill.id: inference.fill.quantity for inference in inferences}
    oldest_first = sorted(inferences, key=lambda each: (each.fill.concluded_at, each.fill.id))
    for fill in sorted(fills, key=lambda each: (each.at, each.key)):
        unused = fill.quantity
        for inference in oldest_first:
            if _stands_for(fill, inference):
                used = min(unused, left[inference.fill.id])
                left[inference.fill.id] -= used
                unused -= used
    return tuple(left[inference.fill.id] for inference in inferences)


def _stands_for(fill: Fill, inference: Inference) -> bool:
    inferred = inference.fill
    return (
        fill.instrument.con_id == inferred.instrument.con_id
        and fill.side is inferred.side
        and fill.at <= inferred.concluded_at
        and fill.key not in inference.known
    )
