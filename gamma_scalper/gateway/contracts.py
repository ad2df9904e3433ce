"""Contracts in the wire's words: how each is described, and what a description fits."""

import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal

from gamma_scalper.domain.instruments import Index, Option, Stock
from gamma_scalper.domain.sessions import OutsideCalendar
from gamma_scalper.exchange.market import Listed, Market, UnknownContract
from gamma_scalper.exchange.tickets import ComboLeg
from gamma_scalper.gateway.errors import ambiguous_contract, invalid, unknown_contract
from gamma_scalper.gateway.moments import local_day, midnight
from gamma_scalper.gateway.wire.contracts import ContractFields

EXCHANGES = ("SMART", "AMEX", "NYSE", "CBOE", "PHLX", "ISE", "CHX", "ARCA", "ISLAND", "NASDAQ", "BATS", "IEX")
_SEC_TYPES = ("STK", "IND", "OPT", "BAG", "FUT", "FOP", "CASH", "CFD", "CMDTY", "BOND", "FUND", "WAR", "NEWS", "CRYPTO")
_RIGHTS = {"C": "C", "CALL": "C", "P": "P", "PUT": "P", "": "", "0": "", "?": ""}
_OCC = re.compile(r"(\S{1,6})\s*(\d{6})([CP])(\d{8})")
_LEAST_LEGS, _MOST_LEGS, _HIGHEST_RATIO = 2, 4, 1_000
_SETTLED_LATER = timedelta(days=5)


def described(instrument: Listed) -> ContractFields:
    """The contract in full, as every answer names it."""
    if isinstance(instrument, Option):
        return ContractFields(
            con_id=instrument.con_id,
            symbol=instrument.symbol,
            sec_type="OPT",
            expiry=last_trading_day(instrument),
            strike=float(instrument.strike),
            right=instrument.right,
            multiplier=str(instrument.multiplier),
            exchange=instrument.exchange,
            currency=instrument.currency,
            local_symbol=occ_symbol(instrument),
            trading_class=instrument.trading_class,
        )
    is_stock = isinstance(instrument, Stock)
    return ContractFields(
        con_id=instrument.con_id,
        symbol=instrument.symbol,
        sec_type="STK" if is_stock else "IND",
        exchange=instrument.exchange,
        primary_exchange="NYSE" if is_stock else "",
        currency=instrument.currency,
        local_symbol=instrument.symbol,
        trading_class=(instrument.trading_class if isinstance(instrument, Stock) else "") or instrument.symbol,
    )


def combo_described(instruments: Sequence[Listed], asked: ContractFields) -> ContractFields:
    """A combo has no name of its own but its legs."""
    first = instruments[0]
    return ContractFields(
        con_id=0,
        symbol=asked.symbol or first.symbol,
        sec_type="BAG",
        exchange=asked.exchange or "SMART",
        currency=first.currency,
        local_symbol=asked.symbol or first.symbol,
        trading_class="COMB",
        legs=asked.legs,
        legs_description=",".join(f"{leg.con_id}|{_signed(leg.action) * leg.ratio}" for leg in asked.legs),
    )


def last_trading_day(option: Option) -> str:
    """YYYYMMDD in New York; of options settled in the morning the day before they expire."""
    return f"{local_day(option.expires_at):%Y%m%d}"


def occ_symbol(option: Option) -> str:
    """The clearing house's name: root, date, right and strike, such as `SPY   260109C00600000`."""
    thousandths = int(option.strike * 1000)
    return f"{option.trading_class:<6}{option.expiry:%y%m%d}{option.right}{thousandths:08d}"


