"""Whatever the real client of ib_insync writes is read as it was meant, at every version."""

import asyncio
import math
from collections.abc import Callable
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import attrs
import pytest
from ib_insync.client import Client
from ib_insync.contract import Contract, Option, Stock, TagValue
from ib_insync.objects import ExecutionFilter, ScannerSubscription, WshEventData
from ib_insync.order import LimitOrder, MarketOrder, Order
from ib_names import told_to
from made_from_tables import ALL_VERSIONS, REQUEST_RECORDS, counted

from gamma_scalper.gateway.framing import Frames
from gamma_scalper.gateway.wire.codec import read_request
from gamma_scalper.gateway.wire.contracts import ContractFields
from gamma_scalper.gateway.wire.orders import OrderFields
from gamma_scalper.gateway.wire.requests import PlaceOrder, Request, RequestContractDetails, Unserved

OPTIONS = [TagValue("tag", "value")]
Send = Callable[[Client, Any, Contract], None]  # the client, the request as we have it, and its contract


def send_order(client: Client, request: PlaceOrder, contract: Contract) -> None:
    client.placeOrder(request.order_id, contract, told_to(Order(), request.order))


# request -> how a program asks ib_insync for it
ASKED: dict[str, Send] = {
    "CalculateImpliedVolatility": lambda c, r, k: c.calculateImpliedVolatility(
        r.req_id, k, r.option_price, r.under_price, OPTIONS
    ),
    "CalculateOptionPrice": lambda c, r, k: c.calculateOptionPrice(r.req_id, k, r.volatility, r.under_price, OPTIONS),
    "CancelAccountSummary": lambda c, r, k: c.cancelAccountSummary(r.req_id),
    "CancelAccountUpdatesMulti": lambda c, r, k: c.cancelAccountUpdatesMulti(r.req_id),
    "CancelAllOrders": lambda c, r, k: c.reqGlobalCancel(),
    "CancelHeadTimestamp": lambda c, r, k: c.cancelHeadTimeStamp(r.req_id),
    "CancelHistogram": lambda c, r, k: c.cancelHistogramData(r.req_id),
    "CancelHistoricalData": lambda c, r, k: c.cancelHistoricalData(r.req_id),
    "CancelImpliedVolatility": lambda c, r, k: c.cancelCalculateImpliedVolatility(r.req_id),
    "CancelMarketData": lambda c, r, k: c.cancelMktData(r.req_id),
    "CancelOptionPrice": lambda c, r, k: c.cancelCalculateOptionPrice(r.req_id),
    "CancelOrder": lambda c, r, k: c.cancelOrder(r.order_id, r.manual_time),
    "CancelPnl": lambda c, r, k: c.cancelPnL(r.req_id),
    "CancelPnlSingle": lambda c, r, k: c.cancelPnLSingle(r.req_id),
    "CancelPositions": lambda c, r, k: c.cancelPositions(),
    "CancelPositionsMulti": lambda c, r, k: c.cancelPositionsMulti(r.req_id),
    "CancelRealTimeBars": lambda c, r, k: c.cancelRealTimeBars(r.req_id),
    "CancelTickByTick": lambda c, r, k: c.cancelTickByTickData(r.req_id),
    "ExerciseOptions": lambda c, r, k: c.exerciseOptions(
        r.req_id, k, r.action, float(r.quantity), r.account, r.override
    ),
    "PlaceOrder": send_order,
    "RequestAccountSummary": lambda c, r, k: c.reqAccountSummary(r.req_id, r.group, r.tags),
    "RequestAccountUpdates": lambda c, r, k: c.reqAccountUpdates(r.subscribe, r.account),
    "RequestAccountUpdatesMulti": lambda c, r, k: c.reqAccountUpdatesMulti(
        r.req_id, r.account, r.model_code, r.ledger_and_nlv
    ),
    "RequestAllOpenOrders": lambda c, r, k: c.reqAllOpenOrders(),
    "RequestAutoOpenOrders": lambda c, r, k: c.reqAutoOpenOrders(r.bind),
    "RequestCompletedOrders": lambda c, r, k: c.reqCompletedOrders(r.api_only),
    "RequestContractDetails": lambda c, r, k: c.reqContractDetails(r.req_id, k),
    "RequestCurrentTime": lambda c, r, k: c.reqCurrentTime(),
    "RequestDepthExchanges": lambda c, r, k: c.reqMktDepthExchanges(),
    "RequestExecutions": lambda c, r, k: c.reqExecutions(
        r.req_id,
        ExecutionFilter(r.client_id, r.account, r.time, r.symbol, r.sec_type, r.exchange, r.side),
    ),
    "RequestFamilyCodes": lambda c, r, k: c.reqFamilyCodes(),
    "RequestHeadTimestamp": lambda c, r, k: c.reqHeadTimeStamp(r.req_id, k, r.what, r.use_rth, r.format_date),
    "RequestHistogram": lambda c, r, k: c.reqHistogramData(r.req_id, k, r.use_rth, r.period),
    "RequestHistoricalData": lambda c, r, k: c.reqHistoricalData(
        r.req_id,
        k,
        r.end,
        r.duration,
        r.bar_size,
        r.what,
        r.use_rth,
        r.format_date,
        r.keep_up_to_date,
        OPTIONS,
    ),
    "RequestHistoricalTicks": lambda c, r, k: c.reqHistoricalTicks(
        r.req_id, k, r.start, r.end, r.count, r.what, r.use_rth, r.ignore_size, OPTIONS
    ),
    "RequestIds": lambda c, r, k: c.reqIds(r.count),
    "RequestManagedAccounts": lambda c, r, k: c.reqManagedAccts(),
    "RequestMarketData": lambda c, r, k: c.reqMktData(
        r.req_id, k, r.generic_ticks, r.snapshot, r.regulatory_snapshot, OPTIONS
    ),
    "RequestMarketDataType": lambda c, r, k: c.reqMarketDataType(r.data_type),
    "RequestMarketRule": lambda c, r, k: c.reqMarketRule(r.rule_id),
    "RequestMatchingSymbols": lambda c, r, k: c.reqMatchingSymbols(r.req_id, r.pattern),
    "RequestNewsProviders": lambda c, r, k: c.reqNewsProviders(),
    "RequestOpenOrders": lambda c, r, k: c.reqOpenOrders(),
    "RequestPnl": lambda c, r, k: c.reqPnL(r.req_id, r.account, r.model_code),
    "RequestPnlSingle": lambda c, r, k: c.reqPnLSingle(r.req_id, r.account, r.model_code, r.con_id),
    "RequestPositions": lambda c, r, k: c.reqPositions(),
    "RequestPositionsMulti": lambda c, r, k: c.reqPositionsMulti(r.req_id, r.account, r.model_code),
    "RequestRealTimeBars": lambda c, r, k: c.reqRealTimeBars(r.req_id, k, r.bar_size, r.what, r.use_rth, OPTIONS),
    "RequestSecDefOptParams": lambda c, r, k: c.reqSecDefOptParams(
        r.req_id, r.symbol, r.futures_exchange, r.sec_type, r.con_id
    ),
    "RequestSmartComponents": lambda c, r, k: c.reqSmartComponents(r.req_id, r.bbo_exchange),
    "RequestSoftDollarTiers": lambda c, r, k: c.reqSoftDollarTiers(r.req_id),
    "RequestTickByTick": lambda c, r, k: c.reqTickByTickData(r.req_id, k, r.what, r.count, r.ignore_size),
    "RequestUserInfo": lambda c, r, k: c.reqUserInfo(r.req_id),
    "SetServerLogLevel": lambda c, r, k: c.setServerLogLevel(r.level),
}


