"""Market data of one client: its lines, their ticks, their Greeks."""

import math
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from attrs import evolve

from gamma_scalper.domain.instruments import Index, Option
from gamma_scalper.domain.quotes import DataType, Quote
from gamma_scalper.domain.sessions import OutsideCalendar
from gamma_scalper.exchange.events import Trading
from gamma_scalper.exchange.faults import Kind
from gamma_scalper.exchange.tickets import ComboLeg, Look, LookAway
from gamma_scalper.exchange.valuation import Valued
from gamma_scalper.gateway.details import min_tick
from gamma_scalper.gateway.errors import Refused, invalid
from gamma_scalper.gateway.lines import HALTED, Line, combined
from gamma_scalper.gateway.roles import Conversation
from gamma_scalper.gateway.wire import answers
from gamma_scalper.gateway.wire import requests_of_data as requests
from gamma_scalper.gateway.wire.contracts import ContractFields

_SNAPSHOT_LASTS = timedelta(seconds=11)
_FIGURES_EVERY, _OPTION_FIGURES_EVERY = timedelta(seconds=1), timedelta(seconds=5)
_VALUED_AT_ONCE = 8  # lines whose Greeks are worked out in one go, so that no turn of the loop is long
_LETTERS = "9c0001"  # under which `RequestSmartComponents` explains the exchanges of a quote
_ALL_INTERESTED = 3  # snapshot permission
_TYPES = tuple(DataType)
_NOT_PAID = "Requested market data requires additional subscription"
_BUT_DELAYED, _DELAYED_SHOWN = "Delayed market data is available.", "Displaying delayed market data."


class _Watch:
    """What is known of one line besides what was told."""

    def __init__(self, line: Line, option: Option | None, weights: tuple[float, ...]) -> None:
        self.line = line
        self.option = option
        self.weights = weights  # of a combo's legs
        self.figures_at: datetime | None = None
        self.figures_every = _FIGURES_EVERY if option is None else _OPTION_FIGURES_EVERY
        self.model_at: datetime | None = None
        self.sides_at: datetime | None = None
        self.vol: float | None = None  # the newest, where the next search begins
        self.queued = False
        self.poisoned = 0


