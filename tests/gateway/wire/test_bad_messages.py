"""Whatever bytes come, they are a message or a BadMessage, and never anything else."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_from_tables import ANSWER_RECORDS, REQUEST_RECORDS, VERSIONS, bare, counted

from gamma_scalper.gateway.wire.answers import (
    ContractDetails,
    Error,
    OrderStatus,
    SecDefOptParams,
    TickOptionComputation,
    TickPrice,
)
from gamma_scalper.gateway.wire.codec import (
    BadMessage,
    read_answer,
    read_request,
    write_answer,
    write_request,
)
from gamma_scalper.gateway.wire.contracts import ContractDetailsFields, ContractFields
from gamma_scalper.gateway.wire.orders import OrderFields
from gamma_scalper.gateway.wire.requests import PlaceOrder, RequestMarketData, StartApi

ODD = st.sampled_from(["", "-1", "1e999", "nan", "Infinity", "999999999", "9" * 30, "x", "1_0", " 1", "٣", "\ud800"])
PAYLOADS = [write_request(counted(record, 176), 176) for record in REQUEST_RECORDS.values()]
ANSWERS = [write_answer(counted(record, 176), 176) for record in ANSWER_RECORDS.values()]


def survives(read, payload: bytes, version: int) -> None:
    try:
        read(payload, version)
    except BadMessage as problem:
        assert str(problem)


@given(st.binary(max_size=200), st.sampled_from(VERSIONS))
def test_random_bytes(payload, version):
    survives(read_request, payload, version)
    survives(read_answer, payload, version)


@given(st.integers(0, 120), st.lists(ODD, max_size=30), st.sampled_from(VERSIONS))
def test_random_fields_behind_any_number(number, fields, version):
    payload = ("\0".join([str(number), *fields]) + "\0").encode(errors="surrogatepass")
    survives(read_request, payload, version)
    survives(read_answer, payload, version)


@settings(max_examples=300)
@given(st.sampled_from([*PAYLOADS, *ANSWERS]), st.integers(0, 200), ODD, st.sampled_from(VERSIONS))
def test_one_field_spoilt(payload, place, oddity, version):
    fields = payload.decode().split("\0")
    fields[place % len(fields)] = oddity
    spoilt = "\0".join(fields).encode(errors="surrogatepass")
    survives(read_request, spoilt, version)
    survives(read_answer, spoilt, version)


@pytest.mark.parametrize("version", [157, 176])
def test_every_message_cut_off_anywhere(version):
    for payload in (*PAYLOADS, *ANSWERS):
        fields = payload.split(b"\0")
        for count in range(len(fields)):
            survives(read_request, b"\0".join(fields[:count]) + b"\0", version)
            survives(read_answer, b"\0".join(fields[:count]) + b"\0", version)
        for count in range(0, len(payload), 7):
            survives(read_request, payload[:count], version)


ORDER = PlaceOrder(
    7,
    ContractFields(con_id=756733, symbol="SPY", sec_type="STK", exchange="SMART", currency="USD"),
    OrderFields(action="BUY", total_quantity=Decimal(100), order_type="LMT", lmt_price=101.25, tif="DAY"),
)


def order_with(**changes: str) -> bytes:
    """The order as it is sent, with some of its first fields as a client may spell them."""
    places = {"con_id": 2, "strike": 6, "quantity": 17, "limit": 19, "aux": 20, "transmit": 27, "display": 31}
    fields = write_request(ORDER, 176).decode().split("\0")
    for name, text in changes.items():
        fields[places[name]] = text
    return "\0".join(fields).encode()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"con_id": "SPY"}, "message 3: contract.con_id: 'SPY' is not a whole number"),
        ({"con_id": "1.0"}, "contract.con_id: '1.0' is not a whole number"),
        ({"quantity": "many"}, "order.total_quantity: 'many' is not a number"),
        ({"limit": "nan"}, "order.lmt_price: 'nan' is not a number"),
        ({"limit": "1_000"}, "order.lmt_price: '1_000' is not a number"),
        ({"transmit": "2"}, "order.transmit: '2' is neither 0 nor 1"),
    ],
)
def test_garbage_in_an_order_is_named(change, says):
    with pytest.raises(BadMessage) as problem:
        read_request(order_with(**change), 176)
    assert says in str(problem.value)


@pytest.mark.parametrize(
    "unset", ["", "1.7976931348623157e+308", "1.7976931348623157E308", "2147483647", "Infinite", "Infinity"]
)
def test_every_spelling_of_unset_is_none(unset):
    texts = {"limit": unset, "aux": unset} if unset != "2147483647" else {"display": unset}
    order = read_request(order_with(**texts), 176)
    assert isinstance(order, PlaceOrder)
    if unset == "2147483647":
        assert order.order.display_size is None
    else:
        assert (order.order.lmt_price, order.order.aux_price) == (None, None)


def test_zero_is_a_limit_but_no_trigger_and_no_strike():
    order = read_request(order_with(limit="0.0", aux="0.0", strike="0.0"), 176)
    assert isinstance(order, PlaceOrder)
    assert (order.order.lmt_price, order.order.aux_price, order.contract.strike) == (0.0, None, None)


@pytest.mark.parametrize(("text", "flag"), [("1", True), ("true", True), ("True", True), ("0", False), ("", False)])
def test_flags_as_clients_spell_them(text, flag):
    order = read_request(order_with(transmit=text), 176)
    assert isinstance(order, PlaceOrder)
    assert order.order.transmit is flag


@pytest.mark.parametrize("version", VERSIONS)
def test_a_client_may_send_fewer_of_an_orders_last_fields_or_more(version):
    whole = write_request(ORDER, version).split(b"\0")[:-1]
    core = 35  # up to `hidden`
    for count in range(core, len(whole)):
        assert read_request(b"\0".join(whole[:count]) + b"\0", version) == ORDER
    assert read_request(b"\0".join([*whole, b"new", b"newer"]) + b"\0", version) == ORDER
    with pytest.raises(BadMessage, match=r"ends after \d+ fields"):
        read_request(b"\0".join(whole[: core - 1]) + b"\0", version)


def test_what_is_missing_is_as_if_it_were_unset():
    assert read_request(b"71\x002\x005\0", 176) == StartApi(5)
    contract = b"0\0SPY\0STK\0\x000.0\0\0\0SMART\0\0USD\0\0\0"
    asked = read_request(b"1\x0011\x009\0" + contract + b"0\0", 176)
    assert asked == RequestMarketData(9, ContractFields(symbol="SPY", sec_type="STK", exchange="SMART", currency="USD"))


def test_a_list_longer_than_the_message_is_refused_before_it_is_made():
    with pytest.raises(BadMessage, match=r"contract\.legs: 999999999 of them in the 2 fields that are left"):
        read_request(b"1\x0011\x009\x000\0SPY\0BAG\0\x000\0\0\0SMART\0\0USD\0\0\x00999999999\x001\x002\0", 176)


@pytest.mark.parametrize("payload", [b"", b"\0", b"3", b"105\0", b"26\0", b"\xff\xfe\0", b"-1\0"])
def test_what_is_no_request_at_all(payload):
    with pytest.raises(BadMessage):
        read_request(payload, 176)


def test_a_field_too_many_in_an_answer_is_an_error_of_ours():
    with pytest.raises(BadMessage, match="answer 9 has 1 fields too many"):
        read_answer(b"9\x001\x005\x006\0", 176)


@pytest.mark.parametrize(
    "answer",
    [
        Error(-1, 2104, "farm\0OK"),
        Error(-1, 2104, "half a character \ud800"),
        TickPrice(1, 1, float("nan")),
        TickPrice(1, 1, float("inf")),
        TickPrice(1, 1, 1.0, float("nan")),
        TickOptionComputation(1, 13, 1, float("inf")),
        SecDefOptParams(1, "SMART", 5, "SPY", "100", (), (float("nan"),)),
        OrderStatus(1, "Filled", Decimal("NaN"), Decimal(0)),
        OrderStatus(1, "Filled", Decimal("1e40"), Decimal(0)),
        ContractDetails(1, ContractFields(expiry="2024-01-19"), ContractDetailsFields()),
        ContractDetails(1, ContractFields(expiry=""), ContractDetailsFields(last_trade_time="16:00 US/Eastern")),
    ],
)
def test_what_no_client_could_read_is_not_written(answer):
    with pytest.raises(BadMessage):
        write_answer(answer, 176)


@pytest.mark.parametrize("name", [r"Soci\d", "Soci\\", r"\U00110000", "Société"])
def test_a_name_that_is_not_escaped_as_it_should_be_is_refused(name):
    details = ContractDetails(1, ContractFields(symbol="X"), ContractDetailsFields(long_name="NAME"))
    with pytest.raises(BadMessage, match=r"details\.long_name"):
        read_answer(write_answer(details, 176).replace(b"NAME", name.encode()), 176)


def test_a_bare_message_is_no_shorter_than_a_client_allows():
    for record in REQUEST_RECORDS.values():
        assert read_request(write_request(bare(record, 157), 157), 157) == bare(record, 157)
