"""The page of a backtest is one file that needs nothing else, tells all that was refused, and escapes its input."""

import re
from collections import Counter
from html import unescape
from html.parser import HTMLParser

import pytest
from made_stories import intent, interval, later, looks, story, traded

from gamma_scalper.domain import entries as e
from gamma_scalper.domain.orders import Side
from gamma_scalper.domain.ports import OrderReport, Standing
from gamma_scalper.domain.proposals import Refusal
from gamma_scalper.domain.strategy_entries import Decided
from gamma_scalper.journal.chain import Row
from gamma_scalper.reports.backtest.key_figures import groups, parts
from gamma_scalper.reports.backtest.page import page
from gamma_scalper.reports.backtest.story import SourceRows
from gamma_scalper.reports.backtest.tables import capped
from gamma_scalper.reports.backtest.told import told

HOSTILE = '<script>alert("$x$")</script>&'
VOID = {"meta", "link", "br", "hr", "img", "input", "path", "use"}


class Outline(HTMLParser):
    """Elements that were opened and not closed, all ids, and the text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: Counter[str] = Counter()
        self.ids: list[str] = []
        self.text: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags[tag] += 1
        self.ids += [value for name, value in attrs if name == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags[tag] += 1
        self.ids += [value for name, value in attrs if name == "id"]

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


@pytest.fixture(scope="module")
def written(whole):
    return page(whole)


def test_it_refers_to_nothing_outside_itself_and_runs_nothing(written):
    assert "://" not in written
    assert not re.search(r"<script|<link|<img|<iframe|@import|javascript:|\son\w+=", written)
    assert not re.search(r"url\((?!#)", written)
    assert not re.search(r'(?:href|src)="(?!#)', written)


def test_what_its_pictures_refer_to_is_there_and_no_name_is_given_twice(written):
    ids = Outline(written).ids
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'(?:url\(#|href="#)([^")]+)', written)) <= set(ids)


def test_it_is_whole_and_can_be_read_aloud(written):
    outline = Outline(written)
    assert not outline.open
    assert written.startswith('<!DOCTYPE html>\n<html lang="en">')
    assert 'name="viewport"' in written
    assert written.count('role="img" aria-label="') == outline.tags["svg"] == 6


def test_the_numbers_on_it_are_the_figures(whole, written):
    text = unescape(written)
    for group in groups(whole.whole.figures):
        for line in group.lines:
            assert re.search(rf">{re.escape(line.name)}<.*>{re.escape(line.value)}</td>", text), line
    for line in parts(whole.whole.figures):
        assert f">{line.value}</td>" in text
    for answer in whole.whole.answers:
        assert answer.replace("`", "") in re.sub(r"</?code>", "", text)


def test_every_hedge_stands_on_it(whole, written):
    section = written[written.index("Hedge by hedge") : written.index("Entries and exits")]
    assert section.count("<tr>") == whole.whole.figures.hedges + 3  # its head, what came after the last, and the sum


def test_the_same_story_is_the_same_page_to_the_byte(whole, written):
    assert page(whole) == written


# -- what is told ------------------------------------------------------------------------------------------------------


def test_every_refusal_rejection_and_halt_is_on_it():
    refusals = (Refusal("pace", "too soon"), Refusal("loss", "-9"))
    happened = [
        (1, e.PlanNotPermitted(purpose="hedge", reason="d", refusals=refusals)),
        (2, e.PlanRefused("flatten", (Refusal("closed", "nobody trades"),))),
        (3, OrderReport(at=later(3), order_ref="spy/7", perm_id=9, standing=Standing.REJECTED, filled=0, remaining=1,
                        why="no shares to borrow")),
        (4, e.Halted("daily loss", "1,013 lost")),
    ]  # fmt: skip
    text = page(told(story(happened)))
    for each in (
        "pace",
        "too soon",
        "loss",
        "closed",
        "nobody trades",
        "spy/7: no shares to borrow",
        "daily loss: 1,013",
    ):
        assert each in text


def test_a_halt_of_the_house_is_told_of_each_book():
    halt = Row(1, "", 1, later(1), "Halted", 1, e.Halted("panic", "the flag is there"), "")
    assert "panic: the flag is there" in page(told(story(journal=[halt])))


def test_rows_of_the_source_are_accounted_for():
    source = [SourceRows(name="day.csv", rows=100, used=97, rejected={"no price": 2, "crossed": 1})]
    text = page(told(story(source=source)))
    assert "97 used and 3 rejected make 100 of 100 rows read." in text
    assert "1 crossed; 2 no price" in text


def test_a_hole_in_a_day_is_told_and_a_night_is_none():
    text = page(told(story(seen=looks((0, 1, 61, 62, 24 * 60), spot=600.0))))
    assert re.search(r"2026-01-06 09:31:00</td><td[^>]*>2026-01-06 10:31:00</td><td[^>]*>60<", text)
    assert text.count("<td") and "2026-01-07 09:30:00</td>" not in text


def test_rows_that_are_left_out_are_counted():
    kept, note = capped([("a",)] * 5, 3)
    assert (len(kept), note) == (3, "The first 3 of 5 rows; the others are left out.")
    assert capped([("a",)] * 3, 3)[1] == ""


@pytest.mark.parametrize("where", ["market", "setting", "refusal", "reason", "file", "book", "decision"])
def test_whatever_a_story_says_is_escaped(where):
    refused = e.PlanNotPermitted(purpose="hedge", reason="d", refusals=(Refusal("pace", HOSTILE),))
    made = {
        "market": lambda: story(market=HOSTILE),
        "setting": lambda: story(settings={f"spy:{HOSTILE}": HOSTILE}),
        "refusal": lambda: story([(1, refused)]),
        "reason": lambda: story(traded(1, intent(1, Side.SELL, 5, reason=HOSTILE), "600.00")),
        "file": lambda: story(source=[SourceRows(name=HOSTILE, rows=1, used=0, rejected={HOSTILE: 1})]),
        "book": lambda: story(each={HOSTILE: looks((0, 1), spot=600.0, projected=1.0, low=-1.0, high=2.0)}),
        "decision": lambda: story([(1, Decided("wait", HOSTILE))]),
    }[where]()
    text = page(told(made))
    assert "<script" not in text
    assert not Outline(text).open
    assert HOSTILE in unescape(text)


# -- stories in which little or nothing happened -----------------------------------------------------------------------

NOTHING_SEEN = looks((0, 1, 2, 1500))
EMPTY = {
    "no rows": story(),
    "no books": story(each={}),
    "one look": story(seen=looks((0,), spot=600.0, projected=0.0)),
    "all unknown": story(seen=NOTHING_SEEN),
    "never entered": story([(0, Decided("no entry", "too dear"))], looks((0, 1, 2), spot=600.0, projected=0.0)),
    "one interval of no time": story([(5, interval(5, 5, implied=None))]),
    "a hedge nobody saw": story(traded(1, intent(1, Side.SELL, 5), "600.00"), NOTHING_SEEN),
    "no hedges": story(
        [(5, interval(0, 5, 600, 601, gamma="1.00")), (10, interval(5, 10, 601, 600, theta="-1.00"))],
        looks((0, 5, 10), spot=600.0, projected=1.0, low=-5.0, high=5.0, gamma=3.0, theta=-9.0),
    ),
}


@pytest.mark.parametrize("name", EMPTY)
def test_a_run_in_which_little_happened_has_a_page_all_the_same(name):
    text = page(told(EMPTY[name]))
    assert not Outline(text).open
    assert not re.search(r">\s*[+-]?\$?nan|NaN|inf<|None<", text)


def test_of_a_run_that_never_entered_the_page_begins_with_the_reason():
    text = page(told(EMPTY["never entered"]))
    assert "No straddle was bought: no entry: too dear" in text
    assert text.index("No straddle was bought") < text.index("Result")
    assert "Nothing was hedged." in text


def test_a_run_too_long_for_each_turn_of_its_delta_is_drawn_day_by_day():
    minutes = [day * 1440 + minute for day in range(40) for minute in (0, 5, 10)]
    seen = looks(minutes, spot=600.0, projected=[1.0, 9.0, -1.0] * 40, low=-5.0, high=5.0, gamma=3.0, theta=-9.0)
    text = page(told(story(seen=seen)))
    assert "nine tenths of a day" in text
    assert "outside the band" in text


# -- several books -----------------------------------------------------------------------------------------------------


def test_several_books_have_their_own_figures_and_pictures_and_those_of_the_whole():
    seen = looks((0, 5), spot=600.0, projected=1.0, low=-5.0, high=5.0, gamma=3.0, theta=-9.0)
    journal = [
        Row(n, book, n, later(5), "Attributed", 1, interval(0, 5, gamma=amount), "")
        for n, (book, amount) in enumerate((("nvda", "30.00"), ("spy", "12.00")), 1)
    ]
    text = page(told(story(journal=journal, each={"spy": seen, "nvda": seen})))
    assert "Backtest of nvda, spy" in text
    for amount in ("+$42.00", "+$30.00", "+$12.00"):
        assert f">{amount}</td>" in text
    ids = Outline(text).ids
    assert len(ids) == len(set(ids))
