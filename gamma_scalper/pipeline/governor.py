"""The governor: what every book may do just now, looked at with each of its thoughts and by the clock."""

import math
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from operator import is_

from attrs import define, frozen
from loguru import logger

from gamma_scalper.domain.entries import Mode, ModeChanged, PermitChanged
from gamma_scalper.domain.orders import Purpose
from gamma_scalper.domain.strategy_entries import StateChanged
from gamma_scalper.kernel import Channel, Watch, Writer, all_of, together
from gamma_scalper.pipeline.cadence import Cadence
from gamma_scalper.pipeline.house import TradingHouse
from gamma_scalper.pipeline.messages import Reason, Trigger
from gamma_scalper.pipeline.motion import implied_vol
from gamma_scalper.pipeline.thoughts import Thought
from gamma_scalper.risk.breakers import must_exit
from gamma_scalper.risk.facts import Facts
from gamma_scalper.risk.governance import BY_HEALTH
from gamma_scalper.risk.guards import hedging, quotes, records
from gamma_scalper.risk.health import Health, Lamp, health
from gamma_scalper.risk.mode_watch import ModeWatch, followed, resumed, watched
from gamma_scalper.risk.permit import Permit, permit
from gamma_scalper.risk.registry import said_now
from gamma_scalper.risk.state_space import StateSpace, state_space
from gamma_scalper.strategies.base import Standing

_LAG, _BUSY, _IN_BAND = (
    guard.rule.name for guard in (quotes.data_lag, records.one_thing_at_a_time, hedging.hedge_needed)
)
_TOLD_BY_THE_STATE = {_LAG, _IN_BAND}  # they come and go all day; the six dimensions tell of them
_SEEN_BY_A_STRATEGY = {_LAG, _BUSY}  # in its own picture, which is newer
_EXIT_S = 120.0  # for an exit that has to be, after which a person should look


@frozen(kw_only=True)
class Outlook:
    """How a book stands, for the screen."""

    at: datetime
    permit: Permit
    space: StateSpace
    health: Health
    mode: Mode | None  # None: it was never set
    paused: str  # why, and by whom; empty: it is not
    halts: tuple[str, ...]
    profit_today: Decimal | None  # as it was last marked
    equity: Decimal | None
    hedges_today: int


@define(kw_only=True)
class _Ward:
    """One book, and what was last said of it."""

    watch: ModeWatch
    standing: Writer[Standing]
    outlook: Writer[Outlook | None]
    looked_at: datetime | None = None
    thought_at: datetime | None = None
    seen: tuple[object, ...] = ()  # what the last look was made of, besides the market
    rest_s: float = 0.0  # from the last look on
    space: StateSpace | None = None
    states: StateChanged | None = None  # as it stands in the journal
    refusing: frozenset[tuple[Purpose, str]] | None = None  # (purpose, guard), as it stands in the journal
    matters: tuple[object, ...] | None = None  # what a strategy is triggered by
    triggers: int = 0
    exit_since: datetime | None = None  # for which it has had to exit and still holds something
    alarmed: bool = False  # about that


