"""The same seed, market and instructions give the same events: cut finely, stopped and restored, in another process."""

import hashlib
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from trades_at_random import SPEC, SPY, contracts, engine, faults, instruction, play, steps
from venue import ME, Venue

from gamma_scalper.exchange.engine import Engine
from gamma_scalper.exchange.events import Event
from gamma_scalper.exchange.log_lines import line_of
from gamma_scalper.exchange.memory import NotThisMarket
from gamma_scalper.exchange.specs import market_from
from gamma_scalper.exchange.tickets import Look, Tick

A_FEW = settings(max_examples=12)
PLAYED = [
    (what, n, 10 + n * 7 % 90, n % 7 - 3, 1.0 if n % 5 else 3_600.0, n * 7_919)
    for n, what in enumerate(["place", "combo", "place", "look", "modify", "place", "cancel", "exercise"] * 10)
]


def lines(said: list[Event]) -> list[str]:
    return [line_of(each) for each in said]


def restored(made: Engine) -> Engine:
    """Another engine over another market object, from the text alone."""
    return Engine.restore(
        made.snapshot(),
        market_from(SPEC, seed=made.floor.seed),
        parameters=made.floor.parameters,
        seed=made.floor.seed,
        faults=made.floor.faults.schedule,
    )


@A_FEW
@given(steps, faults, st.integers(0, 50), st.integers(0, 40))
def test_restoring_and_going_on_equals_never_having_stopped(played, struck, seed, stop) -> None:
    whole, parted = engine(seed, struck), engine(seed, struck)
    listed, now = contracts(whole), whole.now
    for number, step in enumerate(played):
        if number == stop % len(played):
            parted = restored(parted)
        for event in (instruction(whole, listed, step), Tick()):
            assert lines(whole.on(event, now)) == lines(parted.on(event, now))
            now += timedelta(seconds=step[4])
    later = now + timedelta(days=3)
    assert lines(whole.on(Tick(), later)) == lines(parted.on(Tick(), later))
    assert whole.snapshot() == parted.snapshot()


def test_restoring_twice_over_a_week_of_trading_changes_no_event() -> None:
    once, often = engine(5), engine(5)
    said, said_often = play(once, PLAYED), []
    listed, now = contracts(often), often.now
    for step in PLAYED:
        often = restored(often)
        said_often += often.on(instruction(often, listed, step), now)
        now += timedelta(seconds=step[4])
        said_often += often.on(Tick(), now)
    said_often += often.on(Tick(), now + timedelta(days=4))
    assert lines(said) == lines(said_often)


@A_FEW
@given(st.integers(0, 50), st.lists(st.floats(0.01, 5_000), min_size=1, max_size=30))
def test_time_cut_finely_gives_the_events_of_one_long_wait(seed, cuts) -> None:
    long, fine = engine(seed), engine(seed)
    for made in (long, fine):
        play_until_now = [step for step in PLAYED[:12] if step[0] in ("place", "combo")]
        for step in play_until_now:
            made.on(instruction(made, contracts(made), step), made.now)
    now, said = fine.now, []
    for cut in cuts:
        now += timedelta(seconds=round(cut, 3))
        said += fine.on(Tick(), now)
    assert lines(said) == lines(long.on(Tick(), now))


def test_steps_of_one_thing_each_give_the_events_of_one_call() -> None:
    whole, sliced = engine(4), engine(4)
    for made in (whole, sliced):
        for con_id in [
            each.con_id for expiry in made.market.expiries(SPY)[3:5] for each in made.market.options(SPY, expiry)
        ]:
            made.on(Look(con_id), made.now)
    later = whole.now + timedelta(hours=1)
    said, more = [], True
    while more:
        events, more = sliced.step(later)
        assert len(events) <= 64 + 8
        said += events
    assert len(said) > 500
    assert lines(said) == lines(whole.on(Tick(), later))


def test_memory_of_another_market_seed_or_schedule_is_refused() -> None:
    kept = engine(1).snapshot()
    with pytest.raises(NotThisMarket, match="seed 1"):
        Engine.restore(kept, market_from(SPEC, seed=1), seed=2)
    with pytest.raises(NotThisMarket, match="sigma"):
        Engine.restore(kept, market_from(SPEC.replace("0.8", "0.9"), seed=1), seed=1)


def test_an_account_of_quotes_from_outside_is_remembered_too() -> None:
    venue = Venue()
    venue.quote(1, 599.99, 600.01)
    venue.buy(10)
    kept = venue.engine.snapshot()
    again = Engine.restore(kept, venue.market, seed=7, parameters=venue.engine.floor.parameters)
    assert again.account(ME).quantity(1) == 10
    assert again.snapshot() == kept


def test_another_process_with_other_hashes_in_another_time_zone_says_the_same() -> None:
    script = (
        "import hashlib, test_memory_and_determinism as test\n"
        "said = test.play(test.engine(9), test.PLAYED)\n"
        "print(hashlib.sha256('\\n'.join(test.lines(said)).encode()).hexdigest())\n"
    )
    here = Path(__file__).parent
    path = os.pathsep.join(map(str, (here, here.parent.parent)))
    found = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONHASHSEED": "1", "TZ": "Asia/Tokyo", "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    said = play(engine(9), PLAYED)
    assert found.stdout.strip() == hashlib.sha256("\n".join(lines(said)).encode()).hexdigest()
