"""Payloads: what goes in comes out, what is not whole is refused, and old versions stay readable."""

import json
from datetime import timedelta

import attrs
import orjson
import pytest
from every_kind import CALL, GOLDEN, NOON, SAMPLES, SPY, entries, fill, option, ordered, quote
from hypothesis import given
from hypothesis import strategies as st

from gamma_scalper.domain import entries as e
from gamma_scalper.domain.sessions import parse_liquid_hours
from gamma_scalper.journal.codec import KINDS, UPGRADES, Unreadable, decode, encode, version_of

GOLDENS = [json.loads(line) for line in GOLDEN.read_text(encoding="utf-8").splitlines()]


def test_every_kind_of_entry_has_a_sample_and_a_golden_row():
    """When this fails: add a sample to every_kind.py and run it as a script."""
    assert KINDS.keys() == {type(sample).__name__ for sample in SAMPLES}
    assert KINDS.keys() == {golden["kind"] for golden in GOLDENS}


@given(entries)
def test_an_entry_comes_back_equal_and_is_written_the_same_again(entry):
    kind, version, payload = encode(entry)
    back = decode(kind, version, payload)
    assert back == entry
    assert type(back) is type(entry)
    assert encode(back) == (kind, version, payload)


@pytest.mark.parametrize("number", range(len(GOLDENS)), ids=[golden["kind"] for golden in GOLDENS])
def test_a_row_of_an_old_journal_is_read_as_it_was_meant(number):
    golden = GOLDENS[number]
    samples = [sample for sample in SAMPLES if type(sample).__name__ == golden["kind"]]
    nth = sum(before["kind"] == golden["kind"] for before in GOLDENS[:number])
    assert decode(golden["kind"], golden["version"], golden["payload"]) == samples[nth]


@given(st.sampled_from(SAMPLES))
def test_the_text_is_canonical(entry):
    text = encode(entry)[2]
    assert orjson.dumps(orjson.loads(text), option=orjson.OPT_SORT_KEYS) == text


def test_a_moment_of_another_zone_is_written_in_utc():
    at = NOON.astimezone(tz=parse_liquid_hours("20260105:0930-20260105:1600", "US/Eastern").zone)
    assert encode(fill(at=at)) == encode(fill(at=NOON))


def test_two_texts_of_one_number_are_kept_apart_whatever_was_written_before():
    first, second = option(strike="600"), option(strike="600.0")
    assert first == second
    for contract, text in ((first, "600"), (second, "600.0"), (first, "600")):
        payload = encode(fill(instrument=contract))[2]
        assert orjson.loads(payload)["instrument"]["strike"] == text
        assert str(decode("Fill", 1, payload).instrument.strike) == text


def test_a_contract_that_changed_under_its_number_is_read_anew():
    adjusted = attrs.evolve(CALL, multiplier=150)
    for contract in (CALL, adjusted, CALL):
        assert decode(*encode(fill(instrument=contract))).instrument == contract


def test_liquid_hours_are_left_out():
    hours = parse_liquid_hours("20260105:0930-20260105:1600", "US/Eastern")
    payload = encode(fill(instrument=attrs.evolve(SPY, liquid_hours=hours)))[2]
    assert b"liquid" not in payload
    assert decode("Fill", 1, payload).instrument.liquid_hours is None


def test_what_json_can_not_hold_is_refused_before_it_is_written():
    with pytest.raises(ValueError):
        encode(ordered(patience_s=float("inf")))


# -- what is not whole -------------------------------------------------------------------------------------------------


def places(plain, path=()):
    """Every place in plain data where something stands."""
    for key in sorted(plain) if isinstance(plain, dict) else range(len(plain)) if isinstance(plain, list) else ():
        yield (*path, key)
        yield from places(plain[key], (*path, key))


def put(plain, path, value):
    for key in path[:-1]:
        plain = plain[key]
    plain[path[-1]] = value


