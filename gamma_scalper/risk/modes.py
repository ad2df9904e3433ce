"""Modes cap purposes. How the mode follows health stands in `mode_watch`."""

from collections.abc import Mapping

from gamma_scalper.domain.entries import Mode
from gamma_scalper.domain.orders import Purpose

CAPS: Mapping[Mode, frozenset[Purpose]] = {
    Mode.LIVE: frozenset(Purpose),
    Mode.DEGRADED: frozenset(Purpose) - {Purpose.ENTRY},
    Mode.OBSERVE: frozenset(),
    Mode.EMERGENCY: frozenset({Purpose.FLATTEN}),
}
"""Mode -> what it allows at most."""


def strictest(*modes: Mode) -> Mode:
    """The one that allows the fewest purposes; each allows a part of what the looser ones do."""
    return min(modes, key=lambda mode: len(CAPS[mode]))
