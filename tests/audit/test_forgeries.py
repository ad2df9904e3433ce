"""Whoever knows how the journal is checked, and makes every hash anew, is found by what the rows say of each other."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from attrs import evolve
from retold import audited, changed, find, first_broken, played, put_in, renumbered
from story import ACCOUNT, NOON, SHARE, Story, intent, straddle

from gamma_scalper.audit.findings import Check
from gamma_scalper.audit.quote_ages import QuoteAges
from gamma_scalper.audit.verdict import Audit
from gamma_scalper.domain import entries as e
from gamma_scalper.domain.fills import Commission, Fill, InferredFill
from gamma_scalper.domain.money import Money
from gamma_scalper.domain.orders import GoodTill, IntentId, Purpose, Side
from gamma_scalper.domain.ports import Altered, Link, LinkReport, Standing
from gamma_scalper.domain.quotes import DataType
from gamma_scalper.domain.strategy_entries import Decided
from gamma_scalper.journal.chain import Row


def found(rows: Sequence[Row], check: Check, words: str) -> None:
    broken = first_broken(rows)
    assert broken.check is check and words in str(broken), str(broken)


def passes(rows: Sequence[Row]) -> bool:
    verdict = audited(rows)
    assert verdict.ok, [str(each) for each in verdict.findings.firsts.values()]
    return True


def hedged() -> tuple[Story, Fill]:
    story, hedge = Story(), intent(1)
    story.order(hedge).filled(hedge, "600.01")
    return story, next(row.entry for row in story.rows if isinstance(row.entry, Fill))


def goes_on(story: Story) -> Sequence[Row]:
    """With one more honest hedge."""
    after = intent(2)
    return story.order(after).filled(after, "600.01").end().rows


def moved(story: Story, book: str) -> Sequence[Row]:
    place = find(story.rows, Fill)
    return renumbered([row._replace(book=book) if n == place else row for n, row in enumerate(story.rows)])


# -- orders ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rider", ({"reason": "no reason at all"}, {"purpose": Purpose.EXIT}))
def test_an_order_that_rides_along_with_another_one(rider: dict[str, Any]) -> None:
    story, first = Story(), intent(1)
    second = intent(2, **rider)
    story.order(first, second).filled(first, "600.01").filled(second, "600.01")
    found(story.end().rows, Check.DECISIONS, "spy/2 was ordered with spy/1: expected the same reason")


@pytest.mark.parametrize("after_s", (600.0, -120.0))
def test_an_order_that_was_handed_over_at_another_time_than_it_was_written_down(after_s: float) -> None:
    story, hedge = Story(), intent(1)
    story.order(hedge, sent=False).tell(e.Dispatched(hedge.id), after=after_s)
    found(story.rows, Check.SENDING, "spy/1 was handed over: expected it at most 5 s after it was written down")


def test_an_order_long_before_its_decision() -> None:
    story, hedge = Story(), intent(1)
    story.tell(Decided("hedge", hedge.reason))
    story.now -= timedelta(seconds=120)
    found(story.order(hedge, decided=False).rows, Check.DECISIONS, "found -120 s")


@pytest.mark.parametrize(
    ("of_quote", "words"),
    [
        ({"data_type": DataType.DELAYED}, "found a delayed one"),
        ({"data_type": DataType.FROZEN}, "found a frozen one"),
        ({"bid": None}, "found a live one, None x 600.01"),
        ({"bid": None, "ask": None}, "found a live one, None x None"),
    ],
)
def test_an_order_on_quotes_that_are_not_the_market(of_quote: dict[str, Any], words: str) -> None:
    story, hedge = Story(), intent(1)
    quotes = [evolve(each, **of_quote) if each.con_id == 1 else each for each in story.ordered(hedge).quotes]
    found(story.order(hedge, quotes=quotes).rows, Check.QUOTES, words)


def test_a_book_that_allows_delayed_quotes_is_gone_over_with_what_it_allows() -> None:
    story, hedge = Story(), intent(1)
    story.order(hedge, quotes=[evolve(each, data_type=DataType.DELAYED) for each in story.ordered(hedge).quotes])
    for ages, sound in ((QuoteAges(), False), (QuoteAges(delayed=True), True)):
        audit = Audit(ages=ages)
        for row in story.rows:
            audit.see(row)
        assert audit.verdict(None).ok is sound


def test_shares_that_were_left_without_options_go_on_an_older_quote_and_none_are_bought_on_one() -> None:
    for side, sound in ((Side.SELL, True), (Side.BUY, False)):
        story, _ = hedged()
        order = intent(2, side=side, limit="600", snapshot_ids=(1,))
        story.order(order, quotes=story.ordered(order, age_s=20).quotes)
        assert audited(story.rows).ok is sound


# -- permits -----------------------------------------------------------------------------------------------------------

BARS = {
    "a pause of the book": ("spy", e.Paused("lunch", "ada"), "a pause"),
    "a pause of all": ("", e.Paused("lunch", "ada"), "a pause"),
    "OBSERVE": ("", e.ModeChanged(e.Mode.OBSERVE, "asked for", "ada"), "the mode observe"),
    "EMERGENCY": ("spy", e.ModeChanged(e.Mode.EMERGENCY, "asked for", "ada"), "the mode emergency"),
    "a panic": ("", e.ModeChanged(e.Mode.EMERGENCY, "a panic file", "panic"), "the mode emergency"),
    "no line": ("", LinkReport(NOON, Link.DOWN), "the line to the broker down"),
}


@pytest.mark.parametrize("bar", BARS)
def test_an_order_that_was_forbidden(bar: str) -> None:
    book, entry, words = BARS[bar]
    story = Story()
    story.tell(entry, book=book).order(intent(1))
    expected = f"spy/1 (hedge) was ordered: expected that nothing the rows tell of forbade it, found {words}"
    found(story.rows, Check.PERMITS, expected)


@pytest.mark.parametrize("bar", BARS)
def test_a_later_part_that_was_forbidden_before_its_turn_came(bar: str) -> None:
    book, entry, words = BARS[bar]
    story, first, second = Story(), intent(1), intent(2)
    story.order(first, second, together=False).filled(first, "600.01").tell(entry, book=book)
    story.tell(e.Elapsed(), e.Dispatched(second.id), after=60)
    found(
        story.rows,
        Check.PERMITS,
        f"spy/2 was handed over: expected that nothing the rows tell of forbade it, found {words}",
    )


def test_what_comes_while_an_order_is_on_its_way_forbids_the_next() -> None:
    story, hedge = Story(), intent(1)
    story.order(hedge, sent=False).tell(e.Paused("lunch", "ada")).tell(e.Dispatched(hedge.id))
    assert passes(story.filled(hedge, "600.01").rows)
    found(goes_on(story), Check.PERMITS, "spy/2 (hedge) was ordered")


@pytest.mark.parametrize("lifted", (False, True))
def test_an_entry_after_a_halt_waits_for_a_person(lifted: bool) -> None:
    story, entry = Story(), straddle(1)
    story.tell(e.Halted("daily loss", "too much"))
    if lifted:
        story.tell(e.HaltLifted("daily loss", "ada"))
    story.order(entry, structure="straddle").filled(entry, "12", "10")
    assert (Check.PERMITS in audited(story.end().rows).findings.firsts) is not lifted


def test_what_flattens_is_forbidden_by_no_pause_and_no_panic() -> None:
    story, _ = hedged()
    story.tell(e.Paused("lunch", "ada"), e.ModeChanged(e.Mode.EMERGENCY, "a panic file", "panic"), book="")
    out = intent(2, side=Side.SELL, limit="599", purpose=Purpose.FLATTEN, snapshot_ids=(1,))
    story.tell(e.FlattenAsked(why="asked", by="ada", within_s=120.0))
    ordered = story.ordered(out)
    story.tell(e.Looked(ordered.quotes), ordered, e.Dispatched(out.id), after=0.1).filled(out, "599.50")
    assert passes(story.end().rows)


def test_a_pause_that_was_put_into_a_played_journal() -> None:
    rows = played()
    place = find(rows, Decided, of=lambda entry: entry.rule == "hedge") - 1
    assert audited(put_in(rows, place, e.Paused("lunch", "ada"))).findings.firsts[Check.PERMITS].found == "a pause"


# -- executions --------------------------------------------------------------------------------------------------------


def test_more_is_concluded_than_was_left_of_an_order() -> None:
    for quantity, sound in ((3, True), (4, False)):
        story, hedge = Story(), intent(1)
        story.order(hedge).tell(story.fill(hedge.id, SHARE, Side.BUY, 5, "600.01"))
        story.tell(
            InferredFill(
                id="x", intent=hedge.id, account=ACCOUNT, instrument=SHARE, side=Side.BUY, quantity=quantity,
                price="600.05", concluded_at=story.now, evidence="positions", accepted_by="ada",
            )
        )  # fmt: skip
        assert audited(story.rows).ok is sound
    found(story.rows, Check.FILLS, "expected no more than was left of 8, found 9 with what was executed")


def test_a_fill_that_was_moved_to_another_book() -> None:
    found(moved(hedged()[0], "nvda"), Check.FILLS, "expected an order of nvda, found one of spy")


def test_a_fill_of_a_book_at_work_that_only_the_house_was_told_of() -> None:
    found(moved(hedged()[0], ""), Check.FILLS, "expected it to be told to spy")


def test_a_fill_of_a_book_that_is_not_at_work_is_told_to_the_house() -> None:
    story, fill = hedged()
    story.end().tell(e.SessionBegan("paper", "test", ""), book="")
    assert passes(story.tell(evolve(fill, exec_id="0009.0002.0001.01"), book="").rows)


def test_an_order_of_which_every_word_is_gone_is_open_at_the_end() -> None:
    story, hedge = Story(), evolve(intent(1), lifetime=GoodTill(NOON + timedelta(seconds=30)))
    story.order(hedge)
    story.now += timedelta(minutes=5)
    (doubt,) = audited(story.end().rows).doubts
    assert doubt.startswith("spy/1: it was sent, its time has run out")


def half_filled(story: Story) -> Fill:
    """3 of 8, and dead."""
    hedge = intent(1)
    fill = story.order(hedge).fill(hedge.id, SHARE, Side.BUY, 3, "600.01")
    story.tell(fill, Commission(fill.exec_id, Money("1")), story.report(hedge, Standing.CANCELLED, 3))
    return fill


def test_a_fill_doubled_under_another_name_of_an_order_that_died_half_filled() -> None:
    story = Story()
    story.tell(evolve(half_filled(story), exec_id="0009.0002.0001.01"))
    assert len(audited(story.rows).doubts) == 1
    words = "the broker says that spy/1 is dead: expected executions of 3, as it says, found of 6"
    found(goes_on(story), Check.FILLS, words)


@pytest.mark.parametrize("how", ("a report", "records", "a life after all"))
def test_an_order_that_was_called_dead_and_filled_on_is_explained_by_the_broker(how: str) -> None:
    story = Story()
    more = evolve(half_filled(story), exec_id="0009.0002.0001.01")
    told = story.report(intent(1), Standing.CANCELLED, 6)
    story.tell(more)
    if how == "records":
        story.tell(e.RecordsRead(open_orders=(), completed=(told,)))
    elif how == "a report":
        story.tell(told)
    else:
        story.tell(story.report(intent(1), Standing.WORKING, 6), told)
    assert passes(goes_on(story))


def test_an_order_of_more_than_what_the_broker_called_all_of_it() -> None:
    def told(*before: Callable[[Story], object]) -> Sequence[Row]:
        story, hedge = Story(), intent(1, quantity=80)
        story.order(hedge).tell(*(each(story) for each in before))
        fill = story.fill(hedge.id, SHARE, Side.BUY, 8, "600.01")
        story.tell(fill, Commission(fill.exec_id, Money("1")), story.report(hedge, Standing.FILLED, 8))
        return goes_on(story)

    found(told(), Check.FILLS, "the broker says that all of spy/1 is filled: expected 80, as was ordered, found 8")
    echo = ["quantity: sent 80, echoed 8"]
    assert passes(told(lambda story: Altered(at=story.now, order_ref="spy/1", perm_id=7, differences=echo)))


def test_a_correction_of_another_order() -> None:
    story, fill = hedged()
    story.tell(evolve(fill, exec_id=f"{fill.key}.07", intent=IntentId("spy", 77)))
    found(story.rows, Check.EXECUTIONS, "expected a correction to be of the same order, found one of spy/77")


@pytest.mark.parametrize("off", (timedelta(days=-1), timedelta(days=365)))
def test_a_fill_of_another_day(off: timedelta) -> None:
    story, fill = hedged()
    lied = changed(story.rows, find(story.rows, Fill), evolve(fill, at=fill.at + off))
    found(lied, Check.FILLS, "expected that it happened after its order and before it was told")


def test_a_bill_in_another_currency() -> None:
    story, _ = hedged()
    place = find(story.rows, Commission)
    lied = changed(story.rows, place, evolve(story.rows[place].entry, amount=Money("1", "EUR")))
    found(lied, Check.COMMISSIONS, "expected it in USD")


@pytest.mark.parametrize("at", (NOON - timedelta(days=365), datetime.min.replace(tzinfo=NOON.tzinfo)))
def test_a_row_of_another_time(at: datetime) -> None:
    rows = [*hedged()[0].end().rows]
    rows[-1] = rows[-1]._replace(at=at)
    found(rows, Check.SEQUENCE, "time goes back")


def test_a_clock_that_is_set_back_by_an_hour_is_no_break() -> None:
    story, _ = hedged()
    story.now -= timedelta(hours=1)
    assert passes(goes_on(story))


def test_a_fill_that_no_ledger_books_because_the_books_were_closed_before_it() -> None:
    story, _ = hedged()
    late = story.fill(IntentId("spy", 2), SHARE, Side.BUY, 8, "600.01")
    second = intent(2)
    story.now += timedelta(days=10)
    story.order(second).filled(second, "600.01")
    story.now += timedelta(days=1)
    story.tell(e.BooksClosed(NOON + timedelta(days=3)))
    assert passes(story.rows)
    story.tell(evolve(late, intent=IntentId("spy", 1), quantity=1, at=NOON + timedelta(days=1)))
    assert Check.POSITIONS in audited(story.rows).findings.firsts


def test_books_that_are_closed_on_a_time_to_come() -> None:
    story, _ = hedged()
    found(story.tell(e.BooksClosed(NOON + timedelta(days=3))).rows, Check.MONEY, "expected on a time that was over")


@pytest.mark.parametrize("heard", (False, True))
def test_an_order_of_which_every_word_is_gone_and_the_book_goes_on(heard: bool) -> None:
    story, hedge = Story(), intent(1)
    story.order(hedge)
    if heard:
        story.tell(story.report(hedge, Standing.CANCELLED, 0))
        assert passes(goes_on(story))
    else:
        found(goes_on(story), Check.FILLS, "spy/1 was sent, and with spy/2 the book goes on: expected a word")
