"""Whoever changes a journal and seals it anew leaves a link that does not hold, and verify names the first."""

from datetime import timedelta
from decimal import Decimal

import pytest
from attrs import evolve
from retold import audited, changed, find, first_broken, played, put_in, without
from story import SHARE, Story, intent, straddle

from gamma_scalper.audit.findings import Check
from gamma_scalper.audit.quote_ages import QuoteAges
from gamma_scalper.audit.verdict import Audit
from gamma_scalper.domain import entries as e
from gamma_scalper.domain.fills import Commission, Fill
from gamma_scalper.domain.money import Money
from gamma_scalper.domain.orders import IntentId, Limit, Purpose, Side
from gamma_scalper.domain.ports import Standing
from gamma_scalper.domain.strategy_entries import Decided
from gamma_scalper.recovery import fold


def decided(rule):
    return lambda entry: entry.rule == rule


def of(number):
    return lambda entry: entry.intent == IntentId("spy", number)


def with_first(ordered, **more):
    return evolve(ordered, intents=(evolve(ordered.intents[0], **more), *ordered.intents[1:]))


def aged(ordered, seconds, *con_ids):
    """Its quotes of these contracts, or all, came so much earlier."""
    return evolve(
        ordered,
        quotes=[
            evolve(each, received_at=each.received_at - timedelta(seconds=seconds))
            if each.con_id in (con_ids or (each.con_id,))
            else each
            for each in ordered.quotes
        ],
    )


def found(rows, check, words, row=None):
    broken = first_broken(rows)
    assert broken.check is check, str(broken)
    assert words in str(broken)
    assert row is None or broken.row == row
    return broken


# -- orders ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", ("entry", "hedge"))
def test_an_order_whose_decision_is_gone(rule):
    rows = played()
    place = find(rows, Decided, of=decided(rule))
    found(without(rows, place), Check.DECISIONS, "was ordered: expected a decision for it")


def test_an_amendment_whose_decision_is_gone():
    rows = played()
    place = find(rows, Decided, of=decided("entry step"))
    found(without(rows, place), Check.DECISIONS, "spy/1 got another price: expected a decision")


def test_a_decision_serves_one_order():
    story, first, second = Story(), intent(1), intent(2)
    story.order(first).filled(first, "600.01").order(second, decided=False)
    found(story.rows, Check.DECISIONS, "spy/2 (hedge) was ordered: expected a decision for it in this life")


def test_a_decision_of_another_life_serves_none():
    story = Story()
    story.tell(Decided("hedge", intent(1).reason)).begin().order(intent(1), decided=False)
    found(story.rows, Check.DECISIONS, "spy/1 (hedge) was ordered")


def test_an_order_long_after_its_decision():
    story = Story()
    story.tell(Decided("hedge", intent(1).reason))
    story.now += timedelta(seconds=9)
    story.order(intent(1), decided=False)
    found(story.rows, Check.DECISIONS, "at most 5 s after its decision (row 5), found 9 s")


def test_a_flattening_that_nobody_asked_for():
    rows = played()
    place = find(rows, e.FlattenAsked)
    found(without(rows, place), Check.DECISIONS, "spy/6 (flatten) was ordered by the desk: expected a flattening")


def test_a_repair_of_nothing():
    story = Story()
    story.order(intent(1, purpose=Purpose.REPAIR, snapshot_ids=(1,)), decided=False)
    found(story.rows, Check.DECISIONS, "(repair) was ordered by the desk: expected a structure")


# -- quotes ------------------------------------------------------------------------------------------------------------


def test_a_quote_that_was_too_old_at_the_decision():
    rows = played()
    place = find(rows, e.Ordered, of=lambda entry: entry.intents[0].purpose is Purpose.HEDGE)
    lied = changed(rows, place, aged(rows[place].entry, 1.5, SHARE.con_id))
    found(lied, Check.QUOTES, "of 1: expected a quote from before the decision, at most 2 s old", rows[place].seq)


def test_the_quotes_that_made_the_delta_may_be_older_and_not_by_much():
    story, hedge = Story(), intent(1)
    ordered = story.ordered(hedge)
    story.tell(Decided("hedge", hedge.reason), aged(ordered, 2, 2, 3), e.Dispatched(hedge.id))
    assert audited(story.rows).ok
    found(changed(story.rows, 5, aged(ordered, 4, 2)), Check.QUOTES, "of 2: expected a quote from before the decision")


