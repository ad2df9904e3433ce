"""One structure from its first contract to its last share: what it cost, and what it has earned so far."""

from datetime import datetime
from decimal import Decimal

from attrs import evolve, frozen

from gamma_scalper.domain.instruments import Option
from gamma_scalper.domain.money import to_float
from gamma_scalper.strategies.scene import Scene


@frozen(kw_only=True)
class Campaign:
    """What is remembered of the structure held."""

    con_ids: tuple[int, ...]  # of its options
    opened_at: datetime
    realised_before: Decimal  # by the book, when it began
    spot: float | None  # at its beginning; None: nobody looked then
    implied: float | None = None  # volatility, likewise


@frozen(kw_only=True)
class Result:
    """In dollars: profit with hedges and fees, marked at the middle; premium as paid for the options held."""

    profit: float
    premium: float


def carried_on(before: Campaign | None, scene: Scene, realised_idle: Decimal | None) -> Campaign | None:
    """The campaign of what is held now: the one that is known, or a new one; none where nothing is held.

    Where nothing is known of its beginning it begins now: what the options cost is in the position, and what was earned
    by then counts for the one before.
    """
    if scene.flat:
        return None
    con_ids = tuple(sorted(option.con_id for option, _ in scene.options))
    if before is not None and set(con_ids) <= set(before.con_ids):
        return before
    if before is not None and set(before.con_ids) <= set(con_ids):  # legs came in one after the other
        return evolve(before, con_ids=con_ids)
    campaign = Campaign(con_ids=con_ids, opened_at=scene.now, realised_before=scene.position.realised, spot=None)
    if realised_idle is None:
        return campaign
    return evolve(campaign, realised_before=realised_idle, spot=scene.spot, implied=scene.implied)


def result(campaign: Campaign, scene: Scene) -> Result | None:
    """None where something held can't be marked, or nobody knows what it cost."""
    paid = dict(scene.position.average_prices)
    profit = to_float(scene.position.realised - campaign.realised_before)
    premium = 0.0
    for holding in scene.position.holdings:
        instrument = holding.instrument
        mark, price = scene.mark(instrument), paid.get(instrument.con_id)
        if mark is None or price is None:
            return None
        many, cost = to_float(holding.quantity) * instrument.multiplier, to_float(price)
        profit += (mark - cost) * many
        if isinstance(instrument, Option):
            premium += cost * many
    return Result(profit=profit, premium=premium)
