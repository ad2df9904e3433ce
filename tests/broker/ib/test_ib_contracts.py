"""What the broker's details of a contract make of it, and what of them is kept for the day."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import ib_insync as ib
import pytest
from loguru import logger

from gamma_scalper.broker.ib.contracts import Record, UnknownKind, contract, instrument, tick_rule
from gamma_scalper.broker.ib.day_cache import DayCache
from gamma_scalper.domain.instruments import PENNY_TICKS, Index, Option, Stock
from gamma_scalper.kernel import LoopClock

HOURS = "20260105:0930-20260105:1615;20260106:0930-20260106:1615;20260107:CLOSED"


def details(**changes: str | int | float) -> ib.ContractDetails:
    """An option on SPY, as TWS tells of it."""
    told = ib.Contract(
        secType="OPT",
        conId=11,
        symbol="SPY",
        lastTradeDateOrContractMonth="20260106",
        strike=600.0,
        right="C",
        multiplier="100",
        exchange="SMART",
        currency="USD",
        tradingClass="SPY",
    )
    found = ib.ContractDetails(
        contract=told,
        minTick=0.01,
        validExchanges="CBOE,SMART,AMEX",
        marketRuleIds="110,26,110",
        underConId=1,
        underSymbol="SPY",
        underSecType="STK",
        realExpirationDate="20260106",
        timeZoneId="US/Eastern",
        liquidHours=HOURS,
    )
    for name, value in changes.items():
        setattr(told if hasattr(told, name) else found, name, value)
    return found


def option(**changes: str | int | float) -> Option:
    found = instrument(Record.of(details(**changes)), PENNY_TICKS)
    assert isinstance(found, Option)
    return found


def test_an_option_has_its_own_multiplier_and_ends_at_its_own_close() -> None:
    found = option(multiplier="10")
    assert (found.con_id, found.underlying_con_id, found.right, found.strike) == (11, 1, "C", Decimal(600))
    assert found.multiplier == 10
    assert found.expires_at == datetime(2026, 1, 6, 21, 15, tzinfo=UTC)  # 16:15, by the liquid hours
    assert (found.exercise, found.settlement) == ("american", "physical")


def test_beyond_the_liquid_hours_the_calendars_early_close_counts_and_the_usual_delay() -> None:
    far = option(lastTradeDateOrContractMonth="20261127", realExpirationDate="20261127")
    assert far.expires_at == datetime(2026, 11, 27, 18, 15, tzinfo=UTC)  # the day after Thanksgiving: 13:00, and 15 min


def test_an_index_option_is_european_and_one_last_traded_the_day_before_settles_in_the_morning() -> None:
    pm = option(underSecType="IND", symbol="SPX", tradingClass="SPXW")
    am = option(underSecType="IND", symbol="SPX", tradingClass="SPX", realExpirationDate="20260107")
    assert (pm.exercise, pm.settlement, pm.expiry) == ("european", "cash_pm", date(2026, 1, 6))
    assert (am.exercise, am.settlement, am.expiry) == ("european", "cash_am", date(2026, 1, 7))
    assert am.expires_at == pm.expires_at


def test_the_market_rule_is_that_of_the_exchange_it_is_routed_to() -> None:
    assert Record.of(details()).market_rule == 26
    assert Record.of(details(exchange="AMEX")).market_rule == 110
    assert Record.of(details(marketRuleIds="")).market_rule == 0


def test_a_market_rule_is_read_as_bands_of_steps() -> None:
    rule = tick_rule([ib.PriceIncrement(0.0, 0.01), ib.PriceIncrement(3.0, 0.05)])
    assert (rule.step(Decimal("2.99")), rule.step(Decimal(3))) == (Decimal("0.01"), Decimal("0.05"))
    assert tick_rule([ib.PriceIncrement(1.0, 0.01)]).step(Decimal("0.5")) == Decimal("0.01")


def test_a_kind_that_is_not_traded_here_says_so() -> None:
    with pytest.raises(UnknownKind, match="is a FUT"):
        instrument(Record.of(details(secType="FUT")), PENNY_TICKS)


def test_shares_and_indices_are_asked_for_by_their_number() -> None:
    spy = instrument(Record.of(details(secType="STK")), PENNY_TICKS)
    spx = instrument(Record.of(details(secType="IND", exchange="CBOE")), PENNY_TICKS)
    assert isinstance(spy, Stock)
    assert isinstance(spx, Index)
    assert (contract(spy).secType, contract(spy).conId) == ("STK", 11)
    assert (contract(spx).secType, contract(spx).exchange) == ("IND", "CBOE")


@pytest.mark.parametrize("changes", [{"timeZoneId": "Mars/Olympus"}, {"liquidHours": "whenever"}, {"timeZoneId": ""}])
def test_hours_that_cannot_be_read_are_not_known_and_the_calendar_counts(changes: dict[str, str]) -> None:
    found = option(**changes)
    assert found.liquid_hours is None
    assert found.expires_at == datetime(2026, 1, 6, 21, tzinfo=UTC)


# -- the day's cache ---------------------------------------------------------------------------------------------------


def caches(folder: Path | None, hours: float = 0) -> DayCache:
    """On a clock that shows 10:00 in New York on a Monday, so many hours later."""
    start = datetime(2026, 1, 5, 15, tzinfo=UTC) + timedelta(hours=hours)
    return DayCache(LoopClock(asyncio.get_running_loop(), start), folder)


async def test_a_restart_on_the_same_day_finds_everything_and_one_on_the_next_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    first, record = caches(folder), Record.of(details())
    first.keep_records("chain", [record])
    first.keep_texts("expiries", ["20260106"])
    first.keep_bands("rule", PENNY_TICKS.bands)

    again = caches(folder, hours=3)
    assert again.records("chain") == [record]
    assert again.texts("expiries") == ["20260106"]
    assert again.bands("rule") == PENNY_TICKS.bands

    tomorrow = caches(folder, hours=24)
    assert tomorrow.records("chain") is None
    assert tomorrow.texts("expiries") is None


async def test_midnight_in_new_york_ends_the_day_whatever_the_date_in_utc(tmp_path: Path) -> None:
    cache = caches(tmp_path, hours=8)  # 18:00
    cache.know(11)
    await asyncio.sleep(5 * 3600)  # 23:00, and tomorrow in UTC
    assert cache.knows(11)
    await asyncio.sleep(2 * 3600)
    assert not cache.knows(11)


async def test_a_folder_that_cannot_be_made_is_told_once_and_memory_serves(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    told: list[str] = []
    sink = logger.add(told.append, level="WARNING", format="{message}")
    cache = caches(tmp_path / "file" / "cache")
    cache.keep_texts("expiries", ["20260106"])
    cache.keep_texts("others", ["20260107"])
    logger.remove(sink)
    assert cache.texts("expiries") == ["20260106"]
    assert len(told) == 1
    assert "cannot be written" in told[0]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"day": "2026-01-05", "records": {"chain": [{"con_id": 1}]}}', "\0"])
async def test_a_spoilt_file_is_as_good_as_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "contracts.json").write_text(text, encoding="utf-8")
    cache = caches(tmp_path)
    assert cache.records("chain") is None
    cache.keep_texts("expiries", ["20260106"])
    assert caches(tmp_path).texts("expiries") == ["20260106"]
