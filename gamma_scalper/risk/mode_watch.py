"""How the mode follows health: down after a while of red, further while the broker is out of sight, and up slowly."""

from datetime import datetime, timedelta

from attrs import evolve, frozen

from gamma_scalper.domain.entries import Mode
from gamma_scalper.domain.ports import Link
from gamma_scalper.risk.facts import Facts
from gamma_scalper.risk.governance import HOUSE, Governance
from gamma_scalper.risk.health import Health, Lamp, health
from gamma_scalper.risk.modes import strictest
from gamma_scalper.risk.parameters import RiskParameters


@frozen
class ModeWatch:
    """What the house itself thinks of the mode. A person's own word is its ceiling.

    A change it asks for is written as `ModeChanged(mode, why, BY_HEALTH)`; EMERGENCY is never its own idea.
    """

    ceiling: Mode = Mode.LIVE
    advised: Mode = Mode.LIVE
    red_since: datetime | None = None
    blind_since: datetime | None = None
    seen_since: datetime | None = None  # the broker, after it was out of sight
    clear_since: datetime | None = None
    why: str = ""

    @property
    def mode(self) -> Mode:
        """The one that should be in force."""
        return strictest(self.ceiling, self.advised)


def resumed(governance: Governance, book: str = HOUSE) -> ModeWatch:
    """As the journal leaves it: a restart is no way up."""
    chosen = governance.chosen.get(book, Mode.LIVE)
    return ModeWatch(ceiling=chosen, advised=governance.modes.get(book, chosen))


def told(watch: ModeWatch, mode: Mode) -> ModeWatch:
    """A person chose a mode: no automatism goes above it."""
    return evolve(watch, ceiling=mode, advised=Mode.LIVE)


def followed(watch: ModeWatch, governance: Governance, book: str = HOUSE) -> ModeWatch:
    """The watch, after a person may have chosen a mode meanwhile: what is in force is then not what it had in mind."""
    chosen = governance.chosen.get(book, Mode.LIVE)
    in_force = governance.modes.get(book, chosen)
    return watch if (in_force, chosen) == (watch.mode, watch.ceiling) else told(watch, chosen)


def watched(watch: ModeWatch, facts: Facts, parameters: RiskParameters, lamp: Health | None = None) -> ModeWatch:
    """The watch after one more look at the facts; `lamp` is their health, where that is known already."""
    seen, now, limits = lamp or health(facts, parameters), facts.now, parameters.modes
    if seen.lamp is not Lamp.RED:
        return _clear(watch, now, limits.restore_after_s)
    in_sight = facts.house.link is Link.READY
    red_since = watch.red_since or now
    blind_since = None if in_sight else watch.blind_since or now
    seen_since = watch.seen_since or now if in_sight else None
    advised, why = watch.advised, "; ".join(seen.red)
    if _lasts(red_since, now, limits.degrade_after_s):
        advised = strictest(advised, Mode.DEGRADED)
    # Looking on stops flattening too, so nothing but a broker out of sight leads there, and nothing else keeps it.
    if blind_since is not None and _lasts(blind_since, now, limits.observe_after_s):
        advised = strictest(advised, Mode.OBSERVE)
    elif advised is Mode.OBSERVE and seen_since is not None and _lasts(seen_since, now, limits.restore_after_s):
        advised, why = Mode.DEGRADED, f"the broker is in sight for {limits.restore_after_s:g} s; {why}"
    return evolve(
        watch,
        advised=advised,
        red_since=red_since,
        blind_since=blind_since,
        seen_since=seen_since,
        clear_since=None,
        why=why if advised is not watch.advised else watch.why,
    )


def _clear(watch: ModeWatch, now: datetime, restore_after_s: float) -> ModeWatch:
    since = watch.clear_since or now
    watch = evolve(watch, red_since=None, blind_since=None, seen_since=None, clear_since=since)
    if watch.advised is Mode.LIVE or not _lasts(since, now, restore_after_s):
        return watch
    return evolve(watch, advised=Mode.LIVE, why=f"nothing red for {restore_after_s:g} s")


def _lasts(since: datetime, now: datetime, seconds: float) -> bool:
    return now - since >= timedelta(seconds=seconds)
