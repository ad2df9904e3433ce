"""What the broker knows of a contract beyond its name: hours, price steps, where it trades."""

import zlib
from collections.abc import Sequence
from datetime import date, datetime, timedelta

from gamma_scalper.domain.instruments import (
    NICKEL_DIME_TICKS,
    PENNY_NICKEL_TICKS,
    PENNY_TICKS,
    US_STOCK_TICKS,
    Index,
    Option,
    Stock,
    TickRule,
)
from gamma_scalper.domain.sessions import OutsideCalendar, Session, Sessions
from gamma_scalper.exchange.market import Listed
from gamma_scalper.gateway.contracts import EXCHANGES
from gamma_scalper.gateway.moments import NEW_YORK, ZONE
from gamma_scalper.gateway.wire.contracts import ContractDetailsFields

ORDER_TYPES = "DAY,GTC,GTD,IOC,LMT,MKT,MOC,OCA,STP,WHATIF"
_DAYS_AHEAD = 35

_RULES = {US_STOCK_TICKS: 26, PENNY_TICKS: 109, PENNY_NICKEL_TICKS: 32, NICKEL_DIME_TICKS: 557}
_FIRST_UNUSUAL = 10_000
RULES = {number: rule for rule, number in _RULES.items()}
"""The usual market rules by their numbers."""


def rule_id(rule: TickRule) -> int:
    """The number of a market rule; an unusual one's follows from its bands."""
    written = ";".join(f"{start.normalize()}:{step.normalize()}" for start, step in rule.bands)
    return _RULES.get(rule) or _FIRST_UNUSUAL + zlib.crc32(written.encode()) % 1_000_000


def tick_rule(instrument: Listed) -> TickRule:
    return PENNY_TICKS if isinstance(instrument, Index) else instrument.tick_rule


def min_tick(instrument: Listed) -> float:
    """The smallest step there is at any price, which is not always a tradable one."""
    return float(min(step for _, step in tick_rule(instrument).bands))


class Hours:
    """A product's hours as text; days are alike for every contract of a product, so they are written once."""

    def __init__(self) -> None:
        self._written: dict[tuple[int, date], str] = {}  # whose, first day -> the text
        self._kept: list[Sessions] = []  # its place here is whose hours they are

    def of(self, sessions: Sessions, first: date) -> str:
        """Trading and liquid hours alike, since nobody trades before or after."""
        place = next((i for i, kept in enumerate(self._kept) if kept is sessions), None)
        if place is None:
            place = len(self._kept)
            self._kept.append(sessions)
        key = place, first
        if key not in self._written:
            if len(self._written) > 100:
                self._written.clear()
            self._written[key] = _written(sessions, first)
        return self._written[key]


def _written(sessions: Sessions, first: date) -> str:
    """`20260105:0930-20260105:1600;20260106:CLOSED`, as far as the calendar is known."""
    days = []
    for ahead in range(_DAYS_AHEAD):
        day = first + timedelta(days=ahead)
        try:
            spans = sessions.on(day)
        except OutsideCalendar:
            break
        days.append(_day(day, spans))
    return ";".join(days)


def _day(day: date, spans: Sequence[Session]) -> str:
    if not spans:
        return f"{day:%Y%m%d}:CLOSED"
    return ",".join(f"{_clock(each.opens)}-{_clock(each.closes)}" for each in spans)


def _clock(moment: datetime) -> str:
    return f"{moment.astimezone(NEW_YORK):%Y%m%d:%H%M}"


def details(instrument: Listed, underlying: Listed, hours: str) -> ContractDetailsFields:
    """All a client may ask about a contract."""
    exchanges = "CBOE" if isinstance(instrument, Index) else ",".join(EXCHANGES)
    option = instrument if isinstance(instrument, Option) else None
    name = instrument.symbol if option is None else option.trading_class
    return ContractDetailsFields(
        market_name=name,
        min_tick=min_tick(instrument),
        order_types="" if isinstance(instrument, Index) else ORDER_TYPES,
        valid_exchanges=exchanges,
        under_con_id=0 if option is None else option.underlying_con_id,
        long_name=underlying.symbol,
        contract_month="" if option is None else f"{option.expiry:%Y%m}",
        time_zone_id=ZONE,
        trading_hours=hours,
        liquid_hours=hours,
        agg_group=2 if option is not None else 1,
        under_symbol="" if option is None else underlying.symbol,
        under_sec_type="" if option is None else "STK" if isinstance(underlying, Stock) else "IND",
        market_rule_ids=",".join([str(rule_id(tick_rule(instrument)))] * (exchanges.count(",") + 1)),
        real_expiration_date="" if option is None else f"{option.expiry:%Y%m%d}",
        last_trade_time="" if option is None else f"{option.expires_at.astimezone(NEW_YORK):%H:%M:%S}",
        stock_type="COMMON" if isinstance(instrument, Stock) else "",
        min_size=1.0,
        size_increment=1.0,
        suggested_size_increment=1.0 if option is not None else 100.0,
    )
