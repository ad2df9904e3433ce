"""The real GOOG day of 24 December 2015 replays to its 13:00 close, and every row of it is accounted for."""

import os
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gamma_scalper.domain.instruments import Option
from gamma_scalper.exchange.market import NOTHING_ON_OFFER
from gamma_scalper.exchange.replay import Replayed, read_lean

LEAN = Path(os.environ.get("LEAN_DATA") or Path(__file__).parents[4] / "shared" / "data" / "lean")
CLOSE = datetime(2015, 12, 24, 18, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)

pytestmark = pytest.mark.skipif(
    not (LEAN / "option/usa/minute/goog").is_dir(), reason=f"the GOOG day is not in {LEAN}; set LEAN_DATA to its folder"
)


@pytest.fixture(scope="module")
def tape():
    return read_lean(LEAN)


@pytest.fixture
def market(tape):
    return Replayed(tape, "lean:")


def zipped(kind, name):
    """member -> its rows, each split into fields; read without anything of ours."""
    with zipfile.ZipFile(LEAN / kind / "usa/minute/goog" / name) as archive:
        return {
            member: [line.split(",") for line in archive.read(member).decode().splitlines()]
            for member in archive.namelist()
        }


@pytest.fixture(scope="module")
def source():
    return zipped("option", "20151224_quote_american.zip")


def option_named(tape, right, strike, expiry):
    return next(
        contract.con_id
        for contract in tape.contracts.values()
        if isinstance(contract, Option)
        and (contract.right, float(contract.strike), f"{contract.expiry:%Y%m%d}") == (right, strike, expiry)
    )


def go_to(market, moment):
    while market.now < moment:
        market.advance(market.next_tick())
    assert market.now == moment


def test_every_row_of_the_source_is_used_or_rejected_with_a_reason(tape, source):
    shares, options, interest = tape.accounts
    rows = [row for member in source.values() for row in member]
    late = sum(int(row[0]) + 60_000 > 13 * 3_600_000 for row in rows)
    assert (options.rows, options.used, options.rejected) == (len(rows), len(rows) - late, {"after the close": late})
    assert (shares.rows, shares.used, shares.rejected) == (260, 234, {"after the close": 26})
    assert (interest.rows, interest.used, interest.rejected) == (2_058, 2_058, {})
    assert (tape.account.rows, tape.account.used) == (277_870, 277_679)
    assert tape.account.rows == tape.account.used + sum(tape.account.rejected.values())
    assert sum(len(columns.time) for columns in tape.quotes.values()) == shares.used + options.used


def test_all_contracts_are_listed_with_their_own_last_moment(market, tape):
    options = [contract for contract in tape.contracts.values() if isinstance(contract, Option)]
    assert len(options) == 2_192
    assert list(tape.contracts) == list(range(1001, 1001 + 2_193))
    expiries = market.expiries(1001)
    assert len(expiries) == 12
    assert sum(len(market.options(1001, expiry)) for expiry in expiries) == 2_192
    assert {option.expires_at for option in market.options(1001, expiries[0])} == {CLOSE}


def test_gaps_and_crossed_and_one_sided_quotes_are_kept(tape, source):
    missing = sum(row[4] == "" or row[9] == "" for rows in source.values() for row in rows if int(row[0]) < 46_800_000)
    kept = sum(
        int(((columns.bid != columns.bid) | (columns.ask != columns.ask)).sum()) for columns in tape.quotes.values()
    )
    assert kept == missing > 100_000


def test_a_bars_close_is_not_on_offer_before_the_end_of_its_minute(market, tape, source):
    call = option_named(tape, "C", 750.0, "20151224")
    rows = source["20151224_goog_minute_quote_american_call_7500000_20151224.csv"]
    assert [row[0] for row in rows[:2]] == ["34200000", "34260000"]
    go_to(market, datetime(2015, 12, 24, 14, 30, 59, tzinfo=UTC))
    assert market.offers([call]) == [NOTHING_ON_OFFER]
    for row in rows[:2]:
        market.advance(market.next_tick())
        offer = market.offers([call])[0]
        assert (offer.bid, offer.ask) == (int(row[4]) / 10_000, int(row[9]) / 10_000)
        assert (offer.bid_size, offer.ask_size, offer.carried) == (int(row[5]), int(row[10]), False)
        go_to(market, market.now + 59 * SECOND)
        assert market.offers([call])[0] == offer._replace(carried=True)


def test_it_replays_to_the_early_close_and_nothing_comes_after(market, tape):
    con_ids = list(tape.contracts)
    go_to(market, CLOSE - SECOND)
    assert market.offers([1001])[0].carried
    market.advance(market.next_tick())
    shares = market.offers([1001])[0]
    assert market.now == CLOSE == market.sessions(1001).on(CLOSE.date())[-1].closes
    assert (shares.bid, shares.ask, shares.carried) == (748.1, 748.38, False)
    assert sum(not offer.carried and offer.bid is not None for offer in market.offers(con_ids)) > 500
    assert market.next_tick() is None


def test_open_interest_comes_from_the_source_when_it_was_known(market, tape):
    interest = zipped("option", "20151224_openinterest_american.zip")
    (row,) = interest["20151224_goog_minute_openinterest_american_call_7500000_20160115.csv"]
    call = option_named(tape, "C", 750.0, "20160115")
    assert market.open_interest(call) == 0  # at 04:01 in New York nobody knew
    go_to(market, datetime(2015, 12, 24, 14, 30, tzinfo=UTC))
    assert market.open_interest(call) == int(row[1]) > 0


def test_the_day_is_read_the_same_every_time(tape):
    again = read_lean(LEAN)
    assert (again.fingerprint, again.contracts) == (tape.fingerprint, tape.contracts)
