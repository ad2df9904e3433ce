"""A replayed market shows what was in force, no more and no sooner."""

import json
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from toy_sources import CALL, SHARES, csv, utc

from gamma_scalper.domain.exits import UserError
from gamma_scalper.exchange.market import NOTHING_ON_OFFER, UnknownContract
from gamma_scalper.exchange.replay import Account, Replayed, read_csv

STOCK, OPTION = 1001, 1002
FIRST = [SHARES.format(utc("14:30:00"), 100, 101), CALL.format(utc("14:30:02.5"), 9, 10)]


def replayed(tmp_path, *rows, **arguments):
    return Replayed(read_csv(csv(tmp_path / "quotes.csv", *rows)), "csv:quotes.csv", **arguments)


def go_to(market, moment):
    moment = datetime.fromisoformat(moment)
    while market.now < moment:
        market.advance(market.next_tick())
    assert market.now == moment


def ticks(market):
    seen = [market.now]
    while (tick := market.next_tick()) is not None:
        market.advance(tick)
        seen.append(tick)
    return seen


def test_it_begins_at_the_second_of_the_first_row_and_ticks_to_the_close(tmp_path):
    seen = ticks(replayed(tmp_path, SHARES.format(utc("17:59:56.3"), 100, 101)))
    assert [f"{tick:%H:%M:%S.%f}" for tick in seen] == [
        "17:59:57.000000", "17:59:58.000000", "17:59:59.000000", "18:00:00.000000",
    ]  # fmt: skip


def test_a_quote_is_fresh_once_and_then_carried_until_the_next(tmp_path):
    market = replayed(tmp_path, *FIRST, SHARES.format(utc("14:30:03"), 102, 103))
    assert market.offers([STOCK, OPTION]) == [(100, 101, 100, 200, None, False), NOTHING_ON_OFFER]
    go_to(market, utc("14:30:02"))
    assert market.offers([STOCK, OPTION]) == [(100, 101, 100, 200, None, True), NOTHING_ON_OFFER]
    go_to(market, utc("14:30:03"))
    assert market.offers([STOCK, OPTION]) == [(102, 103, 100, 200, None, False), (9, 10, 10, 20, None, False)]
    go_to(market, utc("16:45:00"))
    assert market.offers([STOCK, OPTION]) == [(102, 103, 100, 200, None, True), (9, 10, 10, 20, None, True)]


def test_of_several_rows_between_two_ticks_the_last_is_on_offer(tmp_path):
    rows = [SHARES.format(utc(f"14:30:00.{part}"), bid, 200) for part, bid in ((1, 100), (5, 101), (9, 102))]
    market = replayed(tmp_path, FIRST[0], *rows)
    market.advance(market.next_tick())
    assert market.offers([STOCK])[0].bid == 102


def test_where_the_source_has_no_side_nothing_is_on_offer(tmp_path):
    rows = [
        SHARES.format(utc("14:30:01"), "", ""),
        SHARES.format(utc("14:30:02"), "", 5),
        SHARES.format(utc("14:30:03"), 6, 5),
    ]
    market = replayed(tmp_path, FIRST[0], *rows)
    shown = []
    for _ in rows:
        market.advance(market.next_tick())
        shown += market.offers([STOCK])
    assert shown == [NOTHING_ON_OFFER, (None, 5, 100, 200, None, False), (6, 5, 100, 200, None, False)]


def test_the_hours_between_two_days_are_jumped_and_no_quote_is_carried_over_them(tmp_path):
    market = replayed(
        tmp_path,
        SHARES.format(utc("20:59:59", "2015-12-23"), 100, 101),
        CALL.format(utc("20:59:59", "2015-12-23"), 9, 10),
        SHARES.format(utc("14:30:00"), 104, 105),
    )  # fmt: skip
    go_to(market, utc("21:00:00", "2015-12-23"))
    assert market.offers([STOCK])[0].carried
    market.advance(market.next_tick())
    assert market.now == datetime(2015, 12, 24, 14, 30, tzinfo=UTC)
    assert market.offers([STOCK, OPTION]) == [(104, 105, 100, 200, None, False), NOTHING_ON_OFFER]


def test_after_the_close_of_the_shares_only_options_that_trade_on_are_on_offer(tmp_path):
    path = csv(tmp_path / "quotes.csv", *FIRST)
    market = Replayed(read_csv(path, option_close_delay_min=15), "csv:")
    go_to(market, utc("18:00:00"))
    assert all(offer.carried for offer in market.offers([STOCK, OPTION]))
    go_to(market, utc("18:00:01"))
    assert market.offers([STOCK, OPTION]) == [NOTHING_ON_OFFER, (9, 10, 10, 20, None, True)]
    assert ticks(market)[-1] == datetime(2015, 12, 24, 18, 15, tzinfo=UTC)
    assert [market.sessions(con_id).on(date(2015, 12, 24))[0].closes.minute for con_id in (STOCK, OPTION)] == [0, 15]


def test_options_are_listed_from_their_first_day_until_they_expire(tmp_path):
    late = "{},GOOG,2016-01-08,750,P,1,2,1,1,".format(utc("14:30:00"))
    weekly = "{},GOOG,2015-12-24,750,C,1,2,1,1,".format(utc("20:59:00", "2015-12-23"))
    market = replayed(tmp_path, SHARES.format(utc("20:59:00", "2015-12-23"), 100, 101), weekly, late)
    assert market.expiries(STOCK) == [date(2015, 12, 24)]
    go_to(market, utc("14:30:00"))
    assert market.expiries(STOCK) == [date(2015, 12, 24), date(2016, 1, 8)]
    go_to(market, utc("18:00:00"))
    assert market.expiries(STOCK) == [date(2016, 1, 8)]
    assert market.options(STOCK, date(2015, 12, 24)) == []
    assert market.instrument(1002).expiry == date(2015, 12, 24)


