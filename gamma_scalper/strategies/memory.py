"""What the gamma scalper remembers, and the part of it that outlives a restart."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import orjson
from attrs import evolve, frozen

from gamma_scalper.domain.instruments import Option
from gamma_scalper.domain.sessions import Session
from gamma_scalper.strategies.campaign import Campaign
from gamma_scalper.strategies.exercise import Instructed
from gamma_scalper.strategies.exits import Leave, Sightings
from gamma_scalper.strategies.hedge_plans import NOTHING_TRIED, Hedging
from gamma_scalper.strategies.realised_ewma import NOTHING_SEEN, Realised
from gamma_scalper.strategies.stepping import Asked

_SCHEMA = 1
_REFUSED_S, _REFUSED_MOST_S = 5.0, 20.0
_NOTED_EVERY = timedelta(minutes=30)


@frozen
class Attempt:
    """When something was ordered last, after which intent, and how often it was refused in a row by then."""

    at: datetime
    after: int
    refused: int = 0

    def again(self, settled_through: int) -> int:
        """How often in a row it was refused or dropped: no intent was numbered since."""
        return self.refused + 1 if settled_through == self.after else 0

    def too_soon(self, now: datetime, settled_through: int, wait_s: float) -> bool:
        """Whether to wait still. What never became an order is tried again sooner, and then ever later."""
        refused = self.again(settled_through)
        if refused:
            wait_s = min(_REFUSED_S * 2 ** min(refused - 1, 10), max(wait_s, _REFUSED_MOST_S))
        return now < self.at + timedelta(seconds=wait_s)


@frozen(kw_only=True)
class Memory:
    """From one decision to the next."""

    campaign: Campaign | None = None
    leaving: Leave | None = None  # the structure is being ended, until nothing of it is left
    reenter_at: datetime | None = None
    instructed: tuple[Instructed, ...] = ()  # early exercises of today
    noted: Realised = NOTHING_SEEN  # as it is in the notes, which are not written every minute
    # what a restart may forget
    realised: Realised = NOTHING_SEEN
    realised_idle: Decimal | None = None  # by the book, when it was last seen flat
    sightings: Sightings = ()
    hedging: Hedging = NOTHING_TRIED
    asked: tuple[Asked, ...] = ()  # of living orders
    entry: Attempt | None = None  # the last ones
    exit: Attempt | None = None
    shares: Attempt | None = None

    def asked_of(self, number: int) -> Asked | None:
        return next((each for each in self.asked if each.number == number), None)

    def with_asked(self, asked: Asked) -> "Memory":
        return evolve(self, asked=(*(each for each in self.asked if each.number != asked.number), asked))

    def with_instructed(self, option: Option, session: Session | None) -> "Memory":
        """Of other days nothing is remembered."""
        day = option.expiry if session is None else session.day
        today = tuple(each for each in self.instructed if each[1] == day)
        return evolve(self, instructed=(*today, (option.con_id, day)))

    def watched(self, price: float, now: datetime, day: date, half_life_days: float) -> "Memory":
        """With what the underlying has done by now."""
        realised = self.realised.seen(price, now, day, half_life_days)
        if realised is self.realised:
            return self
        noted = self.noted
        if noted.at is None or now - noted.at >= _NOTED_EVERY:
            noted = evolve(realised, minutes=())
        return evolve(self, realised=realised, noted=noted)


def to_notes(memory: Memory) -> str:
    """In words a person can read, too; times in UTC, money as text."""
    campaign, leaving, noted = memory.campaign, memory.leaving, memory.noted
    notes: dict[str, Any] = {"schema": _SCHEMA}
    if campaign is not None:
        notes["campaign"] = {
            "con_ids": campaign.con_ids,
            "opened_at": campaign.opened_at,
            "realised_before": str(campaign.realised_before),
            "spot": campaign.spot,
            "implied": campaign.implied,
        }
    if leaving is not None:
        notes["leaving"] = {
            "rule": leaving.rule,
            "why": leaving.why,
            "urgent": leaving.urgent,
            "reenter_after_s": leaving.reenter_after_s,
            "not_before": leaving.not_before,
        }
    if memory.reenter_at is not None:
        notes["reenter_at"] = memory.reenter_at
    if memory.instructed:
        notes["instructed"] = memory.instructed
    if noted.at is not None:
        notes["realised"] = {
            "variance": noted.variance,
            "weight": noted.weight,
            "samples": noted.samples,
            "price": noted.price,
            "at": noted.at,
            "day": noted.day,
        }
    return "" if notes == {"schema": _SCHEMA} else orjson.dumps(notes).decode()


def from_notes(notes: str) -> Memory:
    """The memory to go on with. Notes of another schema are as good as none: what is held is in the position."""
    found = orjson.loads(notes) if notes else {}
    if found.get("schema") != _SCHEMA:
        return Memory()
    realised = _realised(found.get("realised"))
    return Memory(
        campaign=_campaign(found.get("campaign")),
        leaving=_leaving(found.get("leaving")),
        reenter_at=_moment(found.get("reenter_at")),
        instructed=tuple((con_id, date.fromisoformat(day)) for con_id, day in found.get("instructed", ())),
        noted=realised,
        realised=realised,
    )


def _campaign(found: dict[str, Any] | None) -> Campaign | None:
    if found is None:
        return None
    return Campaign(
        con_ids=tuple(found["con_ids"]),
        opened_at=datetime.fromisoformat(found["opened_at"]),
        realised_before=Decimal(found["realised_before"]),
        spot=found["spot"],
        implied=found["implied"],
    )


def _leaving(found: dict[str, Any] | None) -> Leave | None:
    if found is None:
        return None
    return Leave(
        rule=found["rule"],
        why=found["why"],
        urgent=found["urgent"],
        reenter_after_s=found["reenter_after_s"],
        not_before=_moment(found["not_before"]),
    )


def _realised(found: dict[str, Any] | None) -> Realised:
    if found is None:
        return NOTHING_SEEN
    return Realised(
        variance=found["variance"],
        weight=found["weight"],
        samples=found["samples"],
        price=found["price"],
        at=datetime.fromisoformat(found["at"]),
        day=date.fromisoformat(found["day"]),
    )


def _moment(found: str | None) -> datetime | None:
    return None if found is None else datetime.fromisoformat(found)