class Catalogue:
    """Finds what a market lists by what a client knows of it."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self._described: dict[int, ContractFields] = {}  # conId -> in full

    def instrument(self, con_id: int) -> Listed:
        """Raises `Refused` where there is none."""
        try:
            return self._market.instrument(con_id)
        except UnknownContract as error:
            raise unknown_contract() from error

    def described(self, con_id: int) -> ContractFields:
        found = self._described.get(con_id)
        if found is None:
            found = self._described[con_id] = described(self.instrument(con_id))
        return found

    def underlying(self, con_id: int) -> int:
        """Of an option its underlying, of all else itself."""
        instrument = self.instrument(con_id)
        return instrument.underlying_con_id if isinstance(instrument, Option) else con_id

    def names(self, con_id: int) -> tuple[str, ...]:
        """The symbol by which a fault may mean it."""
        return (self.instrument(con_id).symbol,)

    def find(self, asked: ContractFields, now: datetime, *, include_expired: bool = False) -> list[Listed]:
        """Everything that fits every field given, by expiry and strike; nothing fits a contract that has expired."""
        if asked.con_id:
            found = self._by_con_id(asked, now, include_expired)
            return [found] if found is not None else []
        if asked.sec_type not in _SEC_TYPES:
            raise invalid("Please enter a valid security type")
        if asked.sec_type not in ("STK", "IND", "OPT"):
            return []
        if not (asked.symbol or asked.local_symbol or asked.trading_class):
            raise invalid("Please enter a local symbol or an expiry")
        if asked.sec_type == "OPT":
            return [option for option in self._options(asked) if option.expires_at > now]
        kind = Stock if asked.sec_type == "STK" else Index
        return [each for each in self._market.underlyings() if isinstance(each, kind) and _fits(each, asked)]

    def one(self, asked: ContractFields, now: datetime) -> Listed:
        """The contract meant; `Refused` where none or several fit."""
        found = self.find(asked, now)
        if not found:
            raise unknown_contract()
        if len(found) > 1:
            raise ambiguous_contract()
        return found[0]

    def legs(self, asked: ContractFields) -> tuple[ComboLeg, ...]:
        """Of a combo; negative where it sells them."""
        if not _LEAST_LEGS <= len(asked.legs) <= _MOST_LEGS:
            raise invalid("Invalid combo: it takes two to four legs")
        for leg in asked.legs:
            self.instrument(leg.con_id)
            if leg.action not in ("BUY", "SELL", "SSHORT") or not 1 <= leg.ratio <= _HIGHEST_RATIO:
                raise invalid(f"Invalid leg: {leg.action} {leg.ratio} of {leg.con_id}")
        return tuple(ComboLeg(leg.con_id, _signed(leg.action) * leg.ratio) for leg in asked.legs)

    def chain(self, underlying_con_id: int) -> Iterator[tuple[date, Sequence[Option]]]:
        """Every expiry listed, with its options."""
        for expiry in self._market.expiries(underlying_con_id):
            yield expiry, self._market.options(underlying_con_id, expiry)

    def closes(self, con_id: int, day: date) -> datetime:
        """When trading in it ends on a day; one on which there is none ends at midnight."""
        try:
            sessions = self._market.sessions(con_id).on(day)
        except OutsideCalendar:
            sessions = ()
        return sessions[-1].closes if sessions else midnight(day + timedelta(days=1))

    def underlyings(self) -> Sequence[Stock | Index]:
        return self._market.underlyings()

    def _by_con_id(self, asked: ContractFields, now: datetime, include_expired: bool) -> Listed | None:
        try:
            found = self._market.instrument(asked.con_id)
        except UnknownContract:
            return None
        if asked.sec_type and asked.sec_type != self.described(asked.con_id).sec_type:
            return None
        if isinstance(found, Option) and found.expires_at <= now and not include_expired:
            return None
        return found if not asked.exchange or asked.exchange in (*EXCHANGES, found.exchange) else None

    def _options(self, asked: ContractFields) -> Iterator[Option]:
        right = _right(asked.right)
        strike = Decimal(repr(asked.strike)) if asked.strike else None
        for underlying in self._market.underlyings():
            if asked.symbol in ("", underlying.symbol):
                for expiry in self._expiries(underlying.con_id, asked):
                    for option in self._market.options(underlying.con_id, expiry):
                        if (
                            last_trading_day(option).startswith(asked.expiry)
                            and right in ("", option.right)
                            and strike in (None, option.strike)
                            and asked.multiplier in ("", str(option.multiplier))
                            and _fits(option, asked)
                        ):
                            yield option

    def _expiries(self, underlying: int, asked: ContractFields) -> list[date]:
        """Those that can be meant; an option settled in the morning stops trading some days before it expires."""
        listed = self._market.expiries(underlying)
        occ = _OCC.fullmatch(asked.local_symbol.strip())
        if occ is not None:
            return [expiry for expiry in listed if f"{expiry:%y%m%d}" == occ[2]]
        if not re.fullmatch(r"(\d{4}|\d{6}|\d{8})?", asked.expiry):
            raise invalid(f"The last trade date {asked.expiry} is invalid; it is written YYYYMMDD or YYYYMM")
        if len(asked.expiry) < len("YYYYMMDD"):
            return list(listed)
        day = _day(asked.expiry)
        return [expiry for expiry in listed if timedelta(0) <= expiry - day <= _SETTLED_LATER]


def _day(written: str) -> date:
    try:
        return date(int(written[:4]), int(written[4:6]), int(written[6:]))
    except ValueError as error:
        raise invalid(f"There is no date {written}") from error


def _fits(instrument: Listed, asked: ContractFields) -> bool:
    """What every kind of contract has: symbol, currency, class, exchange."""
    option = isinstance(instrument, Option)
    local_symbol = occ_symbol(instrument) if isinstance(instrument, Option) else instrument.symbol
    trading_class = ("" if isinstance(instrument, Index) else instrument.trading_class) or instrument.symbol
    return (
        asked.symbol in ("", instrument.symbol)
        and asked.currency in ("", instrument.currency)
        and (not asked.local_symbol or asked.local_symbol.split() == local_symbol.split())
        and asked.trading_class in ("", trading_class)
        and asked.exchange in ("", *EXCHANGES, instrument.exchange)
        and (option or asked.primary_exchange in ("", *EXCHANGES, instrument.exchange))
    )


def _right(written: str) -> str:
    if written.upper() not in _RIGHTS:
        raise invalid(f"The right {written} is invalid; it is C or P")
    return _RIGHTS[written.upper()]


def _signed(action: str) -> int:
    return 1 if action == "BUY" else -1
