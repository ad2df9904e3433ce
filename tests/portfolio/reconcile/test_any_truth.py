"""Whatever happened, and whatever of it a book heard: in the end it agrees with the account, or a person is asked."""

from datetime import timedelta
from decimal import Decimal

from attrs import evolve
from hypothesis import event, given
from hypothesis import strategies as st
from two_sides import (
    CALL,
    CONTRACTS,
    ENDED,
    HIGH_CALL,
    MIDNIGHT,
    NOW,
    NVDA,
    PUT,
    SPY,
    YESTERDAY,
    booked_by,
    claim,
    compare,
    fill,
    order,
    own,
    theirs,
)

from gamma_scalper.domain.entries import Delivered, Lapsed
from gamma_scalper.domain.fills import Fill
from gamma_scalper.domain.instruments import Option
from gamma_scalper.domain.orders import IntentId
from gamma_scalper.portfolio.ledger import Ledger, booked, holdings, quantity
from gamma_scalper.portfolio.reconcile import Reconciliation
from gamma_scalper.portfolio.records import AccountRecords, Claim
from gamma_scalper.portfolio.settling import settle

MORNING = NOW - timedelta(hours=1)

sizes = st.one_of(st.integers(-3, -1), st.integers(1, 3))
shares = st.one_of(st.integers(-60, -1), st.integers(1, 60))
trade = st.one_of(
    st.tuples(st.sampled_from([SPY, NVDA]), shares), st.tuples(st.sampled_from([CALL, PUT, HIGH_CALL]), sizes)
)


class _World:
    """An account, and books that hear of only some of what happens to it."""

    def __init__(self, data: st.DataObject, books: int) -> None:
        self.data = data
        self.ledgers = {name: Ledger(name) for name in ["spy", "qqq"][:books]}
        self.truth = dict(self.ledgers)  # as they would be, had they heard everything
        self.outside: dict[int, int] = {}
        self.orders: dict[str, list[object]] = {name: [] for name in self.ledgers}
        self.taken_down: dict[str, dict[int, object]] = {name: {} for name in self.ledgers}
        self.told: list[Fill] = []
        self.own: dict[int, int] = {}
        self.count = 0

    def draw(self, strategy: object, label: str) -> object:
        return self.data.draw(strategy, label=label)

    def our_trade(self) -> None:
        """Maybe of yesterday, maybe heard of, maybe only partly filled, and maybe not filled at all."""
        book = self.draw(st.sampled_from(sorted(self.ledgers)), "book")
        what, size = self.draw(trade, "trade")
        self.count += 1
        number, today = self.count, self.draw(st.booleans(), "today")
        part = size - self.draw(st.integers(min(0, size), max(0, size)), "unfilled")
        self.taken_down[book][number] = MIDNIGHT if today else YESTERDAY
        heard = not part or self.draw(st.booleans(), "heard")
        if part:
            made = fill(
                part,
                str(10 + number),
                what,
                of=number,
                exec_id=f"x.{book}.{number}.01",
                at=MORNING if today else YESTERDAY,
            )
            made = _of(book, made, number)
            self.truth[book] = booked(self.truth[book], made, made.at)
            if heard:
                self.ledgers[book] = booked(self.ledgers[book], made, made.at)
            if today:
                self.told.append(made)
        if not heard or self.draw(st.booleans(), "in doubt"):
            self.orders[book].append(order(number, size, what, book=book, limit="10"))

    def manual_trade(self) -> None:
        what, size = self.draw(trade, "trade by hand")
        self.count += 1
        self.told.append(fill(size, "10", what, of=None, exec_id=f"m.m.{self.count}.01", at=NOW))
        self.outside[what.con_id] = self.outside.get(what.con_id, 0) + size

    def options_end(self) -> None:
        """In the night after, each option lapses or is delivered; no book hears of it."""
        for book in sorted(self.truth):
            for held in holdings(self.truth[book]):
                if isinstance(held.instrument, Option):
                    self.count += 1
                    self._end(book, held.instrument, held.quantity)

    def _end(self, book: str, contract: Option, contracts: Decimal) -> None:
        said = {"id": f"end {self.count}", "option": contract, "evidence": "truth", "accepted_by": "truth"}
        if self.draw(st.booleans(), "lapses"):
            entry = Lapsed(contracts=contracts, **said)
        else:
            how = "exercise" if contracts > 0 else "assignment"
            entry = Delivered(contracts=abs(contracts), was_long=contracts > 0, how=how, underlying=SPY, **said)
        self.truth[book] = booked(self.truth[book], entry, ENDED)

    def claims(self) -> list[Claim]:
        return [
            claim(
                book=book,
                ledger=self.ledgers[book],
                orders=self.orders[book],
                taken_down=self.taken_down[book],
                baseline=[own(self.own[con_id], CONTRACTS[con_id]) for con_id in sorted(self.own)]
                if book == "spy"
                else [],
            )
            for book in sorted(self.ledgers)
        ]

    def records(self, at: object) -> AccountRecords:
        held = {
            each: int(sum(quantity(book, con_id) for book in self.truth.values()))
            + self.own.get(con_id, 0)
            + self.outside.get(con_id, 0)
            for con_id, each in CONTRACTS.items()
        }
        return theirs(held, *self.told, cost="10", at=at)


