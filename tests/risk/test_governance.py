"""What the house remembers: folded again it is the same, days reset counters, halts stay, one odd mark is no loss."""

from datetime import date, timedelta
from decimal import Decimal

from attrs import evolve
from good_day import CALL, NOW, PARAMETERS, SPY, order, quote
from hypothesis import given
from hypothesis import strategies as st

from gamma_scalper.domain.entries import (
    DayBegan,
    Dispatched,
    Entry,
    Halted,
    HaltLifted,
    Marked,
    Mode,
    ModeChanged,
    NotSent,
    Ordered,
    Paused,
    Restarted,
    Unpaused,
)
from gamma_scalper.domain.fills import Fill
from gamma_scalper.domain.money import Money
from gamma_scalper.domain.orders import IntentId, Limit, Market, Purpose, Side
from gamma_scalper.domain.ports import OrderReport, Standing
from gamma_scalper.domain.strategy_entries import Instructed
from gamma_scalper.risk.facts import GovernanceFacts, HedgeRecord
from gamma_scalper.risk.governance import BY_HEALTH, BY_PANIC, HOUSE, Governance, facts_of, govern
from gamma_scalper.risk.mode_watch import ModeWatch, resumed


def folded(*rows: tuple[str, Entry] | tuple[str, Entry, float], state: Governance | None = None) -> Governance:
    """Rows of (book, entry, seconds after noon)."""
    state = state or Governance()
    for book, entry, *after in rows:
        state = govern(state, book, entry, NOW + timedelta(seconds=after[0] if after else 0))
    return state


def seen(state: Governance, book: str = "spy", after_s: float = 0) -> GovernanceFacts:
    return facts_of(state, book, NOW + timedelta(seconds=after_s), PARAMETERS)


def hedge(number: int, book: str = "spy", parts: int = 1, **changes) -> Ordered:
    intents = [order(number + part, book, **changes).intent for part in range(parts)]
    return Ordered(intents=intents, reserved=[Money(0)] * parts, patience_s=5, good_for_s=2)


def sent(number: int, book: str = "spy") -> Dispatched:
    return Dispatched(IntentId(book, number))


def marks(*profits: int) -> list[tuple[str, Entry]]:
    return [("spy", Marked(profit_today=Decimal(each), equity=Decimal(10_000 + each))) for each in profits]


# -- modes, pauses, halts ----------------------------------------------------------------------------------------------


def test_a_panic_is_remembered_beside_what_a_person_had_chosen_and_ends_by_a_persons_word():
    before = folded((HOUSE, ModeChanged(Mode.DEGRADED, "careful", "anna")))
    panic = folded((HOUSE, ModeChanged(Mode.EMERGENCY, "a file", BY_PANIC)), state=before)
    assert (panic.panicked, panic.modes[HOUSE], panic.chosen[HOUSE]) == (True, Mode.EMERGENCY, Mode.DEGRADED)
    of_a_book = folded(("spy", ModeChanged(Mode.LIVE, "sun", "anna")), state=panic)
    assert of_a_book.panicked and seen(of_a_book).mode is Mode.EMERGENCY
    assert not folded((HOUSE, ModeChanged(Mode.LIVE, "over", "anna")), state=panic).panicked
    assert folded((HOUSE, ModeChanged(Mode.OBSERVE, "blind", BY_HEALTH)), state=panic).panicked


def test_a_panic_sells_a_book_that_only_looked_on_too():
    """Whoever said so before, a person or health, did not mean it to be kept through a panic."""
    for by in ("anna", BY_HEALTH):
        looks_on = folded((HOUSE, ModeChanged(Mode.LIVE, "start", "anna")), ("spy", ModeChanged(Mode.OBSERVE, "x", by)))
        panic = folded((HOUSE, ModeChanged(Mode.EMERGENCY, "a file", BY_PANIC)), state=looks_on)
        assert (seen(looks_on).mode, seen(panic).mode) == (Mode.OBSERVE, Mode.EMERGENCY)
        over = folded((HOUSE, ModeChanged(Mode.LIVE, "over", "anna")), state=panic)
        assert seen(over).mode is Mode.OBSERVE


