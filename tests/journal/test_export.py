"""ORDER, FILL and RISK records: nothing is left out, nothing is invented, and each form holds the same."""

import csv
import io
import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pyarrow.parquet as pq
import pytest
from every_kind import CALL, ENTRY, HEDGE, NO, NOON, PUT, SAMPLES, SPY, STRADDLE, fill, intent, ordered, quote, report

from gamma_scalper.domain import entries as e
from gamma_scalper.domain.exits import UserError
from gamma_scalper.domain.fills import Commission, InferredFill
from gamma_scalper.domain.money import Money
from gamma_scalper.domain.orders import Market, Purpose, Side
from gamma_scalper.journal.chain import Row
from gamma_scalper.journal.codec import KINDS
from gamma_scalper.journal.export import SCHEMA, export
from gamma_scalper.journal.records import COLUMNS, FILL, NOT_EXPORTED, ORDER, RISK, records


def of(*entries):
    return list(
        records(
            Row(seq, "spy", seq, NOON + timedelta(seconds=seq), type(entry).__name__, 1, entry, "")
            for seq, entry in enumerate(entries, 1)
        )
    )


def said(record):
    """What a record says beside where it comes from."""
    return {
        name: value
        for name, value in record.items()
        if value is not None and name not in ("record", "event", "seq", "at", "book")
    }


# -- records -----------------------------------------------------------------------------------------------------------


def test_every_kind_is_a_record_or_is_left_out_on_purpose():
    groups = [ORDER, FILL, RISK, NOT_EXPORTED]
    assert sorted(kind.__name__ for group in groups for kind in group) == sorted(KINDS)
    for sample in SAMPLES:
        found = {record["record"] for record in of(ordered(), sample)[1:]}
        expected = {
            name for name, group in (("ORDER", ORDER), ("FILL", FILL), ("RISK", RISK)) if isinstance(sample, group)
        }
        assert found == expected


def test_every_record_has_every_column_and_says_where_it_comes_from():
    for record in of(*SAMPLES):
        assert list(record) == list(COLUMNS)
        seq = record["seq"]
        assert record["event"] == type(SAMPLES[seq - 1]).__name__
        assert (record["at"], record["book"]) == (NOON + timedelta(seconds=seq), "spy")


def test_values_have_the_type_of_their_column_and_no_account_is_told():
    for record in of(*SAMPLES):
        for name, value in record.items():
            assert value is None or type(value) is COLUMNS[name], (record["event"], name)
            assert "DU1234567" not in str(value)


def test_an_order_is_a_record_when_wanted_and_at_each_step():
    wanted, sent, changed, told = of(
        ordered(), e.Dispatched(HEDGE), e.AmendAsked(HEDGE, Market(), "late"), report(code=399, why="held")
    )
    order = {
        "intent": "spy/1", "purpose": "hedge", "side": "sell",
        "instrument": "SPY", "con_id": SPY.con_id, "symbol": "SPY", "multiplier": 1, "currency": "USD",
    }  # fmt: skip
    asked = {"quantity": Decimal(20), "limit": Decimal("599.99"), "why": "projected delta 20 above the band"}
    assert said(wanted) == order | asked
    assert said(sent) == order
    assert said(changed) == order | {"why": "late"}
    assert said(told) == order | {
        "standing": "working", "filled": Decimal(0), "remaining": Decimal(20),
        "perm_id": 77, "code": 399, "why": "held",
    }  # fmt: skip


def test_each_leg_of_a_structure_is_an_order():
    call, put = of(ordered(intent(HEDGE, CALL, quantity=1), intent(ENTRY, PUT, quantity=1)))
    assert (call["intent"], call["right"], call["strike"], call["expiry"]) == (
        "spy/1", "C", Decimal(600), date(2026, 2, 20),
    )  # fmt: skip
    assert (put["intent"], put["right"]) == ("spy/2", "P")


@pytest.mark.parametrize(
    ("side", "price", "slippage"),
    [(Side.SELL, "599.97", "0.02"), (Side.BUY, "599.97", "-0.02"), (Side.BUY, "600", "0.01")],
)
def test_slippage_is_against_the_mid_the_order_was_decided_on(side, price, slippage):
    _, record = of(ordered(intent(side=side)), fill(side=side, price=price))
    assert record["mid"] == Decimal("599.99")
    assert record["slippage"] == Decimal(slippage)


def test_a_combo_s_legs_have_their_own_mids():
    quotes = [quote(1001, bid=3.0, ask=3.2), quote(1002, bid=2.0, ask=2.1)]
    bought = intent(ENTRY, STRADDLE, purpose=Purpose.ENTRY, side=Side.BUY, quantity=1)
    _, call, put = of(
        ordered(bought, quotes=quotes),
        fill(ENTRY, "a", instrument=CALL, side=Side.BUY, quantity=1, price="3.15"),
        fill(ENTRY, "b", instrument=PUT, side=Side.BUY, quantity=1, price="2.05"),
    )
    assert (call["mid"], call["slippage"]) == (Decimal("3.1"), Decimal("0.05"))
    assert (put["mid"], put["slippage"]) == (Decimal("2.05"), Decimal("0"))