def test_a_quote_from_after_the_decision():
    rows = played()
    place = find(rows, e.Ordered)
    found(changed(rows, place, aged(rows[place].entry, -5)), Check.QUOTES, "a quote from before the decision")


def test_a_quote_that_nobody_wrote_down():
    rows = played()
    place = find(rows, e.Ordered)
    lied = changed(rows, place, with_first(rows[place].entry, snapshot_ids=(1, 2)))
    found(lied, Check.QUOTES, "names 2 quotes: expected all of them written down with it, found 2", rows[place].seq)


def test_an_order_without_a_quote_of_what_it_trades():
    story, hedge = Story(), intent(1, snapshot_ids=(2, 3))
    story.order(hedge)
    found(story.rows, Check.QUOTES, "expected a quote of all that it trades, found none of 1")


def test_a_flattening_on_quotes_the_desk_never_saw():
    rows = played()
    place = find(rows, e.Looked)
    other = [evolve(each, snapshot_id=each.snapshot_id + 999) for each in rows[place].entry.quotes]
    found(changed(rows, place, e.Looked(other)), Check.QUOTES, "that the desk had looked at snapshot")


def test_a_book_that_allows_older_quotes_is_gone_over_with_what_it_allows():
    story, hedge = Story(), intent(1)
    story.order(hedge, quotes=story.ordered(hedge, age_s=3).quotes)
    for ages, sound in ((QuoteAges(), False), (QuoteAges(10, 10, 30), True)):
        audit = Audit(ages=ages)
        for row in story.rows:
            audit.see(row)
        assert audit.verdict(None).ok is sound


# -- sending -----------------------------------------------------------------------------------------------------------


def test_an_order_that_was_handed_over_twice():
    rows = played()
    place = find(rows, e.Dispatched)
    found(put_in(rows, place, rows[place].entry), Check.SENDING, "was handed over: expected that this happened once")


def test_a_fill_of_an_order_that_was_never_handed_over():
    rows = played()
    found(
        without(rows, find(rows, e.Dispatched, 1)),
        Check.FILLS,
        "of spy/2: expected that the order had been handed over",
    )


def test_an_order_that_is_gone():
    rows = played()
    found(without(rows, find(rows, e.Ordered, 1)), Check.SENDING, "spy/2 was handed over: expected that it was written")


def test_an_order_outside_a_session():
    rows = played()
    place = find(rows, e.SessionBegan, 1)
    broken = found(without(rows, place), Check.SESSIONS, "Ordered of spy: expected a session in which")
    assert "no session since row" in broken.found


# -- fills -------------------------------------------------------------------------------------------------------------


def test_a_fill_of_an_order_nobody_gave():
    rows = played()
    place = find(rows, Fill, 2)
    lied = changed(rows, place, evolve(rows[place].entry, intent=IntentId("spy", 77)))
    found(lied, Check.FILLS, "of spy/77: expected an order of that name", rows[place].seq)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"side": Side.SELL}, "expected the contract, side and account that were ordered, found the other side"),
        ({"instrument": evolve(SHARE, con_id=99)}, "found another contract"),
        ({"account": "DU7654321"}, "or another account"),
        ({"quantity": Decimal(9)}, "expected executions of 8 at most, found of 9"),
        ({"price": Decimal("600.15")}, "expected a price of 600.14 or better, found 600.15"),
    ],
)
def test_a_fill_that_is_not_what_was_ordered(change, words):
    rows = played()
    place = find(rows, Fill, of=of(2))
    found(changed(rows, place, evolve(rows[place].entry, **change)), Check.FILLS, words, rows[place].seq)


def test_a_combo_that_cost_more_than_its_limit():
    story, entry = Story(), straddle(1)
    story.order(entry, structure="straddle").filled(entry, "12.15", "10.06")
    found(story.rows, Check.FILLS, "expected a price of 22.20 or better, found 22.21")


@pytest.mark.parametrize("number", (2, 3, 4))
def test_a_fill_that_is_gone(number):
    """The broker's word that it filled stands there still."""
    rows = played()
    words = f"the broker says that spy/{number} filled, and with spy/{number + 1} the book goes on"
    found(without(rows, find(rows, Fill, of=of(number))), Check.FILLS, words)


