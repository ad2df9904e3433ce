"""Why an order exists: the decision that asked for it, or what made the desk act by itself; and on which quotes."""

from collections import defaultdict
from datetime import datetime, timedelta
from typing import NamedTuple

from attrs import define, field

from gamma_scalper.audit.findings import Check, Findings
from gamma_scalper.audit.plain_sums import PlainSums
from gamma_scalper.audit.quote_ages import QuoteAges
from gamma_scalper.domain.entries import AmendAsked, FlattenAsked, FlattenStopped, Looked, Ordered, Restarted
from gamma_scalper.domain.instruments import legs_of
from gamma_scalper.domain.orders import Intent, Purpose
from gamma_scalper.domain.quotes import DataType, Quote
from gamma_scalper.domain.strategy_entries import Decided
from gamma_scalper.journal.chain import Row

_DESKS_OWN = (Purpose.FLATTEN, Purpose.REPAIR)
_LONGEST_GOOD_S = 60.0  # as no setting allows more
_SET_BACK_S = 60.0  # by which a clock may be set between two rows of one moment
_MOST_OPEN = 8  # decisions that nothing has come of yet; a strategy waits for the answer to each


class Decision(NamedTuple):
    """One that may have asked for an order, and was not claimed by one yet."""

    row: int
    at: datetime
    why: str


@define
class _Book:
    decisions: list[Decision] = field(factory=list)  # in this life, the oldest first
    flattening: bool = False
    structured: set[int] = field(factory=set)  # conIds of what structures were ordered of
    looked: dict[int, tuple[int, ...]] = field(factory=dict)  # conId -> its newest two snapshots that the desk saw