def test_without_a_usable_quote_no_slippage_is_invented():
    for quotes in ([], [quote(bid=None)], [quote(1001)]):
        _, record = of(ordered(quotes=quotes), fill())
        assert record["mid"] is None and record["slippage"] is None


def test_a_fill_of_nobody_s_order_and_an_inferred_one_are_reality_too():
    alone, inferred = of(fill(None), next(each for each in SAMPLES if isinstance(each, InferredFill)))
    assert alone["intent"] is None and alone["quantity"] == 20
    assert inferred["exec_id"] is None and inferred["why"] == "position and average cost"


def test_a_commission_names_its_execution():
    (record,) = of(Commission("0001.0002.0003.01", Money("1.0125", "EUR")))
    assert (record["exec_id"], record["amount"], record["currency"]) == ("0001.0002.0003.01", Decimal("1.0125"), "EUR")


@pytest.mark.parametrize(
    ("option", "was_long", "shares"), [(CALL, True, 200), (CALL, False, -200), (PUT, True, -200), (PUT, False, 200)]
)
def test_a_delivery_is_the_options_gone_and_the_shares_at_the_strike(option, was_long, shares):
    delivered = e.Delivered(
        id="x", how="assignment", option=option, contracts=2, was_long=was_long, underlying=SPY,
        evidence="x", accepted_by="x",
    )  # fmt: skip
    gone, came = of(delivered)
    assert (gone["con_id"], gone["quantity"], gone["price"]) == (option.con_id, -2 if was_long else 2, None)
    assert (came["con_id"], came["quantity"], came["price"]) == (SPY.con_id, shares, Decimal(600))


def test_what_was_refused_is_a_risk_record_with_the_guard():
    (record,) = of(e.PlanNotPermitted(purpose="hedge", reason="delta 31", refusals=[NO]))
    assert said(record) == {"purpose": "hedge", "why": "quote age: SPY's quote is 3 s old, 2 s are allowed"}


# -- forms -------------------------------------------------------------------------------------------------------------


def written(form, exported):
    into = io.BytesIO()
    export(exported, form, into)
    assert not into.closed
    return into.getvalue()


def test_json_lines_hold_money_as_text_and_moments_in_utc():
    exported = of(*SAMPLES)
    lines = [json.loads(line) for line in written("jsonl", exported).decode().splitlines()]
    assert len(lines) == len(exported)
    for line, record in zip(lines, exported, strict=True):
        assert line.pop("schema") == SCHEMA
        assert list(line) == list(COLUMNS)
        assert line["at"].endswith("+00:00")
        for name, value in record.items():
            if isinstance(value, Decimal):
                assert line[name] == str(value)
            elif not isinstance(value, date):
                assert line[name] == value


def test_csv_holds_the_same():
    exported = of(*SAMPLES)
    back = list(csv.DictReader(io.StringIO(written("csv", exported).decode())))
    for row, record in zip(back, exported, strict=True):
        for name, value in record.items():
            assert row[name] == ("" if value is None else value.isoformat() if isinstance(value, date) else str(value))


def test_parquet_holds_the_same_as_numbers(monkeypatch):
    monkeypatch.setattr("gamma_scalper.journal.export._GROUP", 7)
    exported = of(*SAMPLES)
    table = pq.read_table(io.BytesIO(written("parquet", exported)))
    assert table.schema.metadata[b"schema"].decode() == SCHEMA
    assert table.to_pylist() == exported


def test_a_price_with_endless_digits_is_rounded_in_parquet_alone():
    long = Decimal(10**14) / 3
    taken = e.TakenOver(id="x", instrument=SPY, quantity=1, price=long, why="x", accepted_by="x")
    exported = of(taken)
    assert json.loads(written("jsonl", exported))["price"] == str(long)
    (price,) = pq.read_table(io.BytesIO(written("parquet", exported)))["price"].to_pylist()
    assert price == long.quantize(Decimal("1e-12"))


@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet"])
def test_an_empty_journal_makes_an_empty_file_that_can_be_read(form):
    text = written(form, [])
    if form == "parquet":
        assert pq.read_table(io.BytesIO(text)).num_rows == 0
    else:
        assert text.decode().splitlines() == ([",".join(COLUMNS)] if form == "csv" else [])


def test_another_form_is_refused_in_words():
    with pytest.raises(UserError, match="allowed: jsonl, csv, parquet"):
        export([], "xlsx", io.BytesIO())


def test_moments_keep_their_microseconds():
    at = datetime(2026, 1, 5, 17, 0, 0, 1, tzinfo=UTC)
    exported = list(records([Row(1, "spy", 1, at, "Paused", 1, e.Paused("x", "y"), "")]))
    assert pq.read_table(io.BytesIO(written("parquet", exported)))["at"].to_pylist() == [at]
