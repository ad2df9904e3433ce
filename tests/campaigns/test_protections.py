"""The campaign can fail: with a protection switched off, a session in which that matters breaks a rule."""

import pytest
from attrs import evolve
from proving.outcome import outcome_of
from proving.protections import PROTECTIONS, without
from staging.plan import AT_ORDER, Mishap, Plan, Trouble

from gamma_scalper.exchange.faults import Kind

BUSY = Plan(seed=4, minutes=3.0, books=[("sizing.straddles=3", "hedge.policy=fixed", "hedge.band_shares=2")], vol=1.0)
SLOW, CUT = Trouble(1.2, Kind.SLOW_ANSWERS, 30.0, 5.0), Trouble(1.21, Kind.SOCKET_DROP)
FATAL = {  # protection -> a session that is survived with it alone
    "unknown-rule": evolve(BUSY, troubles=[Trouble(1.0, Kind.LOST_EXECUTION)]),
    "execution-key": BUSY,
    "durable-before-send": evolve(BUSY, troubles=[Trouble(1.0, Mishap.DEATH, 10.0, 5.0, AT_ORDER)]),
    "readiness-gate": evolve(BUSY, troubles=[SLOW, CUT]),
    "settled-through": evolve(BUSY, books=[("sizing.straddles=3", "entry.form=legs")]),
    "age-gate": evolve(BUSY, troubles=[Trouble(1.0, Kind.DELAYED_DATA, 120.0, 20.0)]),
    "atomic-reserve": evolve(BUSY, minutes=1.0, books=[("sizing.straddles=1",)] * 2, cash=3_600),
}


@pytest.mark.parametrize("protection", PROTECTIONS)
def test_without_a_protection_a_session_breaks_a_rule(protection: str) -> None:
    assert not outcome_of(FATAL[protection]).violations
    with without(protection):
        assert outcome_of(FATAL[protection]).violations


def test_a_protection_is_in_force_again_afterwards() -> None:
    for off in PROTECTIONS.values():
        before = [dict(vars(owner)) for owner in _owners()]
        with off():
            assert [dict(vars(owner)) for owner in _owners()] != before
        assert [dict(vars(owner)) for owner in _owners()] == before


def _owners() -> list[object]:
    from proving import protections as switches

    return [
        switches.Executions,
        switches.IbLink,
        switches.IbRouter,
        switches.MomentGuard,
        switches.OrderGuard,
        switches.PositionManager,
        switches.TradingHouse,
        switches.TradingStrategy,
        switches.house,
        switches.ledger,
        switches.order_table,
        switches.position_manager,
    ]
