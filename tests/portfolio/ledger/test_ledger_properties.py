"""Whatever is told, in whatever order and how often, the ledger is that of the plain list of executions."""

from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

from attrs import evolve
from bookkeeping import (
    CALL,
    NOON,
    PUT,
    SAP,
    SPLIT_CALL,
    SPY,
    SlowLedger,
    Told,
    bill,
    delivered,
    fill,
    inferred,
    lapsed,
    ledger_of,
    paid,
    replaced,
    taken_over,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from gamma_scalper.domain.entries import LedgerEntry
from gamma_scalper.domain.fills import Fill
from gamma_scalper.domain.money import Money
from gamma_scalper.domain.orders import IntentId, Side
from gamma_scalper.portfolio.ledger import (
    Ledger,
    booked,
    cash,
    commissions,
    execution_keys,
    filled_of,
    holdings,
    open_lots,
    profit,
    realised,
    unrealised,
)
from gamma_scalper.portfolio.ledger import (
    taken_over as brought,
)

MARKS = {
    held.con_id: Decimal(price)
    for held, price in ((SPY, "602.37"), (SAP, "231.5"), (CALL, "7.15"), (PUT, "3.05"), (SPLIT_CALL, "4.11"))
}
HELD = {held.con_id: held for held in (SPY, SAP, CALL, PUT, SPLIT_CALL)}
TINY = Fraction(1, 10**6)
SOME = settings(max_examples=settings().max_examples // 2)

prices = st.integers(0, 70_000).map(lambda cents: Decimal(cents) / 100)
seconds = st.integers(0, 5)


@st.composite
def executions(draw: st.DrawFn, *, corrected: bool = True) -> list[LedgerEntry]:
    """One execution as the broker tells it: as it was first, its corrections, and what it was billed."""
    name = f"{draw(st.integers(0, 7)):02x}"
    contract = draw(st.sampled_from((SPY, SPY, CALL, PUT, SAP)))
    number = draw(st.integers(1, 3))
    told: list[LedgerEntry] = []
    for revision in range(1, 2 + (draw(st.integers(0, 2)) if corrected else 0)):
        quantity = draw(st.integers(-6, 6).filter(bool))
        told.append(
            fill(
                quantity,
                str(draw(prices)),
                name=name,
                revision=revision,
                at=draw(seconds),
                instrument=contract,
                intent=IntentId("spy", number),
            )
        )
        if draw(st.booleans()):
            told.append(bill(str(draw(prices)), name=name, revision=revision, currency=contract.currency))
    return told


splits = st.sampled_from((replaced(SPY, SPY, "2", id="r1"), replaced(CALL, SPLIT_CALL, "2", id="r2")))
thirds = st.sampled_from((replaced(SPY, SPY, "3", id="r3"), replaced(PUT, PUT, "3", id="r4")))
events = st.one_of(
    splits,
    thirds,
    st.builds(paid, st.sampled_from(("12.5", "-3.01"))),
    st.builds(lapsed, st.sampled_from((CALL, PUT)), st.sampled_from((-2, 3))),
    st.builds(delivered, st.sampled_from((CALL, PUT)), st.integers(1, 2), was_long=st.booleans()),
    st.builds(lambda settled: delivered(CALL, 2, was_long=True, settled=settled, id="d2"), st.just("4.20")),
    st.builds(taken_over, st.integers(-9, 9), prices.map(str), instrument=st.sampled_from((SPY, PUT))),
)


@st.composite
def stories(draw: st.DrawFn) -> list[Told]:
    """Executions and events, each with its own moment, in an order that any fate may have made; some told twice."""
    by_name = {each[0].key: each for each in draw(st.lists(executions(), max_size=6)) if isinstance(each[0], Fill)}
    entries = [entry for each in by_name.values() for entry in each]
    once = {event.id: event for event in draw(st.lists(events, max_size=4))}
    moments = [NOON + timedelta(seconds=draw(seconds)) for _ in once]
    told = [Told(entry, NOON) for entry in entries]
    told += [Told(event, at) for event, at in zip(once.values(), moments, strict=True)]
    again = draw(st.lists(st.sampled_from(told), max_size=5)) if told else []
    return draw(st.permutations(told + again))


def fold(told: list[Told]) -> Ledger:
    ledger = Ledger("spy")
    for each in told:
        ledger = booked(ledger, each.entry, each.now)
    return ledger


def near(some: tuple[Money, ...], other: dict[str, Fraction]) -> bool:
    amounts = {each.currency: Fraction(each.amount) for each in some}
    return all(abs(amounts.get(each, Fraction()) - other.get(each, 0)) < TINY for each in {*amounts, *other})


@SOME
@given(stories())
def test_it_is_what_one_finds_by_going_through_the_list_share_by_share(told: list[Told]) -> None:
    ledger, slow = fold(told), SlowLedger(told)
    quantities = {held.instrument.con_id: int(held.quantity) for held in holdings(ledger)}
    assert quantities == slow.quantities()
    assert near(realised(ledger), slow.realised)
    assert near(commissions(ledger), slow.commissions)
    assert near(brought(ledger), slow.taken_over)
    assert near(cash(ledger), {each: slow.cash[each] - slow.commissions[each] for each in ("EUR", "USD")})
    for con_id, cost in slow.costs().items():
        lots = open_lots(ledger, con_id)
        assert sum(lot.quantity for lot in lots) == quantities[con_id]
        assert {lot.quantity > 0 for lot in lots} == {quantities[con_id] > 0}
        assert abs(sum(Fraction(lot.quantity * lot.each) for lot in lots) - cost) < TINY
    for number in (1, 2, 3):
        assert dict(filled_of(ledger, IntentId("spy", number))) == slow.filled_of(number)
    assert dict(execution_keys(ledger)) == slow.exec_ids
    assert {each.currency: each.amount for each in profit(ledger, MARKS) or ()} == worth(ledger)


def worth(ledger: Ledger) -> dict[str, Decimal]:
    """What cash and holdings come to, less what they came in with: to the last digit what was earned."""
    total = {each.currency: each.amount for each in cash(ledger)}
    for each in brought(ledger):
        total[each.currency] -= each.amount
    for held in holdings(ledger):
        instrument = held.instrument
        total[instrument.currency] += held.quantity * MARKS[instrument.con_id] * instrument.multiplier
    return total


@SOME
@given(st.data(), stories())
def test_the_order_in_which_it_was_told_changes_nothing_nor_does_telling_it_again(
    data: st.DataObject, told: list[Told]
) -> None:
    ledger = fold(told)
    assert fold(data.draw(st.permutations(told))) == ledger
    for each in told:
        assert booked(ledger, each.entry, each.now + timedelta(days=1)) is ledger


@SOME
@given(st.lists(st.tuples(st.integers(-9, 9).filter(bool), prices), min_size=1, max_size=8), st.data())
def test_it_makes_no_difference_in_how_many_pieces_an_order_filled(
    orders: list[tuple[int, Decimal]], data: st.DataObject
) -> None:
    whole, pieces = [], []
    for number, (quantity, price) in enumerate(orders, start=1):
        whole.append(fill(quantity, str(price), name=f"{number:02x}", at=number))
        first = data.draw(st.integers(0, abs(quantity) - 1))
        for part, much in (("a", first), ("b", abs(quantity) - first)):
            if much:
                signed = much if quantity > 0 else -much
                pieces.append(fill(signed, str(price), name=f"{number:02x}{part}", at=number))
    one, many = ledger_of(*whole), ledger_of(*pieces)
    assert holdings(one) == holdings(many)
    assert (cash(one), realised(one), unrealised(one, MARKS)) == (cash(many), realised(many), unrealised(many, MARKS))


@SOME
@given(
    before=st.lists(st.integers(1, 5), max_size=3),
    lost=st.lists(st.integers(1, 5), min_size=1, max_size=4),
    after=st.lists(st.integers(1, 5), max_size=2),
    side=st.sampled_from(Side),
    data=st.data(),
)
def test_what_was_inferred_and_told_after_all_counts_once(
    before: list[int], lost: list[int], after: list[int], side: Side, data: st.DataObject
) -> None:
    """Some executions are known, some are lost and inferred from the position, some happen later."""

    def made(prefix: str, sizes: list[int], at: int) -> list[Fill]:
        return [fill(side.sign * size, "600", name=f"{prefix}{i}", at=at + i) for i, size in enumerate(sizes)]

    ledger = ledger_of(*made("a", before, 0))
    cut = data.draw(st.integers(0, len(lost)))
    for place, some in enumerate((lost[:cut], lost[cut:])):  # concluded in two steps
        if some:
            ledger = booked(ledger, inferred(side.sign * sum(some), "601", id=f"i{place}", at=100 + place), NOON)
    now, intent = NOON + timedelta(seconds=300), IntentId("spy", 1)
    truth = side.sign * (sum(before) + sum(lost))
    for late in data.draw(st.permutations(made("b", lost, 50) + made("c", after, 200))):
        ledger = booked(booked(ledger, late, now), late, now)
        if late.at > NOON + timedelta(seconds=150):
            truth += late.signed_quantity
        assert dict(filled_of(ledger, intent)) == {SPY.con_id: truth}
        assert [held.quantity for held in holdings(ledger)] == [truth]
    assert all(not inference.left for inference in ledger.inferences.values())
    assert ledger.accounts == ledger_of(*made("a", before, 0), *made("b", lost, 50), *made("c", after, 200)).accounts


@SOME
@given(executions(corrected=False), st.integers(2, 4), prices)
def test_a_correction_told_twice_or_before_the_original_is_the_last_word(
    told: list[LedgerEntry], revision: int, price: Decimal
) -> None:
    original = told[0]
    assert isinstance(original, Fill)
    correction = evolve(original, exec_id=f"{original.exec_id[:-1]}{revision}", price=price)
    expected = ledger_of(correction)
    assert ledger_of(original, correction) == ledger_of(correction, original, correction) == expected
