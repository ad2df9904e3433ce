"""What is done about the hours in which nothing can be hedged."""

from datetime import date, timedelta

from attrs import frozen

from gamma_scalper.domain.sessions import OutsideCalendar, Session
from gamma_scalper.domain.settings import setting
from gamma_scalper.strategies.base import Band
from gamma_scalper.strategies.exits import Leave
from gamma_scalper.strategies.hedge_bands import scaled
from gamma_scalper.strategies.scene import Scene

_FRIDAY = 4


@frozen
class NightParameters:
    """How a position goes into the night, and over more than one."""

    overnight: str = setting("hold", "what is done before the close", one_of=("hold", "tighten", "flatten"))
    weekend: str = setting("hold", "the same before days without trading", one_of=("hold", "tighten", "flatten"))
    tighten_before_s: float = setting(
        1_800.0, "before the close that the band is narrowed", unit="s", at_least=0, at_most=20_000
    )
    tighten_factor: float = setting(0.5, "what is left of its width then", above=0, at_most=1)
    flatten_before_s: float = setting(
        1_200.0, "before the close that all is sold", unit="s", at_least=0, at_most=20_000
    )


def next_day(scene: Scene, session: Session) -> date:
    """The next trading day: by the hours the broker told, else the next weekday. Nobody else knows of holidays."""
    hours = scene.view.underlying.liquid_hours
    try:
        if hours is not None:
            following = hours.after(scene.now).day
            if following > session.day:
                return following
    except OutsideCalendar:
        pass  # the hours end today
    weekday = session.day.weekday()
    return session.day + timedelta(days=7 - weekday if weekday >= _FRIDAY else 1)


def policy(scene: Scene, session: Session, parameters: NightParameters) -> str:
    """What holds for the night to come."""
    nights = (next_day(scene, session) - session.day).days
    return parameters.overnight if nights == 1 else parameters.weekend


def flat_tonight(scene: Scene, parameters: NightParameters) -> Leave | None:
    """All is sold before the close where the policy is to be flat, and nothing is bought until the next session."""
    session = _ending(scene, parameters.flatten_before_s)
    if session is None or policy(scene, session, parameters) != "flatten":
        return None
    why = f"flat over the night, {parameters.flatten_before_s / 60:g} min before the close"
    return Leave(rule="night", why=why, not_before=session.closes)


def for_the_night(scene: Scene, band: Band, parameters: NightParameters) -> Band:
    """Narrower around its centre before the close, where the policy is to tighten."""
    session = _ending(scene, parameters.tighten_before_s)
    if session is None or policy(scene, session, parameters) != "tighten":
        return band
    return scaled(band, parameters.tighten_factor)


def _ending(scene: Scene, seconds: float) -> Session | None:
    """The session, where no more than this is left of it."""
    left = scene.until_close
    return scene.session if left is not None and left <= timedelta(seconds=seconds) else None
