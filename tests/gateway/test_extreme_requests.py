"""Numbers and moments nobody can mean: each is answered for itself, and its conversation goes on."""

import asyncio
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve, fields, has
from hypothesis import given, settings
from hypothesis import strategies as st
from trading_house import CALL, FRIDAY, SHARE, SPY, house, of_option, order

from gamma_scalper.gateway.framing import frame
from gamma_scalper.gateway.wire import answers
from gamma_scalper.gateway.wire.codec import write_request
from gamma_scalper.gateway.wire.contracts import ContractFields, LegFields
from gamma_scalper.gateway.wire.requests_of_data import (
    CalculateImpliedVolatility,
    CalculateOptionPrice,
    RequestContractDetails,
    RequestHistoricalData,
    RequestHistoricalTicks,
    RequestMarketData,
    RequestRealTimeBars,
    StartApi,
)
from gamma_scalper.gateway.wire.requests_of_orders import (
    ExerciseOptions,
    PlaceOrder,
    RequestAccountSummary,
    RequestExecutions,
    RequestIds,
    RequestPnlSingle,
)
from gamma_scalper.gateway.wire.spelling import Kind
from gamma_scalper.kernel import VirtualLoop

sys.path.insert(0, str(Path(__file__).parent / "wire"))

from made_from_tables import CONDITIONS, REQUEST_RECORDS, made

FOR_EVER, LONG_AGO = "99991231 23:59:59", "00010101-00:00:00"
HISTORY = RequestHistoricalData(5, SHARE, bar_size="5 mins", duration="1 D", what="MIDPOINT")

_CONTRACTS = (
    SHARE,
    of_option(CALL),
    ContractFields(sec_type="OPT", symbol="SPY", expiry=f"{FRIDAY:%Y%m%d}", strike=1e298, right="C", exchange="SMART"),
    ContractFields(
        sec_type="BAG", symbol="SPY", exchange="SMART", currency="USD",
        legs=(LegFields(CALL, 1_000, "BUY", "SMART"), LegFields(SPY, 1, "SELL", "SMART")),
    ),
    ContractFields(
        sec_type="BAG", symbol="SPY", exchange="SMART", currency="USD",
        legs=(LegFields(CALL, 10**18, "BUY", "SMART"), LegFields(SPY, 1, "SELL", "SMART")),
    ),
)  # fmt: skip
_WHOLES = st.sampled_from([0, 1, 5, -1, 7, SPY, CALL, 10**18, -(10**18), 2**31 - 2, -(2**31)])
_REALS = st.sampled_from([0.0, 0.01, 5.0, 600.0, -1.0, 1e-299, 1e15, 9.9e14, 1e299, -1e299])
_QUANTITIES = st.sampled_from(
    [Decimal(text) for text in ("0", "1", "10000000", "-1", "0.5", "1E-30", "1E15", "1E18", "-1E29")]
)
_TEXTS = st.sampled_from(
    ["", "1", FOR_EVER, LONG_AGO, "20260105", "20260105 23:59:59 America", "99999 Y", "99999 D", "1 D", "60 S",
     "5 mins", "1 month", "TRADES", "BID_ASK", "MIDPOINT", "SCHEDULE", "BidAsk", "٣ D", "GTD", "LMT", "STP", "MKT",
     "BUY", "SELL", "100,9" * 20, "x" * 300, "$LEDGER:ALL", "All", "DU1111111"]
)  # fmt: skip
_OF_NAME: dict[str, st.SearchStrategy[Any]] = {
    "order_type": st.sampled_from(["MKT", "LMT", "STP", "MOC"]),
    "tif": st.sampled_from(["DAY", "GTD", "GTC", "IOC"]),
    "good_till_date": st.sampled_from([FOR_EVER, LONG_AGO, "20260105 16:00:00 US/Eastern", "99991231"]),
    "bar_size": st.sampled_from(["5 mins", "1 day", "1 month", "1 secs"]),
    "what": st.sampled_from(["TRADES", "MIDPOINT", "BID_ASK", "SCHEDULE", "BidAsk", "Last"]),
    "duration": st.sampled_from(["99999 Y", "99999 W", "99999 D", "99999 M", "99999 S", "1 D"]),
    "end": st.sampled_from(["", FOR_EVER, LONG_AGO, "19000101 00:00:00", "20260105-16:00:00"]),
    "start": st.sampled_from(["", FOR_EVER, LONG_AGO, "19000101 00:00:00"]),
    "time": st.sampled_from(["", FOR_EVER, LONG_AGO]),
}

_OF_TYPE: dict[type, st.SearchStrategy[Any]] = {
    bool: st.booleans(), int: _WHOLES, float: _REALS, Decimal: _QUANTITIES, str: _TEXTS,
}  # fmt: skip
_SOUND = (
    *(order(5, "BUY", 1, 5.0, contract=contract, tif=tif, good_till_date="20260109", what_if=what_if)
      for contract in _CONTRACTS[:2] for tif in ("DAY", "GTD") for what_if in (False, True)),
    order(5, "SELL", 1, order_type="STP", aux_price=5.0),
    HISTORY,
    evolve(HISTORY, duration="1 W", bar_size="1 day", keep_up_to_date=True),
    RequestHistoricalTicks(5, SHARE, end="20260105-16:00:00", count=10, what="BID_ASK"),
    RequestExecutions(5),
    RequestContractDetails(5, ContractFields(sec_type="OPT", symbol="SPY", exchange="SMART")),
    RequestMarketData(5, _CONTRACTS[-2]),
    RequestRealTimeBars(5, SHARE, 5, "MIDPOINT"),
    RequestPnlSingle(5, "DU1111111", "", SPY),
    RequestAccountSummary(5, "All", "$LEDGER:ALL"),
    CalculateOptionPrice(5, of_option(CALL), 0.2, 600.0),
    CalculateImpliedVolatility(5, of_option(CALL), 5.0, 600.0),
    ExerciseOptions(5, of_option(CALL), 1, Decimal(1), "", True),
)  # fmt: skip


