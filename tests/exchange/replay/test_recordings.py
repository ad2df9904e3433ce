"""A recording gives back every quote exactly, and a damaged one says where."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gamma_scalper.domain.exits import UserError
from gamma_scalper.domain.instruments import NICKEL_DIME_TICKS, Index, Option, Stock
from gamma_scalper.domain.quotes import DataType, Quote
from gamma_scalper.exchange.market import UnknownContract
from gamma_scalper.exchange.replay import Recorder, Replayed, read_rec, read_recording

OPEN = datetime(2015, 12, 24, 14, 30, tzinfo=UTC)
SHARES = Stock(con_id=208813719, symbol="GOOG", trading_class="NMS")
INDEX = Index(con_id=416904, symbol="SPX")
CALL = Option(
    con_id=7, underlying_con_id=SHARES.con_id, symbol="GOOG", right="C", strike=Decimal("752.50"),
    expiry=date(2016, 1, 15), expires_at=datetime(2016, 1, 15, 21, 0, tzinfo=UTC), multiplier=10,
    trading_class="GOOG", tick_rule=NICKEL_DIME_TICKS,
)  # fmt: skip
CONTRACTS = (SHARES, INDEX, CALL)
HEADER = '{"format":"gamma_scalper.recording","version":1}'

prices = st.none() | st.floats(0, 1e14)
quotes = st.builds(
    Quote,
    con_id=st.sampled_from([contract.con_id for contract in CONTRACTS]),
    snapshot_id=st.integers(0, 2**60),
    bid=prices,
    ask=prices,
    bid_size=st.integers(0, 10**14),
    ask_size=st.integers(0, 10**14),
    last=prices,
    data_type=st.sampled_from(DataType),
    received_at=st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)),
    carried=st.booleans(),
)


def quote(second=0, con_id=SHARES.con_id, **changes):
    fields = {"snapshot_id": 1, "bid": 748.1, "ask": 748.4, "received_at": OPEN + timedelta(seconds=second)}
    return Quote(con_id=con_id, **{**fields, **changes})


def record(path, *recorded, contracts=CONTRACTS):
    path.unlink(missing_ok=True)
    with Recorder(path) as recorder:
        for contract in contracts:
            recorder.list_contract(contract)
        for one in recorded:
            recorder.record(one)
    return path


def refusal(path, read=read_recording, **arguments):
    with pytest.raises(UserError) as refused:
        read(path, **arguments)
    assert "\n" not in str(refused.value)
    return str(refused.value)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "session.rec"


@given(st.lists(quotes, max_size=8))
def test_every_quote_and_contract_comes_back_exactly(tmp_path_factory, recorded):
    recording = read_recording(record(tmp_path_factory.getbasetemp() / "round.rec", *recorded))
    assert list(recording.quotes) == recorded
    assert [type(one.bid) for one in recording.quotes] == [type(one.bid) for one in recorded]
    assert recording.contracts == {contract.con_id: contract for contract in CONTRACTS}
    assert recording.rejected == {}


def test_it_is_lines_of_json_with_each_contract_once(path):
    with Recorder(path) as recorder:
        recorder.list_contract(SHARES)
        recorder.record(quote(bid=None, bid_size=0, ask_size=3))
        recorder.list_contract(SHARES)
    lines = path.read_text().splitlines()
    assert lines[0] == HEADER
    assert json.loads(lines[1])["symbol"] == "GOOG"
    assert lines[2:] == ["[208813719,1450967400000000,1,null,748.4,0,3,null,1,0]"]


def test_what_was_flushed_outlives_the_program(path):
    with Recorder(path) as recorder:
        recorder.list_contract(SHARES)
        recorder.record(quote())
        recorder.flush()
        assert len(read_recording(path).quotes) == 1


def test_a_recording_is_never_written_over(path):
    record(path)
    with pytest.raises(UserError, match="is there already"):
        Recorder(path)
    with pytest.raises(UserError, match="cannot be written"):
        Recorder(path / "below" / "a-file.rec")


def test_quotes_come_after_their_contract_and_contracts_never_change(path):
    with Recorder(path) as recorder:
        with pytest.raises(UnknownContract):
            recorder.record(quote())
        with pytest.raises(UnknownContract, match="underlying"):
            recorder.list_contract(CALL)
        recorder.list_contract(SHARES)
        with pytest.raises(ValueError, match="was recorded as"):
            recorder.list_contract(Stock(con_id=SHARES.con_id, symbol="AAPL"))


def test_a_torn_last_line_is_refused_or_counted_and_all_before_it_read(path):
    data = record(path, quote(0), quote(1)).read_bytes()
    path.write_bytes(data[:-3])
    assert f"{path} line 6: torn last line" in refusal(path)
    recording = read_recording(path, lenient=True)
    assert (len(recording.quotes), recording.rejected) == (1, {"torn last line": 1})
    tape = read_rec(path, lenient=True)
    assert (tape.account.rows, tape.account.used, tape.account.rejected) == (2, 1, {"torn last line": 1})


BAD_LINES = {
    "not json": "unreadable line",
    "[1,2]": "unreadable line",
    "7": "unreadable line",
    '{"kind":"future","con_id":5}': "unreadable line",
    '{"con_id":5}': "unreadable line",
    "[208813719,1450967400000000,1,-1.0,2.0,0,0,null,1,0]": "unreadable line",
    "[208813719,1450967400000000,1,NaN,2.0,0,0,null,1,0]": "unreadable line",
    '[208813719,1450967400000000,1,"1",2.0,0,0,null,1,0]': "unreadable line",
    "[208813719,1450967400000000.5,1,1.0,2.0,0,0,null,1,0]": "unreadable line",
    "[208813719,1450967400000000,1,1.0,2.0,0,0,null,9,0]": "unreadable line",
    "[208813719,1450967400000000,1,1.0,2.0,0,0,null,1,2]": "unreadable line",
    "[208813719,99999999999999999999999,1,1.0,2.0,0,0,null,1,0]": "unreadable line",
    "[5,1450967400000000,1,1.0,2.0,0,0,null,1,0]": "quote of an unlisted contract",
    '{"kind":"stock","con_id":7,"symbol":"SPY"}': "unreadable line",
    '{"kind":"open_interest","con_id":7,"time":1450967400000000,"contracts":-1}': "unreadable line",
    '{"kind":"open_interest","con_id":7,"time":99999999999999999999,"contracts":1}': "unreadable line",
    '{"kind":"open_interest","con_id":7,"contracts":1}': "unreadable line",
    '{"kind":"open_interest","con_id":5,"time":1450967400000000,"contracts":1}': "quote of an unlisted contract",
}


@pytest.mark.parametrize("bad", BAD_LINES)
def test_a_bad_line_is_refused_by_its_number_or_skipped_and_counted(path, bad):
    record(path, quote(0))
    with path.open("a") as file:
        file.write(bad + "\n[208813719,1450967401000000,2,1.0,2.0,0,0,null,1,0]\n")
    assert refusal(path).startswith(f"{path} line 6: '{bad[:40]}")
    recording = read_recording(path, lenient=True)
    assert (len(recording.quotes), recording.rejected) == (2, {BAD_LINES[bad]: 1})
    account = read_rec(path, lenient=True).account
    assert (account.rows, account.used) == (3, 2)


def test_other_files_are_refused(path):
    assert "cannot be read" in refusal(path)
    path.write_text("")
    assert "the file is empty; a recording begins with" in refusal(path)
    path.write_text("time,symbol\n")
    assert "line 1: 'time,symbol' is no header" in refusal(path)
    path.write_text('["header"]\n')
    assert "is no header" in refusal(path)
    path.write_text(HEADER.replace("1", "2") + "\n")
    assert "version 2; this program reads version 1" in refusal(path)
    path.write_text(HEADER + "\n")
    assert "nothing is left to replay" in refusal(path, read_rec)


def test_a_recording_replays_under_the_conids_it_was_made_with(path):
    record(path, quote(0), quote(0.5, bid=None), quote(2, CALL.con_id, bid=9.5, ask=10.0, bid_size=3, ask_size=4))
    market = Replayed(read_rec(path), "rec:")
    assert market.offers([SHARES.con_id])[0].bid == 748.1
    market.advance(market.next_tick())
    assert market.offers([SHARES.con_id, CALL.con_id]) == [
        (None, 748.4, 0, 0, None, False), (None, None, 0, 0, None, False),
    ]  # fmt: skip
    market.advance(market.next_tick())
    assert market.offers([CALL.con_id])[0] == (9.5, 10.0, 3, 4, None, False)
    assert market.instrument(CALL.con_id) == CALL


def test_open_interest_is_known_from_the_moment_it_was_recorded(path):
    with Recorder(path) as recorder:
        for contract in CONTRACTS:
            recorder.list_contract(contract)
        recorder.record(quote(0))
        recorder.record_open_interest(CALL.con_id, OPEN + timedelta(seconds=1), 120)
        recorder.record_open_interest(CALL.con_id, OPEN + timedelta(seconds=3), 125)
        recorder.record(quote(4))
        with pytest.raises(UnknownContract):
            recorder.record_open_interest(9, OPEN, 1)
    market, told = Replayed(read_rec(path), "rec:"), []
    for _ in range(5):
        told.append(market.open_interest(CALL.con_id))
        market.advance(market.next_tick())
    assert told == [0, 120, 120, 125, 125]
    assert read_rec(path).account.rows == 2, "it is no row of its own"


def test_an_option_recorded_without_its_underlying_is_refused_in_replay(path):
    record(path, quote(0))
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join([lines[0], lines[3], "[7,1450967400000000,1,1.0,2.0,0,0,null,1,0]\n"]))
    assert len(read_recording(path).quotes) == 1
    assert "line 3: option without its underlying" in refusal(path, read_rec)


def test_a_time_going_backwards_is_refused_in_replay_and_kept_in_the_recording(path):
    record(path, quote(5), quote(4))
    assert len(read_recording(path).quotes) == 2
    assert f"{path} line 6: field time: time going backwards" in refusal(path, read_rec)
    assert read_rec(path, lenient=True).account.rejected == {"time going backwards": 1}