@given(st.sampled_from(SAMPLES), st.data())
def test_a_value_of_another_type_is_refused(entry, data):
    kind, version, payload = encode(entry)
    plain = orjson.loads(payload)
    found = list(places(plain))
    if not found:
        return
    put(plain, data.draw(st.sampled_from(found)), data.draw(st.sampled_from([{"odd": 1}, [[]], "\x00?", -1.5])))
    try:
        read = decode(kind, version, orjson.dumps(plain))
    except Unreadable:
        return
    # Where a text or a number may stand as well, it is read as what it is, and nothing is lost.
    assert orjson.loads(encode(read)[2]) == plain


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: type(sample).__name__)
def test_a_field_too_many_is_refused(sample):
    kind, version, payload = encode(sample)
    with pytest.raises(Unreadable):
        decode(kind, version, orjson.dumps(orjson.loads(payload) | {"surprise": 1}))


@pytest.mark.parametrize(
    ("kind", "version", "payload"),
    [
        ("Fill", 1, b"{}"),
        ("Fill", 1, b"not json"),
        ("Fill", 1, b"[]"),
        ("Commission", 1, b'{"exec_id": "x", "amount": {"amount": 1.05, "currency": "USD"}}'),
        ("Dispatched", 1, b'{"intent": "spy/0"}'),
        ("Dispatched", 2, b'{"intent": "spy/1"}'),
        ("Dispatched", 0, b'{"intent": "spy/1"}'),
        ("DayBegan", 1, b'{"day": 20260105}'),
        ("SessionEnded", 1, b'{"why": "x", "exit_code": true}'),
        ("Looked", 1, b'{"quotes": "none"}'),
        ("Prophecy", 1, b"{}"),
    ],
)
def test_what_is_damaged_or_from_a_newer_program_is_not_guessed(kind, version, payload):
    with pytest.raises(Unreadable):
        decode(kind, version, payload)


def test_a_stock_where_an_option_must_stand_is_refused():
    plain = orjson.loads(encode(e.Lapsed(id="x", option=CALL, contracts=1, evidence="x", accepted_by="x"))[2])
    plain["option"] = orjson.loads(encode(fill())[2])["instrument"]
    with pytest.raises(Unreadable):
        decode("Lapsed", 1, orjson.dumps(plain))


# -- versions ----------------------------------------------------------------------------------------------------------

THREE = {
    ("Paused", 1): lambda plain: {"reason": plain["note"], "by": plain["by"]},
    ("Paused", 2): lambda plain: {"why": plain["reason"], "by": plain["by"]},
}


@pytest.mark.parametrize(
    ("version", "payload"),
    [
        (1, b'{"note": "lunch", "by": "ada"}'),
        (2, b'{"reason": "lunch", "by": "ada"}'),
        (3, b'{"why": "lunch", "by": "ada"}'),
    ],
)
def test_an_older_version_is_brought_up_step_by_step(version, payload):
    assert decode("Paused", version, payload, THREE) == e.Paused("lunch", "ada")


def test_a_version_counts_the_steps_that_lead_to_it():
    assert version_of("Paused", THREE) == 3
    assert version_of("Unpaused", THREE) == 1
    with pytest.raises(Unreadable):
        decode("Paused", 4, b'{"why": "lunch", "by": "ada"}', THREE)
    assert all(kind in KINDS and version >= 1 for kind, version in UPGRADES)


def test_a_field_that_came_later_with_a_default_needs_no_step():
    payload = orjson.loads(encode(e.RecordsRead(open_orders=[], completed=None))[2])
    del payload["complete"]
    assert decode("RecordsRead", 1, orjson.dumps(payload)).complete is True


def test_a_quote_without_a_side_keeps_it_so():
    entry = e.Looked([quote(bid=None, ask=None, received_at=NOON + timedelta(microseconds=5))])
    assert decode(*encode(entry)) == entry