def _bent(draw: st.DrawFn, told: Any) -> Any:
    """The same with one of its fields, or of theirs, at an extreme."""
    name = draw(st.sampled_from([each.name for each in fields(type(told))]))
    value = getattr(told, name)
    if name == "contract":
        return evolve(told, contract=draw(st.sampled_from(_CONTRACTS)))
    if has(type(value)):
        return evolve(told, **{name: _bent(draw, value)})
    if type(value) not in _OF_TYPE:
        return told
    usual = _OF_TYPE[type(value)]
    return evolve(told, **{name: draw(_OF_NAME.get(name, usual) if isinstance(value, str) else usual)})


@st.composite
def _extremes(draw: st.DrawFn) -> Any:
    """A sound request, bent once or twice."""
    request = draw(st.sampled_from(_SOUND))
    for _ in range(draw(st.integers(1, 2))):
        if isinstance(request, PlaceOrder) and draw(st.booleans()):
            request = evolve(request, order=_bent(draw, request.order))
        else:
            request = _bent(draw, request)
    return request


@st.composite
def _anything(draw: st.DrawFn) -> Any:
    """Any message of the tables, whatever stands in it."""
    record = REQUEST_RECORDS[draw(st.sampled_from(sorted(set(REQUEST_RECORDS) - {"StartApi"})))]

    def pick(name: str, kind: Kind) -> Any:
        if kind.name == "kind of condition":
            return draw(st.sampled_from(CONDITIONS))
        for part, strategy in (("flag", bool), ("quantity", Decimal), ("text", str), ("whole", int)):
            if part in kind.name:
                return draw(_OF_TYPE[strategy])
        return draw(_REALS)

    return made(record, 176, pick, lambda name: draw(st.integers(0, 1)))


@settings(max_examples=150)
@given(requests=st.lists(_extremes() | _anything(), min_size=1, max_size=8))
def test_no_number_ends_a_conversation_or_harms_the_gateway(requests: list[Any]) -> None:
    async def converse() -> None:
        escaped: list[dict[str, Any]] = []
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: escaped.append(context))
        async with house() as trading:
            client = await trading.client(1)
            client.send(*requests)
            await asyncio.sleep(3)
            assert escaped == []
            assert not client.lost.is_set()
            assert isinstance((await client.ask(RequestIds()))[-1], answers.NextValidId)

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(converse())


@pytest.mark.parametrize("quantity", ["1E15", "1E17", "1E18"])
async def test_a_quantity_beyond_all_measure_gets_434(quantity: str) -> None:
    async with house() as trading:
        client = await trading.client()
        await client.ask(order(1, "BUY", 1, 500.0, total_quantity=Decimal(quantity)))
        assert client.errors(1) == [434]


@pytest.mark.parametrize(
    ("request_", "codes"),
    [
        (evolve(HISTORY, end=FOR_EVER, duration="1 Y"), [162]),
        (evolve(HISTORY, duration="99999 Y"), []),
        (evolve(HISTORY, end=LONG_AGO), [10314]),
        (evolve(HISTORY, duration="٣ D"), [321]),
        (RequestHistoricalTicks(5, SHARE, start=FOR_EVER, count=10, what="TRADES"), []),
        (RequestExecutions(5, time=FOR_EVER), []),
        (RequestExecutions(5, time=LONG_AGO), [321]),
        (order(5, "BUY", 1, 500.0, tif="GTD", good_till_date=LONG_AGO), [391]),
        (order(5, "BUY", 1, 500.0, tif="GTD", good_till_date="20260105 23:59:59 America"), [391]),
        (order(5, "BUY", 1, 500.0, tif="GTD", good_till_date=FOR_EVER + " UTC"), []),
        (CalculateOptionPrice(5, of_option(CALL), 1e299, 600.0), None),
        (CalculateImpliedVolatility(5, of_option(CALL), 1e299, 1e-299), None),
    ],
)
async def test_a_moment_or_a_figure_out_of_all_range_harms_its_own_request_alone(
    request_: Any, codes: list[int] | None
) -> None:
    async with house() as trading:
        client = await trading.client()
        said = await client.ask(request_)
        assert said and not client.lost.is_set()
        assert codes is None or client.errors(5) == codes


@pytest.mark.parametrize("spelled", [b"nan", b"NaN", b"-inf"])
async def test_a_price_that_is_no_number_is_refused_under_its_orders_id_and_no_more(spelled: bytes) -> None:
    async with house() as trading:
        client = await trading.client()
        bad = write_request(order(1, "BUY", 1, 500.25), 176).replace(b"500.25", spelled)
        client.send_bytes(frame(bad))
        client.send(order(2, "BUY", 1, 500.25))
        await asyncio.sleep(0.01)
        assert client.errors(1) == [320]
        assert client.statuses(2)[-1] == "Submitted"


async def test_a_second_start_is_told_to_be_one_too_many() -> None:
    async with house() as trading:
        client = await trading.client()
        (answer,) = await client.ask(StartApi(1))
        assert (answer.req_id, answer.code) == (-1, 321) and "started" in answer.message
