"""A summary says what was earned and from what, counts everything once, and is the same whenever it is asked for."""

import io
import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from rich.console import Console
from straddles import SHARE, START, STRADDLE, standing
from typer.testing import CliRunner

from config import load_config
from gamma_scalper import cli
from gamma_scalper.domain import entries as e
from gamma_scalper.domain.exits import UserError
from gamma_scalper.domain.fills import Commission, Fill
from gamma_scalper.domain.money import Money
from gamma_scalper.domain.orders import GoodTill, Intent, IntentId, Limit, Purpose, Side
from gamma_scalper.domain.ports import OrderReport, Standing
from gamma_scalper.domain.proposals import Refusal
from gamma_scalper.domain.quotes import Quote
from gamma_scalper.domain.strategy_entries import Attributed, Decided
from gamma_scalper.journal.chain import Row
from gamma_scalper.journal.parameters import JournalParameters
from gamma_scalper.journal.store import SqlJournal
from gamma_scalper.kernel import WallClock
from gamma_scalper.portfolio.attribution import PARTS, attributed
from gamma_scalper.reports.summary import of_all, of_day, of_last_session
from gamma_scalper.reports.summary_shown import plain_summary, session_summary, shown

BEGAN = e.SessionBegan("paper", "test", "")
HEDGE = IntentId("spy", 1)
PACE = Refusal("data lag", "the Greeks are 4 s behind")


def interval(spot: float, minutes: int = 5, since: datetime = START) -> Attributed:
    end = standing(spot, since + timedelta(minutes=minutes), 0.15, STRADDLE)
    return attributed(standing(600.0, since, 0.15, STRADDLE), end)


def hedge(id: IntentId = HEDGE, quantity: int = 20) -> Intent:
    return Intent(
        id=id,
        instrument=SHARE,
        purpose=Purpose.HEDGE,
        side=Side.SELL,
        quantity=quantity,
        pricing=Limit("599.90"),
        lifetime=GoodTill(START + timedelta(seconds=30)),
        account="DU1234567",
        snapshot_ids=(1,),
        reason="delta 20 above the band",
    )


def ordered(*intents: Intent) -> e.Ordered:
    quote = Quote(con_id=SHARE.con_id, snapshot_id=1, bid=599.98, ask=600.02, received_at=START)
    return e.Ordered(
        intents=intents or (hedge(),),
        reserved=[Money("0")] * max(1, len(intents)),
        patience_s=15.0,
        good_for_s=2.0,
        quotes=[quote],
    )


def fill(price: str = "599.97", exec_id: str = "0001.0002.0003.01", id: IntentId | None = HEDGE) -> Fill:
    return Fill(
        intent=id, account="DU1234567", instrument=SHARE, side=Side.SELL, quantity=20, price=price, exec_id=exec_id,
        perm_id=7, at=START,
    )  # fmt: skip


def rows(*entries: object, begins: datetime = START) -> list[Row]:
    """A second apart; what is told as (book, entry) is of that book, or of the house."""
    told = [each if isinstance(each, tuple) else ("spy", each) for each in entries]
    told = [
        ("", entry) if isinstance(entry, e.SessionBegan | e.SessionEnded) else (book, entry) for book, entry in told
    ]
    return [
        Row(seq, book, seq, begins + timedelta(seconds=seq), type(entry).__name__, 1, entry, "")
        for seq, (book, entry) in enumerate(told, 1)
    ]


def test_the_parts_of_a_book_are_those_of_its_intervals_together():
    first, second = interval(601.0), interval(602.0)
    found = of_all(rows(BEGAN, first, second, ("nvda", first)))
    nvda, spy = found.books
    assert (nvda.book, spy.book) == ("nvda", "spy")
    for part in (*PARTS, "total"):
        assert getattr(spy.earned, part) == getattr(first, part) + getattr(second, part)
    assert found.total == found.ever == 2 * first.total + second.total


def test_the_last_session_is_told_alone_and_what_was_earned_ever_beside_it():
    found = of_last_session(rows(BEGAN, interval(601.0), e.SessionEnded("Ctrl+C", 0), BEGAN, interval(602.0)))
    assert (found.total, found.sessions, found.ended) == (interval(602.0).total, 1, "")
    assert found.ever == interval(601.0).total + interval(602.0).total
    assert found.since == START + timedelta(seconds=4)


def test_a_day_is_new_yorks_and_an_interval_belongs_to_the_day_it_ended_in():
    evening = datetime(2026, 1, 6, 2, 0, tzinfo=UTC)  # still the fifth in New York
    late = interval(601.0)  # ended on the fifth, and is written down on the sixth
    told = [*rows(BEGAN, Decided("hold", "quiet"), begins=evening), *rows(late, begins=START + timedelta(days=1))]
    found = of_day(told, date(2026, 1, 5))
    assert (found.total, found.books[0].decisions["hold"]) == (late.total, 1)
    assert of_day(told, date(2026, 1, 6)).total == 0


def test_a_fill_costs_what_it_is_worse_than_the_middle_and_its_correction_counts_instead_of_it():
    (book,) = of_all(rows(BEGAN, ordered(), fill())).books
    assert (book.slippage, book.fills_by_purpose) == (Decimal("0.60"), {"hedge": 1})
    (book,) = of_all(rows(BEGAN, ordered(), fill(), fill("599.95", "0001.0002.0003.02"))).books
    assert (book.slippage, book.fills_by_purpose) == (Decimal("1.00"), {"hedge": 1})


