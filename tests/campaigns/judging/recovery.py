"""The chain is whole, and a state is the same however its rows are folded."""

from collections.abc import Iterator

from gamma_scalper.recovery import Remembered, fold
from judging.evidence import Evidence


def of_the_recovery(evidence: Evidence, state: Remembered) -> Iterator[str]:
    if evidence.played.broken:
        yield f"the chain: {evidence.played.broken}"
    half = len(evidence.rows) // 2
    if fold(evidence.rows[half:], fold(evidence.rows[:half])) != state:
        yield f"folded from row {half} on the state is another one"