def test_what_was_exercised_early_counts_until_the_next_day_and_a_refused_instruction_does_not():
    sent_once = Instructed(option=CALL, contracts=1, why="a dividend")
    twice = folded(("spy", sent_once), ("spy", sent_once), ("spy", evolve(sent_once, refused="no permission")))
    assert seen(twice).instructed == {CALL.con_id: 2}
    assert seen(twice, "qqq").instructed == {}
    next_day = folded((HOUSE, DayBegan(date(2026, 1, 6))), state=twice)
    assert seen(next_day).instructed == {}
    assert dict(next_day.exercises) == {("spy", CALL.con_id): (NOW, 2)}, "what the morning's account shows is explained"


def test_a_new_journal_has_no_mode_and_that_refuses():
    assert seen(Governance()).mode is None
    assert seen(folded(("spy", ModeChanged(Mode.LIVE, "start", "anna")))).mode is None


def test_a_books_own_mode_never_allows_more_than_the_houses():
    state = folded(
        (HOUSE, ModeChanged(Mode.DEGRADED, "rain", BY_HEALTH)),
        ("spy", ModeChanged(Mode.LIVE, "sun", "anna")),
        ("qqq", ModeChanged(Mode.EMERGENCY, "storm", "anna")),
    )
    assert [seen(state, book).mode for book in ("spy", "qqq", "nvda")] == [
        Mode.DEGRADED,
        Mode.EMERGENCY,
        Mode.DEGRADED,
    ]


def test_after_a_restart_health_goes_on_below_what_a_person_chose():
    state = folded(
        (HOUSE, ModeChanged(Mode.DEGRADED, "careful", "anna")), (HOUSE, ModeChanged(Mode.OBSERVE, "blind", BY_HEALTH))
    )
    assert resumed(state) == ModeWatch(ceiling=Mode.DEGRADED, advised=Mode.OBSERVE)
    assert resumed(Governance()) == ModeWatch()


def test_a_pause_of_the_house_holds_for_every_book_and_ends_by_itself_only():
    state = folded((HOUSE, Paused("lunch", "anna")), ("spy", Paused("earnings", "ben")))
    assert seen(state).paused == "lunch, by anna; earnings, by ben"
    assert seen(state, "qqq").paused == "lunch, by anna"
    state = folded((HOUSE, Unpaused("anna")), state=state)
    assert seen(state).paused == "earnings, by ben"
    assert seen(folded(("spy", Unpaused("ben")), state=state)).paused == ""


def test_halts_latch_over_days_until_a_person_lifts_them():
    first = Halted("rejections", "3 in a row")
    state = folded(("spy", first), ("spy", Halted("rejections", "4 in a row")), (HOUSE, Halted("panic", "file")))
    state = folded((HOUSE, DayBegan(date(2026, 1, 6))), ("spy", Restarted()), state=state)
    assert seen(state).halts == (Halted("panic", "file"), first)
    assert seen(state, "qqq").halts == (Halted("panic", "file"),)
    state = folded(("spy", HaltLifted("rejections", "anna")), ("spy", HaltLifted("panic", "anna")), state=state)
    assert seen(state).halts == (Halted("panic", "file"),)


# -- hedges ------------------------------------------------------------------------------------------------------------


def test_a_hedge_counts_once_it_is_handed_over_with_its_moment_and_price():
    state = folded(("spy", hedge(1)))
    assert seen(state).hedging == HedgeRecord()
    state = folded(("spy", sent(1), 7), state=state)
    expected = HedgeRecord(today=1, last_at=NOW + timedelta(seconds=7), last_price=Decimal("500.00"))
    assert seen(state).hedging == expected
    assert seen(state, "qqq").hedging == HedgeRecord()