def test_the_chain_goes_by_strike_with_the_call_before_the_put(tmp_path):
    legs = [f"{utc('14:30:00')},GOOG,2016-01-15,{strike},{right},1,2,1,1," for strike in (750, 99.5) for right in "PC"]
    market = replayed(tmp_path, FIRST[0], *legs)
    chain = market.options(STOCK, date(2016, 1, 15))
    assert [(float(option.strike), option.right) for option in chain] == [
        (99.5, "C"),
        (99.5, "P"),
        (750, "C"),
        (750, "P"),
    ]
    assert market.underlyings() == [market.instrument(STOCK)]
    assert market.options(STOCK, date(2017, 1, 15)) == []
    assert market.open_interest(OPTION) == 0


def test_what_is_not_listed_is_unknown(tmp_path):
    market = replayed(tmp_path, *FIRST)
    for ask in (market.instrument, market.sessions, market.open_interest, market.dividends, market.expiries):
        with pytest.raises(UnknownContract):
            ask(9)
    with pytest.raises(UnknownContract):
        market.offers([STOCK, 9])


def test_only_the_next_tick_can_be_gone_to(tmp_path):
    market = replayed(tmp_path, *FIRST)
    with pytest.raises(ValueError, match="is not the next tick"):
        market.advance(datetime(2015, 12, 24, 14, 30, 2, tzinfo=UTC))


def test_the_step_may_differ_and_the_close_is_a_tick_all_the_same(tmp_path):
    seen = ticks(replayed(tmp_path, SHARES.format(utc("17:59:50"), 100, 101), step_s=3.5))
    assert [f"{tick:%S.%f}"[:4] for tick in seen] == ["50.0", "53.5", "57.0", "00.0"]
    for step_s in (0, -1, 0.0005, float("nan"), float("inf")):
        with pytest.raises(UserError, match="whole milliseconds"):
            replayed(tmp_path, *FIRST, step_s=step_s)


def test_dividends_are_told_by_whoever_replays(tmp_path):
    assert replayed(tmp_path, *FIRST).dividends(STOCK).dividends == ()
    told = replayed(tmp_path, *FIRST, dividends="2016-01-05 0.50").dividends(STOCK)
    assert [(due.ex, due.amount) for due in told.dividends] == [(date(2016, 1, 5), 0.5)]
    with pytest.raises(UserError, match="dividends: cannot read 'soon'"):
        replayed(tmp_path, *FIRST, dividends="soon")
    with pytest.raises(UserError, match="doesn't say of which underlying"):
        replayed(tmp_path, *FIRST, f"{utc('14:30:00')},SPY,,,,1,2,1,1,", dividends="2016-01-05 0.50")


def test_going_on_from_a_state_equals_never_having_stopped(tmp_path):
    rows = [*FIRST, SHARES.format(utc("14:30:04"), 102, 103)]
    straight = replayed(tmp_path, *rows)
    for _ in range(6):
        stopped = json.dumps(dict(straight.state()))
        again = replayed(tmp_path, *rows)
        again.restore(json.loads(stopped))
        assert (again.now, again.next_tick()) == (straight.now, straight.next_tick())
        assert again.offers([STOCK, OPTION]) == straight.offers([STOCK, OPTION])
        straight.advance(straight.next_tick())
    straight.restore(json.loads(stopped))
    assert straight.now == again.now


def test_the_state_of_another_source_or_step_is_refused(tmp_path):
    market = replayed(tmp_path, *FIRST)
    market.advance(market.next_tick())
    other = replayed(tmp_path, *FIRST, SHARES.format(utc("17:00:00"), 1, 2))
    with pytest.raises(UserError, match="its quotes are not those of the run before"):
        other.restore(market.state())
    with pytest.raises(UserError, match="is none of its ticks"):
        replayed(tmp_path, *FIRST, step_s=2).restore(market.state())
    for tick in (utc("18:00:01"), utc("14:29:59"), utc("14:30:00.5")):
        with pytest.raises(UserError, match="is none of its ticks"):
            market.restore({**market.state(), "tick": tick})


def test_it_tells_what_it_was_made_from(tmp_path):
    market = replayed(tmp_path, *FIRST)
    assert market.name == "csv:quotes.csv"
    assert str(market.tape.account) == f"csv:{tmp_path}/quotes.csv: 2 rows, 2 used"


def test_no_account_can_lose_a_row():
    with pytest.raises(ValueError, match="3 rows, but 1 used"):
        Account("a file", 3, 1, {"late": 1})


@given(
    asked=st.lists(st.booleans(), min_size=40, max_size=40),
    seconds=st.lists(st.integers(0, 400), min_size=1, max_size=12, unique=True),
)
def test_what_is_on_offer_does_not_depend_on_who_looked_before(tmp_path_factory, asked, seconds):
    rows = [SHARES.format(utc(f"17:59:{tenth // 10:02}.{tenth % 10}"), tenth, 500) for tenth in sorted(seconds)]
    folder = tmp_path_factory.getbasetemp()
    always, seldom = replayed(folder, *rows), replayed(folder, *rows)
    for look in asked:
        offer = always.offers([STOCK])
        assert not look or seldom.offers([STOCK]) == offer
        tenths = (always.now - datetime(2015, 12, 24, 17, 59, tzinfo=UTC)).total_seconds() * 10
        assert offer[0].bid == max(tenth for tenth in seconds if tenth <= tenths)
        tick = always.next_tick()
        if tick is None:
            break
        always.advance(tick)
        seldom.advance(tick)
