"""What is listed when, and that nothing which is listed goes away before it expires."""

from datetime import date

import numpy as np
import pytest

from gamma_scalper.domain.sessions import exchange_sessions
from gamma_scalper.exchange.market import UnknownContract
from gamma_scalper.exchange.simulated.listing import FIRST_OPTION, Listing, expiries_to_list, rules_for, third_friday

DAYS = [session.day for session in exchange_sessions("XNYS", date(2025, 12, 1), date(2027, 3, 1)).sessions]


def test_third_fridays():
    assert third_friday(2026, 1) == date(2026, 1, 16)
    assert third_friday(2026, 5) == date(2026, 5, 15)


def test_funds_have_dailies_weeklies_and_monthlies():
    listed = expiries_to_list(date(2026, 1, 5), DAYS, daily=True)
    days = [expiry.day for expiry in listed]
    assert days == sorted(set(days))
    assert days[:10] == [date(2026, 1, day) for day in (5, 6, 7, 8, 9, 12, 13, 14, 15, 16)]
    assert days[10:16] == [date(2026, 1, 23), date(2026, 1, 30), *(date(2026, 2, day) for day in (6, 13, 20, 27))]
    assert days[16:18] == [date(2026, 3, 20), date(2026, 4, 17)]
    assert days[-1] == date(2026, 12, 18)
    assert {expiry.day for expiry in listed if expiry.monthly} >= {date(2026, 1, 16), date(2026, 6, 18)}


def test_shares_have_fridays_only_and_thursday_for_a_holiday():
    days = [expiry.day for expiry in expiries_to_list(date(2026, 3, 16), DAYS, daily=False)]
    assert days[:3] == [date(2026, 3, 20), date(2026, 3, 27), date(2026, 4, 2)]  # Good Friday is the 3rd
    assert date(2026, 6, 18) in days


def strikes(listing, series):
    ids = np.array(listing.contracts(series))
    found, cents, put = listing.find(ids)
    assert set(found.tolist()) == {series}
    assert list(put) == [0, 1] * (ids.size // 2)
    return cents[::2].tolist()


def test_strikes_are_even_around_the_spot_and_denser_near_it():
    listing = Listing()
    listing.open_morning(0, rules_for("stock", True, 0.2), 600.0, date(2026, 1, 5), DAYS)
    near, far = listing.expiring(0, date(2026, 1, 16))[0], listing.expiring(0, date(2026, 12, 18))[0]
    row = strikes(listing, near)
    assert row == sorted(set(row))
    assert {60_000 + 100 * i for i in range(-20, 21)} <= set(row)
    wide = strikes(listing, far)
    assert set(np.diff(wide)) == {500}
    assert wide[0] <= 42_500
    assert wide[-1] >= 77_500


def test_a_listed_contract_stays_and_keeps_its_number():
    listing, rules = Listing(), rules_for("stock", True, 0.2)
    spots = [600, 640, 690, 560, 500, 500, 620]
    before = {}
    for day, spot in zip(DAYS[25:], spots, strict=False):
        listing.open_morning(0, rules, float(spot), day, DAYS)
        now = {}
        for series in range(len(listing.series)):
            ids = np.array(listing.contracts(series))
            _, cents, put = listing.find(ids)
            now |= {(series, c, p): i for c, p, i in zip(cents.tolist(), put.tolist(), ids.tolist(), strict=True)}
        assert before.items() <= now.items()
        assert len(set(now.values())) == len(now) == listing.next_con_id - FIRST_OPTION
        for series, terms in enumerate(listing.series):
            if terms.expiry >= day.toordinal():
                row = strikes(listing, series)
                assert row[0] < 100 * spot * 0.97
                assert row[-1] > 100 * spot * 1.03
        before = now
    again = Listing.restored(*listing.state().values())
    for one in (listing, again):
        one.open_morning(0, rules, 700.0, DAYS[32], DAYS)
    assert again.state() == listing.state()
    assert again.next_con_id == listing.next_con_id


def test_numbers_that_were_never_given_are_unknown():
    listing = Listing()
    listing.open_morning(0, rules_for("stock", False, 0.2), 20.0, date(2026, 1, 5), DAYS)
    for wrong in (FIRST_OPTION - 1, listing.next_con_id):
        with pytest.raises(UnknownContract):
            listing.find(np.array([FIRST_OPTION, wrong]))