def test_a_hedge_in_parts_is_one():
    state = folded(("spy", hedge(1, parts=3)), ("spy", sent(1)), ("spy", sent(2)), ("spy", sent(3)))
    assert seen(state).hedging.today == 1
    assert seen(state).orders_lately == 3


def test_a_hedge_that_was_not_sent_does_not_count():
    state = folded(("spy", hedge(1)), ("spy", NotSent(IntentId("spy", 1), "too old")), ("spy", sent(1)))
    assert seen(state).hedging == HedgeRecord()


def test_a_hedge_that_may_have_been_sent_before_a_crash_counts():
    state = folded(("spy", hedge(1)), ("qqq", hedge(1, "qqq")), ("spy", Restarted(), 9))
    assert seen(state).hedging.today == 1
    assert seen(state).hedging.last_at == NOW + timedelta(seconds=9)
    assert seen(state, "qqq").hedging.today == 0


def test_other_orders_are_no_hedges():
    entry = hedge(1, purpose=Purpose.EXIT)
    assert seen(folded(("spy", entry), ("spy", sent(1)))).hedging == HedgeRecord()


def test_a_market_hedge_is_priced_by_the_quote_it_was_decided_on():
    entry = evolve(hedge(1, pricing=Market()), quotes=(quote(SPY.con_id, 599.0, 601.0),))
    assert seen(folded(("spy", entry), ("spy", sent(1)))).hedging.last_price == Decimal("600.0")


def test_a_new_day_counts_hedges_from_nothing_and_keeps_the_cooldown():
    state = folded((HOUSE, DayBegan(date(2026, 1, 5))), ("spy", hedge(1)), ("spy", sent(1), 5))
    again = folded((HOUSE, DayBegan(date(2026, 1, 5))), state=state)
    assert seen(again).hedging.today == 1  # the same day, after a restart
    tomorrow = folded((HOUSE, DayBegan(date(2026, 1, 6))), state=state)
    assert seen(tomorrow).hedging == evolve(seen(state).hedging, today=0)


# -- pace and rejections -----------------------------------------------------------------------------------------------


def test_orders_count_for_a_minute():
    state = folded(("spy", hedge(1), 0), ("spy", hedge(2), 30), ("qqq", hedge(1, "qqq"), 30))
    assert [seen(state, after_s=after).orders_lately for after in (30, 59.9, 60, 89.9, 90)] == [2, 2, 1, 1, 0]


def test_moments_of_old_orders_are_forgotten():
    state = folded(*(("spy", hedge(number), 700.0 * number) for number in range(1, 50)))
    assert len(state.ordered["spy"]) == 1


def _rejected(number: int) -> OrderReport:
    return OrderReport(
        at=NOW, order_ref=f"spy/{number}", perm_id=1, standing=Standing.REJECTED, filled=0, remaining=1, code=201
    )


def test_rejections_count_in_a_row_each_once_until_something_fills():
    state = folded(("spy", _rejected(1)), ("spy", _rejected(1)), ("spy", _rejected(2)))
    assert seen(state).rejections == 2
    fill = Fill(intent=IntentId("spy", 3), account="DU1", instrument=SPY, side=Side.BUY, quantity=1, price=1,
                exec_id="1", perm_id=1, at=NOW)  # fmt: skip
    assert seen(folded(("spy", evolve(fill, intent=None)), state=state)).rejections == 2
    assert seen(folded(("spy", fill), state=state)).rejections == 0


# -- marks -------------------------------------------------------------------------------------------------------------


def test_without_a_mark_today_the_profit_is_not_known():
    assert seen(Governance()).profit_today is None
    state = folded(*marks(-100), (HOUSE, DayBegan(date(2026, 1, 6))))
    assert seen(state).profit_today is None
    assert seen(state).drawdown is not None


