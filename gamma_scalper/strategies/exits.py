"""When a structure has served its time: enough lost or earned, too near expiry, too little gamma, no edge."""

import math
from collections.abc import Iterator
from datetime import datetime, timedelta

from attrs import evolve, frozen

from gamma_scalper.domain.money import to_float
from gamma_scalper.domain.orders import Purpose
from gamma_scalper.domain.sessions import years_between
from gamma_scalper.domain.settings import setting
from gamma_scalper.strategies.campaign import Campaign, Result
from gamma_scalper.strategies.scene import Scene
from gamma_scalper.strategies.stepping import Stepping


@frozen
class ExitParameters:
    """When and how a structure is sold. What is 0 is off."""

    stop_pct: float = setting(
        30.0, "loss with hedges and fees that ends it, of the premium; 0: off", unit="%", at_least=0, limit=True
    )
    stop_dollars: float = setting(0.0, "the same in dollars; 0: off", unit="$", at_least=0, limit=True)
    target_pct: float = setting(50.0, "profit that ends it, of the premium; 0: off", unit="%", at_least=0)
    target_dollars: float = setting(0.0, "the same in dollars; 0: off", unit="$", at_least=0)
    pictures: int = setting(
        3, "pictures in a row that must show a stop or target", unit="pictures", at_least=1, at_most=1_000
    )
    confirm_s: float = setting(2.0, "that they must span at the least", unit="s", at_least=0, at_most=3_600)
    mark_age_s: float = setting(
        30.0, "age of an option's quote, beyond which it shows neither", unit="s", above=0, at_most=3_600
    )
    min_dte: int = setting(3, "to expiry, with which it is sold at the latest", unit="days", at_least=0, at_most=365)
    roll_dte: int = setting(
        10, "to expiry, with which it is sold for a later one; 0: off", unit="days", at_least=0, at_most=365
    )
    max_hold_days: float = setting(0.0, "that it is held at most; 0: off", unit="days", at_least=0)
    edge_margin_pct: float = setting(
        0.0, "realised below implied volatility, of it, that ends it; 0: off", unit="%", at_least=0, at_most=100
    )
    edge_for_s: float = setting(3_600.0, "that the edge must have been gone", unit="s", at_least=0)
    realised_half_life_days: float = setting(
        2.0, "trading days after which a move counts half in realised volatility", unit="days", above=0, at_most=60
    )
    restrike_gamma_pct: float = setting(
        50.0,
        "of the gamma a straddle at the money would have, below which it is sold for one; 0: off",
        unit="%",
        at_least=0,
        at_most=95,
    )
    reentry_after_s: float = setting(
        1_800.0, "until the next entry, except after a roll or a re-strike", unit="s", at_least=0
    )
    form: str = setting("combo", "one order for both legs, or one for each", one_of=("combo", "legs"))
    start_pct: float = setting(
        0.0, "of the half spread, beyond the middle, where it begins; 100: at the touch", unit="%", at_least=0,
        at_most=100,
    )  # fmt: skip
    step_s: float = setting(5.0, "from one price to the next", unit="s", above=0, at_most=600)
    step_pct: float = setting(50.0, "of the half spread, a step", unit="%", at_least=1, at_most=100)
    patience_s: float = setting(30.0, "an attempt may work, in all", unit="s", above=0, at_most=3_600)
    retry_after_s: float = setting(
        30.0, "from one attempt to the next, hedged meanwhile", unit="s", at_least=0, at_most=86_400
    )
    share_ticks: int = setting(10, "through the touch, of shares that must go", unit="ticks", at_least=0, at_most=1_000)
    good_for_s: float = setting(5.0, "age beyond which a planned order is not sent", unit="s", above=0, at_most=60)
    exercise: bool = setting(True, "exercise early what is worth more exercised")
    exercise_before_s: float = setting(
        900.0, "before the close that it is instructed", unit="s", above=0, at_most=20_000
    )
    exercise_gain: float = setting(5.0, "that it must bring, a contract", unit="$", at_least=0)

    def __attrs_post_init__(self) -> None:
        need = (self.stepping.steps + 2) * self.step_s
        if self.patience_s < need:
            raise ValueError(
                f"patience_s = {self.patience_s:g} is not allowed; allowed: at least {need:g} s, which the steps of "
                f"{self.step_pct:g}% every {self.step_s:g} s take"
            )
        if 0 < self.roll_dte <= self.min_dte:
            raise ValueError(
                f"roll_dte = {self.roll_dte} is not allowed; allowed: 0, or more than exits.min_dte = {self.min_dte}"
            )

    @property
    def stepping(self) -> Stepping:
        return Stepping(self.step_s, self.step_pct, self.patience_s, start_pct=self.start_pct)


