"""What is imported plays like its source, and no row of the source is lost without a word."""

import os
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_sources import HEADER, NOW, call, csv, minute, name_of, offers_through, share, whole_day

from gamma_scalper.backtest.history.importing import Wanted, import_days
from gamma_scalper.backtest.history.store import HistoryStore
from gamma_scalper.domain.exits import UserError
from gamma_scalper.domain.quotes import Quote
from gamma_scalper.exchange.replay import Recorder
from gamma_scalper.exchange.specs import market_from

LEAN = Path(os.environ.get("LEAN_DATA") or Path(__file__).parents[4] / "shared" / "data" / "lean")
ALL = Wanted()
MONDAY, TUESDAY = date(2026, 1, 5), date(2026, 1, 6)


@pytest.fixture
def store(tmp_path):
    return HistoryStore(tmp_path / "history")


def plays_alike(source, store, symbol):
    """Minute by minute, from the store and from the source itself."""
    ours, theirs = market_from(f"parquet:{store.folder('quotes', symbol)},step=60"), market_from(f"{source},step=60")
    assert ours.tape.days == theirs.tape.days
    names = [name_of(contract) for contract in ours.tape.contracts.values()]
    return list(offers_through(ours, names)) == list(offers_through(theirs, names))


prices = st.one_of(st.just(""), st.integers(1, 99_999).map(lambda cents: cents / 100))


@given(
    rows=st.lists(
        st.tuples(st.sampled_from(["share", "call"]), st.integers(-2, 395), st.integers(0, 1), prices, prices),
        max_size=30,
    )
)
def test_any_source_plays_from_the_store_as_it_plays_itself(tmp_path_factory, rows):
    folder = tmp_path_factory.mktemp("source")
    rows = [("share", 0, 0, 600, 600.1), *rows]
    rows.sort(key=lambda row: (row[2], row[1]))
    written = [{"share": share, "call": call}[kind](minute(at, day), bid, ask) for kind, at, day, bid, ask in rows]
    source = f"csv:{csv(folder / 'quotes.csv', *written)}"
    store = HistoryStore(folder / "history")
    found = import_days(store, source, ALL, NOW)
    assert found.rows == len(rows) == found.stored + sum(found.rejected.values())
    assert plays_alike(source, store, "SPY")


def test_every_row_is_stored_or_rejected_by_a_reason(store, tmp_path):
    rows = [*whole_day(), share(minute(391), 600, 601), call(minute(5), 4, 4.1), call(minute(6), "", "")]
    rows.append(share(minute(600), 600, 601))  # in the evening
    found = import_days(store, f"csv:{csv(tmp_path / 'q.csv', *rows)}", ALL, NOW)
    assert (found.rows, found.stored, found.rejected) == (394, 392, {"after the close": 2})
    origin = store.origin("quotes", "SPY", MONDAY)
    assert (origin.rows, origin.contracts, origin.rejected) == (392, 2, {"after the close": 2})
    assert origin.source == f"csv:{tmp_path / 'q.csv'}" and origin.written_at == NOW


def test_a_second_import_changes_nothing_unless_it_is_told_to(store, tmp_path):
    first = csv(tmp_path / "first.csv", share(minute(1), 600, 601))
    other = csv(tmp_path / "other.csv", share(minute(1), 500, 501), share(minute(1, day=1), 500, 501))
    import_days(store, f"csv:{first}", ALL, NOW)
    path = store.path("quotes", "SPY", MONDAY)
    before = path.read_bytes()
    again = import_days(store, f"csv:{other}", ALL, NOW + timedelta(days=1))
    assert path.read_bytes() == before
    assert [(day.day, day.stored) for day in again.days] == [(MONDAY, False), (TUESDAY, True)]
    assert (again.kept, again.stored) == (1, 1)
    import_days(store, f"csv:{other}", Wanted(overwrite=True), NOW)
    assert store.read("quotes", "SPY", MONDAY)["bid"].to_pylist() == [500.0]


def test_symbols_and_days_are_kept_apart_and_chosen(store, tmp_path):
    rows = [share(minute(1), 600, 601), share(minute(2), 180, 181, "NVDA"), share(minute(1, day=1), 602, 603)]
    source = f"csv:{csv(tmp_path / 'q.csv', *rows)}"
    found = import_days(store, source, Wanted(symbol="spy", first=TUESDAY), NOW)
    assert [(day.symbol, day.day) for day in found.days] == [("SPY", TUESDAY)]
    assert sum(found.rejected.values()) == 2 and found.stored == 1
    import_days(store, source, ALL, NOW)
    assert store.symbols("quotes") == ["NVDA", "SPY"]
    assert (store.days("quotes", "SPY"), store.days("quotes", "NVDA")) == ([MONDAY, TUESDAY], [MONDAY])
    with pytest.raises(UserError, match="it has quotes of NVDA, SPY from 2026-01-05 to 2026-01-06"):
        import_days(store, source, Wanted(symbol="AAPL"), NOW)


