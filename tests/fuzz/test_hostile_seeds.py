"""Some seeds of each kind of fuzz, and that it would tell if a protection were gone; `run.py` plays thousands."""

import pytest
from ambush import ambushed
from residue import residue
from siege import besieged
from tampering import tampered

from gamma_scalper.broker.ib import client
from gamma_scalper.gateway import transport
from gamma_scalper.gateway.outbox import Outbox

# Seeds in which one connects and says nothing; answers come that nobody asked for; the last id is named as the next.
# In which an order's id is used again.
HALF_OPEN, UNASKED_FOR, NAMES_THE_LAST_ID, ID_AGAIN = 1, 4, 29, 3


@pytest.mark.parametrize("seed", [HALF_OPEN, 11])
def test_whoever_else_talks_to_the_gateway_a_client_that_behaves_notices_nothing(seed: int) -> None:
    assert besieged(seed).wrong == []


@pytest.mark.parametrize("seed", [UNASKED_FOR, 48, 74])
def test_our_client_outlives_a_broker_that_lies_and_is_right_once_it_is_told_the_truth(seed: int) -> None:
    assert ambushed(seed).wrong == []


@pytest.mark.parametrize("seed", [17, NAMES_THE_LAST_ID])
def test_the_whole_program_outlives_a_man_in_the_middle_and_sends_nothing_twice(seed: int) -> None:
    assert tampered(seed).wrong == []


def test_the_same_seed_says_the_same() -> None:
    assert ambushed(113) == ambushed(113)


def test_nobody_holds_on_to_a_seed_that_was_played() -> None:
    besieged(ID_AGAIN)
    assert residue().loops == 0


def test_the_fuzz_sees_a_gateway_that_waits_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "_PATIENCE_S", 1e9)
    assert "a connection that never started is still kept" in besieged(HALF_OPEN).wrong


def test_the_fuzz_sees_what_keeps_a_client_that_behaves_from_its_quotes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Outbox, "overflowing", property(lambda outbox: outbox.size > 0))
    assert any("the good client" in wrong for wrong in besieged(HALF_OPEN).wrong)


def test_the_fuzz_sees_an_answer_that_our_client_can_not_take(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "HEARD", frozenset(range(200)))
    assert any("escaped: data_received failed" in wrong for wrong in ambushed(UNASKED_FOR).wrong)
