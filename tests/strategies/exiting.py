"""A straddle that is held, and what its strategy orders when it is to go."""

from decimal import Decimal
from typing import Any

from pictures import Play, holding_a_straddle

from gamma_scalper.domain.orders import Purpose, Side
from gamma_scalper.domain.proposals import Plan
from gamma_scalper.strategies.base import Act, Hold
from gamma_scalper.strategies.exits import ExitParameters
from gamma_scalper.strategies.hedge_parameters import HedgeParameters
from gamma_scalper.strategies.scalp_parameters import ScalpParameters

UNHEDGED = HedgeParameters(policy="fixed", band_shares=1e6)  # so that a test sees exits alone


def holding(*, hedge: HedgeParameters = UNHEDGED, **given: Any) -> Play:
    play = holding_a_straddle(ScalpParameters(exits=ExitParameters(**given), hedge=hedge))
    play.wait(60.0)
    assert isinstance(play.look(), Hold)
    return play


def confirmed(play: Play, rule: str) -> Act:
    """What the third picture in a row, two seconds after the first, makes of it."""
    for _ in range(2):
        assert isinstance(play.look(), Hold)
        play.wait(1.0)
    decision = play.act()
    assert decision.rule == rule
    return decision


def order(play: Play, act: Act) -> tuple[Any, Side, Decimal]:
    assert isinstance(act.command, Plan)
    (proposal,) = act.command.proposals
    assert proposal.purpose is Purpose.EXIT
    return proposal.instrument, proposal.side, proposal.quantity
