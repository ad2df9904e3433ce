"""Every hedge left its book with less delta than it found, by the street's own figures.

What worked already counts as filled: a second hedge of the same delta would lead away from where it should.
"""

from collections.abc import Iterator
from decimal import Decimal

from gamma_scalper.domain.entries import Ordered
from gamma_scalper.domain.instruments import legs_of
from gamma_scalper.domain.orders import Purpose
from judging.evidence import Evidence

_BAND = "hedge.policy=fixed"  # which ends at the centre of its band
_CENTRE, _OF_IT = 4.0, 0.2  # shares; a part of what was to be hedged: options may be quoted seconds before the shares
_ROUNDING = 1.0  # shares: what a whole number of them, and a volatility read from whole cents, come to


def of_the_hedges(evidence: Evidence) -> Iterator[str]:
    world = evidence.world
    for place, row in evidence.entries(Ordered):
        entry = row.entry
        assert isinstance(entry, Ordered)
        hedges = [each for each in entry.intents if each.purpose is Purpose.HEDGE]
        if not hedges or evidence.flattens(place, hedges[0]):
            continue
        at = evidence.moments[place]
        held = dict(evidence.projected_before(place))
        before = world.delta(held, at)
        for hedge in hedges:
            for leg in legs_of(hedge.instrument):
                con_id, quantity = leg.instrument.con_id, hedge.side.sign * leg.ratio * hedge.quantity
                held[con_id] = held.get(con_id, Decimal(0)) + quantity
        after = world.delta(held, at)
        most = abs(before) + _ROUNDING if _BAND not in evidence.settings[row.book] else _CENTRE + _OF_IT * abs(before)
        if not abs(after) < most:
            yield f"{hedges[0].id} would take the delta of {row.book} from {before:+.1f} to {after:+.1f}"
