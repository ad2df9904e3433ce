"""Every dollar a book earns or loses is taken down in one interval, whatever happens to the book meanwhile."""

import asyncio
from datetime import timedelta
from decimal import Decimal
from time import process_time

from open_books import BOOK, SESSIONS, Book, at_work, picture
from straddles import CALL, EXPIRES_AT, PUT, SHARE, START

from gamma_scalper.domain.entries import Delivered, Lapsed, Marked, Paid, Replaced
from gamma_scalper.domain.exits import ExitCode, UserError
from gamma_scalper.domain.fills import Commission
from gamma_scalper.domain.money import Money
from gamma_scalper.domain.pictures import Picture
from gamma_scalper.portfolio.attribution import NO_EARNINGS, counted
from gamma_scalper.portfolio.ledger import close
from gamma_scalper.risk.governance import govern

ACCEPTED = {"evidence": "seen", "accepted_by": "only one explanation fits"}


async def test_a_book_that_holds_nothing_has_no_intervals():
    book = Book()
    async with at_work(book):
        for minute in range(30):
            await book.think(600.0 + minute, after_s=60)
    assert book.rows == []


async def test_an_entry_costs_its_commissions_and_what_it_was_worse_than_the_middle():
    book = Book()
    async with at_work(book):
        await book.think(600.0)
        book.buy_straddle(above_mid="0.02", fee="0.65")
        await book.think(600.0, after_s=1)
    (entry,) = book.rows
    assert entry.costs == entry.total and -5.31 <= entry.costs <= -5.29
    assert entry.total == book.equity(600.0)


async def test_an_interval_ends_after_five_minutes_and_at_each_change_of_position():
    book = Book()
    async with at_work(book):
        book.buy_straddle()
        await book.think(600.0)
        for _ in range(60):
            await book.think(600.5, after_s=10)
        assert [each.until - START for each in book.rows[1:]] == [timedelta(minutes=5), timedelta(minutes=10)]
        await book.think(601.0, after_s=60)
        book.trade(SHARE, -8, "600.99", "0.35")
        await book.think(601.0, after_s=1)
    hedge = book.rows[-1]
    assert hedge.since == START + timedelta(minutes=10) and hedge.spot_to == 601.0
    assert hedge.costs == Decimal("-0.43") and hedge.gamma > 0 > hedge.theta
    assert book.total == book.equity(601.0)


async def test_the_commission_that_comes_later_is_a_cost_of_the_interval_it_comes_in():
    book = Book()
    async with at_work(book):
        await book.think(600.0)
        book.buy_straddle(fee="0")
        await book.think(600.0, after_s=1)
        book.book(Commission("0001.0002.0001.01", Money("0.65")))
        await book.think(600.0, after_s=1)
        assert len(book.rows) == 1
        await book.think(600.0, after_s=300)
    assert book.rows[1].costs == Decimal("-0.65")
    assert book.total == book.equity(600.0)


async def test_the_last_bill_of_a_book_that_is_flat_again_is_taken_down_too():
    book = Book()
    async with at_work(book):
        await book.think(600.0)
        book.trade(SHARE, 1, "600.00")
        await book.think(600.0, after_s=1)
        book.trade(SHARE, -1, "600.00")
        await book.think(600.0, after_s=1)
        book.book(Commission("0001.0002.0002.01", Money("0.35")))
        await book.think(601.0, after_s=1)
        (bill,) = book.rows
    assert bill.costs == bill.total == Decimal("-0.35")


async def test_a_picture_from_before_the_fill_does_not_end_the_interval():
    book = Book()
    async with at_work(book):
        book.buy_straddle()
        await book.think(600.0)
        before, told = book.ledger, len(book.rows)
        book.trade(SHARE, -8, "600.00", "0.35")
        await book.think(600.0, drawn=picture(before, 600.0, book.now))
        assert len(book.rows) == told
        await book.think(600.0, after_s=1)
        assert len(book.rows) == told + 1


async def test_the_session_ends_with_its_last_picture_and_the_night_is_one_interval():
    book = Book()
    last, reopen = SESSIONS[0].closes - timedelta(seconds=5), SESSIONS[1].opens
    async with at_work(book) as accounting:
        book.buy_straddle()
        await book.think(600.0)
        await book.think(601.0, after_s=(last - book.now).total_seconds() - 60)
        await book.think(602.0, after_s=60)
        told = len(book.rows)
        for _ in range(30):  # the market is closed, and its last offers stand
            await book.think(602.0, after_s=600)
        (evening,) = book.rows[told:]
        assert (evening.until, evening.spot_to) == (last, 602.0)
        await book.think(605.0, after_s=(reopen - book.now).total_seconds() + 1)
        night = book.rows[-1]
        assert accounting.earnings(BOOK).today == night
    assert (night.since, night.until) == (last, reopen + timedelta(seconds=1))
    assert night.theta < 0 < night.gamma and night.spot_from == 602.0
    assert book.total == book.equity(605.0)