class DataDesk:
    """See the module."""

    def __init__(self, session: Conversation) -> None:
        self._session = session
        self._gateway = session.gateway
        self._watches: dict[int, _Watch] = {}  # request id -> its line
        self._snapshots: dict[int, _Watch] = {}  # those of them that end by themselves
        self.wanted: dict[int, list[_Watch]] = {}  # conId -> the lines that show it
        self._late: dict[int, Quote] = {}  # conId -> the newest, while the client reads slowly
        self._quotes: dict[int, Quote] = {}  # of combos' legs: conId -> the newest that was told
        self._touched: dict[int, _Watch] = {}  # combos with a leg that has moved
        self._to_value: deque[_Watch] = deque()
        self._asked = DataType.LIVE
        self._delays = self._gateway.parameters.data == "delayed"

    def handlers(self) -> dict[type, Callable[[Any], None]]:
        return {
            requests.RequestMarketData: self._request,
            requests.CancelMarketData: self._cancel,
            requests.RequestMarketDataType: self._request_type,
            requests.RequestSmartComponents: self._tell_components,
            requests.CalculateImpliedVolatility: self._solve,
            requests.CalculateOptionPrice: self._price,
            requests.CancelImpliedVolatility: lambda request: None,
            requests.CancelOptionPrice: lambda request: None,
        }

    # -- requests ------------------------------------------------------------------------------------------------------

    def _request(self, request: requests.RequestMarketData) -> None:
        if request.req_id in self._watches:
            raise Refused(322, "Error processing request.-'bZ' : cause - Duplicate ticker id")
        catalogue, now = self._gateway.catalogue, self._session.now
        if request.contract.sec_type == "BAG":
            legs = catalogue.legs(request.contract)
            sec_type = "BAG"
        else:
            instrument = catalogue.one(request.contract, now)
            legs = (ComboLeg(instrument.con_id, 1),)
            sec_type = catalogue.described(instrument.con_id).sec_type
        snapshot = request.snapshot or request.regulatory_snapshot
        if snapshot and request.generic_ticks:
            raise invalid("Snapshot market data subscription is not applicable to generic ticks")
        generic = self._gateway.extras.numbers(request.generic_ticks, sec_type)
        subscribed = sum(1 for watch in self._watches.values() if not watch.line.snapshot)
        if not snapshot and subscribed >= self._gateway.parameters.pacing.market_data_lines:
            raise Refused(101, "Max number of tickers has been reached.")
        ends_at = now + _SNAPSHOT_LASTS if snapshot else None
        self._permit(request.req_id)
        line = Line(request.req_id, legs, self._session.say, generic=generic, ends_at=ends_at)
        self._open(self._watch(line), now)

    def _permit(self, req_id: int) -> None:
        """Only what the login has paid for, or delayed quotes to those who ask for them."""
        data, delayed = self._gateway.parameters.data, self._asked in (DataType.DELAYED, DataType.DELAYED_FROZEN)
        if data == "none":
            raise Refused(354, "Requested market data is not subscribed.")
        if data == "delayed" and not delayed:
            raise Refused(10089, f"{_NOT_PAID} for API. See link in 'Market Data Connections' dialog. {_BUT_DELAYED}")
        if data == "delayed":
            self._session.error(req_id, 10167, f"Requested market data is not subscribed. {_DELAYED_SHOWN}")

    def _watch(self, line: Line) -> _Watch:
        instruments = [self._gateway.catalogue.instrument(leg.con_id) for leg in line.legs]
        only = instruments[0] if len(instruments) == 1 else None
        multipliers = [1 if isinstance(each, Index) else each.multiplier for each in instruments]
        weights = tuple(multiplier / max(multipliers) for multiplier in multipliers)
        return _Watch(line, only if isinstance(only, Option) else None, weights)

    def _open(self, watch: _Watch, now: datetime) -> None:
        """Look, and tell at once what there is."""
        line = watch.line
        self._watches[line.req_id] = watch
        if line.snapshot:
            self._snapshots[line.req_id] = watch
        for leg in line.legs:
            self.wanted.setdefault(leg.con_id, []).append(watch)
            self._session.delivery.renew(leg.con_id)
        tick = min(min_tick(self._gateway.catalogue.instrument(leg.con_id)) for leg in line.legs)
        self._session.say(answers.TickReqParams(line.req_id, tick, _LETTERS, _ALL_INTERESTED))
        for leg in line.legs:
            self._gateway.do(Look(leg.con_id))
            quote = self._gateway.engine.quote(leg.con_id)
            if not line.shown and quote is not None and self._open_now(leg.con_id, now):
                self._session.tell([quote], now)
        if line.con_id is not None and not self._open_now(line.con_id, now):
            self._show_closed(line, line.con_id)
        self._tell_figures(watch, now)
        if line.snapshot and line.shown:
            self._end_snapshot(watch, now)

    def _open_now(self, con_id: int, now: datetime) -> bool:
        try:
            return self._gateway.engine.market.sessions(con_id).at(now) is not None
        except OutsideCalendar:
            return False

    def _show_closed(self, line: Line, con_id: int) -> None:
        """Where nobody quotes: the last price, and both sides as they were last if frozen data was asked for."""
        frozen = self._asked in (DataType.FROZEN, DataType.DELAYED_FROZEN)
        series, quote = self._gateway.past.series(con_id), self._gateway.engine.quote(con_id)
        if line.shown and quote is not None and (quote.bid or quote.ask):
            return
        line.begin(DataType.FROZEN if frozen else DataType.LIVE)
        if series is None:
            return
        if frozen and not math.isnan(series.bid + series.ask):
            last = None if math.isnan(series.last) else series.last
            line.show(series.bid, series.ask, 0, 0, last, DataType.FROZEN)
        else:
            line.price(line.types.last, series.last)

    def _cancel(self, request: requests.CancelMarketData) -> None:
        watch = self._watches.get(request.req_id)
        if watch is None:
            raise Refused(300, f"Can't find EId with tickerId:{request.req_id}")
        self._drop(watch)

    def _drop(self, watch: _Watch) -> None:
        self._watches.pop(watch.line.req_id, None)
        self._snapshots.pop(watch.line.req_id, None)
        self._touched.pop(watch.line.req_id, None)
        for leg in watch.line.legs:
            lines = self.wanted[leg.con_id]
            lines.remove(watch)
            if not lines:
                del self.wanted[leg.con_id]
                self._late.pop(leg.con_id, None)
                self._quotes.pop(leg.con_id, None)
            self._gateway.do(LookAway(leg.con_id))

    def close(self) -> None:
        for watch in list(self._watches.values()):
            self._drop(watch)

    def _request_type(self, request: requests.RequestMarketDataType) -> None:
        """What better is not to be had; live quotes are there, so live ones are sent."""
        if request.data_type not in _TYPES:
            raise invalid(f"Invalid market data type {request.data_type}")
        self._asked = DataType(request.data_type)

    def _tell_components(self, request: requests.RequestSmartComponents) -> None:
        components = (answers.SmartComponent(0, "NYSE", "N"), answers.SmartComponent(1, "CBOE", "C"))
        self._session.say(answers.SmartComponents(request.req_id, components))

    def requests_for(self, con_id: int) -> list[int]:
        return [watch.line.req_id for watch in self.wanted.get(con_id, ())]

    # -- quotes --------------------------------------------------------------------------------------------------------

    def quoted(self, quote: Quote) -> None:
        con_id, now = quote.con_id, quote.received_at
        if self._delays:
            quote = evolve(quote, data_type=DataType.DELAYED)
        for watch in self.wanted.get(con_id, ()):
            line = watch.line
            if len(line.legs) > 1:
                self._quotes[con_id] = quote
                self._touched[line.req_id] = watch
                continue
            line.quoted(quote)
            if watch.figures_at is None or now - watch.figures_at >= watch.figures_every:
                self._tell_figures(watch, now)
            if watch.option is not None and not watch.queued and self._due(watch, now):
                watch.queued = True
                self._to_value.append(watch)

    def put_off(self, quote: Quote) -> None:
        """The client reads slowly: it gets the newest once it has caught up."""
        if quote.con_id in self.wanted:
            self._late[quote.con_id] = quote

    def told(self) -> None:
        """All quotes of one moment were told: combos are shown once for all their legs."""
        if not self._touched:
            return
        touched, self._touched = self._touched, {}
        for watch in touched.values():
            quotes = [self._quotes.get(leg.con_id) for leg in watch.line.legs]
            known = [quote for quote in quotes if quote is not None]
            if len(known) == len(quotes):
                bid, ask, bids, asks, data_type = combined(watch.line.legs, watch.weights, known)
                watch.line.show(bid, ask, bids, asks, None, data_type)

    def catch_up(self) -> None:
        """The client reads again: the newest of what it missed."""
        if self._late:
            late, self._late = self._late, {}
            for quote in late.values():
                self.quoted(quote)
            self.told()

    def trading(self, event: Trading) -> None:
        """A halt, or its end, concerns the underlying and all on it."""
        for con_id in list(self.wanted):
            if self._gateway.catalogue.underlying(con_id) == event.con_id:
                halted = float(self._gateway.engine.halted(con_id))
                for watch in self.wanted[con_id]:
                    watch.line.number(HALTED, halted)

    def _tell_figures(self, watch: _Watch, now: datetime) -> None:
        watch.figures_at = now
        if watch.line.con_id is not None:
            self._gateway.extras.tell(watch.line, watch.line.con_id, now)

    # -- time ----------------------------------------------------------------------------------------------------------

    def tend(self, now: datetime) -> None:
        """Snapshots end, complete or not."""
        for watch in list(self._snapshots.values()):
            if watch.line.shown or (watch.line.ends_at is not None and watch.line.ends_at <= now):
                self._end_snapshot(watch, now)

    def next_at(self) -> datetime | None:
        ends = (watch.line.ends_at for watch in self._snapshots.values())
        return min((end for end in ends if end is not None), default=None)

    def _end_snapshot(self, watch: _Watch, now: datetime) -> None:
        if watch.option is not None and watch.line.shown:
            self._value(watch, now)
        self._session.say(answers.TickSnapshotEnd(watch.line.req_id))
        self._drop(watch)

    # -- Greeks --------------------------------------------------------------------------------------------------------

    def _due(self, watch: _Watch, now: datetime) -> bool:
        every = self._gateway.parameters.updates.model_greeks_s
        return watch.model_at is None or (now - watch.model_at).total_seconds() >= every

    def value_some(self, now: datetime) -> bool:
        """The Greeks of a few lines; whether more wait for theirs."""
        for _ in range(min(len(self._to_value), _VALUED_AT_ONCE)):
            watch = self._to_value.popleft()
            watch.queued = False
            if watch.line.req_id in self._watches:
                self._value(watch, now)
        return bool(self._to_value)

    def _value(self, watch: _Watch, now: datetime) -> None:
        """Of the middle each time, of bid and ask less often."""
        option, line = watch.option, watch.line
        quote = None if option is None else self._gateway.engine.quote(option.con_id)
        if option is None or quote is None:
            return
        watch.model_at = now
        kind = self._poison(watch, now)
        if kind == "absent":
            return
        spot, types = self._gateway.engine.price(option.underlying_con_id), line.types
        prices = [(types.model_greeks, quote.mid if quote.usable else None)]
        every = self._gateway.parameters.updates.quote_greeks_s
        if watch.sides_at is None or (now - watch.sides_at).total_seconds() >= every:
            watch.sides_at = now
            prices += [(types.bid_greeks, quote.bid), (types.ask_greeks, quote.ask)]
        for tick_type, price in prices:
            valued = None
            if kind is None and price:
                valued = self._gateway.valuation.of(option, price, spot, now, watch.vol)
                watch.vol = watch.vol if valued is None else valued.implied_vol
            line.tell(_computation(line.req_id, tick_type, valued, nan=kind == "nan"), tick_type)

    def _poison(self, watch: _Watch, now: datetime) -> str | None:
        """How a fault spoils these Greeks: left out, not a number, and the marks of nothing computed, in turn."""
        assert watch.option is not None
        names = (str(watch.option.con_id), watch.option.symbol)
        if not self._session.delivery.strikes(Kind.POISONED_GREEKS, now, *names):
            return None
        watch.poisoned += 1
        return ("absent", "nan", "unset")[(watch.poisoned - 1) % 3]

    # -- calculations on request ---------------------------------------------------------------------------------------

    def _solve(self, request: requests.CalculateImpliedVolatility) -> None:
        option = self._option(request.contract)
        valued = self._gateway.valuation.of(option, request.option_price, request.under_price, self._session.now)
        self._session.say(_computation(request.req_id, 53, valued))

    def _price(self, request: requests.CalculateOptionPrice) -> None:
        option = self._option(request.contract)
        valued = self._gateway.valuation.at(option, request.volatility, request.under_price, self._session.now)
        self._session.say(_computation(request.req_id, 53, valued))

    def _option(self, contract: ContractFields) -> Option:
        found = self._gateway.catalogue.one(contract, self._session.now)
        if not isinstance(found, Option):
            raise invalid("Only options have a volatility")
        return found


def _computation(
    req_id: int, tick_type: int, valued: Valued | None, *, nan: bool = False
) -> answers.TickOptionComputation:
    """The wire's vega is for one percent of volatility, its theta for a day."""
    if nan:
        return answers.TickOptionComputation(req_id, tick_type, 1, *([math.nan] * 8))
    if valued is None:
        return answers.TickOptionComputation(req_id, tick_type)
    greeks = valued.greeks
    return answers.TickOptionComputation(
        req_id=req_id,
        tick_type=tick_type,
        implied_vol=valued.implied_vol,
        delta=greeks.delta,
        option_price=valued.price,
        pv_dividend=valued.pv_dividend,
        gamma=greeks.gamma,
        vega=greeks.vega / 100,
        theta=greeks.theta_per_day,
        under_price=valued.spot,
    )
