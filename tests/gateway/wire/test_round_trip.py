"""Whatever is written is read again as it was, in both directions and at every version."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_from_tables import ALL_VERSIONS, ANSWER_RECORDS, REQUEST_RECORDS, bare, counted, messages

from gamma_scalper.gateway.wire import answers, requests
from gamma_scalper.gateway.wire.codec import read_answer, read_request, write_answer, write_request

versions = st.sampled_from(ALL_VERSIONS)
EXAMPLES = settings(max_examples=12)


@pytest.mark.parametrize("name", REQUEST_RECORDS)
@EXAMPLES
@given(data=st.data(), version=versions)
def test_a_request_is_read_as_it_was_written(name, data, version):
    request = data.draw(messages(REQUEST_RECORDS[name], version))
    assert read_request(write_request(request, version), version) == request


@pytest.mark.parametrize("name", ANSWER_RECORDS)
@EXAMPLES
@given(data=st.data(), version=versions)
def test_an_answer_is_read_as_it_was_written(name, data, version):
    answer = data.draw(messages(ANSWER_RECORDS[name], version))
    assert read_answer(write_answer(answer, version), version) == answer


@pytest.mark.parametrize("version", ALL_VERSIONS)
@pytest.mark.parametrize("make", [counted, bare])
def test_every_message_with_all_or_nothing_in_it_survives(make, version):
    for record in REQUEST_RECORDS.values():
        request = make(record, version)
        assert read_request(write_request(request, version), version) == request
    for record in ANSWER_RECORDS.values():
        answer = make(record, version)
        assert read_answer(write_answer(answer, version), version) == answer


def test_every_class_of_message_has_a_table():
    def names(union):
        return {each.__name__ for each in union.__args__}

    assert names(requests.Request) == {name.split()[0] for name in REQUEST_RECORDS}
    assert names(answers.Answer) == set(ANSWER_RECORDS)


def test_every_number_a_client_can_send_is_known():
    never_used = {*range(26, 49), 60}
    for number in set(range(1, 105)) - never_used:
        assert read_request(f"{number}\0".encode() + b"1\0" * 200, 176) is not None


def test_ticks_are_written_as_the_tables_would_write_them():
    samples = [
        answers.TickPrice(5, 1, 101.25, 300, 1),
        answers.TickPrice(5, 1, -1, 0),
        answers.TickPrice(5, 1, 1e-9, 2.5),
        answers.TickPrice(5, 1, -0.0, -0.0),
        answers.TickSize(7, 0, 1e15),
        answers.TickSize(7, 0, 0.001),
        answers.TickOptionComputation(9, 13, 1, 0.2, 0.5, 3.25, 0.0, 1 / 3, 0.1, -0.02, 101.25),
        answers.TickOptionComputation(9, 13),
        answers.TickOptionComputation(9, 13, 0, 0.2, None, 3.25),
    ]
    for tick in samples:
        record = ANSWER_RECORDS[type(tick).__name__]
        out = []
        record.at(176).write(tick, out)
        number = {"TickPrice": "1", "TickSize": "2", "TickOptionComputation": "21"}[type(tick).__name__]
        assert write_answer(tick, 157).decode() == "\0".join([number, *out, ""])


def test_how_a_price_is_spelled_does_not_depend_on_what_was_spelled_before():
    assert write_answer(answers.TickPrice(1, 1, 7, 7.0), 176) == write_answer(answers.TickPrice(1, 1, 7.0, 7), 176)
    assert write_answer(answers.TickPrice(1, 1, 0.0), 176) == write_answer(answers.TickPrice(1, 1, -0.0), 176)


def test_a_nan_among_the_greeks_can_be_said_and_heard():
    tick = answers.TickOptionComputation(9, 13, 1, float("nan"), -0.5)
    heard = read_answer(write_answer(tick, 176), 176)
    assert isinstance(heard, answers.TickOptionComputation)
    assert heard.implied_vol != heard.implied_vol
    assert heard[4:] == tick[4:]


def test_quantities_are_exact_and_without_a_fraction_where_there_is_none():
    status = answers.OrderStatus(1, "Submitted", Decimal("100.0"), Decimal("0.3000"))
    assert write_answer(status, 176).startswith(b"3\x001\0Submitted\x00100\x000.3\0")
