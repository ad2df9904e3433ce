"""Options that are worth more exercised tonight than kept: calls before an ex-date, puts whose interest is lost."""

import math
from collections.abc import Collection, Sequence
from datetime import date, timedelta

from attrs import frozen

from gamma_scalper.domain.instruments import Option
from gamma_scalper.domain.money import to_float
from gamma_scalper.domain.proposals import Instruct
from gamma_scalper.domain.sessions import Session, years_between
from gamma_scalper.pricing.model import OptionTerms
from gamma_scalper.strategies.carry import Curve, Dividend
from gamma_scalper.strategies.exits import ExitParameters
from gamma_scalper.strategies.nights import next_day
from gamma_scalper.strategies.scene import Scene

Instructed = tuple[int, date]  # conId of an option, and the trading day on which it was instructed
_DAYS_A_YEAR = 365


@frozen
class EarlyExercise:
    """What it is judged by."""

    curve: Curve
    dividends: Sequence[Dividend]
    parameters: ExitParameters

    def due(self, scene: Scene, instructed: Collection[Instructed]) -> Instruct | None:
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
            gain = self._gain(scene, option, session, following)
            if gain is not None and gain * option.multiplier > self.parameters.exercise_gain:
                why = (
                    f"{option.symbol} {option.strike:f} {option.right} is worth {gain:.2f} $ a share more exercised "
                    f"today than on {following}"
                )
                return Instruct(option, int(many), why)
        return None

    def _gain(self, scene: Scene, option: Option, session: Session, following: date) -> float | None:
        """Dollars per share of exercising today; None where there is nothing to gain, or nothing to judge it by."""
        terms = OptionTerms(option.right, to_float(option.strike), option.exercise)
        if not terms.intrinsic(scene.spot) or option.expiry <= session.day:
            return None
        if option.right == "C":
            return self._gain_of_call(scene, option, session.day, following)
        figures = scene.figures.get(option.con_id)
        if figures is None or not terms.exercised(figures.greeks.price, scene.spot):
            return None
        return self._interest(terms.strike, (following - session.day).days / _DAYS_A_YEAR)

    def _gain_of_call(self, scene: Scene, option: Option, today: date, following: date) -> float | None:
        """The dividend, less the interest on the strike and less what the put of that strike is worth (parity).

        The interest and the put are lost up to expiry, or up to the next ex-date, if it would be exercised then.
        """
        paid = sum(each.amount for each in self.dividends if today < each.ex <= following)
        put = _put_beside(scene, option)
        if not paid or put is None:
            return None
        later = [each for each in self.dividends if following < each.ex <= option.expiry]
        years = years_between(scene.now, option.expires_at)
        lost = self._interest(to_float(option.strike), years) - sum(each.amount for each in later) + put
        for i, each in enumerate(later):
            until = (each.ex - today).days / _DAYS_A_YEAR
            lost = max(lost, self._interest(to_float(option.strike), until) - sum(d.amount for d in later[:i]))
        return paid - lost

    def _interest(self, strike: float, years: float) -> float:
        return strike * (1 - math.exp(-self.curve.rate(years) * years))


def _put_beside(scene: Scene, call: Option) -> float | None:
    """What the put of the same strike and expiry is worth; None where nobody has priced it."""
    for figures in scene.figures.values():
        put = figures.option
        if put.right == "P" and (put.strike, put.expires_at) == (call.strike, call.expires_at):
            return figures.greeks.price
    return None