def test_the_moment_of_the_newest_mark_is_remembered_over_restarts_and_days():
    assert seen(Governance()).marked_at is None
    state = folded(*(("spy", mark, after) for after, (_, mark) in enumerate(marks(-100, -200))))
    state = folded(("spy", Restarted(), 50), (HOUSE, DayBegan(date(2026, 1, 6)), 60), state=state)
    assert seen(state, after_s=70).marked_at == NOW + timedelta(seconds=1)
    assert seen(state, "qqq").marked_at is None


def test_one_odd_mark_is_no_loss_and_three_in_a_row_are():
    assert seen(folded(*marks(-100, -5000, -120))).profit_today == -100
    assert seen(folded(*marks(-100, -5000, -5100))).profit_today == -100
    assert seen(folded(*marks(-100, -5000, -5100, -5200))).profit_today == -5000


def test_one_odd_mark_is_no_peak():
    assert seen(folded(*marks(0, 0, 9000, 0, 0, 0))).drawdown == 0
    assert seen(folded(*marks(0, 900, 900, 900, 0, 0))).drawdown == 0
    assert seen(folded(*marks(0, 900, 900, 900, 0, 0, 0))).drawdown == 900


def test_a_day_opens_at_the_last_equity_of_the_day_before():
    state = folded((HOUSE, DayBegan(date(2026, 1, 5))), *marks(-100, 250))
    assert state.opened("spy") == 0
    state = folded((HOUSE, DayBegan(date(2026, 1, 6))), *marks(40), state=state)
    assert state.opened("spy") == 10_250
    assert (
        folded((HOUSE, DayBegan(date(2026, 1, 7))), (HOUSE, DayBegan(date(2026, 1, 8))), state=state).opened("spy")
        == 10_040
    )
    assert state.opened("qqq") == 0


@given(st.lists(st.integers(-5000, 5000), min_size=1, max_size=30))
def test_a_filtered_loss_was_reached_by_each_of_the_last_three_marks(profits):
    facts = seen(folded(*marks(*profits)))
    assert all(profit <= facts.profit_today for profit in profits[-3:])
    assert facts.profit_today in profits[-3:]
    assert 0 <= facts.drawdown <= max(profits) - min(profits)


# -- the fold ----------------------------------------------------------------------------------------------------------

ROWS = st.tuples(
    st.sampled_from([HOUSE, "spy", "qqq"]),
    st.one_of(
        st.sampled_from(
            [
                ModeChanged(Mode.LIVE, "a", "anna"),
                ModeChanged(Mode.OBSERVE, "b", BY_HEALTH),
                Paused("c", "anna"),
                Unpaused("anna"),
                Halted("drawdown", "d"),
                HaltLifted("drawdown", "anna"),
                DayBegan(date(2026, 1, 5)),
                DayBegan(date(2026, 1, 6)),
                Restarted(),
                _rejected(1),
                _rejected(2),
            ]
        ),
        st.integers(1, 4).map(hedge),
        st.integers(1, 4).map(sent),
        st.integers(1, 4).map(lambda number: NotSent(IntentId("spy", number), "too old")),
        st.integers(-900, 900).map(lambda each: marks(each)[0][1]),
    ),
    st.integers(0, 900),
)


@given(st.lists(ROWS, max_size=40), st.integers(0, 40))
def test_a_restart_anywhere_folds_to_the_same_state(rows, cut):
    rows = sorted(rows, key=lambda row: row[2])
    whole = folded(*rows)
    assert folded(*rows[cut:], state=folded(*rows[:cut])) == whole
    assert folded(*rows) == whole
    assert seen(whole, after_s=900).orders_lately >= 0


def test_a_price_limit_is_the_hedges_price():
    state = folded(("spy", hedge(1, pricing=Limit(Decimal("612.34")))), ("spy", sent(1)))
    assert seen(state).hedging.last_price == Decimal("612.34")
