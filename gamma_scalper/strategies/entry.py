"""Buying a straddle: as one combo or as two legs, from the middle towards the offer."""

from decimal import Decimal

from attrs import frozen

from gamma_scalper.domain.fees import FeeParameters, order_fees
from gamma_scalper.domain.instruments import Combo, Option, Tradable
from gamma_scalper.domain.money import to_decimal, to_float
from gamma_scalper.domain.orders import Limit, Purpose, Side
from gamma_scalper.domain.proposals import Plan, Proposal
from gamma_scalper.domain.quotes import Quote
from gamma_scalper.domain.settings import setting
from gamma_scalper.strategies.base import Act, Hold
from gamma_scalper.strategies.scene import Scene
from gamma_scalper.strategies.sizing import OneStraddle, SizingParameters, size
from gamma_scalper.strategies.stepping import Stepping, Touch, limit_after, touch


@frozen
class EntryParameters:
    """How a straddle is bought."""

    form: str = setting(
        "combo", "one order for both legs, or one for each and a repair if only one fills", one_of=("combo", "legs")
    )
    start_pct: float = setting(
        0.0, "of the half spread, beyond the middle, where it begins; 100: at the touch", unit="%", at_least=0,
        at_most=100,
    )  # fmt: skip
    step_s: float = setting(5.0, "from one price to the next", unit="s", above=0, at_most=600)
    step_pct: float = setting(25.0, "of the half spread, a step", unit="%", at_least=1, at_most=100)
    give_up: float = setting(
        0.0,
        "most that is paid beyond the middle, per share of a straddle; 0: as give_up_pct says",
        unit="$",
        at_least=0,
    )
    give_up_pct: float = setting(
        1.0, "most that is paid beyond the middle, of the premium", unit="%", at_least=0, at_most=100
    )
    patience_s: float = setting(60.0, "an attempt may work, in all", unit="s", above=0, at_most=3_600)
    retry_after_s: float = setting(60.0, "from one attempt to the next", unit="s", at_least=0, at_most=86_400)
    good_for_s: float = setting(5.0, "age beyond which a planned order is not sent", unit="s", above=0, at_most=60)

    def __attrs_post_init__(self) -> None:
        need = (self.stepping().steps + 2) * self.step_s
        if self.patience_s < need:
            raise ValueError(
                f"patience_s = {self.patience_s:g} is not allowed; allowed: at least {need:g} s, which the steps of "
                f"{self.step_pct:g}% every {self.step_s:g} s take"
            )

    def stepping(self, legs: int = 1) -> Stepping:
        """Of an order that is one of so many which make up the straddle: each may cost its part."""
        most = self.give_up / legs if self.give_up else None
        return Stepping(
            self.step_s, self.step_pct, self.patience_s, most=most, most_pct=self.give_up_pct, start_pct=self.start_pct
        )


def structure_name(straddle: Combo) -> str:
    """Such as 'straddle 2026-12-18 600'."""
    strikes = sorted({leg.instrument.strike for leg in straddle.legs if isinstance(leg.instrument, Option)})
    expiries = sorted({leg.instrument.expiry for leg in straddle.legs if isinstance(leg.instrument, Option)})
    kind = "straddle" if len(strikes) == 1 else "strangle"
    return " ".join([kind, *(f"{day}" for day in expiries), "/".join(f"{strike.normalize():f}" for strike in strikes)])


def enter(
    scene: Scene, parameters: EntryParameters, sizing: SizingParameters, budget: float, fees: FeeParameters
) -> Hold | Act:
    """Buy the best straddle of the shortlist, or why not."""
    shortlist = scene.market.shortlist
    if shortlist is None:
        return Hold("no shortlist", "nobody has looked through the chain yet")
    if scene.session is not None and shortlist.at.date() < scene.session.day:
        return Hold("no shortlist", f"nobody has looked through the chain since {shortlist.at:%Y-%m-%d}")
    if shortlist.best is None:
        return Hold("no straddle", shortlist.why)
    straddle = shortlist.best
    at, quotes = touch(scene, straddle), scene.quotes_of(straddle)
    try:
        one = None if at is None else _one(scene, straddle, at, parameters, fees)
    except ValueError as unknown:  # of a currency or a class of options whose price list nobody knows
        return Hold("no fees", str(unknown))
    if at is None or quotes is None or one is None:
        return Hold("no quotes", f"a leg of the {structure_name(straddle)} has no two-sided quote or no Greeks yet")
    many = size(one, sizing, budget)
    if isinstance(many, str):
        return Hold("too small a budget", many)
    why = f"{many} x {structure_name(straddle)} at {at.mid:.2f} +/- {at.half:.2f}: {shortlist.why}"
    return Act("entry", why, _plan(scene, straddle, many, quotes, parameters, why))


def implied_of_best(scene: Scene) -> float | None:
    """Volatility of what would be bought; None where it is not known."""
    best = scene.market.shortlist.best if scene.market.shortlist is not None else None
    found = [scene.figures.get(leg.instrument.con_id) for leg in best.legs] if best is not None else []
    vols = [figures.vol for figures in found if figures is not None and figures.vol is not None]
    return sum(vols) / len(vols) if vols else None


def _one(
    scene: Scene, straddle: Combo, at: Touch, parameters: EntryParameters, fees: FeeParameters
) -> OneStraddle | None:
    """What a single one comes to; None where a leg has no figures yet."""
    vega = theta = bill = 0.0
    for leg in straddle.legs:
        option, figures = leg.instrument, scene.figures.get(leg.instrument.con_id)
        mark = scene.mark(option)
        if figures is None or mark is None or not isinstance(option, Option):
            return None
        scale = leg.ratio * option.multiplier
        vega, theta = vega + scale * figures.greeks.vega / 100, theta - scale * figures.greeks.theta_per_day
        day, price = scene.now.date(), to_decimal(round(mark, 4))
        bill += to_float(order_fees(fees, option, Side.BUY, day, abs(leg.ratio), price).total)
    worst = at.mid + parameters.stepping().furthest(at.mid)
    multiplier = straddle.multiplier
    return OneStraddle(premium=at.mid * multiplier, cost=worst * multiplier + bill, vega=vega, theta=theta)


def _plan(
    scene: Scene, straddle: Combo, many: int, quotes: tuple[Quote, ...], parameters: EntryParameters, why: str
) -> Plan:
    parts: list[tuple[Tradable, tuple[Quote, ...], int]] = [(straddle, quotes, many)]
    if parameters.form == "legs":
        parts = [
            (leg.instrument, (quote,), abs(leg.ratio) * many) for leg, quote in zip(straddle.legs, quotes, strict=True)
        ]
    proposals = []
    for instrument, seen, quantity in parts:
        at = touch(scene, instrument)
        if at is not None:
            proposals.append(
                Proposal(
                    purpose=Purpose.ENTRY,
                    instrument=instrument,
                    side=Side.BUY,
                    quantity=Decimal(quantity),
                    pricing=Limit(limit_after(instrument, Side.BUY, at, 0, parameters.stepping(len(parts)))),
                    patience_s=parameters.patience_s,
                    snapshot_ids=[quote.snapshot_id for quote in seen],
                    reason=why,
                )
            )
    return Plan(
        proposals=proposals,
        structure=structure_name(straddle),
        decided_at=scene.now,
        good_for_s=parameters.good_for_s,
        settled_through=scene.position.settled_through,
        quotes=quotes,
    )
