"""The printed table of an order's life."""

import typing

import pytest

from gamma_scalper.domain.orders import OrderState
from gamma_scalper.portfolio.order_table import TABLE, Happening, IllegalTransition, Kind, after, kind_of, printed

_DEAD = {Kind.FILLED, Kind.CANCELLED, Kind.REJECTED, Kind.EXPIRED}
_BROKERS = (
    Happening.ALIVE,
    Happening.PARTLY,
    Happening.WHOLE,
    Happening.DOUBTED,
    Happening.CANCELLED,
    Happening.REJECTED,
    Happening.EXPIRED,
)


def test_every_state_of_an_order_has_its_kind():
    states = typing.get_args(OrderState)
    assert {kind_of(state("why") if state.__name__ == "Unknown" else _made(state)) for state in states} == set(Kind)


def _made(state):
    needed = {"Sent": ("2026-01-05T12:00Z",), "Rejected": (None, "why")}.get(state.__name__, ())
    if state.__name__ == "Sent":
        from datetime import UTC, datetime

        needed = (datetime(2026, 1, 5, tzinfo=UTC),)
    return state(*needed)


@pytest.mark.parametrize("happening", _BROKERS)
@pytest.mark.parametrize("kind", Kind)
def test_whatever_a_broker_says_whenever_it_says_it_is_in_the_table(kind, happening):
    assert after(kind, happening, "spy/1") in Kind


@pytest.mark.parametrize("happening", Happening)
@pytest.mark.parametrize("kind", Kind)
def test_only_what_lives_at_the_broker_or_is_in_doubt_makes_the_dead_doubtful(kind, happening):
    to = TABLE[happening].get(kind)
    if kind in _DEAD and to is not None and to not in _DEAD:
        assert (to, happening) in {
            (Kind.UNKNOWN, each) for each in (Happening.ALIVE, Happening.PARTLY, Happening.DOUBTED)
        }


@pytest.mark.parametrize(
    ("kind", "happening"),
    [
        (Kind.SENT, Happening.DISPATCHED),
        (Kind.PLANNED, Happening.DISPATCHED),
        (Kind.JOURNALED, Happening.TURN),
        (Kind.SENT, Happening.NOT_SENT),
        (Kind.UNKNOWN, Happening.TURN),
        (Kind.UNKNOWN, Happening.AMEND_ASKED),
        (Kind.SENT, Happening.AMEND_ASKED),
        (Kind.FILLED, Happening.AMEND_ASKED),
    ],
)
def test_our_own_mistakes_are_not_in_it_and_raise(kind, happening):
    with pytest.raises(IllegalTransition, match=f"order spy/1 is {kind}, and then: {happening}"):
        after(kind, happening, "spy/1")


def test_nothing_leads_back_to_before_it_was_sent():
    back = {(kind, to) for row in TABLE.values() for kind, to in row.items() if to in (Kind.PLANNED, Kind.JOURNALED)}
    assert back <= {(Kind.PLANNED, Kind.JOURNALED), (Kind.JOURNALED, Kind.JOURNALED)}


def test_it_can_be_printed():
    lines = printed().splitlines()
    assert lines[0] == "| what happens | " + " | ".join(Kind) + " |"
    assert len(lines) == 2 + len(Happening)
    assert "| handed to the broker's client | - | sent | - | working | partial | unknown |" in lines[3]
