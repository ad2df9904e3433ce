"""At which version each message grew or shrank, said apart from the tables that the other tests walk."""

from decimal import Decimal

import attrs
import pytest
from made_from_tables import ALL_VERSIONS, ANSWER_RECORDS, REQUEST_RECORDS, bare

from gamma_scalper.gateway.wire.answers import OpenOrder, SymbolSample, SymbolSamples
from gamma_scalper.gateway.wire.codec import read_answer, read_request, write_answer, write_request
from gamma_scalper.gateway.wire.contracts import ContractFields
from gamma_scalper.gateway.wire.orders import OrderFields, OrderStateFields
from gamma_scalper.gateway.wire.requests import PlaceOrder

# message -> version -> how many fields more it has from then on
GREW = {
    "CancelOrder": {169: 1},
    "CompletedOrder": {170: 5},
    "ContractDetails": {163: 1},  # at 164 three go and three come
    "Error": {166: 1},
    "OpenOrder": {158: 1, 160: 1, 162: 1, 170: 5},
    "PlaceOrder": {158: 1, 160: 1, 162: 1, 166: 1, 169: 1},
    "RequestContractDetails": {176: 1},
}

# what an order carries -> since when a client sends it, and since when the gateway does
LATE = {
    "duration": (158, 158),
    "post_to_ats": (160, 160),
    "auto_cancel_parent": (162, 162),
    "advanced_error_override": (166, 999),
    "manual_order_time": (169, 999),
    "min_trade_qty": (170, 170),
    "min_compete_size": (170, 170),
    "compete_against_best_offset": (170, 170),
    "mid_offset_at_whole": (170, 170),
    "mid_offset_at_half": (170, 170),
}
ORDER = OrderFields(
    action="BUY",
    total_quantity=Decimal(1),
    order_type="PEG BEST",
    duration=30,
    post_to_ats=40,
    auto_cancel_parent=True,
    advanced_error_override="8229",
    manual_order_time="20240119 10:00:00",
    min_trade_qty=5,
    min_compete_size=6,
    compete_against_best_offset=float("inf"),
    mid_offset_at_whole=0.01,
    mid_offset_at_half=0.02,
)
CONTRACT = ContractFields(symbol="SPY", sec_type="STK", exchange="IBKRATS", currency="USD")


def test_messages_grow_at_the_versions_the_clients_know():
    for name, record in (REQUEST_RECORDS | ANSWER_RECORDS).items():
        write = write_answer if name in ANSWER_RECORDS else write_request
        sizes = {version: write(bare(record, version), version).count(b"\0") for version in ALL_VERSIONS}
        grew = {version: sizes[version] - sizes[version - 1] for version in ALL_VERSIONS if version > 157}
        assert {version: count for version, count in grew.items() if count} == GREW.get(name, {}), name


@pytest.mark.parametrize("version", ALL_VERSIONS)
def test_what_came_late_to_orders_is_sent_only_to_who_knows_it(version):
    placed = read_request(write_request(PlaceOrder(1, CONTRACT, ORDER), version), version)
    told = read_answer(write_answer(OpenOrder(CONTRACT, ORDER, OrderStateFields()), version), version)
    unset = OrderFields()
    for name, (asked_since, told_since) in LATE.items():
        said, nothing = getattr(ORDER, name), getattr(unset, name)
        assert getattr(placed.order, name) == (said if version >= asked_since else nothing), name
        assert getattr(told.order, name) == (said if version >= told_since else nothing), name


def test_contract_details_lose_their_version_and_multiplier_at_164():
    record = ANSWER_RECORDS["ContractDetails"]
    old, middle, new = (write_answer(bare(record, version), version).split(b"\0") for version in (162, 163, 164))
    assert (old[:3], new[:2]) == ([b"10", b"8", b"0"], [b"10", b"0"])
    assert len(middle) == len(old) + 1
    assert len(new) == len(old) - 2 + 3


@pytest.mark.parametrize("version", ALL_VERSIONS)
def test_samples_have_their_description_from_176_on(version):
    sample = SymbolSample(attrs.evolve(CONTRACT, exchange="", description="SPDR", issuer_id="e1"), ("OPT",))
    heard = read_answer(write_answer(SymbolSamples(1, (sample,)), version), version)
    contract = heard.samples[0].contract
    assert (contract.description, contract.issuer_id) == (("SPDR", "e1") if version >= 176 else ("", ""))


def test_sizes_are_whole_numbers_for_the_clients_that_read_them_so():
    """The official client of version 157 reads these with int()."""
    for name, places in {"TickPrice": [5], "TickSize": [4], "RealTimeBar": [8], "PnlSingle": [2]}.items():
        fields = write_answer(bare(ANSWER_RECORDS[name], 157), 157).split(b"\0")
        assert [int(fields[place]) for place in places] == [0] * len(places)
