"""The governor: what every book may do just now, looked at with each of its thoughts and by the clock."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from attrs import define, frozen
from loguru import logger

from gamma_scalper.domain.entries import Mode, ModeChanged, PermitChanged
from gamma_scalper.domain.orders import Purpose
from gamma_scalper.domain.proposals import Refusal
from gamma_scalper.domain.strategy_entries import StateChanged
from gamma_scalper.kernel import Channel, Watch, Writer, all_of, together
from gamma_scalper.pipeline.house import TradingHouse
from gamma_scalper.pipeline.messages import Reason, Trigger
from gamma_scalper.pipeline.motion import implied_vol
from gamma_scalper.pipeline.thoughts import Thought
from gamma_scalper.risk.breakers import must_exit
from gamma_scalper.risk.facts import Facts
from gamma_scalper.risk.governance import BY_HEALTH
from gamma_scalper.risk.guards import quotes, records
from gamma_scalper.risk.health import Health, health
from gamma_scalper.risk.mode_watch import ModeWatch, followed, resumed, watched
from gamma_scalper.risk.permit import Permit, permit
from gamma_scalper.risk.registry import said_now
from gamma_scalper.risk.state_space import StateSpace, state_space
from gamma_scalper.strategies.base import Standing

_MOMENTARY = quotes.data_lag.rule.name  # comes and goes between two thoughts; the state space tells of it
_SEEN_BY_A_STRATEGY = {_MOMENTARY, records.one_thing_at_a_time.rule.name}  # in its own picture, which is newer
_SILENT_S = 30.0  # without a thought, after which the state space is made without one
_DUE_S = 0.001


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
    space: StateSpace | None = None
    states: StateChanged | None = None  # as it stands in the journal
    refusing: frozenset[tuple[Purpose, str]] | None = None  # (purpose, guard), as it stands in the journal
    matters: tuple[object, ...] | None = None  # what a strategy is triggered by
    triggers: int = 0


class Governor:
    """One for the house. It decides nothing about orders: the permit is asked anew for each of them."""

    def __init__(
        self,
        house: TradingHouse,
        thoughts: Mapping[str, Watch[Thought | None]],
        triggers: Mapping[str, Channel[Trigger]],
        look_s: float = 1.0,
    ) -> None:
        self._house, self._thoughts, self._triggers, self._look_s = house, thoughts, triggers, look_s
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
                self._house.reckon_with(book, thought.deltas, implied_vol(thought.picture))
                self._wards[book].thought_at = thought.at
                self.look(book, thinking=True)

    async def _patrol(self, book: str) -> None:
        """Pauses, panic, a feed that has died: what no thought tells."""
        ward, clock = self._wards[book], self._house.clock
        while True:
            now = clock.now()
            rest_s = 0.0 if ward.looked_at is None else self._look_s - (now - ward.looked_at).total_seconds()
            if rest_s < _DUE_S:
                silent = ward.thought_at is None or (now - ward.thought_at).total_seconds() >= _SILENT_S
                self.look(book, thinking=silent)
                rest_s = self._look_s
            await clock.sleep(rest_s)

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
        ward.looked_at = facts.now
        standing = _standing(facts, allowed, must_exit(facts, risk) or "")
        ward.standing.publish(standing)
        ward.outlook.publish(self._outlook(facts, allowed, ward.space, lamp))
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
        refusals: dict[str, Refusal] = {}
        found = []
        for purpose, each in allowed.refusals.items():
            for refusal in each:
                if refusal.guard != _MOMENTARY:
                    refusals.setdefault(refusal.guard, refusal)
                    found.append((purpose, refusal.guard))
        ward, refusing = self._wards[book], frozenset(found)
        if refusing != ward.refusing:
            ward.refusing = refusing
            barred = {purpose for purpose, _ in refusing}
            purposes = [purpose.value for purpose in Purpose if purpose not in barred]
            self._house.take_down(book, PermitChanged(purposes, refusals.values()))

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
        hedged_at=None if hedging is None else hedging.last_at,
        hedged_price=None if hedging is None else hedging.last_price,
        refusals={
            purpose: tuple(refusal for refusal in each if refusal.guard not in _SEEN_BY_A_STRATEGY)
            for purpose, each in allowed.refusals.items()
        },
    )
