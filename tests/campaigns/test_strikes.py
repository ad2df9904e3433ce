"""What struck is counted where it takes effect, and counting changes nothing."""

from honest_session import listened
from judging.end_states import end_state, known_names
from staging.play import Stage
from staging.strikes import STATES, Strikes

from gamma_scalper.exchange import mishaps
from gamma_scalper.exchange.faults import FaultWatch


def test_each_trouble_is_counted_once_in_the_state_it_struck_in() -> None:
    _, strikes = listened()
    assert sorted(strikes.seen) == sorted(
        [
            ("reject_201", "hedging"),
            ("gateway_restart", "holding"),
            ("person_pauses", "blind"),
            ("death", "holding"),
            ("clock_jump", "dead"),
            ("clock_jump", "holding"),
            ("corrected_execution", "hedging"),
            ("disconnect_1102", "holding"),
            ("manual_trade", "holding"),
        ]
    )
    assert set(strikes.seen.values()) == {1}
    assert {state for _, state in strikes.seen} <= set(STATES)


def test_nothing_is_left_patched() -> None:
    before = FaultWatch.strikes, mishaps.strike, Stage.__init__
    with Strikes():
        assert FaultWatch.strikes is not before[0]
    assert (FaultWatch.strikes, mishaps.strike, Stage.__init__) == before


def test_the_runbook_names_how_it_ended() -> None:
    played, _ = listened()
    assert end_state(played) == "unexplained difference"
    assert {"flat", "straddle held", "halted: altered order", "stopped: a person is needed"} <= known_names()