async def test_a_night_without_quotes_is_no_reason_to_write_anything_down():
    """The last market that was seen still names the session that has closed."""
    book = Book()
    async with at_work(book):
        book.buy_straddle()
        await book.think(600.0, after_s=6.4 * 3_600)
        told = len(book.rows)
        for _ in range(20):
            await book.think(600.0, after_s=600, session=SESSIONS[0])
        assert len(book.rows) == told


async def test_what_was_earned_until_the_close_is_of_that_day_even_where_the_next_thought_is_in_the_morning():
    book = Book()
    async with at_work(book) as accounting:
        await book.think(600.0)
        book.buy_straddle()
        await book.think(600.0)
        await book.think(602.0, after_s=200)
        await book.think(603.0, after_s=(SESSIONS[1].opens - book.now).total_seconds())
        assert accounting.earnings(BOOK).today.spot_from == 602.0
        await book.think(603.0, after_s=400)
        assert book.rows[1].spot_to == 602.0 and accounting.earnings(BOOK).today.spot_from == 602.0


async def test_a_leg_that_nobody_quotes_is_marked_by_the_model():
    book = Book()
    async with at_work(book):
        book.buy_straddle()
        await book.think(600.0)
        await book.think(640.0, after_s=301, silent=(CALL.con_id, PUT.con_id))
    assert abs(book.total - book.equity(640.0)) <= Decimal("0.01")


async def test_unusable_pictures_end_nothing_and_change_nothing():
    book = Book()
    async with at_work(book):
        book.buy_straddle()
        await book.think(600.0)
        told = len(book.rows)
        await book.think(0.0, after_s=400, drawn=Picture(at=book.now + timedelta(seconds=400), unusable="no quotes"))
        assert len(book.rows) == told
        await book.think(601.0, after_s=1)
    assert book.rows[-1].since == START and book.total == book.equity(601.0)


async def test_a_position_that_changed_while_nobody_thought_is_taken_down_at_the_last_prices():
    """In the night a put of which one was sold is assigned: the shares come at 600 and are worth 590."""
    book = Book()
    async with at_work(book):
        book.trade(PUT, -1, "12.00")
        await book.think(590.0)
        book.book(
            Delivered(id="d1", how="assignment", option=PUT, contracts=1, was_long=False, underlying=SHARE, **ACCEPTED)
        )
        await book.clock.sleep(301)
        assert len(book.rows) == 2
        await book.think(588.0, after_s=60)
        await book.think(588.0, after_s=300)
    assigned, after = book.rows[1], book.rows[2]
    assert not assigned.costs
    assert (after.delta, after.gamma) == (-200, 0)
    assert book.total == book.equity(588.0) == 1200 - 60_000 + 58_800


async def test_options_end_at_what_their_exercise_brings():
    """The call ends ten dollars in the money and is exercised, the put lapses; nothing of it is a cost."""
    book = Book()
    async with at_work(book):
        await book.clock.sleep((EXPIRES_AT - timedelta(minutes=4) - book.now).total_seconds())
        book.trade(CALL, 1, "10.00")
        book.trade(PUT, 1, "0.05")
        await book.think(610.0, drawn=picture(book.ledger, 610.0, book.now, session=None))
        book.book(
            Delivered(id="d1", how="exercise", option=CALL, contracts=1, was_long=True, underlying=SHARE, **ACCEPTED)
        )
        book.book(Lapsed(id="l1", option=PUT, contracts=1, **ACCEPTED))
        await book.clock.sleep(200)
        await book.think(0, drawn=picture(book.ledger, 611.0, book.now, session=None))
    ended = book.rows[-1]
    assert not ended.costs
    assert abs(ended.unexplained) <= 1  # the middle of the put's last market was a cent
    assert book.total == book.equity(611.0)


