"""The broker's contracts and ours: how one is asked for, and what its details make of it."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import ib_insync as ib
from attrs import frozen
from loguru import logger

from gamma_scalper.broker.ib.numbers import amount
from gamma_scalper.domain.instruments import Combo, Index, Instrument, Option, Right, Stock, TickRule
from gamma_scalper.domain.sessions import OutsideCalendar, Sessions, exchange_sessions, parse_liquid_hours

NEW_YORK = ZoneInfo("America/New_York")
_AMERICAN_INDEX = {"OEX"}  # options on every other index are European
_OPTION_DELAY_MIN = 15  # the longest that options trade on after the shares' close

Single = Stock | Index | Option


class UnknownKind(ValueError):
    """A contract of a kind the house does not trade: a future, a currency, a bond.

    For the operator: it is the account's, and nothing here counts it or touches it.
    """


@frozen(kw_only=True)
class Record:
    """What is kept of a contract's details, as the broker wrote it: plain text and numbers, fit for a file."""

    con_id: int
    symbol: str
    sec_type: str
    exchange: str
    primary_exchange: str
    currency: str
    trading_class: str
    liquid_hours: str
    time_zone: str
    last_trade_day: str = ""  # YYYYMMDD
    expires_on: str = ""
    last_trade_time: str = ""
    strike: str = ""
    right: str = ""
    multiplier: str = ""
    underlying_con_id: int = 0
    underlying_type: str = ""
    market_rule: int = 0  # of the exchange it is routed to
    min_tick: str = ""

    @classmethod
    def of(cls, details: ib.ContractDetails) -> "Record":
        contract = details.contract
        if contract is None:
            raise ValueError("details without a contract")
        return cls(
            con_id=contract.conId,
            symbol=contract.symbol,
            sec_type=contract.secType,
            exchange=contract.exchange,
            primary_exchange=contract.primaryExchange,
            currency=contract.currency,
            trading_class=contract.tradingClass,
            liquid_hours=details.liquidHours,
            time_zone=details.timeZoneId,
            last_trade_day=contract.lastTradeDateOrContractMonth[:8],
            expires_on=details.realExpirationDate[:8],
            last_trade_time=details.lastTradeTime,
            strike=str(amount(contract.strike) or ""),
            right=contract.right[:1],
            multiplier=contract.multiplier,
            underlying_con_id=details.underConId,
            underlying_type=details.underSecType,
            market_rule=_market_rule(details, contract.exchange),
            min_tick=str(amount(details.minTick) or ""),
        )


def _market_rule(details: ib.ContractDetails, exchange: str) -> int:
    """Exchanges and rules are two lists side by side; a rule there is for each exchange."""
    pairs = zip(details.validExchanges.split(","), details.marketRuleIds.split(","), strict=False)
    rules = {name: int(number) for name, number in pairs if number.isdigit()}
    return rules.get(exchange) or next(iter(rules.values()), 0)


def tick_rule(increments: Sequence[ib.PriceIncrement]) -> TickRule:
    """The broker's market rule; its first band may not begin at zero, and ours must."""
    bands = sorted((amount(each.lowEdge) or Decimal(0), amount(each.increment) or Decimal(0)) for each in increments)
    if bands and bands[0][0] > 0:
        bands.insert(0, (Decimal(0), bands[0][1]))
    return TickRule(bands)


# -- from the broker ---------------------------------------------------------------------------------------------------


def instrument(record: Record, rule: TickRule) -> Single:
    """The instrument these details describe."""
    hours = _hours(record)
    if record.sec_type == "STK":
        return Stock(
            con_id=record.con_id,
            symbol=record.symbol,
            currency=record.currency,
            exchange=record.exchange,
            trading_class=record.trading_class,
            tick_rule=rule,
            liquid_hours=hours,
        )
    if record.sec_type == "IND":
        return Index(
            con_id=record.con_id,
            symbol=record.symbol,
            currency=record.currency,
            exchange=record.exchange,
            liquid_hours=hours,
        )
    if record.sec_type == "OPT":
        return _option(record, rule, hours)
    raise UnknownKind(f"contract {record.con_id} ({record.symbol}) is a {record.sec_type}, which is not traded here")