@pytest.fixture(autouse=True)
def loop():
    """The client asks the policy for one, to know the time."""
    with asyncio.Runner() as runner:
        asyncio.set_event_loop(runner.get_loop())
        yield
    asyncio.set_event_loop(None)


class Line:
    """A client that is connected to nobody, and what it has sent."""

    def __init__(self, version: int) -> None:
        self.version = version
        self.sent = b""
        self.client = Client(SimpleNamespace())
        self.client.MaxRequests = 0
        self.client.connState = Client.CONNECTED
        self.client._serverVersion = version
        self.client.conn.sendMsg = self.record

    def record(self, data: bytes) -> None:
        self.sent += data

    def heard(self) -> Request:
        (payload,) = Frames(greeted=True).feed(self.sent)
        self.sent = b""
        return read_request(payload, self.version)


def contract_of(request: Any) -> Contract:
    contract = told_to(Contract(), getattr(request, "contract", ContractFields()))
    contract.includeExpired = getattr(request, "include_expired", False)
    return contract


@pytest.mark.parametrize("name", ASKED)
async def test_what_is_asked_is_heard(name):
    for version in ALL_VERSIONS:
        line = Line(version)
        request = counted(REQUEST_RECORDS[name], version)
        ASKED[name](line.client, request, contract_of(request))
        assert line.heard() == request


def test_every_served_request_is_asked_here():
    assert {"StartApi", *ASKED} == {name for name in REQUEST_RECORDS if not name.startswith("Unserved")}