def test_a_fill_of_less_than_the_broker_said():
    rows = played()
    place = find(rows, Fill, of=of(2))
    found(
        changed(rows, place, evolve(rows[place].entry, quantity=7)), Check.FILLS, "expected executions of 8, found of 7"
    )


def test_an_execution_that_is_told_twice():
    rows = played()
    place = find(rows, Fill)
    broken = found(put_in(rows, place, rows[place].entry), Check.EXECUTIONS, "it for a second time")
    assert broken.row == rows[place].seq + 1


def test_a_commission_for_an_execution_nobody_knows():
    rows = played()
    place = find(rows, Commission)
    lied = changed(rows, place, Commission("9999.0001.0001.01", rows[place].entry.amount))
    found(lied, Check.COMMISSIONS, "expected the execution 9999.0001.0001.01 it is for", rows[place].seq)


# -- sums --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", (Commission, Fill))
def test_money_that_was_altered_is_not_what_the_trader_marked_once_it_held_nothing(kind):
    rows = played()
    place = find(rows, kind, 2)
    entry = rows[place].entry
    lied = (
        evolve(entry, amount=entry.amount + Money("0.01"))
        if kind is Commission
        else evolve(entry, price=entry.price - Decimal("0.01"))
    )
    broken = found(changed(rows, place, lied), Check.MONEY, "what spy earned, holding nothing")
    assert Decimal(broken.expected.split(",")[0]) != Decimal(broken.found)


def test_a_mark_that_was_altered():
    rows = played()
    place = len(rows) - 1 - find(tuple(reversed(rows)), e.Marked)
    mark = rows[place].entry
    found(changed(rows, place, evolve(mark, equity=mark.equity + 1)), Check.MONEY, "as it was marked", rows[place].seq)


def test_a_payment_that_was_put_in():
    rows = played()
    place = find(rows, Fill, 5)
    paid = e.Paid(id="x", amount=Money("5"), what="interest", accepted_by="ada")
    found(put_in(rows, place, paid), Check.MONEY, "what spy earned")


def test_a_ledger_that_does_not_come_to_the_rows():
    """What a recovery folds is held against sums that know nothing of it."""
    rows = played()
    audit = Audit()
    for row in rows:
        audit.see(row)
    half = fold(rows[: find(rows, Fill, 4) + 1]).desk("spy").ledger
    verdict = audit.verdict({"spy": half})
    assert verdict.findings.broken[Check.POSITIONS] and verdict.findings.broken[Check.MONEY]
    assert "in the ledger" in str(verdict.findings.firsts[Check.POSITIONS])


# -- sequences ---------------------------------------------------------------------------------------------------------


def test_a_row_that_is_missing():
    rows = played()
    found([*rows[:50], *rows[51:]], Check.SEQUENCE, "the rows' numbers have a gap: expected 51, found 52", 52)


def test_a_row_of_a_book_that_is_missing():
    rows = played()
    place = find(rows, Decided, 3)
    lied = [*rows[:place], *(row._replace(seq=row.seq - 1) for row in rows[place + 1 :])]
    found(lied, Check.SEQUENCE, "the numbers of spy's rows have a gap")


def test_an_intent_that_skips_a_number():
    story = Story()
    story.order(intent(2))
    found(story.rows, Check.SEQUENCE, "the numbers of intents have a gap: expected spy/1, found spy/2")


def test_a_number_that_the_broker_has_on_record_already_may_be_skipped():
    story = Story()
    story.tell(story.report(intent(4), Standing.WORKING, 0)).order(intent(5))
    assert not audited(story.rows).findings.broken[Check.SEQUENCE]


def test_a_command_that_was_answered_twice():
    rows = played()
    place = find(rows, e.CommandTaken)
    found(put_in(rows, place, rows[place].entry), Check.SEQUENCE, "command 1 (flatten) was answered before")


def test_rows_no_recovery_gets_past():
    story = Story()
    story.order(intent(1)).tell(e.AmendAsked(IntentId("spy", 1), Limit("600"), "x"))
    broken = audited(story.rows).findings.firsts[Check.POSITIONS]
    assert "a recovery gets no further" in broken.what and broken.row == len(story.rows)
