"""The real decoder of ib_insync hears every answer as it was meant, at every version, and complains of none."""

import logging
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import attrs
import pytest
from ib_insync.decoder import Decoder
from ib_insync.objects import (
    HistoricalTick,
    HistoricalTickBidAsk,
    HistoricalTickLast,
    TickAttribBidAsk,
    TickAttribLast,
)
from ib_names import differences
from made_from_tables import ALL_VERSIONS, ANSWER_RECORDS, bare, counted

from gamma_scalper.gateway.wire.answers import (
    Answer,
    ContractDetails,
    DepthExchange,
    Error,
    Execution,
    OpenOrder,
    TickOptionComputation,
)
from gamma_scalper.gateway.wire.codec import write_answer
from gamma_scalper.gateway.wire.contracts import ContractDetailsFields, ContractFields
from gamma_scalper.gateway.wire.orders import OrderFields, OrderStateFields

# answers whose fields are the method's arguments, one for one
PLAIN = {
    "AccountDownloadEnd": "accountDownloadEnd",
    "AccountSummary": "accountSummary",
    "AccountSummaryEnd": "accountSummaryEnd",
    "AccountTime": "updateAccountTime",
    "AccountUpdateMulti": "accountUpdateMulti",
    "AccountUpdateMultiEnd": "accountUpdateMultiEnd",
    "AccountValue": "updateAccountValue",
    "CompletedOrdersEnd": "completedOrdersEnd",
    "ContractDetailsEnd": "contractDetailsEnd",
    "CurrentTime": "currentTime",
    "DepthExchanges": "mktDepthExchanges",
    "ExecutionEnd": "execDetailsEnd",
    "FamilyCodes": "familyCodes",
    "HeadTimestamp": "headTimestamp",
    "Histogram": "histogramData",
    "HistoricalDataUpdate": "historicalDataUpdate",
    "HistoricalSchedule": "historicalSchedule",
    "ManagedAccounts": "managedAccounts",
    "MarketDataType": "marketDataType",
    "MarketRule": "marketRule",
    "NewsProviders": "newsProviders",
    "NextValidId": "nextValidId",
    "OpenOrderEnd": "openOrderEnd",
    "OrderBound": "orderBound",
    "OrderStatus": "orderStatus",
    "Pnl": "pnl",
    "PnlSingle": "pnlSingle",
    "PortfolioValue": "updatePortfolio",
    "Position": "position",
    "PositionEnd": "positionEnd",
    "PositionMultiEnd": "positionMultiEnd",
    "RealTimeBar": "realtimeBar",
    "SecDefOptParamsEnd": "securityDefinitionOptionParameterEnd",
    "SmartComponents": "smartComponents",
    "SoftDollarTiers": "softDollarTiers",
    "TickGeneric": "tickGeneric",
    "TickOptionComputation": "tickOptionComputation",
    "TickReqParams": "tickReqParams",
    "TickSize": "tickSize",
    "TickSnapshotEnd": "tickSnapshotEnd",
    "TickString": "tickString",
    "UserInfo": "userInfo",
}
TIME = "20240119 15:30:00 US/Eastern"
UTC_TIME = datetime(2024, 1, 19, 20, 30, tzinfo=UTC)


class Listener:
    """Stands where the wrapper stands and remembers what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, tuple[Any, ...]]] = []
        self.ib = SimpleNamespace(TimezoneTWS=None)

    def __getattr__(self, name: str) -> Any:
        return lambda *arguments: self.told.append((name, arguments))


def told(answer: Answer, version: int) -> list[tuple[str, tuple[Any, ...]]]:
    """What ib_insync makes of the answer."""
    listener = Listener()
    fields = write_answer(answer, version).decode().split("\0")[:-1]
    Decoder(listener, version).interpret(fields)
    return listener.told


def values(message: Any) -> tuple[Any, ...]:
    return (
        tuple(message)
        if isinstance(message, tuple)
        else tuple(getattr(message, field.name) for field in attrs.fields(type(message)))
    )


@pytest.fixture(autouse=True)
def no_complaints(caplog):
    """ib_insync swallows what it can't read and logs it."""
    with caplog.at_level(logging.WARNING, logger="ib_insync"):
        yield
    assert caplog.messages == []


@pytest.mark.parametrize("name", PLAIN)
def test_plain_answers(name):
    for version in ALL_VERSIONS:
        for answer in (counted(ANSWER_RECORDS[name], version), bare(ANSWER_RECORDS[name], version)):
            ((method, arguments),) = told(answer, version)
            assert method == PLAIN[name]
            assert len(arguments) == len(values(answer))
            assert differences(spoken(answer), arguments) == []


def spoken(answer: Any) -> tuple[Any, ...]:
    """What None becomes where ib_insync knows no unset."""
    unset = {TickOptionComputation: (-1, -2, -1, -1, -2, -2, -2, -1)}.get(type(answer), ())
    said = values(answer)
    plain = said[: len(said) - len(unset)]
    return *plain, *(
        instead if value is None else value for value, instead in zip(said[len(plain) :], unset, strict=True)
    )


