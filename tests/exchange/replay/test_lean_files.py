"""What LEAN's folders mean, and what is refused of them."""

import zipfile
from datetime import UTC, date, datetime

import pytest
from toy_sources import archive, bar, lean

from gamma_scalper.domain.exits import UserError
from gamma_scalper.domain.instruments import Option
from gamma_scalper.exchange.replay import read_lean

CALL = "call_7500000_20160115"


def refusal(folder, **arguments):
    with pytest.raises(UserError) as refused:
        read_lean(folder, **arguments)
    assert "\n" not in str(refused.value)
    return str(refused.value)


def times(tape, con_id):
    return tape.quotes[con_id].time.astype("datetime64[ns]").astype(str).tolist()


def test_a_bar_counts_from_the_end_of_its_minute_in_summer_and_winter_time(tmp_path):
    lean(tmp_path, "20150306", shares=bar(34_200_000, 10, 11))
    lean(tmp_path, "20150309", shares=bar(34_200_000, 10, 11))  # the first day of summer time
    assert times(read_lean(tmp_path), 1001) == ["2015-03-06T14:31:00.000000000", "2015-03-09T13:31:00.000000000"]


def test_prices_and_strikes_are_in_ten_thousandths(tmp_path):
    tape = read_lean(lean(tmp_path, put_7525000_20160115=bar(34_200_000, 12_345, 13_000)))
    option = tape.contracts[1002]
    assert isinstance(option, Option)
    assert (str(option.strike), option.right, option.expiry) == ("752.5", "P", date(2016, 1, 15))
    assert (tape.quotes[1002].bid.tolist(), tape.quotes[1002].ask.tolist()) == ([1.2345], [1.3])


def test_an_expiry_on_a_saturday_or_holiday_ends_with_the_session_before(tmp_path):
    lean(tmp_path, "20150112", call_7500000_20150117=bar(34_200_000, 1, 2), call_7500000_20150403=bar(34_200_000, 1, 2))
    saturday, good_friday = [read_lean(tmp_path).contracts[con_id] for con_id in (1002, 1003)]
    assert saturday.expires_at == datetime(2015, 1, 16, 21, 0, tzinfo=UTC)
    assert good_friday.expires_at == datetime(2015, 4, 2, 20, 0, tzinfo=UTC)


def test_options_may_trade_on_after_the_shares(tmp_path):
    lean(tmp_path, **{CALL: bar(46_800_000, 10, 20)})
    assert read_lean(tmp_path).account.rejected == {"after the close": 1}
    later = read_lean(tmp_path, option_close_delay_min=15)
    assert later.account.rejected == {}
    assert later.hours.of(later.contracts[1002]).on(date(2015, 12, 24))[0].closes.minute == 15


def test_days_are_chosen_by_their_dates_both_included(tmp_path):
    for day in ("20151221", "20151222", "20151223"):
        lean(tmp_path, day)
    chosen = read_lean(tmp_path, first=date(2015, 12, 22), last=date(2015, 12, 23))
    assert [str(day.day) for day in chosen.days] == ["2015-12-22", "2015-12-23"]
    assert "no DAY_quote.zip from 2016-01-01" in refusal(tmp_path, first=date(2016, 1, 1))


def test_of_several_symbols_one_is_chosen(tmp_path):
    lean(tmp_path, symbol="goog")
    lean(tmp_path, symbol="spy")
    assert "it holds goog, spy; choose one with symbol=" in refusal(tmp_path)
    assert "no symbol 'QQQ'; it holds goog, spy" in refusal(tmp_path, symbol="QQQ")
    assert read_lean(tmp_path, symbol="SPY").contracts[1001].symbol == "SPY"


def test_files_of_trades_are_left_out_with_a_notice(tmp_path):
    lean(tmp_path, **{CALL: bar(34_200_000, 10, 20)})
    archive(tmp_path / "equity/usa/minute/goog/20151224_trade.zip", {"20151224_goog_minute_trade.csv": "1,2\n"})
    archive(tmp_path / "option/usa/minute/goog/20151224_trade_american.zip", {"any.csv": "1,2\n"})
    assert read_lean(tmp_path).notices == ("2 files of trades left out: only quotes are replayed",)


