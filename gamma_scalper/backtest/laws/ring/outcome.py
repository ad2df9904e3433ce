"""One run of the ring, beside what a bare loop makes of the same path and what theory expects of it."""

from collections.abc import Sequence
from datetime import timedelta

import numpy as np
from attrs import frozen

from gamma_scalper.backtest.laws.ring.deals import Deals, NotAsPlanned, deals, worth
from gamma_scalper.backtest.laws.ring.theory import Straddle, noise_variance, straddle, turnover
from gamma_scalper.backtest.laws.ring.walk import Walk, walked
from gamma_scalper.backtest.laws.ring.world import MULTIPLIER, STRADDLES, World, book
from gamma_scalper.domain.instruments import Option
from gamma_scalper.domain.money import to_cents, to_float
from gamma_scalper.domain.strategy_entries import Attributed
from gamma_scalper.pricing.analytic import Floats
from gamma_scalper.reports.backtest.story import Story
from gamma_scalper.strategies.hedge_parameters import HedgeParameters

_SCALE = STRADDLES * MULTIPLIER
_FIVE_MINUTES = timedelta(minutes=5)


@frozen(kw_only=True, eq=False)
class Outcome:
    """Dollars for each straddle."""

    seed: int
    profit: float  # of the cash, and of what is held in the end
    overpaid: float  # for the straddle, beyond its price by theory when it was bought
    off_price: float  # the same in parts of the price at any tick since it was ordered, whatever is nearest
    billed: float  # by the price list
    crossed: float  # half the spreads that were quoted, of the shares traded
    slipped: float  # what the fills cost beyond bills and quotes
    bare: float  # what a loop earns that hedges at each tick by the closed form, for nothing
    expected: float  # the bare loop's mean, and any other hedge's
    noise: float  # variance of what hedging at these ticks leaves over
    cost: float  # mean of what it costs at the world's spread
    along: float  # the same by the gamma that there was on the way, and not by the first day's
    orders: int  # for shares
    off_by: float  # dollars of the book, between the attribution and the cash
    earned: Floats  # step by step of five minutes, by the attribution's total
    said: Floats  # and by half of gamma times the move squared, less the variance paid for
    unexplained: Floats  # of each such step

    @property
    def net(self) -> float:
        """Profit, had trading cost nothing."""
        return self.profit + self.billed + self.crossed + self.overpaid


def outcome(world: World, story: Story) -> Outcome:
    """Raises `NotAsPlanned`."""
    done = deals(story.rows)
    option = done.options[0].instrument
    assert isinstance(option, Option), "it is among the options"
    con_ids = sorted({fill.instrument.con_id for fill in done.options})
    since_order = walked(story, con_ids, done.ordered_at, option.expires_at)
    entry = since_order.ticks([done.entered_at])[0]
    walk = since_order.since(entry)
    rows = [row.entry for row in story.rows if isinstance(row.entry, Attributed)]
    if len(walk.at) < 2 or not rows:
        raise NotAsPlanned("the straddle was bought at the last tick")
    strike, paid = to_float(option.strike), to_float(done.premium) / _SCALE
    prices = _theory(since_order, strike, world.implied)[: entry + 1]
    profit = to_float(done.cash + worth(done.fills, walk.middles[-1])) / STRADDLES
    crossed = _crossed(done, walk) / STRADDLES
    billed = to_float(done.by_the_price_list(book(HedgeParameters()).fees)) / STRADDLES
    looked = walk.ticks([rows[-1].until])[0]  # where nothing moves nobody looks
    cash = to_cents(done.cash + worth(done.fills, walk.middles[looked]))
    steps = _whole_steps(rows, walk)
    return Outcome(
        seed=story.seed,
        profit=profit,
        billed=billed,
        crossed=crossed,
        slipped=_held(done, walk) / STRADDLES - profit - billed - crossed,
        off_by=to_float(sum((row.total for row in rows), -cash)),
        orders=len({fill.intent for fill in done.shares}),
        earned=np.array([to_float(row.total - row.costs) / STRADDLES for row in steps]),
        said=_said(steps, walk, strike, world.implied),
        unexplained=np.array([to_float(row.unexplained) / STRADDLES for row in steps]),
        off_price=float(min((paid / each.value - 1 for each in prices), key=abs)),
        **_by_theory(world, walk, strike, paid),
    )


def _crossed(done: Deals, walk: Walk) -> float:
    shares = [abs(to_float(fill.signed_quantity)) for fill in done.shares]
    return float(np.dot(shares, walk.half_spreads[walk.ticks([fill.at for fill in done.shares])]))


def _held(done: Deals, walk: Walk) -> float:
    """What the market did to the straddles since they were paid, and to the shares from tick to tick."""
    traded = np.zeros(len(walk.at))
    signed = [to_float(each.signed_quantity) for each in done.shares]
    np.add.at(traded, walk.ticks([fill.at for fill in done.shares]), signed)
    moved = np.dot(np.cumsum(traded)[:-1], np.diff(walk.spots))
    return to_float(worth(done.options, walk.middles[-1]) - done.premium) + float(moved)


def _theory(walk: Walk, strike: float, implied: float) -> list[Straddle]:
    return [straddle(spot, strike, implied**2 * years) for spot, years in zip(walk.spots, walk.left, strict=True)]


def _by_theory(world: World, walk: Walk, strike: float, paid: float) -> dict[str, float]:
    """For one straddle."""
    left, steps, spots = walk.left, walk.steps, walk.spots
    seen = _theory(walk, strike, world.implied)
    first = seen[0]
    moved = sum(one.delta * move for one, move in zip(seen, np.diff(spots), strict=False))
    to_come = world.sigma**2 * steps.sum() + world.implied**2 * left[-1]
    one_way = world.spread_bps / 20_000
    opening = abs(first.delta) * spots[0]
    shares = {
        "overpaid": paid - first.value,
        "bare": seen[-1].value - first.value - moved,
        "expected": straddle(spots[0], strike, to_come).value - first.value,
        "cost": one_way * (opening + turnover([first.gamma] * len(steps), world.sigma, steps)),
        "along": one_way * (opening + turnover([one.gamma for one in seen[:-1]], world.sigma, steps)),
    }
    noise = noise_variance(spots[0], strike, world.sigma, left[0], steps)
    return {name: MULTIPLIER * float(each) for name, each in shares.items()} | {"noise": MULTIPLIER**2 * noise}


def _whole_steps(rows: Sequence[Attributed], walk: Walk) -> list[Attributed]:
    """The intervals that last five minutes; nights, and whatever began or ended in between, are none of them."""
    return [row for row in rows if row.until - row.since == _FIVE_MINUTES and row.since >= walk.at[0]]


def _said(steps: Sequence[Attributed], walk: Walk, strike: float, implied: float) -> Floats:
    begins, ends = walk.ticks([row.since for row in steps]), walk.ticks([row.until for row in steps])
    said = []
    for begin, end in zip(begins, ends, strict=True):
        spot, move = walk.spots[begin], walk.spots[end] - walk.spots[begin]
        gamma = straddle(spot, strike, implied**2 * walk.left[begin]).gamma / spot**2
        paid_for = (implied * spot) ** 2 * (walk.lived[end] - walk.lived[begin])
        said.append(MULTIPLIER * gamma * (move**2 - paid_for) / 2)
    return np.array(said)