def _of(book: str, made: Fill, number: int) -> Fill:
    return evolve(made, intent=IntentId(book, number))


def _disagreeing(found: Reconciliation, claims: list[Claim]) -> set[int]:
    told = {each.holding.instrument.con_id: each.holding.quantity for each in found.theirs.holdings}
    return {
        con_id
        for con_id in CONTRACTS
        if sum(quantity(each.ledger, con_id) + each.own(con_id) for each in claims) != told.get(con_id, 0)
    }


@given(st.data(), st.integers(1, 2), st.booleans())
def test_every_contract_agrees_or_is_named_and_never_both(data: st.DataObject, books: int, ended: bool) -> None:
    world = _World(data, books)
    if data.draw(st.booleans(), label="the user owns some"):
        world.own = {SPY.con_id: 100}
    for _ in range(data.draw(st.integers(0, 4), label="trades")):
        world.our_trade()
    for _ in range(data.draw(st.integers(0, 2), label="trades by hand")):
        world.manual_trade()
    if ended:
        world.options_end()
    records = world.records(ENDED if ended else NOW)
    found = compare(records, *world.claims())
    after = booked_by(found)
    named = {each.instrument.con_id for each in found.unexplained}
    disagreeing = _disagreeing(found, after)
    event(f"{'settled' if found.settled else 'asks'}, {'books' if found.bookings else 'books nothing'}")
    assert named <= disagreeing
    if not found.moving:
        assert named == disagreeing
    again = compare(records, *after)
    assert again.bookings == ()
    assert again.baselines == ()
    assert [each.id for each in again.unexplained] == [each.id for each in found.unexplained]
    for difference in found.unexplained:
        settlement = settle(found, difference.id, "book:spy", "Ann")
        settled = [
            Claim(
                ledger=_with(each, settlement.bookings),
                baseline=each.baseline,
                orders=each.orders,
                taken_down=each.taken_down,
            )
            for each in after
        ]
        assert difference.instrument.con_id not in _disagreeing(found, settled)


def _with(held: Claim, bookings: tuple) -> Ledger:
    made = held.ledger
    for book, entry in bookings:
        if book == held.book:
            made = booked(made, entry, NOW)
    return made


@given(st.data())
def test_what_executions_tell_is_true_and_enough(data: st.DataObject) -> None:
    """Of today alone, with no hand in it and nothing in doubt, nobody is asked and the ledger is the truth."""
    world = _World(data, 2)
    for _ in range(data.draw(st.integers(1, 5), label="trades")):
        world.our_trade()
    world.truth = dict(world.ledgers)
    world.orders = {book: [] for book in world.orders}
    for made in world.told:
        world.truth[made.intent.book] = booked(world.truth[made.intent.book], made, made.at)
    found = compare(world.records(NOW), *world.claims())
    assert found.settled
    assert {each.book: holdings(each.ledger) for each in booked_by(found)} == {
        book: holdings(truth) for book, truth in world.truth.items()
    }
