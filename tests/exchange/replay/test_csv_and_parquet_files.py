"""Quotes as a table: one set of columns and rules, in csv and in parquet."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet
from toy_sources import CALL, HEADER, SHARES, csv, utc

from gamma_scalper.domain.exits import UserError
from gamma_scalper.domain.instruments import Index, Option, Stock
from gamma_scalper.exchange.replay import Replayed, read_csv, read_parquet

GOOD = [SHARES.format(utc("14:31:00"), 748.1, 748.4), CALL.format(utc("14:31:00"), 9.5, 10)]


def refusal(read, path, **arguments):
    with pytest.raises(UserError) as refused:
        read(path, **arguments)
    assert "\n" not in str(refused.value)
    return str(refused.value)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "quotes.csv"


def test_underlyings_and_options_are_read_with_all_their_columns(path):
    header = f"{HEADER},multiplier,exercise,settlement,kind"
    tape = read_csv(csv(
        path,
        "2015-12-24T09:31:00.000001-05:00,SPX,,,,,,,,2060.99,,,,index",
        f"{utc('14:31:00')},SPX,2016-01-15,2000.50,P,1.5,,10,,,50,european,cash_am,",
        f"{utc('14:31:00')},GOOG,,,,748.1,748.4,1,2,748.2,,,,",
        header=header,
    ))  # fmt: skip
    stock, index, option = (tape.contracts[con_id] for con_id in (1001, 1002, 1003))
    assert (type(stock), type(index), type(option)) == (Stock, Index, Option)
    assert (option.strike, option.right, option.multiplier, option.exercise, option.settlement) == (
        Decimal("2000.5"), "P", 50, "european", "cash_am",
    )  # fmt: skip
    assert option.underlying_con_id == index.con_id
    assert option.expires_at == datetime(2016, 1, 14, 21, 0, tzinfo=UTC)  # settled in the morning
    offers = Replayed(tape, "csv:").offers([1001, 1002, 1003])
    assert offers[0] == (748.1, 748.4, 1, 2, 748.2, False)
    assert offers[2] == (1.5, None, 10, 0, None, False)
    assert tape.quotes[1002].time.tolist()[0] % 1_000_000 == 1_000


def test_numbers_go_to_underlyings_by_symbol_and_then_to_options_whatever_the_order_of_rows(path):
    rows = [
        f"{utc('14:31:00')},SPY,2016-01-15,200,P,1,2,1,1,",
        f"{utc('14:31:00')},SPY,2016-01-15,200,C,1,2,1,1,",
        f"{utc('14:31:00')},GOOG,2016-01-15,750,C,1,2,1,1,",
        f"{utc('14:31:00')},SPY,2016-01-08,210,C,1,2,1,1,",
        f"{utc('14:31:00')},SPY,,,,1,2,1,1,",
        f"{utc('14:31:00')},GOOG,,,,1,2,1,1,",
    ]
    tape, reversed_tape = read_csv(csv(path, *rows)), read_csv(csv(path, *reversed(rows)))
    assert [(contract.symbol, getattr(contract, "right", "")) for contract in tape.contracts.values()] == [
        ("GOOG", ""), ("SPY", ""), ("GOOG", "C"), ("SPY", "C"), ("SPY", "C"), ("SPY", "P"),
    ]  # fmt: skip
    assert tape.contracts[1004].expiry == date(2016, 1, 8)
    assert (tape.contracts, tape.fingerprint) == (reversed_tape.contracts, reversed_tape.fingerprint)


def test_two_multipliers_are_two_contracts(path):
    rows = [f"{utc('14:31:00')},GOOG,2016-01-15,750,C,1,2,1,1,,{multiplier}" for multiplier in ("", 10)]
    tape = read_csv(csv(path, GOOD[0] + ",", *rows, header=HEADER + ",multiplier"))
    assert sorted(contract.multiplier for contract in tape.contracts.values()) == [1, 10, 100]


def test_open_interest_is_known_from_its_row_on_and_empty_says_nothing_new(path):
    rows = [
        SHARES.format(utc("14:31:00"), 748.1, 748.4) + ",",
        *(CALL.format(utc(f"14:31:0{second}"), 9.5, 10) + f",{told}" for second, told in ((1, 7), (2, ""), (3, 0))),
    ]
    market, told = Replayed(read_csv(csv(path, *rows, header=HEADER + ",open_interest")), "csv:"), []
    for _ in range(4):
        told.append(market.open_interest(1002))
        market.advance(market.next_tick())
    assert told == [0, 7, 7, 0]
    csv(path, *rows, CALL.format(utc("14:31:09"), 9.5, 10) + ",-2", header=HEADER + ",open_interest")
    assert "field open_interest: negative size, found '-2'" in refusal(read_csv, path)


BAD_ROWS = {
    "unreadable time": SHARES.format("2015-12-24T14:32:00", 1, 2),  # no zone
    "time out of range": SHARES.format("1789-12-24T14:32:00Z", 1, 2),
    "unreadable symbol": f"{utc('14:32:00')},,,,,1,2,1,1,",
    "unreadable expiry": f"{utc('14:32:00')},GOOG,15JAN16,750,C,1,2,1,1,",
    "unreadable symbol ": f"{utc('14:32:00')},GO\x1fOG,,,,1,2,1,1,",
    "unreadable expiry ": f"{utc('14:32:00')},GOOG,2016-02-30,750,C,1,2,1,1,",
    "unreadable strike": f"{utc('14:32:00')},GOOG,2016-01-15,0,C,1,2,1,1,",
    "unreadable right": f"{utc('14:32:00')},GOOG,2016-01-15,750,call,1,2,1,1,",
    "unreadable price": SHARES.format(utc("14:32:00"), "nan", 2),
    "negative price": SHARES.format(utc("14:32:00"), 1, -2),
    "price too large": SHARES.format(utc("14:32:00"), 1, "1e300"),
    "unreadable size": f"{utc('14:32:00')},GOOG,,,,1,2,1.5,1,",
    "negative size": f"{utc('14:32:00')},GOOG,,,,1,2,1,-1,",
    "time going backwards": SHARES.format(utc("14:30:59"), 1, 2),
    "wrong number of fields": f"{utc('14:32:00')},GOOG,,,,1,2",
    "option without its underlying": f"{utc('14:32:00')},SPY,2016-01-15,200,C,1,2,1,1,",
    "after the contract's expiry": f"{utc('14:32:00')},GOOG,2015-12-18,750,C,1,2,1,1,",
}


@pytest.mark.parametrize("reason", BAD_ROWS)
def test_a_bad_row_is_refused_by_its_line_or_skipped_and_counted(path, reason):
    csv(path, *GOOD, BAD_ROWS[reason], SHARES.format(utc("14:33:00"), 1, 2))
    said = refusal(read_csv, path)
    assert said.startswith(f"{path} line 4: ")
    assert "found" in said
    assert "allowed: " in said
    account = read_csv(path, lenient=True).account
    assert (account.rows, account.used, account.rejected) == (4, 3, {reason.strip(): 1})


def test_times_that_look_right_but_are_not_are_found(path):
    csv(path, *GOOD, SHARES.format("2015-02-30T14:31:00Z", 1, 2), SHARES.format("2015-12-24T25:00:00Z", 1, 2))
    assert "line 4: field time: unreadable time, found '2015-02-30T14:31:00Z'" in refusal(read_csv, path)
    assert read_csv(path, lenient=True).account.rejected == {"unreadable time": 2}


@pytest.mark.parametrize(
    ("column", "cell", "allowed"),
    [("multiplier", "ten", "a whole number from 1 up"), ("exercise", "bermudan", "american, european"),
     ("settlement", "cash", "physical, cash_pm, cash_am"), ("kind", "stock", "nothing in a row of an option")],
)  # fmt: skip
def test_an_unknown_word_is_refused_with_those_allowed(path, column, cell, allowed):
    csv(path, GOOD[0] + ",", GOOD[1] + f",{cell}", header=f"{HEADER},{column}")
    said = refusal(read_csv, path)
    assert f"line 3: field {column}: unreadable {column}, found '{cell}'; allowed: {allowed}" in said


def test_an_underlying_has_no_multiplier_and_is_of_a_known_kind(path):
    csv(path, GOOD[0] + ",100", header=f"{HEADER},multiplier")
    assert "field multiplier" in refusal(read_csv, path)
    csv(path, GOOD[0] + ",future", header=f"{HEADER},kind")
    assert "field kind: unreadable kind, found 'future'; allowed: stock, index" in refusal(read_csv, path)


def test_an_empty_line_inside_the_file_is_a_bad_row_and_at_its_end_it_is_none(path):
    assert read_csv(csv(path, *GOOD, "", "")).account.rows == 2
    csv(path, GOOD[0], "", GOOD[1])
    assert "line 3: field time" in refusal(read_csv, path)
    assert read_csv(path, lenient=True).account.rejected == {"unreadable time": 1}


def test_of_rows_of_one_moment_the_last_counts(path):
    tape = read_csv(csv(path, *GOOD, SHARES.format(utc("14:31:00"), 700, 701)))
    assert tape.quotes[1001].bid.tolist() == [700]
    assert tape.account.rejected == {"replaced by a later row of the same time": 1}


HEADERS = {
    HEADER.replace(",bid_size", ""): "column bid_size is missing",
    HEADER.replace("bid,", "bids,"): "unknown column 'bids', did you mean bid?",
    HEADER.replace(",", ";"): "unknown column",
    HEADER + ",last": "column 'last' stands there twice",
    GOOD[0]: "unknown column '2015-12-24T14:31:00Z'",
}


@pytest.mark.parametrize("header", HEADERS)
def test_a_wrong_header_is_refused_even_when_lenient(path, header):
    csv(path, *GOOD, header=header)
    for lenient in (False, True):
        said = refusal(read_csv, path, lenient=lenient)
        assert f"{path} line 1: {HEADERS[header]}" in said
        assert "allowed: time, symbol" in said


def test_empty_and_missing_files_are_refused(path):
    assert "cannot be read (No such file or directory)" in refusal(read_csv, path)
    path.write_text("")
    assert "the file is empty" in refusal(read_csv, path)
    csv(path)
    assert "0 rows, 0 used: nothing is left to replay" in refusal(read_csv, path)


def test_a_mark_of_byte_order_does_no_harm(path):
    path.write_bytes(b"\xef\xbb\xbf" + csv(path, *GOOD).read_bytes())
    assert read_csv(path).account.used == 2


odd = st.text(max_size=12) | st.sampled_from(["1e400", "-0", "\0", "nan", "inf", "1_000", "२", " 1", '"1"', "9" * 30])


@given(damage=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9), odd), max_size=3))
def test_whatever_stands_in_the_cells_every_row_is_accounted_for(tmp_path_factory, damage):
    rows = [
        row.split(",") for row in [*GOOD, SHARES.format(utc("14:32:00"), 1, 2), CALL.format(utc("14:33:00"), "", 2)]
    ]
    for row, cell, text in damage:
        rows[row][cell] = text
    path = tmp_path_factory.getbasetemp() / "odd.csv"
    path.write_bytes("\n".join([HEADER, *map(",".join, rows)]).encode("utf-8", "surrogatepass") + b"\n")
    try:
        account = read_csv(path, lenient=True).account
    except UserError as refused:
        assert "nothing is left to replay" in str(refused)
        return
    assert account.rows == account.used + sum(account.rejected.values()) >= 4
    if account.used < account.rows - account.rejected.get("replaced by a later row of the same time", 0):
        with pytest.raises(UserError, match=re.escape(f"{path} line ")):
            read_csv(path)


def test_a_whole_day_may_have_no_session(path):
    csv(path, SHARES.format("2015-12-25T15:00:00Z", 1, 2))
    assert "1 rejected (no session on that day): nothing is left" in refusal(read_csv, path)


def table(**changes):
    moment = datetime(2015, 12, 24, 14, 31, tzinfo=UTC)
    columns = {
        "time": pa.array([moment, moment], pa.timestamp("us", "America/New_York")),
        "symbol": pa.array(["GOOG", "GOOG"]).dictionary_encode(),
        "expiry": pa.array([None, date(2016, 1, 15)], pa.date32()),
        "strike": pa.array([None, 752.5]),
        "right": pa.array([None, "C"]),
        "bid": pa.array([0.1, float("nan")]),
        "ask": pa.array([748.4, 1 / 3]),
        "bid_size": pa.array([100.0, float("nan")]),  # as pandas leaves them where some are missing
        "ask_size": pa.array([200, 20]),
    }
    return pa.table({**columns, **changes})


def test_parquet_holds_the_same_columns_in_types_of_its_own(tmp_path):
    file = tmp_path / "day.parquet"
    parquet.write_table(table(), file)
    offers = Replayed(read_parquet(file), "parquet:").offers([1001, 1002])
    assert offers == [(0.1, 748.4, 100, 200, None, False), (None, 1 / 3, 0, 20, None, False)]


def test_a_folder_of_parquet_files_is_one_source_with_an_account_of_each(tmp_path):
    parquet.write_table(table().slice(1), tmp_path / "a.parquet")  # the option here, its underlying there
    parquet.write_table(table().slice(0, 1), tmp_path / "b.parquet")
    tape = read_parquet(tmp_path)
    assert [(account.rows, account.used) for account in tape.accounts] == [(1, 1), (1, 1)]
    assert len(tape.contracts) == 2
    (tmp_path / "c.parquet").write_bytes(b"PAR1 cut short")
    assert "c.parquet: no readable parquet file" in refusal(read_parquet, tmp_path)
    assert read_parquet(tmp_path, lenient=True).account.skipped == {"no readable parquet file": 1}


def test_a_time_that_goes_backwards_from_one_file_to_the_next_is_refused(tmp_path):
    parquet.write_table(table(), tmp_path / "a.parquet")
    earlier = pa.array([datetime(2015, 12, 24, 14, 30, tzinfo=UTC)] * 2, pa.timestamp("us", "UTC"))
    parquet.write_table(table(time=earlier), tmp_path / "b.parquet")
    said = refusal(read_parquet, tmp_path)
    assert "b.parquet row 1: field time: time going backwards, found '2015-12-24T14:30:00.000000Z'" in said


def test_parquet_times_without_a_zone_and_odd_types_are_refused(tmp_path):
    file = tmp_path / "day.parquet"
    parquet.write_table(table(time=pa.array([datetime(2015, 12, 24)] * 2, pa.timestamp("us"))), file)
    assert "field time: it is a timestamp[us]; allowed: a timestamp with its zone" in refusal(read_parquet, file)
    parquet.write_table(table(bid=pa.array([[1.0], [2.0]])), file)
    assert "field bid: it is a list" in refusal(read_parquet, file)
    parquet.write_table(table(ask=pa.array([True, False])), file)
    assert "row 1: field ask: unreadable price, found 'true'" in refusal(read_parquet, file)


def test_parquet_files_that_are_not_there_are_told(tmp_path):
    assert "no such file or folder" in refusal(read_parquet, tmp_path / "nowhere")
    assert "no file in it ends in .parquet" in refusal(read_parquet, tmp_path)
    parquet.write_table(table().drop(["bid"]), tmp_path / "a.parquet")
    assert "a.parquet: column bid is missing" in refusal(read_parquet, tmp_path)