def _hours(record: Record) -> Sessions | None:
    """None where they cannot be read, such as in a time zone that nobody knows: the calendar's count then."""
    if not record.liquid_hours:
        return None
    try:
        return parse_liquid_hours(record.liquid_hours, record.time_zone)
    except ValueError as error:
        logger.warning("the hours of {} ({}): {}", record.symbol, record.con_id, error)
        return None


def _option(record: Record, rule: TickRule, hours: Sessions | None) -> Option:
    last_day = day_of(record.last_trade_day)
    expiry = day_of(record.expires_on or record.last_trade_day)
    index = record.underlying_type == "IND"
    right: Right = "C" if record.right == "C" else "P"
    return Option(
        con_id=record.con_id,
        underlying_con_id=record.underlying_con_id,
        symbol=record.symbol,
        right=right,
        strike=Decimal(record.strike),
        expiry=expiry,
        expires_at=_expires_at(record, last_day, hours),
        multiplier=int(record.multiplier),
        exercise="european" if index and record.symbol not in _AMERICAN_INDEX else "american",
        # An AM-settled option is last traded the day before it is settled.
        settlement="physical" if not index else "cash_am" if last_day < expiry else "cash_pm",
        currency=record.currency,
        exchange=record.exchange,
        trading_class=record.trading_class or record.symbol,
        tick_rule=rule,
        liquid_hours=hours,
    )


def _expires_at(record: Record, last_day: date, hours: Sessions | None) -> datetime:
    """The close of its last day: by the liquid hours, else by the exchange's calendar and its own usual delay."""
    if hours is not None and hours.first <= last_day <= hours.last and hours.on(last_day):
        return hours.on(last_day)[-1].closes
    if record.last_trade_time and record.time_zone and hours is not None:
        clock = time.fromisoformat(record.last_trade_time)
        return datetime.combine(last_day, clock, hours.zone)
    closes = exchange_sessions("XNYS", last_day, last_day).on(last_day)
    if not closes:
        return datetime.combine(last_day, time(16), NEW_YORK)
    return closes[-1].closes + _usual_delay(hours)


def _usual_delay(hours: Sessions | None) -> timedelta:
    """How long after the shares' close it trades on, on the days that are known."""
    if hours is None or not hours.sessions:
        return timedelta(0)
    session = hours.sessions[-1]
    try:
        shares = exchange_sessions("XNYS", session.day, session.day).on(session.day)
    except OutsideCalendar:
        return timedelta(0)
    delay = session.closes - shares[-1].closes if shares else timedelta(0)
    return delay if timedelta(0) <= delay <= timedelta(minutes=_OPTION_DELAY_MIN) else timedelta(0)


def day_of(text: str) -> date:
    """YYYYMMDD as the broker writes it."""
    return date.fromisoformat(f"{text[:4]}-{text[4:6]}-{text[6:8]}")


# -- to the broker -----------------------------------------------------------------------------------------------------


def contract(what: Instrument) -> ib.Contract:
    """A contract as it is traded and watched: by its conId alone, a combo by those of its legs."""
    if not isinstance(what, Combo):
        kind = "STK" if isinstance(what, Stock) else "IND" if isinstance(what, Index) else "OPT"
        return ib.Contract(secType=kind, conId=what.con_id, exchange=what.exchange, currency=what.currency)
    legs = [
        ib.ComboLeg(
            conId=leg.instrument.con_id,
            ratio=abs(leg.ratio),
            action="BUY" if leg.ratio > 0 else "SELL",
            exchange=leg.instrument.exchange,
        )
        for leg in what.legs
    ]
    symbol = what.legs[0].instrument.symbol
    return ib.Contract(secType="BAG", symbol=symbol, exchange="SMART", currency=what.currency, comboLegs=legs)


def option_contract(option: Option) -> ib.Contract:
    """With its terms, which an exercise is asked with."""
    found = contract(option)
    found.symbol = option.symbol
    found.lastTradeDateOrContractMonth = option.expiry.strftime("%Y%m%d")
    found.strike = float(option.strike)
    found.right = option.right
    found.multiplier = str(option.multiplier)
    found.tradingClass = option.trading_class
    return found