@frozen(kw_only=True)
class Leave:
    """A structure is to be ended, and what comes after it."""

    rule: str
    why: str
    urgent: bool = False  # at the far side of the market from the start
    reenter_after_s: float = 0.0
    not_before: datetime | None = None  # the next entry


@frozen
class Sighting:
    """A reason to leave that has been seen, and has yet to be confirmed."""

    rule: str
    since: datetime
    pictures: int = 1


Sightings = tuple[Sighting, ...]


def sighted(sightings: Sightings, rule: str, shown: bool, now: datetime) -> Sightings:
    """Counted where it shows, forgotten where it does not."""
    before = next((each for each in sightings if each.rule == rule), None)
    if before is None and not shown:
        return sightings
    others = tuple(each for each in sightings if each.rule != rule)
    if not shown:
        return others
    if before is None:
        return (*others, Sighting(rule, now))
    return (*others, evolve(before, pictures=before.pictures + 1))


@frozen
class Record:
    """How it has gone so far."""

    campaign: Campaign
    result: Result | None  # None: something held can't be marked
    realised: float | None  # volatility; None: not known yet


def leave(
    scene: Scene, record: Record, parameters: ExitParameters, sightings: Sightings
) -> tuple[Leave | None, Sightings]:
    """The first reason to end it, and what has been seen so far of others."""
    if _well_quoted(scene, parameters.mark_age_s):
        sightings = sighted(sightings, "stop", bool(_lost(record.result, parameters)), scene.now)
        sightings = sighted(sightings, "target", bool(_earned(record.result, parameters)), scene.now)
    gone = bool(no_edge(record.realised, scene.implied, parameters))
    sightings = sighted(sightings, "edge gone", gone, scene.now)
    return next(_reasons(scene, record, parameters, sightings), None), sightings


def _reasons(scene: Scene, record: Record, parameters: ExitParameters, sightings: Sightings) -> Iterator[Leave]:
    """In the order in which they count."""
    found, later = record.result, parameters.reentry_after_s
    marks = parameters.pictures, parameters.confirm_s
    if (why := _lost(found, parameters)) and _confirmed(sightings, "stop", scene.now, *marks):
        yield Leave(rule="stop", why=why + _since(scene, record.campaign), urgent=True, reenter_after_s=later)
    if (why := _earned(found, parameters)) and _confirmed(sightings, "target", scene.now, *marks):
        yield Leave(rule="target", why=why + _since(scene, record.campaign), reenter_after_s=later)
    if why := _too_near(scene, parameters):
        yield Leave(rule="near expiry", why=why, reenter_after_s=later)
    if why := _held_long(scene, record.campaign, parameters):
        yield Leave(rule="held long", why=why, reenter_after_s=later)
    gone = no_edge(record.realised, scene.implied, parameters)
    if gone and _confirmed(sightings, "edge gone", scene.now, 1, parameters.edge_for_s):
        yield Leave(rule="edge gone", why=gone, reenter_after_s=later)
    entries = scene.standing.refusals.get(Purpose.ENTRY)  # nothing is given up for what can't be bought just now
    if not entries and (why := _to_be_rolled(scene, parameters)):
        yield Leave(rule="roll", why=why)
    if not entries and (why := _little_gamma(scene, record.campaign, parameters)):
        yield Leave(rule="re-strike", why=why)


def _confirmed(sightings: Sightings, rule: str, now: datetime, pictures: int, seconds: float) -> bool:
    return any(
        each.rule == rule and each.pictures >= pictures and now - each.since >= timedelta(seconds=seconds)
        for each in sightings
    )


