"""Every tick of a contract as it comes, one message each: trades, offers or mids."""

from collections.abc import Callable
from typing import Any

from gamma_scalper.domain.quotes import Quote
from gamma_scalper.exchange.tickets import Look, LookAway
from gamma_scalper.gateway.errors import Refused, invalid
from gamma_scalper.gateway.roles import Conversation
from gamma_scalper.gateway.wire import answers
from gamma_scalper.gateway.wire import requests_of_data as requests

_KINDS = ("Last", "AllLast", "BidAsk", "MidPoint")
_MOST = 5  # contracts at once, as the broker allows for a hundred lines


class _Stream:
    """One request, and the newest it was told."""

    def __init__(self, req_id: int, con_id: int, what: str, ignore_size: bool) -> None:
        self.req_id, self.con_id, self.what, self.ignore_size = req_id, con_id, what, ignore_size
        self.told: tuple[float, ...] = ()

    def tick(self, quote: Quote) -> answers.Answer | None:
        """None: it is no news."""
        at, bid, ask = int(quote.received_at.timestamp()), quote.bid or 0.0, quote.ask or 0.0
        if self.what == "BidAsk":
            sizes = () if self.ignore_size else (quote.bid_size, quote.ask_size)
            return self._news(
                (bid, ask, *sizes),
                answers.TickByTickBidAsk(self.req_id, at, bid, ask, quote.bid_size, quote.ask_size),
            )
        if self.what == "MidPoint":
            mid = answers.TickByTickMidPoint(self.req_id, at, (bid + ask) / 2)
            return self._news((mid.mid,), mid) if bid and ask else None
        if quote.last is None or quote.carried:
            return None
        kind = 1 if self.what == "Last" else 2
        return answers.TickByTickTrade(self.req_id, kind, at, quote.last, min(quote.bid_size, quote.ask_size))

    def _news(self, figures: tuple[float, ...], tick: answers.Answer) -> answers.Answer | None:
        if figures == self.told:
            return None
        self.told = figures
        return tick


class TickDesk:
    """See the module. A client that reads slowly loses ticks here as it does quotes."""

    def __init__(self, session: Conversation) -> None:
        self._session = session
        self._gateway = session.gateway
        self._streams: dict[int, _Stream] = {}  # request id -> its stream
        self.wanted: dict[int, list[_Stream]] = {}  # conId -> the streams of it

    def handlers(self) -> dict[type, Callable[[Any], None]]:
        return {requests.RequestTickByTick: self._request, requests.CancelTickByTick: self._cancel}

    def close(self) -> None:
        for req_id in list(self._streams):
            self._drop(req_id)

    def _request(self, request: requests.RequestTickByTick) -> None:
        if request.what not in _KINDS:
            raise invalid(f"Tick-by-tick data is {', '.join(_KINDS)}, not {request.what!r}")
        if request.count:
            raise invalid("Ticks of the past are served by reqHistoricalTicks; the number of ticks has to be 0")
        if request.req_id in self._streams:
            raise Refused(322, "Error processing request.-'bZ' : cause - Duplicate ticker id")
        if len(self._streams) >= _MOST:
            raise Refused(10190, "Max number of tick-by-tick requests has been reached.")
        con_id = self._gateway.catalogue.one(request.contract, self._session.now).con_id
        stream = _Stream(request.req_id, con_id, request.what, request.ignore_size)
        self._streams[request.req_id] = stream
        self.wanted.setdefault(con_id, []).append(stream)
        self._session.delivery.renew(con_id)
        self._gateway.do(Look(con_id))

    def _cancel(self, request: requests.CancelTickByTick) -> None:
        if request.req_id not in self._streams:
            raise Refused(300, f"Can't find EId with tickerId:{request.req_id}")
        self._drop(request.req_id)

    def _drop(self, req_id: int) -> None:
        stream = self._streams.pop(req_id)
        self.wanted[stream.con_id].remove(stream)
        if not self.wanted[stream.con_id]:
            del self.wanted[stream.con_id]
        self._gateway.do(LookAway(stream.con_id))

    def quoted(self, quote: Quote) -> None:
        for stream in self.wanted.get(quote.con_id, ()):
            tick = stream.tick(quote)
            if tick is not None and not self._session.outbox.crowded:
                self._session.say(tick)
