"""`ops` answers what was done and why, of every kind of row, and finds what is asked for."""

from datetime import timedelta

import pytest
from every_kind import ENTRY, HEDGE, NO, NOON, SAMPLES, fill, intent, ordered, report
from journals import busy, journal

from gamma_scalper.domain import entries as e
from gamma_scalper.domain.orders import IntentId, Limit, Purpose
from gamma_scalper.domain.ports import Standing
from gamma_scalper.journal.chain import Row
from gamma_scalper.journal.operations import Wanted, operations


def rows(*entries):
    return [
        Row(seq, "spy", seq, NOON + timedelta(seconds=seq), type(entry).__name__, 1, entry, "")
        for seq, entry in enumerate(entries, 1)
    ]


def told(*entries):
    return [operation.sentence for operation in operations(rows(*entries))]


def test_an_order_is_followed_from_its_reason_to_its_fill():
    assert told(
        ordered(),
        e.Dispatched(HEDGE),
        report(),
        e.AmendAsked(HEDGE, Limit("599.95"), "the market moved"),
        report(standing=Standing.REJECTED, code=201, why="no margin"),
        fill(),
    ) == [
        "ordered spy/1 (hedge): sell 20 SPY at 599.99 or better, because projected delta 20 above the band",
        "handed spy/1 (hedge) to the broker",
        "the broker says spy/1 (hedge) is working, 0 filled, 20 left",
        "asked to change spy/1 (hedge), at 599.95 or better: the market moved",
        "the broker says spy/1 (hedge) is rejected, 0 filled, 20 left (code 201): no margin",
        "sold 20 SPY at 599.97 for spy/1 (hedge): projected delta 20 above the band",
    ]


def test_a_refusal_says_which_guard_and_why():
    assert told(e.PlanNotPermitted(purpose="hedge", reason="delta 31 above the band", refusals=[NO])) == [
        "wanted an order (hedge: delta 31 above the band), not permitted: "
        "quote age: SPY's quote is 3 s old, 2 s are allowed"
    ]


@pytest.mark.parametrize("number", range(len(SAMPLES)), ids=[type(sample).__name__ for sample in SAMPLES])
def test_every_kind_is_one_plain_line_without_code_and_account(number):
    line = told(ordered(), SAMPLES[number])[-1]
    assert line and "\n" not in line
    assert not any(mark in line for mark in ("(Decimal", "<", "None", "{", "DU1234567", "E+"))


def test_what_texts_an_entry_holds_is_told():
    for sample in SAMPLES:
        line = told(ordered(), sample)[-1]
        for name in ("why", "by", "evidence", "accepted_by", "text", "breaker", "outcome", "how"):
            assert str(getattr(sample, name, "")) in line, (type(sample).__name__, name)


def test_an_order_that_is_not_ours_is_called_so():
    assert told(report(order_ref="", standing=Standing.FILLED)) == [
        "the broker says an order that is not ours (no name) is filled, 0 filled, 20 left"
    ]
    assert told(fill(None)) == ["sold 20 SPY at 599.97 for no order of ours"]


def test_an_order_of_before_the_first_row_keeps_its_name():
    assert told(e.Dispatched(ENTRY)) == ["handed spy/2 to the broker"]


def found(wanted):
    entries = (
        ordered(),
        ordered(intent(ENTRY, purpose=Purpose.ENTRY, reason="cheap gamma")),
        e.Dispatched(ENTRY),
        fill(),
        fill(ENTRY, "x"),
        e.PlanRefused("repair", [NO]),
        e.Paused("lunch", "ada"),
        fill(IntentId("spy", 99), "y"),
    )
    return [operation.seq for operation in operations(rows(*entries), wanted)]


@pytest.mark.parametrize(
    ("wanted", "seqs"),
    [
        ({}, [1, 2, 3, 4, 5, 6, 7, 8]),
        ({"book": "spy", "kind": "fill"}, [4, 5, 8]),
        ({"book": "nvda"}, []),
        ({"purpose": "entry"}, [2, 3, 5]),
        ({"purpose": "repair"}, [6]),
        ({"text": "CHEAP gamma"}, [2, 5]),
        ({"text": "lunch", "purpose": "hedge"}, []),
        ({"since": NOON + timedelta(seconds=3), "until": NOON + timedelta(seconds=5)}, [3, 4]),
        ({"kind": "Fill", "purpose": "hedge"}, [4]),
    ],
)
def test_what_is_asked_for_is_found_and_nothing_else(wanted, seqs):
    assert found(Wanted(**wanted)) == seqs


def test_a_real_journal_is_told_row_by_row(sqlite_url):
    with journal(sqlite_url) as opened:
        busy(opened)
        assert [operation.seq for operation in operations(opened.rows())] == list(range(1, len(SAMPLES) + 1))
        assert {operation.book for operation in operations(opened.rows(), Wanted(book=""))} == {""}