@pytest.mark.parametrize("order_type", ["LMT", "PEG BEST", "PEG MID"])
@pytest.mark.parametrize("offset", [0.25, math.inf])
@pytest.mark.parametrize("exchange", ["SMART", "IBKRATS"])
async def test_pegged_orders_send_their_offsets_only_where_they_mean_something(order_type, offset, exchange):
    switches = {
        "order__order_type": order_type,
        "order__compete_against_best_offset": offset,
        "contract__exchange": exchange,
        "contract__sec_type": "STK",
        "order__delta_neutral_order_type": "",
    }
    for version in ALL_VERSIONS:
        line = Line(version)
        request = counted(REQUEST_RECORDS["PlaceOrder"], version, **switches)
        send_order(line.client, request, contract_of(request))
        assert line.heard() == request


async def test_a_plain_order_is_heard_without_anything_it_did_not_say():
    contract = Stock("SPY", "SMART", "USD", conId=756733)
    plain = {"display_size": 0, "open_close": "O", "use_price_mgmt_algo": False}
    for version in ALL_VERSIONS:
        line = Line(version)
        line.client.placeOrder(7, contract, LimitOrder("BUY", 100, 101.25, tif="IOC", account="DU1", orderRef="x"))
        limit = OrderFields(
            action="BUY",
            total_quantity=Decimal(100),
            order_type="LMT",
            lmt_price=101.25,
            tif="IOC",
            account="DU1",
            order_ref="x",
            **plain,
        )
        known = ContractFields(con_id=756733, symbol="SPY", sec_type="STK", exchange="SMART", currency="USD")
        assert line.heard() == PlaceOrder(7, known, limit)
        line.client.placeOrder(8, contract, MarketOrder("SELL", 0.5, whatIf=True, transmit=False))
        market = OrderFields(
            action="SELL", total_quantity=Decimal("0.5"), order_type="MKT", what_if=True, transmit=False, **plain
        )
        assert line.heard() == PlaceOrder(8, known, market)


async def test_an_option_asked_for_by_some_of_its_terms():
    line = Line(176)
    line.client.reqContractDetails(5, Option("SPY", "20240119", right="C", exchange="SMART"))
    known = ContractFields(symbol="SPY", sec_type="OPT", expiry="20240119", right="C", exchange="SMART")
    assert line.heard() == RequestContractDetails(5, known)


async def test_the_client_introduces_itself():
    line = Line(176)
    line.client.clientId = 17
    line.client.startApi()
    assert attrs.asdict(line.heard()) == {"client_id": 17, "optional_capabilities": ""}


UNSERVED: dict[int, tuple[int | None, Callable[[Client], None]]] = {
    10: (7, lambda c: c.reqMktDepth(7, Stock("SPY"), 5, False, OPTIONS)),
    11: (7, lambda c: c.cancelMktDepth(7, False)),
    12: (None, lambda c: c.reqNewsBulletins(True)),
    13: (None, lambda c: c.cancelNewsBulletins()),
    18: (None, lambda c: c.requestFA(1)),
    19: (7, lambda c: c.replaceFA(7, 1, "<xml/>")),
    22: (7, lambda c: c.reqScannerSubscription(7, ScannerSubscription(), OPTIONS, OPTIONS)),
    23: (7, lambda c: c.cancelScannerSubscription(7)),
    24: (None, lambda c: c.reqScannerParameters()),
    52: (7, lambda c: c.reqFundamentalData(7, Stock("SPY"), "ReportSnapshot", OPTIONS)),
    53: (7, lambda c: c.cancelFundamentalData(7)),
    65: (None, lambda c: c.verifyRequest("name", "1")),
    66: (None, lambda c: c.verifyMessage("data")),
    67: (7, lambda c: c.queryDisplayGroups(7)),
    68: (7, lambda c: c.subscribeToGroupEvents(7, 1)),
    69: (7, lambda c: c.updateDisplayGroup(7, "8314@SMART")),
    70: (7, lambda c: c.unsubscribeFromGroupEvents(7)),
    72: (None, lambda c: c.verifyAndAuthRequest("name", "1", "key")),
    73: (None, lambda c: c.verifyAndAuthMessage("data", "answer")),
    84: (7, lambda c: c.reqNewsArticle(7, "BRFG", "article", OPTIONS)),
    86: (7, lambda c: c.reqHistoricalNews(7, 8314, "BRFG", "", "", 10, OPTIONS)),
    100: (7, lambda c: c.reqWshMetaData(7)),
    101: (7, lambda c: c.cancelWshMetaData(7)),
    102: (7, lambda c: c.reqWshEventData(7, WshEventData())),
    103: (7, lambda c: c.cancelWshEventData(7)),
}


async def test_what_is_not_served_is_known_by_its_number_and_id():
    for version in ALL_VERSIONS:
        for number, (req_id, ask) in UNSERVED.items():
            line = Line(version)
            ask(line.client)
            assert line.heard() == Unserved(number, req_id)
    assert {f"Unserved {number}" for number in UNSERVED} == {
        name for name in REQUEST_RECORDS if name.startswith("Unserved")
    }