def test_somebody_elses_fill_is_none_of_the_books():
    (book,) = of_all(rows(BEGAN, ordered(), fill(id=None))).books
    assert not book.fills


def test_the_newest_bill_of_an_execution_counts():
    bills = Commission("0001.0002.0003.01", Money("0.35")), Commission("0001.0002.0003.02", Money("0.40"))
    (book,) = of_all(rows(BEGAN, ordered(), fill(), *bills)).books
    assert book.commission == Decimal("0.40")


def test_the_fill_of_a_session_is_told_with_the_order_of_the_session_before():
    (book,) = of_last_session(rows(BEGAN, ordered(), BEGAN, fill())).books
    assert (book.fills_by_purpose, book.slippage, book.orders) == ({"hedge": 1}, Decimal("0.60"), {})


def test_all_parts_of_a_hedge_count_as_one_once_it_was_handed_over():
    both = ordered(hedge(), hedge(IntentId("spy", 2)))
    (book,) = of_all(rows(BEGAN, both)).books
    assert (book.hedges, book.orders["hedge"]) == (0, 2)
    (book,) = of_all(rows(BEGAN, both, e.Dispatched(HEDGE), e.Dispatched(IntentId("spy", 2)))).books
    assert book.hedges == 1


def test_refusals_are_counted_by_guard_decisions_by_rule_and_halts_are_named():
    refused = e.PlanNotPermitted(purpose="hedge", reason="delta", refusals=[PACE, Refusal("pause", "lunch")])
    rejected = OrderReport(at=START, order_ref="spy/1", perm_id=7, standing=Standing.REJECTED, filled=0, remaining=20)
    found = of_all(
        rows(
            BEGAN, refused, e.PlanRefused("repair", [PACE]), Decided("hold", "a"), Decided("hold", "b"), rejected,
            rejected, e.Halted("daily loss", "lost 500"), ("", e.Halted("altered order", "tif")),
            e.SessionEnded("done", 0),
        )
    )  # fmt: skip
    (book,) = found.books
    assert (book.refusals, book.decisions, len(book.rejected)) == ({"data lag": 2, "pause": 1}, {"hold": 2}, 1)
    assert (book.halts, found.halts, found.ended) == (["daily loss: lost 500"], ("altered order: tif",), "done")


def test_an_empty_journal_has_nothing_to_tell():
    found = of_last_session([])
    assert (found.total, found.books, found.since) == (0, (), None)
    assert plain_summary(found)["total"] == "0.00" and printed(found)


def test_money_is_told_in_cents_as_text():
    told = plain_summary(of_all(rows(BEGAN, ordered(), fill(), interval(601.0), Commission("x", Money("0.345")))))
    (book,) = told["books"]
    amounts = [told["total"], told["ever"], book["commissions"], book["slippage"], *book["attribution"].values()]
    assert all(amount == f"{Decimal(amount):.2f}" for amount in amounts) and "-0.00" not in amounts
    assert sum(Decimal(amount) for amount in book["attribution"].values()) == Decimal(book["total"])


def test_the_text_begins_with_what_came_of_it_and_names_every_cause():
    found = of_all(rows(BEGAN, ordered(), fill(), interval(603.0), e.Halted("daily loss", "lost 500")))
    text = printed(found)
    assert text.startswith(f"all sessions: earned ${found.total}")
    assert all(part in text for part in PARTS) and "daily loss" in text and "hedge 1" in text
    assert printed_raw(session_summary(rows(BEGAN, interval(603.0)))).startswith("the last session: earned")


def printed(found) -> str:
    return printed_raw(shown(found))


def printed_raw(renderable) -> str:
    console = Console(file=io.StringIO(), width=100)
    console.print(renderable)
    return console.file.getvalue()


# -- the command -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def state(tmp_path_factory):
    """The folder of a trader that is at work: its journal is open."""
    folder: Path = tmp_path_factory.mktemp("state")
    (folder / "paper").mkdir()
    journal = SqlJournal.open(
        f"sqlite:///{folder}/paper/journal.db",
        lock=None,
        clock=WallClock(),
        threaded=False,
        parameters=JournalParameters(synchronous="off"),
    )
    for row in rows(BEGAN, ordered(), fill(), interval(603.0), ("nvda", interval(601.0))):
        journal.append(row.book, row.entry, row.at)
    journal.flush_now()
    yield folder
    journal.close()


def run(state: Path, *words: str):
    def loader(overrides):
        return load_config([f"state_dir={state}", *overrides], environment={})

    return CliRunner().invoke(cli.app, ["summary", *words], obj=loader)


def test_it_reads_the_journal_of_a_running_trader_the_same_each_time(state):
    once, again = run(state, "--json"), run(state, "--json")
    told = json.loads(once.stdout)
    assert once.exit_code == 0 and once.stdout == again.stdout
    assert (told["schema"], [book["book"] for book in told["books"]]) == ("summary/1", ["nvda", "spy"])
    assert told["total"] == f"{interval(603.0).total + interval(601.0).total:.2f}"


def test_it_can_be_asked_for_one_book_and_one_day(state):
    told = json.loads(run(state, "--book", "nvda", "--session", "2026-01-05", "--json").stdout)
    assert [book["book"] for book in told["books"]] == ["nvda"]
    assert told["total"] == f"{interval(601.0).total:.2f}"
    assert "earned" in run(state, "--session", "all").stdout
    wrong = run(state, "--session", "yesterday")
    assert isinstance(wrong.exception, UserError) and "last, all, or a day" in str(wrong.exception)