async def test_a_restart_goes_on_from_what_was_taken_down_and_the_time_between_is_one_interval():
    book, earned = Book(), NO_EARNINGS
    async with at_work(book):
        book.buy_straddle()
        await book.think(600.0)
        await book.think(601.0, after_s=301)
    for row in book.rows:
        earned = counted(earned, row, START.date())
    told = len(book.rows)
    await book.clock.sleep(3_600)
    book.trade(SHARE, -8, "603.00", "0.35")  # filled while nobody watched
    async with at_work(book, {BOOK: earned}) as accounting:
        await book.think(604.0)
        assert accounting.earnings(BOOK).ever.total == book.total
    (away,) = book.rows[told:]
    assert (away.since, away.spot_from, away.spot_to) == (START + timedelta(seconds=301), 601.0, 604.0)
    assert away.theta < 0 and not away.gamma and away.unexplained
    assert book.total == book.equity(604.0)


async def test_a_restart_without_earlier_intervals_goes_on_from_the_last_mark():
    book = Book()
    book.buy_straddle()
    equity = book.equity(600.0)
    book.governance = govern(book.governance, BOOK, Marked(profit_today=equity, equity=equity), book.now)
    await book.clock.sleep(600)
    async with at_work(book):
        await book.think(601.0)
    (away,) = book.rows
    assert away.since == START and away.total == book.equity(601.0) - equity


async def test_a_payment_is_carry_and_a_split_breaks_nothing_but_the_explanation():
    book = Book()
    async with at_work(book):
        await book.think(600.0)
        book.trade(SHARE, 10, "600.00")
        await book.think(600.0, after_s=1)
        book.book(Paid(id="p1", amount=Money("12.5"), what="a dividend", accepted_by="the broker"))
        await book.think(600.0, after_s=300)
        assert book.rows[-1].carry == Decimal("12.50")
        book.book(Replaced(id="r1", before=SHARE, after=SHARE, ratio=Decimal(2), **ACCEPTED))
        await book.think(300.5, after_s=10)
    assert (book.rows[-1].total, book.rows[-1].unexplained, book.rows[-1].delta) == (10, 10, 0)
    assert book.total == book.equity(300.5)


async def test_what_is_shown_counts_the_open_interval_and_the_end_takes_it_down():
    book = Book()
    async with at_work(book) as accounting:
        await book.think(600.0)
        book.buy_straddle()
        await book.think(600.0)
        await book.think(602.0, after_s=60)
        shown = accounting.earnings(BOOK)
        assert len(book.rows) == 1 and shown.today.gamma > 0 and shown.squares == 4.0
    assert len(book.rows) == 2 and book.total == shown.ever.total == book.equity(602.0)


async def test_where_the_journal_can_not_be_written_the_end_is_quiet_since_that_was_told_of(monkeypatch):
    def full(*_):
        raise UserError("the disk is full", ExitCode.JOURNAL_DAMAGED)

    book = Book()
    ended = []
    async with at_work(book):
        await book.think(600.0)
        book.buy_straddle()
        await book.think(600.0)
        await book.think(602.0, after_s=60)
        (task,) = (each for each in asyncio.all_tasks() if each.get_name() == "accounting")
        task.add_done_callback(lambda task: ended.append(task.cancelled()))
        monkeypatch.setattr(book, "take_down", full)
    await asyncio.sleep(0)
    assert ended == [True]


async def test_a_new_day_begins_with_nothing_earned():
    book = Book()
    async with at_work(book) as accounting:
        await book.think(600.0)
        book.buy_straddle()
        await book.think(600.0)
        await book.clock.sleep(15 * 3_600)
        assert accounting.earnings(BOOK).today is None and accounting.earnings(BOOK).ever.total == book.total


async def test_closing_the_books_changes_no_account():
    book = Book()
    async with at_work(book):
        await book.think(600.0)
        book.buy_straddle()
        book.trade(SHARE, -10, "600.50")
        book.trade(SHARE, 10, "600.00")
        await book.think(600.0)
        told = len(book.rows)
        desk = book.states[BOOK]
        book.states[BOOK] = desk._replace(ledger=close(desk.ledger, book.now + timedelta(seconds=1), 4))
        await book.think(600.0, after_s=10)
        assert len(book.rows) == told
        await book.think(601.0, after_s=300)
    after = book.rows[-1]
    assert not after.carry and not after.costs and abs(after.unexplained) < Decimal("0.2")
    assert book.total == book.equity(601.0)


async def test_a_thought_that_ends_no_interval_costs_next_to_nothing():
    book = Book()
    async with at_work(book) as accounting:
        book.buy_straddle()
        await book.think(600.0)
        account, drawn = accounting._accounts[BOOK], picture(book.ledger, 600.5, book.now)
        began = process_time()
        for _ in range(1_000):
            accounting._see(account, drawn)
        assert process_time() - began < 1_000 * 50e-6
