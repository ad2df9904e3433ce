"""The campaign can fail: with a protection switched off, a session in which that matters breaks a rule."""

import pytest
from attrs import evolve
from outcome import outcome_of
from plan import AT_ORDER, Mishap, Plan, Trouble, drawn
from protections import PROTECTIONS, without

from gamma_scalper.exchange.faults import Kind

BUSY = Plan(seed=4, books=[("sizing.straddles=3", "hedge.policy=fixed", "hedge.band_shares=2")], vol=1.0)
FATAL = {  # protection -> a session that is survived with it alone
    "unknown-rule": evolve(BUSY, troubles=[Trouble(minute, Kind.LATE_EXECUTION, 0.0, 85.0) for minute in (3, 6, 9)]),
    "execution-key": BUSY,
    "durable-before-send": evolve(BUSY, troubles=[Trouble(4.0, Mishap.DEATH, 10.0, 5.0, AT_ORDER)]),
    "age-gate": evolve(BUSY, troubles=[Trouble(4.0, Kind.DELAYED_DATA, 300.0, 20.0)]),
    "atomic-reserve": drawn(165),
}


@pytest.mark.parametrize("protection", FATAL)
def test_without_a_protection_a_session_breaks_a_rule(protection: str) -> None:
    with without(protection):
        assert outcome_of(FATAL[protection]).violations


def test_a_protection_is_in_force_again_afterwards() -> None:
    for off in PROTECTIONS.values():
        before = [dict(vars(owner)) for owner in _owners()]
        with off():
            assert [dict(vars(owner)) for owner in _owners()] != before
        assert [dict(vars(owner)) for owner in _owners()] == before


def _owners() -> list[object]:
    import protections as switches

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