@pytest.mark.parametrize("make", [counted, bare])
def test_open_orders(make):
    for version in ALL_VERSIONS:
        answer = make(ANSWER_RECORDS["OpenOrder"], version)
        ((method, (order_id, contract, order, state)),) = told(answer, version)
        assert (method, order_id) == ("openOrder", answer.order.order_id)
        assert differences(answer.contract, contract) == []
        expected = answer.order if version != 158 else attrs.evolve(answer.order, duration=None)
        assert differences(expected, order) == []
        assert differences(spelled_state(answer.state), state) == []


@pytest.mark.parametrize("make", [counted, bare])
def test_completed_orders(make):
    for version in ALL_VERSIONS:
        answer = make(ANSWER_RECORDS["CompletedOrder"], version)
        ((method, (contract, order, state)),) = told(answer, version)
        assert method == "completedOrder"
        assert differences(answer.contract, contract) == []
        assert differences(answer.order, order) == []
        assert (state.status, state.completedTime, state.completedStatus) == (
            answer.state.status,
            answer.state.completed_time,
            answer.state.completed_status,
        )


def spelled_state(state: OrderStateFields) -> OrderStateFields:
    """ib_insync leaves margins as the text they came as."""
    texts = {
        field.name: "1.7976931348623157E308" if value is None else repr(value)
        for field in attrs.fields(OrderStateFields)
        for value in [getattr(state, field.name)]
        if field.name.startswith(("init", "maint", "equity"))
    }
    return attrs.evolve(state, **texts)


@pytest.mark.parametrize("make", [counted, bare])
def test_contract_details(make):
    for version in ALL_VERSIONS:
        answer = make(ANSWER_RECORDS["ContractDetails"], version)
        ((method, (req_id, details)),) = told(answer, version)
        assert (method, req_id) == ("contractDetails", answer.req_id)
        assert differences(answer.contract, details.contract) == []
        assert differences(answer.details, details) == []


def test_a_name_beyond_ascii_arrives_as_it_is():
    answer = ContractDetails(1, ContractFields(symbol="MC"), ContractDetailsFields(long_name="Moët \\ Söhne 大"))
    ((_, (_, details)),) = told(answer, 176)
    assert details.longName == "Moët \\ Söhne 大"


def test_executions_with_their_moment():
    for version in ALL_VERSIONS:
        answer = attrs.evolve(counted(ANSWER_RECORDS["Execution"], version), time=TIME)
        ((method, (req_id, contract, execution)),) = told(answer, version)
        assert (method, req_id, execution.time) == ("execDetails", answer.req_id, UTC_TIME)
        assert differences(answer.contract, contract) == []
        told_of = {"time", "contract", "req_id"}
        for field in attrs.fields(Execution):
            if field.name not in told_of:
                theirs = {"account": "acctNumber", "order_id": "orderId"}.get(field.name)
                name = theirs or "".join(
                    word if number == 0 else word.capitalize() for number, word in enumerate(field.name.split("_"))
                )
                assert getattr(execution, name) == getattr(answer, field.name), field.name


def test_errors_with_their_reasons_where_the_version_has_them():
    for version in ALL_VERSIONS:
        ((method, arguments),) = told(Error(7, 201, "Order rejected", '{"why": 1}'), version)
        assert method == "error"
        assert arguments == (7, 201, "Order rejected", '{"why": 1}' if version >= 166 else "")


def test_prices_with_their_sizes():
    for version in ALL_VERSIONS:
        answer = counted(ANSWER_RECORDS["TickPrice"], version)
        assert told(answer, version) == [("priceSizeTick", tuple(answer[:4]))]


def test_commissions():
    for version in ALL_VERSIONS:
        answer = counted(ANSWER_RECORDS["CommissionReport"], version)
        ((method, (report,)),) = told(answer, version)
        assert method == "commissionReport"
        assert differences(answer, report) == []


def test_positions_of_a_model():
    for version in ALL_VERSIONS:
        answer = counted(ANSWER_RECORDS["PositionMulti"], version)
        ((method, (req_id, account, model, contract, position, cost)),) = told(answer, version)
        assert method == "positionMulti"
        assert (req_id, account, model, position, cost) == (
            answer.req_id,
            answer.account,
            answer.model_code,
            answer.position,
            answer.average_cost,
        )
        assert differences(answer.contract, contract) == []


@pytest.mark.parametrize("make", [counted, bare])
def test_historical_bars_and_their_end(make):
    for version in ALL_VERSIONS:
        answer = make(ANSWER_RECORDS["HistoricalData"], version)
        *bars, end = told(answer, version)
        assert end == ("historicalDataEnd", (answer.req_id, answer.start, answer.end))
        assert [(method, arguments[0]) for method, arguments in bars] == [("historicalData", answer.req_id)] * len(bars)
        assert differences(answer.bars, tuple(arguments[1] for _, arguments in bars)) == []


