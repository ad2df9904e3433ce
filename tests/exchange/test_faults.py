"""Fault schedules: what a kind allows, when a fault strikes, drawing one, reading and writing one."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from gamma_scalper.domain.exits import UserError
from gamma_scalper.exchange.fault_file import draw, read_faults, write_faults
from gamma_scalper.exchange.faults import ABOUT, NO_FAULTS, NOT_FAULTS, Fault, FaultSchedule, FaultWatch, Kind

START = datetime(2026, 1, 5, 14, 30, tzinfo=UTC)  # 9:30 in New York
ROWS = set(range(1, 34)) - {12, 18, 23}  # of the broker's failures; those numbers do not exist
NAMES = {kind: ["SPY", "756733"] for kind in Kind}
KINDS = ", ".join(kind.value for kind in Kind)
AT = (
    "a time with its offset (2026-01-05T15:00:00Z), a New York time of the market's first day (10:00:00), "
    "or seconds after the market's start"
)


def after(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def watch(*faults: Fault) -> FaultWatch:
    return FaultWatch(FaultSchedule(faults))


def numbers(kind: Kind) -> st.SearchStrategy[float]:
    amount = ABOUT[kind].amount
    if amount is None:
        return st.just(0.0)
    whole = st.integers(-(10**9), 10**9).map(float)
    return (whole if amount.whole else st.floats(-1e9, 1e9)).filter(amount.permits)


@st.composite
def fault(draw: st.DrawFn) -> Fault:
    kind = draw(st.sampled_from(Kind))
    about = ABOUT[kind]
    return Fault(
        draw(st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))),
        kind,
        draw(st.from_regex(r"[ !#-\[\]-~]{0,80}", fullmatch=True).filter(lambda text: text or not about.needs_target)),
        draw(st.floats(0, 864_000, exclude_min=about.needs_duration)),
        draw(numbers(kind)),
    )


# -- the table ---------------------------------------------------------------------------------------------------------


def test_every_kind_says_what_it_means_and_which_failures_it_makes_happen() -> None:
    assert list(ABOUT) == list(Kind)
    for kind, about in ABOUT.items():
        assert about.meaning and about.where in ("engine", "delivery", "gateway")
        assert about.rows and set(about.rows) <= ROWS, kind
        assert kind.value == kind.name.lower() and Kind(kind.value) is kind


def test_every_row_is_made_to_happen_by_some_kind_or_stated_not_to_be_a_fault() -> None:
    made = {row for about in ABOUT.values() for row in about.rows}
    assert made | set(NOT_FAULTS) == ROWS
    assert not made & set(NOT_FAULTS)


@pytest.mark.parametrize(
    ("kind", "more", "complaint"),
    [
        (Kind.HALT, {"duration_s": 60}, "halt: target = '' is not allowed; allowed: a symbol or a conId"),
        (
            Kind.SILENT_STREAM,
            {},
            "silent_stream: duration_s = 0.0 is not allowed; allowed: above 0 and at most 864000 s",
        ),
        (Kind.REJECT_201, {"duration_s": -1}, "reject_201: duration_s = -1.0 is not allowed; allowed: 0 or more, at"),
        (Kind.REJECT_201, {"amount": 1}, "reject_201: amount = 1.0 is not allowed; allowed: 0, since it means nothing"),
        (
            Kind.LATE_EXECUTION,
            {},
            "late_execution: amount = 0.0 is not allowed; allowed: a number above 0, at most 1e9",
        ),
        (
            Kind.LIQUIDATION,
            {"amount": 2},
            "liquidation: amount = 2.0 is not allowed; allowed: a number 0 to 1, at most",
        ),
        (
            Kind.FALSE_ERROR_105,
            {"amount": 0.5},
            "false_error_105: amount = 0.5 is not allowed; allowed: a whole number",
        ),
        (Kind.CORRECTED_EXECUTION, {"amount": float("nan")}, "corrected_execution: amount = nan is not allowed"),
        (Kind.REJECT_201, {"target": 'a"b'}, "reject_201: target = 'a\"b' is not allowed; allowed: up to 80 printable"),
    ],
)
def test_an_impossible_fault_cannot_be_made(kind: Kind, more: dict[str, str | float], complaint: str) -> None:
    with pytest.raises(ValueError) as caught:
        Fault(START, kind, **more)
    assert str(caught.value).startswith(complaint)


def test_a_fault_outside_any_market_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="at = 1900-01-01 00:00:00"):
        Fault(datetime(1900, 1, 1, tzinfo=UTC), Kind.REJECT_201)


# -- when it strikes ---------------------------------------------------------------------------------------------------


def test_a_window_strikes_from_its_begin_until_before_its_end() -> None:
    of = watch(Fault(after(10), Kind.LOCATE_404, duration_s=5))
    strikes = [of.strikes(Kind.LOCATE_404, after(at)) is not None for at in (0, 9.999, 10, 12, 14.999, 15, 16)]
    assert strikes == [False, False, True, True, True, False, False]


def test_a_fault_that_strikes_once_waits_for_its_occasion_and_is_then_spent() -> None:
    of = watch(Fault(after(10), Kind.REJECT_201))
    assert of.strikes(Kind.REJECT_201, after(9)) is None
    assert of.strikes(Kind.INACTIVE, after(10)) is None
    assert of.strikes(Kind.REJECT_201, after(5000)) == Fault(after(10), Kind.REJECT_201)
    assert of.strikes(Kind.REJECT_201, after(5001)) is None


def test_an_occasion_that_comes_after_the_duration_is_none() -> None:
    of = watch(Fault(after(10), Kind.REJECT_201, duration_s=5), Fault(after(30), Kind.REJECT_201))
    assert of.strikes(Kind.REJECT_201, after(15)) is None
    assert of.strikes(Kind.REJECT_201, after(30)) is not None
    assert of.state()["spent"] == [1]


def test_a_target_is_struck_under_any_of_its_names_and_nobody_else_is() -> None:
    of = watch(Fault(START, Kind.REJECT_201, "U7"), Fault(START, Kind.LOCATE_404, "SPY", 60))
    assert of.strikes(Kind.REJECT_201, START, "U8", "SPY") is None
    assert of.strikes(Kind.REJECT_201, START) is None
    assert of.strikes(Kind.LOCATE_404, START, "U8", "SPY") is not None
    assert of.strikes(Kind.REJECT_201, START, "U8", "U7") is not None


def test_a_short_window_inside_a_long_one_strikes_for_its_own_target() -> None:
    long = Fault(START, Kind.LOCATE_404, "SPY", 100)
    short = Fault(after(10), Kind.LOCATE_404, "NVDA", 5)
    of = watch(long, short)
    assert of.strikes(Kind.LOCATE_404, after(11), "NVDA") == short
    assert of.strikes(Kind.LOCATE_404, after(16), "NVDA") is None
    assert of.strikes(Kind.LOCATE_404, after(16), "SPY") == long


def test_the_engine_is_told_what_it_must_start_itself() -> None:
    halt, order = Fault(after(5), Kind.HALT, "SPY", 60), Fault(after(1), Kind.REJECT_201)
    hand = Fault(after(7), Kind.MANUAL_TRADE, "SPY")
    of = watch(hand, halt, order, Fault(START, Kind.SOCKET_DROP))
    assert of.self_acting() == [(2, halt), (3, hand)]
    assert of.fault(2) == halt


@given(st.lists(fault(), max_size=12), st.lists(st.floats(0, 864_000), max_size=8), st.integers(0, 8))
def test_a_watch_that_was_kept_and_restored_goes_on_as_if_never_stopped(
    faults: Sequence[Fault], times: list[float], cut: int
) -> None:
    schedule = FaultSchedule([evolve(fault, at=after(number)) for number, fault in enumerate(faults)])
    asked = [(kind, after(at)) for at in sorted(times) for kind in Kind]
    never = FaultWatch(schedule)
    expected = [never.strikes(kind, now, "SPY") for kind, now in asked]
    first, second = FaultWatch(schedule), FaultWatch(schedule)
    cut *= len(Kind)
    begun = [first.strikes(kind, now, "SPY") for kind, now in asked[:cut]]
    second.restore(json.loads(json.dumps(first.state())))
    assert begun + [second.strikes(kind, now, "SPY") for kind, now in asked[cut:]] == expected
    assert second.state() == never.state()


def test_the_state_of_another_schedule_is_refused() -> None:
    kept = watch(Fault(START, Kind.REJECT_201)).state()
    with pytest.raises(ValueError, match=r"kept with the fault schedule [0-9a-f]{16}, and this is [0-9a-f]{16}; go on"):
        FaultWatch(NO_FAULTS).restore(kept)


@given(st.lists(fault(), max_size=8))
def test_the_order_in_which_faults_are_given_does_not_matter(faults: list[Fault]) -> None:
    assert FaultSchedule(faults) == FaultSchedule(faults[::-1])
    assert FaultSchedule(faults).fingerprint() == FaultSchedule(faults[::-1]).fingerprint()


# -- drawn -------------------------------------------------------------------------------------------------------------


def test_the_same_seed_draws_the_same_schedule_and_another_seed_another() -> None:
    drawn = [draw(seed, START, after(3600), per_hour=60, targets=NAMES) for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert all(START <= fault.at < after(3600) for fault in drawn[0].faults)


def test_as_many_are_drawn_as_were_asked_for_and_of_every_kind() -> None:
    faults = [fault for seed in range(40) for fault in draw(seed, START, after(3600), per_hour=100).faults]
    assert abs(len(faults) - 4000) < 4 * 4000**0.5  # four standard deviations
    assert {fault.kind for fault in faults} == {kind for kind in Kind if not ABOUT[kind].needs_target}


def test_leaving_a_kind_out_moves_no_other() -> None:
    rates = {Kind.HALT: 9.0, Kind.REJECT_201: 5.0, Kind.SLOW_ANSWERS: 7.0}
    all_of_them = draw(3, START, after(7200), per_hour=rates, targets=NAMES)
    less = draw(3, START, after(7200), per_hour={kind: rates[kind] for kind in list(rates)[1:]}, targets=NAMES)
    assert less == FaultSchedule(fault for fault in all_of_them.faults if fault.kind is not Kind.HALT)
    assert draw(3, START, after(7200), per_hour=dict(reversed(rates.items())), targets=NAMES) == all_of_them


def test_a_kind_that_needs_a_target_is_not_drawn_without() -> None:
    with pytest.raises(ValueError, match="halt needs a target"):
        draw(1, START, after(60), per_hour={Kind.HALT: 1.0})


@pytest.mark.parametrize(("end", "rate"), [(-60, 1.0), (60, -1.0), (60, float("nan"))])
def test_a_draw_without_a_span_or_a_rate_is_refused(end: float, rate: float) -> None:
    with pytest.raises(ValueError, match="no such span, or no such rate"):
        draw(1, START, after(end), per_hour=rate)


def test_a_drawn_schedule_depends_on_no_hash_order_and_no_time_zone() -> None:
    program = (
        "from datetime import UTC, datetime; from gamma_scalper.exchange.fault_file import *; "
        "print(draw(7, datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 1, 6, tzinfo=UTC), per_hour=20).fingerprint())"
    )
    printed = {
        subprocess.run(
            [sys.executable, "-c", program],
            env=os.environ | {"PYTHONHASHSEED": seed, "TZ": zone},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed, zone in (("1", "UTC"), ("2", "Asia/Tokyo"))
    }
    assert len(printed) == 1


# -- as a file ---------------------------------------------------------------------------------------------------------


def read(tmp_path: Path, text: str) -> FaultSchedule:
    path = tmp_path / "faults.toml"
    path.write_text(text)
    return read_faults(path, START)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("faults")


@given(st.lists(fault(), max_size=8))
def test_a_schedule_reads_back_as_it_was_written(folder: Path, faults: list[Fault]) -> None:
    assert read(folder, write_faults(FaultSchedule(faults))) == FaultSchedule(faults)


def test_a_time_is_a_moment_or_a_new_york_clock_or_seconds_from_the_start(tmp_path: Path) -> None:
    times = ("2026-01-05T10:00:00-05:00", "10:00:00", "1800", "1800.0", "2026-01-05T15:00:00Z")
    faults = read(tmp_path, "".join(f'[[fault]]\nat = {at}\nkind = "reject_201"\n' for at in times)).faults
    assert faults == (Fault(after(1800), Kind.REJECT_201),) * 5


def test_a_con_id_may_be_written_as_a_number(tmp_path: Path) -> None:
    found = read(tmp_path, '[[fault]]\nat = 0\nkind = "halt"\ntarget = 756733\nduration_s = 60\n')
    assert found.faults == (Fault(START, Kind.HALT, "756733", 60),)


def test_an_empty_file_has_no_faults(tmp_path: Path) -> None:
    assert read(tmp_path, "# nothing goes wrong today\n") == NO_FAULTS


GOOD = '# two\n[[fault]]\nat = 0\nkind = "reject_201"\n\n[[fault]]\n'


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (
            GOOD + 'at = 0\nkind = "rejekt_201"',
            f", line 8: kind = 'rejekt_201' is not allowed; did you mean reject_201?; allowed: {KINDS}",
        ),
        (GOOD + "at = 0\nkind = 5", f", line 8: kind = 5 is not allowed; allowed: {KINDS}"),
        (GOOD + "at = 0", f", line 6: kind is missing; allowed: {KINDS}"),
        (GOOD + 'kind = "reject_201"', f", line 6: at is missing; allowed: {AT}"),
        (GOOD + 'at = "noon"\nkind = "halt"', f", line 7: at = 'noon' is not allowed; allowed: {AT}"),
        (
            GOOD + 'kind = "halt"\nat = 2026-01-05T10:00:00',
            f", line 8: at = 2026-01-05 10:00:00 is not allowed; allowed: {AT}",
        ),
        (GOOD + 'at = -5\nkind = "halt"', f", line 7: at = -5 is not allowed; allowed: {AT}"),
        (GOOD + 'at = true\nkind = "halt"', f", line 7: at = True is not allowed; allowed: {AT}"),
        (GOOD + 'at = nan\nkind = "halt"', f", line 7: at = nan is not allowed; allowed: {AT}"),
        (
            GOOD + 'at = 0\nkind = "halt"\nduration = 60',
            ", line 9: unknown key 'duration'; did you mean duration_s?; allowed: at, kind, target, duration_s, amount",
        ),
        (
            GOOD + 'at = 0\nkind = "halt"\nduration_s = 60',
            ", line 6: target is missing; allowed: a symbol or a conId for halt",
        ),
        (
            GOOD + 'at = 0\nkind = "halt"\ntarget = ["SPY"]',
            ", line 9: target = ['SPY'] is not allowed; allowed: text in quotes, or a conId",
        ),
        (
            GOOD + 'at = 0\nkind = "halt"\ntarget = "SPY"\nduration_s = "long"',
            ", line 10: duration_s = 'long' is not allowed; allowed: a number",
        ),
        (
            GOOD + 'at = 0\nkind = "late_execution"\namount = -3',
            ", line 9: amount = -3 is not allowed; "
            "allowed: a number above 0, at most 1e9 (seconds late) for late_execution",
        ),
        (
            GOOD + 'at = 0\nkind = "clock_skew"\namount = inf',
            ", line 9: amount = inf is not allowed; allowed: a number",
        ),
        ("[[faults]]\nat = 0", ", line 1: unknown 'faults'; did you mean [[fault]]? allowed: [[fault]] tables only"),
        ("\nseed = 5", ", line 2: unknown 'seed'; allowed: [[fault]] tables only"),
        ("[fault]\nat = 0", ", line 1: fault = {'at': 0}; allowed: [[fault]] tables only"),
        ('fault = [{at = 0, kind = "x"}]', f", line 1: kind = 'x' is not allowed; allowed: {KINDS}"),
        ("[[fault]]\nat = ", ": not valid TOML: Invalid value (at end of document)"),
    ],
)
def test_a_mistake_in_a_file_is_told_in_one_line(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(UserError) as caught:
        read(tmp_path, text)
    assert str(caught.value) == f"{tmp_path / 'faults.toml'}{complaint}"


def test_a_file_that_is_not_there_or_no_text_is_told_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none\.toml: cannot be read: No such file or directory"):
        read_faults(tmp_path / "none.toml", START)
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(UserError, match=r"bytes\.toml: not valid TOML: 'utf-8' codec"):
        read_faults(tmp_path / "bytes.toml", START)