def test_a_day_without_options_is_told(tmp_path):
    assert read_lean(lean(tmp_path)).notices == ("no options on 2015-12-24",)


def test_folders_that_are_not_there_are_told(tmp_path):
    assert "no such folder" in refusal(tmp_path / "nowhere")
    assert "nothing in equity/usa/minute" in refusal(tmp_path)


def test_options_without_the_file_of_their_shares_are_refused(tmp_path):
    lean(tmp_path, **{CALL: bar(34_200_000, 10, 20)})
    (tmp_path / "equity/usa/minute/goog/20151224_quote.zip").unlink()
    assert "20151224_quote.zip: missing" in refusal(tmp_path)
    assert "20151224_quote.zip: missing" in refusal(tmp_path, lenient=True)


def test_a_file_of_an_unknown_name_is_refused(tmp_path):
    archive(lean(tmp_path) / "equity/usa/minute/goog/dec24_quote.zip", {})
    assert "dec24_quote.zip: unknown name; allowed: YYYYMMDD_quote.zip" in refusal(tmp_path)


BAD_ROWS = {
    "unreadable time": "9:30,1,1,1,10,5,1,1,1,20,6\n",
    "outside the named day": bar(86_400_000, 10, 20),
    "unreadable price": bar(34_260_000, "1x", 20),
    "negative price": bar(34_260_000, 10, -20),
    "price too large": bar(34_260_000, 10, "9" * 25),
    "unreadable size": "34260000,1,1,1,10,many,1,1,1,20,6\n",
    "negative size": "34260000,1,1,1,10,5,1,1,1,20,-6\n",
    "time going backwards": bar(34_140_000, 10, 20),
    "wrong number of fields": "34260000,1,1,1,10\n",
}


@pytest.mark.parametrize("reason", BAD_ROWS)
def test_a_bad_row_is_refused_by_its_line_or_skipped_and_counted(tmp_path, reason):
    lean(tmp_path, call_7400000_20160115=bar(34_200_000, 1, 2))
    rows = bar(34_200_000, 10, 20) + BAD_ROWS[reason] + bar(34_320_000, 11, 21)
    lean(tmp_path, **{"call_7400000_20160115": bar(34_200_000, 1, 2), CALL: rows})
    said = refusal(tmp_path)
    assert f"20151224_quote_american.zip, 20151224_goog_minute_quote_american_{CALL}.csv line 2: " in said
    assert "allowed: " in said
    account = read_lean(tmp_path, lenient=True).accounts[1]
    assert (account.rows, account.used, account.rejected) == (4, 3, {reason: 1})


def test_of_two_bars_of_one_minute_the_last_counts_and_the_other_is_counted(tmp_path):
    tape = read_lean(lean(tmp_path, shares=bar(34_200_000, 10, 20) + bar(34_200_000, 11, 21)))
    assert tape.quotes[1001].bid.tolist() == [0.0011]
    assert tape.account.rejected == {"replaced by a later row of the same time": 1}


def test_a_row_after_the_contracts_expiry_is_a_mistake(tmp_path):
    lean(tmp_path, "20151228", call_7500000_20151224=bar(34_200_000, 10, 20))
    assert "after the contract's expiry" in refusal(tmp_path)
    assert read_lean(tmp_path, lenient=True).account.rejected == {"after the contract's expiry": 1}


def test_rows_of_a_day_without_session_are_set_aside(tmp_path):
    lean(tmp_path, "20151225", shares=bar(34_200_000, 10, 20))  # Christmas
    lean(tmp_path, "20151228", shares=bar(34_200_000, 10, 20))
    assert read_lean(tmp_path).account.rejected == {"no session on that day": 1}


def test_a_source_without_a_row_to_replay_is_refused(tmp_path):
    assert "0 rows, 0 used: nothing is left to replay" in refusal(lean(tmp_path / "empty", shares=""))
    assert "1 rejected (after the close): nothing" in refusal(lean(tmp_path / "late", shares=bar(60_000_000, 1, 2)))