def _well_quoted(scene: Scene, age_s: float) -> bool:
    """A mark by the model, or by a quote that stands since long ago, is no reason to sell."""
    oldest = scene.now - timedelta(seconds=age_s)
    quotes = [scene.quotes.get(option.con_id) for option, _ in scene.options]
    return all(quote is not None and quote.usable and quote.received_at >= oldest for quote in quotes)


# -- each reason, in words; empty where it does not hold ---------------------------------------------------------------


def _lost(found: Result | None, parameters: ExitParameters) -> str:
    if found is None:
        return ""
    return _past(-found.profit, found.premium, parameters.stop_pct, parameters.stop_dollars, "lost")


def _earned(found: Result | None, parameters: ExitParameters) -> str:
    if found is None:
        return ""
    return _past(found.profit, found.premium, parameters.target_pct, parameters.target_dollars, "earned")


def _past(amount: float, premium: float, pct: float, dollars: float, what: str) -> str:
    if pct and premium > 0 and amount >= premium * pct / 100:
        return f"{amount:,.2f} $ {what}, {100 * amount / premium:.0f}% of the premium; {pct:g}% ends it"
    if dollars and amount >= dollars:
        return f"{amount:,.2f} $ {what}; {dollars:,.0f} $ end it"
    return ""


def _since(scene: Scene, campaign: Campaign) -> str:
    """What has become of spot and volatility, as far as it is known."""
    words = ""
    if campaign.spot is not None:
        words += f"; {scene.view.underlying.symbol} {campaign.spot:.2f} -> {scene.spot:.2f}"
    if campaign.implied is not None and scene.implied is not None:
        words += f"; implied {campaign.implied:.1%} -> {scene.implied:.1%}"
    return words


def _too_near(scene: Scene, parameters: ExitParameters) -> str:
    days = scene.days_to_expiry()
    if days is None or days > parameters.min_dte:
        return ""
    return f"{days} days to expiry, and with {parameters.min_dte} it is sold at the latest"


def _to_be_rolled(scene: Scene, parameters: ExitParameters) -> str:
    days = scene.days_to_expiry()
    if days is None or days > parameters.roll_dte:
        return ""
    return f"{days} days to expiry, and with {parameters.roll_dte} a later one is bought"


def _held_long(scene: Scene, campaign: Campaign, parameters: ExitParameters) -> str:
    days = (scene.now - campaign.opened_at).total_seconds() / 86_400
    if not parameters.max_hold_days or days < parameters.max_hold_days:
        return ""
    return f"held for {days:.1f} days, and {parameters.max_hold_days:g} are the most"


def no_edge(realised: float | None, implied: float | None, parameters: ExitParameters) -> str:
    """That less is realised than is paid for; empty where it is not so, not known, or not asked for."""
    if not parameters.edge_margin_pct or realised is None or implied is None:
        return ""
    least = implied * (1 - parameters.edge_margin_pct / 100)
    return f"realised {realised:.1%} against {implied:.1%} implied" if realised < least else ""


def _little_gamma(scene: Scene, campaign: Campaign, parameters: ExitParameters) -> str:
    """Only where the market has gone away from the strike: what was bought beside the money is not moved for that."""
    fresh = fresh_gamma(scene)
    if not parameters.restrike_gamma_pct or not fresh:
        return ""
    share = 100 * scene.greeks.gamma / fresh
    if share >= parameters.restrike_gamma_pct:
        return ""
    strikes = [to_float(option.strike) for option, _ in scene.options]
    away = abs(scene.spot - sum(strikes) / len(strikes))
    if campaign.spot is not None and abs(scene.spot - campaign.spot) < away / 2:
        return ""
    return f"{share:.0f}% of the gamma at the money are left, and below {parameters.restrike_gamma_pct:g}% it is moved"


def fresh_gamma(scene: Scene) -> float | None:
    """Of as many straddles at the money of the same expiry, in shares per $1: twice the bell curve's height."""
    vol = scene.implied
    if vol is None or not scene.options:
        return None
    option = scene.options[0][0]
    deviation = vol * math.sqrt(years_between(scene.now, option.expires_at))
    if not deviation:
        return None
    density = math.exp(-(deviation**2) / 8) / math.sqrt(2 * math.pi)
    return 2 * density / (scene.spot * deviation) * scene.straddles * option.multiplier