def test_bad_rows_are_refused_or_counted(store, tmp_path):
    source = f"csv:{csv(tmp_path / 'q.csv', share(minute(1), 600, 601), share(minute(2), -1, 601))}"
    with pytest.raises(UserError, match="line 3: field bid: negative price"):
        import_days(store, source, ALL, NOW)
    assert store.symbols("quotes") == [], "nothing is stored of what is refused"
    found = import_days(store, source, ALL, NOW, lenient=True)
    assert (found.stored, found.rejected) == (1, {"negative price": 1})


def test_wrong_sources_are_told_in_one_line(store, tmp_path):
    for spec, said in (
        ("gbm:symbol=SPY", "no file of quotes; allowed: csv:PATH"),
        (f"csv:{tmp_path / 'none.csv'}", "cannot be read .No such file"),
        (f"csv:{csv(tmp_path / 'wrong.csv', header='time,symbol')}", "column expiry is missing"),
    ):
        with pytest.raises(UserError, match=said):
            import_days(store, spec, ALL, NOW)


def test_open_interest_goes_along_and_is_never_known_before_its_time(store, tmp_path):
    rows = [f"{row}," for row in (share(minute(1), 600, 601), call(minute(2), 4, 4.1))]
    rows.append(f"{call(minute(4), 4, 4.2)},120")
    path = csv(tmp_path / "q.csv", *rows, header=f"{HEADER},open_interest")
    import_days(store, f"csv:{path}", ALL, NOW)
    assert plays_alike(f"csv:{path}", store, "SPY")
    market = market_from(f"parquet:{store.folder('quotes', 'SPY')},step=60")
    told = [interest[1] for _, _, interest in offers_through(market, [("SPY",), name_of_call(market)])]
    assert told[:5] == [0, 0, 0, 120, 120]


def name_of_call(market):
    return name_of(list(market.tape.contracts.values())[1])


def test_a_recording_imports_with_its_contracts(store, tmp_path):
    market = market_from(f"csv:{csv(tmp_path / 'q.csv', *whole_day()[:5], call(minute(5), 4, 4.1, 602.5))}")
    path = tmp_path / "session.rec"
    with Recorder(path) as recorder:
        for contract in market.tape.contracts.values():
            recorder.list_contract(contract)
        for number, con_id in enumerate((1001, 1001, 1002, 1001), 1):
            quote = Quote(con_id=con_id, snapshot_id=number, bid=4.0, ask=4.1 + number, received_at=minute(number))
            recorder.record(quote)
        recorder.record_open_interest(1002, minute(3), 77)
    import_days(store, f"rec:{path}", ALL, NOW)
    assert plays_alike(f"rec:{path}", store, "SPY")
    (note,) = store.origin("quotes", "SPY", MONDAY).notes
    assert "price steps are not kept" in note


@pytest.mark.skipif(not (LEAN / "option/usa/minute/goog").is_dir(), reason=f"the GOOG day is not in {LEAN}")
def test_the_goog_day_plays_from_the_store_as_it_plays_from_its_source(store):
    source = f"lean:{LEAN},step=60"
    found = import_days(store, source, ALL, NOW)
    assert (found.rows, found.stored, found.figures, found.rejected) == (
        277_870,
        275_621,
        2_058,
        {"after the close": 191},
    )
    ours, theirs = market_from(f"parquet:{store.folder('quotes', 'GOOG')},step=60"), market_from(source)
    assert ours.tape.contracts == theirs.tape.contracts, "with the same conIds"
    assert ours.tape.days == theirs.tape.days
    con_ids = list(ours.tape.contracts)
    for con_id in con_ids:
        for mine, other in zip(ours.tape.quotes[con_id].all, theirs.tape.quotes[con_id].all, strict=True):
            assert mine.tobytes() == other.tobytes()
    known = 8 * 60  # minutes after the first tick, by when the options were quoted and their open interest is told
    for number in range(known):
        if number % 50 == 0:
            assert ours.offers(con_ids) == theirs.offers(con_ids), "carried marks among them"
        for market in (ours, theirs):
            market.advance(market.next_tick())
    interest = [[market.open_interest(con_id) for con_id in con_ids] for market in (ours, theirs)]
    assert interest[0] == interest[1] and sum(interest[0]) > 0