STRANGE_MEMBERS = [
    "notes.txt",
    "20151223_goog_minute_quote_american_call_7500000_20160115.csv",
    "20151224_spy_minute_quote_american_call_7500000_20160115.csv",
    "20151224_goog_minute_quote_american_call_0_20160115.csv",
    "20151224_goog_minute_quote_american_call_7500000_20160230.csv",
]


@pytest.mark.parametrize("member", STRANGE_MEMBERS)
def test_a_member_that_names_no_contract_of_the_day_is_refused_or_its_rows_counted(tmp_path, member):
    lean(tmp_path)
    archive(tmp_path / "option/usa/minute/goog/20151224_quote_american.zip", {member: bar(34_200_000, 1, 2) * 3})
    assert f"20151224_quote_american.zip, {member}: " in refusal(tmp_path)
    assert sum(read_lean(tmp_path, lenient=True).accounts[1].rejected.values()) == 3


@pytest.mark.parametrize("member", ["notes.txt", "20151223_goog_minute_quote.csv"])
def test_a_member_that_is_not_of_the_shares_is_refused(tmp_path, member):
    lean(tmp_path)
    archive(tmp_path / "equity/usa/minute/goog/20151224_quote.zip", {"folder/": "", member: bar(34_200_000, 1, 2)})
    assert f"20151224_quote.zip, {member}: " in refusal(tmp_path)
    assert "1 rejected" in refusal(tmp_path, lenient=True)


def test_a_zip_cut_short_or_no_zip_at_all_is_refused_or_skipped_and_counted(tmp_path):
    lean(tmp_path, **{CALL: bar(34_200_000, 10, 20) * 50})
    path = tmp_path / "option/usa/minute/goog/20151224_quote_american.zip"
    for data in (path.read_bytes()[:100], b"no zip"):
        path.write_bytes(data)
        assert f"{path}: no readable zip, perhaps cut short" in refusal(tmp_path)
        assert read_lean(tmp_path, lenient=True).account.skipped == {"no readable zip": 1}


def test_a_damaged_member_is_refused_or_skipped_and_counted(tmp_path):
    lean(tmp_path, **{CALL: bar(34_200_000, 10, 20) * 50})
    path = tmp_path / "option/usa/minute/goog/20151224_quote_american.zip"
    data = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive_file:
        begin = archive_file.infolist()[0].header_offset + 30 + len(archive_file.namelist()[0])
    data[begin + 5] ^= 0xFF
    path.write_bytes(bytes(data))
    assert f"{CALL}.csv: damaged" in refusal(tmp_path)
    assert read_lean(tmp_path, lenient=True).account.skipped == {"damaged member of a zip": 1}


def test_open_interest_of_a_contract_without_quotes_is_counted(tmp_path):
    lean(tmp_path, **{CALL: bar(34_200_000, 10, 20)})
    names = [f"20151224_goog_minute_openinterest_american_{name}.csv" for name in (CALL, "put_7500000_20160115")]
    archive(
        tmp_path / "option/usa/minute/goog/20151224_openinterest_american.zip", dict.fromkeys(names, "23400000,7\n")
    )
    tape = read_lean(tmp_path)
    assert tape.accounts[2].rejected == {"open interest of a contract without quotes": 1}
    assert tape.open_interest[1002].contracts.tolist() == [7]


def test_lines_may_end_as_on_windows_and_text_that_is_no_text_is_unreadable(tmp_path):
    assert read_lean(lean(tmp_path, shares=bar(34_200_000, 1, 2).replace("\n", "\r\n"))).account.used == 1
    archive(
        tmp_path / "equity/usa/minute/goog/20151224_quote.zip",
        {"20151224_goog_minute_quote.csv": b"\xff,1,1,1,1,1,1,1,1,1,1"},
    )
    assert "line 1: field time: unreadable time" in refusal(tmp_path)
