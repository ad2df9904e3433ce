"""The past for one client, and the bars still being made."""

from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from attrs import define

from gamma_scalper.domain.sessions import OutsideCalendar
from gamma_scalper.exchange.faults import Kind
from gamma_scalper.exchange.tickets import Look, LookAway
from gamma_scalper.gateway.bars import (
    Size,
    as_seconds,
    as_text,
    begins,
    check_kind,
    make_bars,
    read_size,
    regular,
    whole,
)
from gamma_scalper.gateway.errors import Refused, invalid, no_history
from gamma_scalper.gateway.moments import ZONE, local_day, read_moment, stamp
from gamma_scalper.gateway.past import Samples
from gamma_scalper.gateway.roles import Conversation
from gamma_scalper.gateway.wire import answers
from gamma_scalper.gateway.wire import requests_of_data as requests
from gamma_scalper.gateway.wire.contracts import ContractFields

_TEN_MINUTES = timedelta(minutes=10)
_BAR = timedelta(seconds=5)
_MOST_TICKS = 1_000
_NO_DATA = "HMDS query returned no data"


@define
class _Live:
    """A bar that is told as it is made."""

    con_id: int
    due: datetime
    every: timedelta
    tell: Callable[[datetime], None]


class HistoryDesk:
    """See the module."""

    def __init__(self, session: Conversation) -> None:
        self._session = session
        self._gateway = session.gateway
        self._asked: deque[datetime] = deque()
        self._live: dict[int, _Live] = {}  # request id -> what it keeps up to date

    def handlers(self) -> dict[type, Callable[[Any], None]]:
        return {
            requests.RequestHistoricalData: self._bars,
            requests.CancelHistoricalData: self._cancel,
            requests.RequestHeadTimestamp: self._head,
            requests.CancelHeadTimestamp: lambda request: None,
            requests.RequestHistoricalTicks: self._ticks,
            requests.RequestRealTimeBars: self._real_time,
            requests.CancelRealTimeBars: self._cancel,
        }

    # -- bars ----------------------------------------------------------------------------------------------------------

    def _bars(self, request: requests.RequestHistoricalData) -> None:
        self._within_pace(request.contract)
        con_id = self._con_id(request.contract)
        sessions = self._gateway.engine.market.sessions(con_id)
        end = self._end(request)
        begin = begins(request.duration, end, sessions)
        if request.what == "SCHEDULE":
            self._tell_schedule(request.req_id, con_id, begin, end)
            return
        what, size = check_kind(request.what), read_size(request.bar_size)
        dated = as_text if request.format_date == 1 else as_seconds
        samples = self._samples(con_id, *whole(begin, end, size), request.use_rth)
        bars = make_bars(samples, what, size, dated, sessions, end if request.end else None)
        if not bars and not request.keep_up_to_date:
            raise no_history(_NO_DATA)
        told = answers.HistoricalData(request.req_id, stamp(begin), stamp(end), tuple(bars))
        if request.keep_up_to_date:
            self._session.say(told)
            self._keep_up(request, con_id, what, size)
        else:
            self._session.say_in_turn(iter([told]))

    def _end(self, request: requests.RequestHistoricalData) -> datetime:
        if not request.end:
            return self._session.now
        if request.keep_up_to_date:
            raise invalid("Bars that are kept up to date have no end date and time")
        return self._moment(request.end)

    def _moment(self, written: str) -> datetime:
        try:
            return read_moment(written).at
        except ValueError as error:
            raise Refused(10314, f"End Date/Time: the date, time, or time-zone entered is invalid: {error}") from error

    def _samples(self, con_id: int, begin: datetime, end: datetime, use_rth: bool) -> Samples:
        series = self._gateway.past.series(con_id)
        if series is None:
            raise no_history(_NO_DATA)
        found = series.samples(begin.timestamp(), np.nextafter(end.timestamp(), np.inf))
        return regular(found, self._gateway.engine.market.sessions(con_id)) if use_rth else found

    def _con_id(self, contract: ContractFields) -> int:
        if contract.sec_type == "BAG":
            raise no_history("No historical data is served for combos")
        return self._gateway.catalogue.one(contract, self._session.now).con_id

    def _within_pace(self, contract: ContractFields) -> None:
        """Sixty requests in ten minutes, as the broker has it; or a fault says that it was too many."""
        now, most = self._session.now, self._gateway.parameters.pacing.history_per_10_min
        names = (str(contract.con_id), contract.symbol)
        while self._asked and now - self._asked[0] >= _TEN_MINUTES:
            self._asked.popleft()
        self._asked.append(now)
        if (most and len(self._asked) > most) or self._session.delivery.strikes(Kind.PACING_162, now, *names):
            raise no_history("Historical data request pacing violation")

    def _tell_schedule(self, req_id: int, con_id: int, begin: datetime, end: datetime) -> None:
        sessions, found = self._gateway.engine.market.sessions(con_id), []
        for ahead in range((local_day(end) - local_day(begin)).days + 1):
            day = local_day(begin) + timedelta(days=ahead)
            try:
                spans = sessions.on(day)
            except OutsideCalendar:
                continue
            found += [
                answers.SessionHours(_dashed(span.opens), _dashed(span.closes), f"{day:%Y%m%d}") for span in spans
            ]
        if not found:
            raise no_history(_NO_DATA)
        self._session.say(answers.HistoricalSchedule(req_id, found[0].start, found[-1].end, ZONE, tuple(found)))

    # -- bars being made -----------------------------------------------------------------------------------------------

    def _keep_up(self, request: requests.RequestHistoricalData, con_id: int, what: str, size: Size) -> None:
        dated = as_text if request.format_date == 1 else as_seconds
        sessions = self._gateway.engine.market.sessions(con_id)

        def tell(now: datetime) -> None:
            samples = self._samples(con_id, *whole(now - _BAR, now, size), request.use_rth)
            bars = make_bars(samples, what, size, dated, sessions)
            for bar in bars[-1:]:
                self._session.say(answers.HistoricalDataUpdate(request.req_id, bar))

        self._start(request.req_id, con_id, self._session.now + _BAR, tell)

    def _real_time(self, request: requests.RequestRealTimeBars) -> None:
        """The five seconds that are over, told as they end."""
        self._within_pace(request.contract)
        con_id, what = self._con_id(request.contract), check_kind(request.what)
        if what == "BID_ASK":
            raise invalid("Real-time bars are TRADES, MIDPOINT, BID or ASK")

        def tell(now: datetime) -> None:
            begin = now - _BAR
            series = self._gateway.past.series(con_id)
            if series is None:
                return
            samples = series.samples(begin.timestamp(), now.timestamp())
            sessions = self._gateway.engine.market.sessions(con_id)
            if request.use_rth:
                samples = regular(samples, sessions)
            for bar in make_bars(samples, what, Size(5), as_seconds, sessions)[-1:]:
                self._session.say(
                    answers.RealTimeBar(
                        request.req_id,
                        int(begin.timestamp()),
                        bar.open,
                        bar.high,
                        bar.low,
                        bar.close,
                        bar.volume,
                        bar.average,
                        bar.count,
                    )
                )

        now = self._session.now
        rest = now.timestamp() % _BAR.total_seconds()
        self._start(request.req_id, con_id, now + _BAR - timedelta(seconds=rest), tell)

    def _start(self, req_id: int, con_id: int, due: datetime, tell: Callable[[datetime], None]) -> None:
        """Somebody has to look for there to be something to tell."""
        self._stop(req_id)
        self._live[req_id] = _Live(con_id, due, _BAR, tell)
        self._gateway.do(Look(con_id))

    def _cancel(self, request: requests.CancelHistoricalData | requests.CancelRealTimeBars) -> None:
        self._stop(request.req_id)

    def _stop(self, req_id: int) -> None:
        live = self._live.pop(req_id, None)
        if live is not None:
            self._gateway.do(LookAway(live.con_id))

    def stop_all(self) -> None:
        for req_id in list(self._live):
            self._stop(req_id)

    def tend(self, now: datetime) -> None:
        for live in list(self._live.values()):
            if live.due <= now:
                live.tell(live.due)
                while live.due <= now:
                    live.due += live.every

    def next_at(self) -> datetime | None:
        return min((live.due for live in self._live.values()), default=None)

    def close(self) -> None:
        self.stop_all()

    # -- other questions about the past --------------------------------------------------------------------------------

    def _head(self, request: requests.RequestHeadTimestamp) -> None:
        check_kind(request.what)
        series = self._gateway.past.series(self._con_id(request.contract))
        if series is None or series.begins is None:
            raise no_history("No head time stamp")
        moment = datetime.fromtimestamp(series.begins, self._session.now.tzinfo)
        seconds = request.format_date == 2
        self._session.say(
            answers.HeadTimestamp(request.req_id, str(int(series.begins)) if seconds else f"{moment:%Y%m%d-%H:%M:%S}")
        )

    def _ticks(self, request: requests.RequestHistoricalTicks) -> None:
        """From a moment on, or up to one; what is remembered is the newest of each slot of time."""
        self._within_pace(request.contract)
        if bool(request.start) == bool(request.end):
            raise invalid("Historical ticks are asked for by a start or by an end")
        if not 0 < request.count <= _MOST_TICKS:
            raise invalid(f"Number of ticks: {request.count} is not allowed; allowed: 1 to {_MOST_TICKS}")
        con_id, now = self._con_id(request.contract), self._session.now
        begin = self._moment(request.start) if request.start else now - timedelta(days=366)
        end = self._moment(request.end) if request.end else now
        samples = self._samples(con_id, begin, end, request.use_rth)
        part = slice(None, request.count) if request.start else slice(-request.count, None)
        self._tell_ticks(request.req_id, request.what, Samples(*(column[part] for column in samples)))

    def _tell_ticks(self, req_id: int, what: str, samples: Samples) -> None:
        rows = zip(*(column.tolist() for column in samples), strict=True)
        if what == "MIDPOINT":
            mids = tuple(answers.PastTick(int(at), (bid + ask) / 2) for at, bid, ask, *_ in rows if bid + ask > 0)
            self._session.say(answers.HistoricalTicks(req_id, mids))
        elif what == "BID_ASK":
            offers = tuple(answers.PastBidAsk(int(at), bid, ask, 0, 0) for at, bid, ask, *_ in rows if bid + ask > 0)
            self._session.say(answers.HistoricalTicksBidAsk(req_id, offers))
        elif what == "TRADES":
            trades = tuple(
                answers.PastTrade(int(at), last, volume) for at, _, _, last, volume in rows if last > 0 and volume > 0
            )
            self._session.say(answers.HistoricalTicksLast(req_id, trades))
        else:
            raise invalid(f"Historical ticks are TRADES, BID_ASK or MIDPOINT, not {what!r}")


def _dashed(moment: datetime) -> str:
    return stamp(moment).rpartition(" ")[0].replace(" ", "-")
