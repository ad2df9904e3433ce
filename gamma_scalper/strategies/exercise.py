"""Options that are worth more exercised tonight than kept: calls before an ex-date, puts whose interest is lost."""

import math
from collections.abc import Collection
from datetime import date, timedelta

from attrs import frozen

from gamma_scalper.domain.instruments import Option
from gamma_scalper.domain.money import to_float
from gamma_scalper.domain.proposals import Instruct
from gamma_scalper.domain.sessions import years_between
from gamma_scalper.pricing.dividends import DividendSchedule
from gamma_scalper.pricing.model import MarketInputs, NoValidTree, OptionTerms, PricingModel
from gamma_scalper.pricing.rates import ZeroCurve
from gamma_scalper.strategies.exits import ExitParameters
from gamma_scalper.strategies.nights import next_day
from gamma_scalper.strategies.scene import Scene

Instructed = tuple[int, date]  # conId of an option, and the trading day on which it was instructed


@frozen
class EarlyExercise:
    """What it is judged by."""

    model: PricingModel
    curve: ZeroCurve
    schedule: DividendSchedule
    dividend_yield: float
    parameters: ExitParameters

    def due(self, scene: Scene, usual_vol: float | None, instructed: Collection[Instructed]) -> Instruct | None:
        """The first option held that is to be exercised now. Once a day each: a refusal is a person's to mend."""
        session, left = scene.session, scene.until_close
        if not self.parameters.exercise or session is None or left is None:
            return None
        if left > timedelta(seconds=self.parameters.exercise_before_s):
            return None
        following = next_day(scene, session)
        for option, many in scene.options:
            if many <= 0 or option.exercise != "american" or (option.con_id, session.day) in instructed:
                continue
            gain = self._gain(scene, option, session.day, following, usual_vol)
            if gain is not None and gain * option.multiplier > self.parameters.exercise_gain:
                why = (
                    f"{option.symbol} {option.strike:f} {option.right} is worth {gain:.2f} $ a share more exercised "
                    f"today than on {following}"
                )
                return Instruct(option, int(many), why)
        return None

    def _gain(
        self, scene: Scene, option: Option, today: date, following: date, usual_vol: float | None
    ) -> float | None:
        """Dollars per share of exercising today; None where there is nothing to judge it by."""
        leg = scene.view.picture.leg(option.con_id)
        vol = usual_vol if leg is None or leg.vol is None else leg.vol
        terms = OptionTerms(option.right, to_float(option.strike), option.exercise)
        if vol is None or scene.now >= option.expires_at or not terms.intrinsic(scene.spot):
            return None
        try:
            if option.right == "C":
                return self._gain_of_call(scene, option, terms, today, following, vol)
            return self._gain_of_put(scene, option, terms, today, following, vol)
        except NoValidTree:
            return None

    def _gain_of_call(
        self, scene: Scene, option: Option, terms: OptionTerms, today: date, following: date, vol: float
    ) -> float | None:
        """What it brings today over what it is worth once the dividend has left the price."""
        paid = sum(each.amount for each in self.schedule.dividends if today < each.ex <= following)
        if not paid or scene.spot <= paid:
            return None
        coming = self.schedule.in_life(scene.now, option.expires_at)
        years = years_between(scene.now, option.expires_at)
        left = tuple((when, amount) for when, amount in coming if when > (following - today).days / 365)
        inputs = MarketInputs(scene.spot - paid, years, self.curve.rate(years), self.dividend_yield, left)
        return terms.intrinsic(scene.spot) - self.model.price(terms, inputs, vol)

    def _gain_of_put(
        self, scene: Scene, option: Option, terms: OptionTerms, today: date, following: date, vol: float
    ) -> float | None:
        """The interest on the strike until then, where the model would not wait for it."""
        years = years_between(scene.now, option.expires_at)
        rate = self.curve.rate(years)
        dividends = self.schedule.in_life(scene.now, option.expires_at)
        inputs = MarketInputs(scene.spot, years, rate, self.dividend_yield, dividends)
        if not terms.exercised(self.model.price(terms, inputs, vol), scene.spot):
            return None
        nights = (following - today).days
        return terms.strike * (1 - math.exp(-rate * nights / 365))