def test_option_parameters():
    for version in ALL_VERSIONS:
        answer = counted(ANSWER_RECORDS["SecDefOptParams"], version)
        ((method, arguments),) = told(answer, version)
        assert method == "securityDefinitionOptionParameter"
        assert arguments[2] == str(answer.under_con_id)
        assert differences(attrs.evolve(answer, under_con_id=arguments[2]), arguments) == []


def test_symbol_samples():
    for version in ALL_VERSIONS:
        answer = counted(ANSWER_RECORDS["SymbolSamples"], version)
        ((method, (req_id, samples)),) = told(answer, version)
        assert (method, req_id) == ("symbolSamples", answer.req_id)
        assert differences(answer.samples, tuple(samples)) == []


def moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def test_ticks_of_the_past():
    answer = counted(ANSWER_RECORDS["HistoricalTicks"], 176)
    expected = [HistoricalTick(moment(tick.time), tick.price, tick.size) for tick in answer.ticks]
    assert told(answer, 176) == [("historicalTicks", (answer.req_id, expected, answer.done))]

    answer = counted(ANSWER_RECORDS["HistoricalTicksBidAsk"], 176)
    expected = [
        HistoricalTickBidAsk(
            moment(tick.time),
            TickAttribBidAsk(bidPastLow=bool(tick.mask & 2), askPastHigh=bool(tick.mask & 1)),
            tick.bid,
            tick.ask,
            tick.bid_size,
            tick.ask_size,
        )
        for tick in answer.ticks
    ]
    assert told(answer, 176) == [("historicalTicksBidAsk", (answer.req_id, expected, answer.done))]

    answer = counted(ANSWER_RECORDS["HistoricalTicksLast"], 176)
    expected = [
        HistoricalTickLast(
            moment(tick.time),
            TickAttribLast(pastLimit=bool(tick.mask & 1), unreported=bool(tick.mask & 2)),
            tick.price,
            tick.size,
            tick.exchange,
            tick.conditions,
        )
        for tick in answer.ticks
    ]
    assert told(answer, 176) == [("historicalTicksLast", (answer.req_id, expected, answer.done))]


def test_ticks_one_by_one():
    trade = counted(ANSWER_RECORDS["TickByTickTrade"], 176)
    attribute = TickAttribLast(pastLimit=bool(trade.mask & 1), unreported=bool(trade.mask & 2))
    told_of = (trade.req_id, 1, trade.time, trade.price, trade.size, attribute, trade.exchange, trade.conditions)
    assert told(trade, 176) == [("tickByTickAllLast", told_of)]

    offer = counted(ANSWER_RECORDS["TickByTickBidAsk"], 176)
    attribute = TickAttribBidAsk(bidPastLow=bool(offer.mask & 1), askPastHigh=bool(offer.mask & 2))
    told_of = (offer.req_id, offer.time, offer.bid, offer.ask, offer.bid_size, offer.ask_size, attribute)
    assert told(offer, 176) == [("tickByTickBidAsk", told_of)]

    mid = counted(ANSWER_RECORDS["TickByTickMidPoint"], 176)
    assert told(mid, 176) == [("tickByTickMidPoint", (mid.req_id, mid.time, mid.mid))]


def test_every_answer_is_heard_here():
    apart = {
        "CommissionReport",
        "CompletedOrder",
        "ContractDetails",
        "Error",
        "Execution",
        "HistoricalData",
        "HistoricalTicks",
        "HistoricalTicksBidAsk",
        "HistoricalTicksLast",
        "OpenOrder",
        "PositionMulti",
        "SecDefOptParams",
        "SymbolSamples",
        "TickByTickBidAsk",
        "TickByTickMidPoint",
        "TickByTickTrade",
        "TickPrice",
    }
    assert set(PLAIN) | apart == set(ANSWER_RECORDS)


def test_a_plain_limit_order_is_echoed_with_nothing_set_that_was_not():
    contract = ContractFields(con_id=756733, symbol="SPY", sec_type="STK", exchange="SMART", currency="USD")
    order = OrderFields(order_id=3, action="BUY", order_type="LMT", lmt_price=0.0, order_ref="x")
    ((_, (_, _, echoed, _)),) = told(OpenOrder(contract, order, OrderStateFields()), 176)
    assert echoed.lmtPrice == 0.0
    assert differences(order, echoed) == []


def test_an_exchange_with_an_order_book_may_have_no_group():
    record = ANSWER_RECORDS["DepthExchanges"].make
    ((_, (descriptions,)),) = told(record((DepthExchange("ISLAND", "STK"),)), 176)
    assert descriptions[0].aggGroup == 2**31 - 1