class Governor:
    """One for the house. It decides nothing about orders: the permit is asked anew for each of them."""

    def __init__(
        self,
        house: TradingHouse,
        thoughts: Mapping[str, Watch[Thought | None]],
        triggers: Mapping[str, Channel[Trigger]],
        cadence: Cadence = Cadence(),
    ) -> None:
        self._house, self._thoughts, self._triggers, self._cadence = house, thoughts, triggers, cadence
        standings = {book: Watch(Standing()) for book in sorted(thoughts)}
        outlooks: dict[str, Watch[Outlook | None]] = {book: Watch(None) for book in standings}
        self.standings: Mapping[str, Watch[Standing]] = standings
        self.outlooks: Mapping[str, Watch[Outlook | None]] = outlooks
        self._wards = {
            book: _Ward(
                watch=resumed(house.governance, book),
                standing=standings[book].claim(),
                outlook=outlooks[book].claim(),
            )
            for book in standings
        }

    async def run(self) -> None:
        """Live until cancelled."""
        await all_of(**{f"governs {book}": self._govern(book) for book in self._wards})

    async def _govern(self, book: str) -> None:
        await together(follows=self._follow(book), patrols=self._patrol(book))

    async def _follow(self, book: str) -> None:
        seq = 0
        while True:
            seq, thought = await self._thoughts[book].newer_than(seq)
            if thought is not None:
                worths = {leg.option.con_id: leg.greeks.price for leg in thought.picture.legs}
                self._house.reckon_with(book, thought.deltas, implied_vol(thought.picture), worths)
                self._wards[book].thought_at = thought.at
                self.look(book, thinking=True)

    async def _patrol(self, book: str) -> None:
        """What no thought tells: pauses and panic at the next look, what time brings soon after."""
        ward, bell, clock = self._wards[book], self._house.bell, self._house.clock
        while True:
            rung, now = bell.times, clock.now()
            rested_s = math.inf if ward.looked_at is None else (now - ward.looked_at).total_seconds()
            if rested_s >= ward.rest_s or not all(map(is_, ward.seen, self._seen(book))):
                silent = ward.thought_at is None or (now - ward.thought_at).total_seconds() >= self._cadence.silent_s
                self.look(book, thinking=silent)
                rested_s = 0.0
            await bell.rest(clock, rung, self._cadence.look_s, ward.rest_s - rested_s)

    def _seen(self, book: str) -> tuple[object, ...]:
        """What people and brokers change, each the same object as long as nobody has."""
        house = self._house
        compared = house.compared
        return (
            house.governance,
            house.states[book],
            house.panic(),
            house.link.link,
            compared.at,
            compared.unexplained,
        )

    # -- one look ------------------------------------------------------------------------------------------------------

    def look(self, book: str, *, thinking: bool) -> None:
        """All of it from one picture of the moment; the state space only where it is `thinking`, or was never made."""
        ward, risk = self._wards[book], self._house.residents[book].risk
        facts = self._house.facts(book)
        said = said_now(facts, risk)
        lamp = health(facts, risk, said)
        if self._follow_health(book, facts, lamp):
            facts = self._house.facts(book)
            said = said_now(facts, risk)
        allowed = permit(facts, risk, said)
        if thinking or ward.space is None:
            ward.space = state_space(facts, risk, said)
            self._note_state(book, ward.space)
        self._note_permit(book, allowed)
        ward.looked_at, ward.seen = facts.now, self._seen(book)
        ward.rest_s = self._cadence.rest_red_s if lamp.lamp is Lamp.RED else self._rest_s(facts)
        standing = _standing(facts, allowed, must_exit(facts, risk) or "")
        ward.standing.publish(standing)
        ward.outlook.publish(self._outlook(facts, allowed, ward.space, lamp))
        self._watch_exit(book, facts, standing.must_exit)
        self._tell(book, (standing.mode, standing.paused, standing.must_exit, facts.governance.halts))

    def _follow_health(self, book: str, facts: Facts, lamp: Health) -> bool:
        """Has the book's mode changed?"""
        ward, governance = self._wards[book], self._house.governance
        before = followed(ward.watch, governance, book)
        ward.watch = watched(before, facts, self._house.residents[book].risk, lamp)
        if ward.watch.mode is before.mode:
            return False
        why = ward.watch.why
        logger.bind(book=book).warning("the mode is {}: {}", ward.watch.mode.value, why)
        self._house.take_down(book, ModeChanged(ward.watch.mode, why, BY_HEALTH))
        return True

    def _note_state(self, book: str, space: StateSpace) -> None:
        entry = StateChanged([each.value for each in space.dimensions], space.orphan)
        if entry != self._wards[book].states:
            self._wards[book].states = entry
            self._house.take_down(book, entry)

    def _note_permit(self, book: str, allowed: Permit) -> None:
        """When other guards refuse than before; that the same ones do so with other figures is no news."""
        each = [(purpose, refusal) for purpose, why in allowed.refusals.items() for refusal in why]
        refusing = frozenset((purpose, no.guard) for purpose, no in each if no.guard not in _TOLD_BY_THE_STATE)
        if refusing != self._wards[book].refusing:
            self._wards[book].refusing = refusing
            refusals = {refusal.guard: refusal for _, refusal in each}
            purposes = [purpose.value for purpose in allowed.purposes]
            self._house.take_down(book, PermitChanged(purposes, refusals.values()))

    def _watch_exit(self, book: str, facts: Facts, why: str) -> None:
        """To exit is the strategy's part; where it does not get out, a person hears of it, once."""
        ward = self._wards[book]
        if not why or not facts.book.holdings:
            ward.exit_since, ward.alarmed = None, False
            return
        ward.exit_since = ward.exit_since or facts.now
        if not ward.alarmed and (facts.now - ward.exit_since).total_seconds() >= _EXIT_S:
            ward.alarmed = True
            text = "the book has to exit ({}) and still holds a position after {:g} s; `flatten --book {}` sells it"
            logger.bind(book=book).error(text, why, _EXIT_S, book)

    def _outlook(self, facts: Facts, allowed: Permit, space: StateSpace, lamp: Health) -> Outlook:
        governance = facts.governance
        marks = self._house.governance.marks.get(facts.book.book)
        return Outlook(
            at=facts.now,
            permit=allowed,
            space=space,
            health=lamp,
            mode=governance.mode,
            paused=governance.paused or "",
            halts=tuple(f"{halt.breaker}: {halt.why}" for halt in governance.halts or ()),
            profit_today=marks.profits[-1] if marks is not None and marks.profits else None,
            equity=marks.equities[-1] if marks is not None and marks.equities else None,
            hedges_today=0 if governance.hedging is None else governance.hedging.today,
        )

    def _rest_s(self, facts: Facts) -> float:
        """Between two looks where nothing happens."""
        shares = (facts.market.contracts or {}).get(facts.book.underlying.con_id)
        session = None if shares is None else shares.session
        rest_s = self._cadence.rest_s
        if session is None or session.contains(facts.now):
            return rest_s
        return min(max((session.opens - facts.now).total_seconds(), rest_s), self._cadence.rest_closed_s)

    def _tell(self, book: str, matters: tuple[object, ...]) -> None:
        """A strategy looks again at once when what it may do has changed in what matters to it."""
        ward = self._wards[book]
        if matters != ward.matters:
            ward.matters = matters
            ward.triggers += 1
            self._triggers[book].put_nowait(Trigger(book=book, seq=ward.triggers, reasons=(Reason.CONTROL,)))


def _standing(facts: Facts, allowed: Permit, why_exit: str) -> Standing:
    governance = facts.governance
    hedging = governance.hedging
    return Standing(
        mode=governance.mode,
        paused=governance.paused or "",
        must_exit=why_exit,
        halted="; ".join(f"{halt.breaker}: {halt.why}" for halt in governance.halts or ()),
        hedged_at=None if hedging is None else hedging.last_at,
        hedged_price=None if hedging is None else hedging.last_price,
        refusals={
            purpose: tuple(refusal for refusal in each if refusal.guard not in _SEEN_BY_A_STRATEGY)
            for purpose, each in allowed.refusals.items()
        },
    )