@define
class Causes:
    """Of every order and amendment."""

    findings: Findings
    ages: QuoteAges
    sums: PlainSums
    books: defaultdict[str, _Book] = field(factory=lambda: defaultdict(_Book))

    # -- what may become a cause ---------------------------------------------------------------------------------------

    def decide(self, row: Row, entry: Decided) -> None:
        decisions = self.books[row.book].decisions
        decisions.append(Decision(row.seq, row.at, entry.why))
        del decisions[:-_MOST_OPEN]

    def restart(self, row: Row, entry: Restarted) -> None:
        """What was decided in another life is forgotten with it."""
        self.books[row.book].decisions.clear()

    def flatten(self, row: Row, entry: FlattenAsked) -> None:
        self.books[row.book].flattening = True

    def keep(self, row: Row, entry: FlattenStopped) -> None:
        self.books[row.book].flattening = False

    def look(self, row: Row, entry: Looked) -> None:
        looked = self.books[row.book].looked
        for quote in entry.quotes:
            looked[quote.con_id] = (*looked.get(quote.con_id, ())[-1:], quote.snapshot_id)

    # -- what needs one ------------------------------------------------------------------------------------------------

    def order(self, row: Row, entry: Ordered) -> None:
        """All orders of one row were asked for as one."""
        first = entry.intents[0]
        for rider in entry.intents[1:]:
            self.findings.holds(
                Check.DECISIONS, row, (rider.purpose, rider.reason) == (first.purpose, first.reason),
                f"{rider.id} was ordered with {first.id}", f"the same reason: {first.purpose.value}, {first.reason!r}",
                f"{rider.purpose.value}, {rider.reason!r}",
            )  # fmt: skip
        if first.purpose in _DESKS_OWN:
            decided_at: datetime | None = row.at
            self._desks_own(row, entry)
        else:
            decided_at = self._decided(row, entry)
        if entry.structure:
            held = self.books[row.book].structured
            held.update(leg.instrument.con_id for each in entry.intents for leg in legs_of(each.instrument))
        for intent in entry.intents:
            self._quotes(row, intent, entry, decided_at or row.at)

    def amend(self, row: Row, entry: AmendAsked) -> None:
        decision = self._claimed(row.book, entry.why)
        self.findings.holds(
            Check.DECISIONS, row, decision is not None, f"{entry.intent} got another price",
            f"a decision for it in this life of {row.book}: {entry.why!r}", "none",
        )  # fmt: skip

    def _decided(self, row: Row, entry: Ordered) -> datetime | None:
        first = entry.intents[0]
        decision = self._claimed(row.book, first.reason)
        what = f"{first.id} ({first.purpose.value}) was ordered"
        if decision is None:
            expected = f"a decision for it in this life of {row.book}: {first.reason!r}"
            self.findings.holds(Check.DECISIONS, row, False, what, expected, "none that is not another order's")
            return None
        late_s = (row.at - decision.at).total_seconds()
        self.findings.holds(
            Check.DECISIONS, row, -_SET_BACK_S <= late_s <= min(entry.good_for_s, _LONGEST_GOOD_S), what,
            f"it at most {entry.good_for_s:g} s after its decision (row {decision.row})", f"{late_s:g} s",
        )  # fmt: skip
        return decision.at

    def _claimed(self, book: str, why: str) -> Decision | None:
        """The newest that says so; it can't be another order's any more."""
        decisions = self.books[book].decisions
        for place in reversed(range(len(decisions))):
            if decisions[place].why == why:
                return decisions.pop(place)
        return None

    def _desks_own(self, row: Row, entry: Ordered) -> None:
        book = self.books[row.book]
        for intent in entry.intents:
            what = f"{intent.id} ({intent.purpose.value}) was ordered by the desk"
            if intent.purpose is Purpose.FLATTEN:
                sound, expected = book.flattening, "a flattening that was asked for, and not stopped"
            else:
                traded = {leg.instrument.con_id for leg in legs_of(intent.instrument)}
                sound, expected = traded <= book.structured, "a structure that this is a leg of"
            self.findings.holds(Check.DECISIONS, row, sound, what, expected, "none")
            for quote in self._named(intent, entry):
                self.findings.holds(
                    Check.QUOTES, row, quote.snapshot_id in book.looked.get(quote.con_id, ()), what,
                    f"that the desk had looked at snapshot {quote.snapshot_id}", "another one, or none",
                )  # fmt: skip

    # -- quotes --------------------------------------------------------------------------------------------------------

    def _quotes(self, row: Row, intent: Intent, entry: Ordered, decided_at: datetime) -> None:
        named = self._named(intent, entry)
        unknown = len(intent.snapshot_ids) - len(named)
        self.findings.holds(
            Check.QUOTES, row, not unknown, f"{intent.id} names {len(intent.snapshot_ids)} quotes",
            "all of them written down with it", f"{unknown} that nobody wrote down",
        )  # fmt: skip
        seen = {quote.con_id for quote in named}
        blind = [leg.instrument for leg in legs_of(intent.instrument) if leg.instrument.con_id not in seen]
        self.findings.holds(
            Check.QUOTES, row, not blind, f"{intent.id} was decided", "a quote of all that it trades",
            f"none of {', '.join(str(each.con_id) for each in blind)}",
        )  # fmt: skip
        flattens = self.sums.flattens(row.book, intent)
        for quote in named:
            self._age(row, intent, quote, decided_at, self.ages.most(intent, quote, flattens=flattens))
            self._true(row, intent, quote, flattens)

    def _true(self, row: Row, intent: Intent, quote: Quote, flattens: bool) -> None:
        """What must go is sold on whatever is seen; all else on live quotes, and new risk on both sides of them."""
        live = quote.data_type is DataType.LIVE or (self.ages.delayed and quote.data_type is DataType.DELAYED)
        traded = any(leg.instrument.con_id == quote.con_id for leg in legs_of(intent.instrument))
        both = intent.purpose in (Purpose.ENTRY, Purpose.HEDGE) and not flattens
        whole = quote.usable if both else quote.bid is not None or quote.ask is not None
        if (live or flattens) and (whole or not traded):
            self.findings.link(Check.QUOTES)
            return
        kind = quote.data_type.name.lower().replace("_", " and ")
        self.findings.holds(
            Check.QUOTES, row, False, f"{intent.id} was decided on snapshot {quote.snapshot_id} of {quote.con_id}",
            "a live quote, with a bid and an ask of what it trades", f"a {kind} one, {quote.bid} x {quote.ask}",
        )  # fmt: skip

    def _age(self, row: Row, intent: Intent, quote: Quote, decided_at: datetime, most: timedelta) -> None:
        age = decided_at - quote.received_at
        if timedelta(0) <= age <= most:
            self.findings.link(Check.QUOTES)
            return
        self.findings.holds(
            Check.QUOTES, row, False, f"{intent.id} was decided on snapshot {quote.snapshot_id} of {quote.con_id}",
            f"a quote from before the decision, at most {most.total_seconds():g} s old",
            f"one {age.total_seconds():g} s old",
        )  # fmt: skip

    @staticmethod
    def _named(intent: Intent, entry: Ordered) -> list[Quote]:
        return [quote for quote in entry.quotes if quote.snapshot_id in intent.snapshot_ids]
