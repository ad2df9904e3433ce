"""Every guard refuses, passes, and refuses on missing input, for every purpose the printed table gives it."""

from collections.abc import Iterator

import pytest
from attrs import evolve
from good_day import at_path
from hypothesis import given, settings
from hypothesis import strategies as st
from spoiling import CASES, OPTIONS, REDUCING, SHARES, Asked, Watched, a_good_one

from gamma_scalper.domain.orders import Purpose
from gamma_scalper.domain.proposals import Approved, Refused
from gamma_scalper.domain.settings import keys_of
from gamma_scalper.risk.facts import Facts
from gamma_scalper.risk.guard import Guard, MomentGuard
from gamma_scalper.risk.parameters import RiskParameters
from gamma_scalper.risk.permit import approve, permit
from gamma_scalper.risk.registry import GUARDS
from gamma_scalper.risk.table import SILENT, SPARES, cell

CELLS = [(guard, purpose) for guard in GUARDS for purpose in Purpose]
ASKED = [(guard, purpose) for guard, purpose in CELLS if cell(guard, purpose) != SILENT]
UNASKED = [(guard, purpose) for guard, purpose in CELLS if cell(guard, purpose) == SILENT]
SPARED = [(guard, purpose) for guard, purpose in CELLS if cell(guard, purpose) == SPARES]
NEEDED = [(guard, purpose, need) for guard, purpose in ASKED for need in guard.rule.needs]


def named(value: object) -> str:
    return getattr(getattr(value, "rule", None), "name", None) or getattr(value, "value", None) or str(value)


def refuses(guard: Guard, asked: Asked) -> bool:
    if isinstance(guard, MomentGuard):
        return guard.refusal(asked.facts, asked.parameters) is not None
    return guard.refusal(asked.facts, asked.plan, asked.parameters) is not None


def refusers(asked: Asked) -> set[str]:
    """The guards that stop this plan."""
    answer = approve(asked.facts, asked.plan, asked.parameters)
    return {refusal.guard for refusal in answer.refusals} if isinstance(answer, Refused) else set()


def without(asked: Asked, need: str) -> Asked:
    return evolve(asked, facts=at_path(asked.facts, need, None))


def test_every_guard_has_a_case_and_a_name_of_its_own():
    names = [guard.rule.name for guard in GUARDS]
    assert len(set(names)) == len(names)
    assert set(CASES) == set(names)


@pytest.mark.parametrize("purpose", Purpose, ids=named)
def test_on_a_good_day_every_purpose_is_approved(purpose):
    asked = a_good_one(purpose)
    assert isinstance(approve(asked.facts, asked.plan, asked.parameters), Approved)


@pytest.mark.parametrize(("guard", "purpose"), ASKED, ids=named)
def test_a_guard_refuses_what_is_spoilt_and_passes_what_is_not(guard, purpose):
    case = CASES[guard.rule.name]
    good = case.begin(a_good_one(purpose))
    assert not refuses(guard, good)
    assert guard.rule.name not in refusers(good)
    bad = case.spoil(good)
    assert refuses(guard, bad)
    assert guard.rule.name in refusers(bad)


@pytest.mark.parametrize(("guard", "purpose", "need"), NEEDED, ids=named)
def test_a_guard_refuses_when_what_it_needs_is_not_known(guard, purpose, need):
    asked = without(CASES[guard.rule.name].begin(a_good_one(purpose)), need)
    assert refuses(guard, asked)
    assert guard.rule.name in refusers(asked)


@pytest.mark.parametrize(("guard", "purpose"), UNASKED, ids=named)
def test_a_guard_does_not_stop_purposes_it_does_not_apply_to(guard, purpose):
    case = CASES[guard.rule.name]
    asked = case.spoil(case.begin(a_good_one(purpose)))
    assert guard.rule.name not in refusers(asked)
    for need in guard.rule.needs:
        assert guard.rule.name not in refusers(without(a_good_one(purpose), need))


@pytest.mark.parametrize(("guard", "purpose"), SPARED, ids=named)
def test_a_plan_that_only_reduces_passes_the_guards_that_spare_it(guard, purpose):
    spoilt = CASES[guard.rule.name].spoil(CASES[guard.rule.name].begin(a_good_one(purpose)))
    assert guard.rule.name in refusers(spoilt)
    reducing = REDUCING[purpose](spoilt)
    if guard.rule.name not in ("contract limit", "only reduces"):
        reducing = evolve(reducing, facts=evolve(reducing.facts, book=a_good_one(purpose).facts.book))
    assert guard.rule.name not in refusers(reducing)


@pytest.mark.parametrize("purpose", Purpose, ids=named)
def test_with_no_facts_at_all_nothing_is_permitted(purpose):
    asked = a_good_one(purpose)
    nothing = Facts(now=asked.facts.now, book=evolve(asked.facts.book, **dict.fromkeys(
        ("holdings", "live", "others", "settled_through", "straddles", "imbalance")
    )))  # fmt: skip
    assert not permit(nothing, asked.parameters).purposes
    assert isinstance(approve(nothing, asked.plan, asked.parameters), Refused)


NEEDS = sorted({need for guard in GUARDS for need in guard.rule.needs})


@given(st.sampled_from(ASKED), st.lists(st.sampled_from(NEEDS), min_size=1, max_size=4))
@settings(max_examples=100)
def test_knowing_less_never_permits_more(cell_of_table, forgotten):
    guard, purpose = cell_of_table
    case = CASES[guard.rule.name]
    asked = case.spoil(case.begin(a_good_one(purpose)))
    allowed = permit(asked.facts, asked.parameters).purposes
    for need in forgotten:
        asked = without(asked, need)
    assert set(permit(asked.facts, asked.parameters).purposes) <= set(allowed)
    assert isinstance(approve(asked.facts, asked.plan, asked.parameters), Refused)


def questions(guard: Guard) -> Iterator[Asked]:
    """What a guard may be asked, on good days and spoilt ones, of shares and of options."""
    case = CASES[guard.rule.name]
    for purpose in sorted(guard.rule.applies, key=list(Purpose).index):
        good = case.begin(a_good_one(purpose))
        yield from (good, case.spoil(good), case.also(good), SHARES(good), OPTIONS(good))


def read_by(guard: Guard) -> set[str]:
    """The settings a guard looks at."""
    read: set[str] = set()
    for asked in questions(guard):
        refuses(guard, evolve(asked, parameters=Watched(asked.parameters, read)))
    return read


@pytest.mark.parametrize("guard", GUARDS, ids=named)
def test_the_table_names_exactly_the_settings_a_guard_reads(guard):
    assert read_by(guard) == set(guard.rule.reads)


def test_every_limit_that_can_be_set_is_read_by_a_guard():
    read = {key for guard in GUARDS for key in guard.rule.reads}
    keys = list(keys_of(RiskParameters))
    assert not {key.path for key in keys if key.about.limit} - read
    assert not read - {key.path for key in keys}


# By type, values that a limit may be moved to; one of them must make a difference.
MOVED = {
    float: (0.0, 1e-9, 0.01, 1.0, 60.0, 100.0, 3_600.0, 1e7),
    int: (0, 1, 2, 3, 60, 10_000_000),
    bool: (False, True),
    str: ("", "12:00", "2026-01-05", "Asia/Tokyo"),
}


def moved(parameters: RiskParameters, path: str, value: object) -> RiskParameters | None:
    """The parameters with one setting moved; None where it may not be that."""
    section, _, name = path.partition(".")
    try:
        return evolve(parameters, **{section: evolve(getattr(parameters, section), **{name: value})})
    except ValueError:
        return None


@pytest.mark.parametrize(("guard", "path"), [(guard, path) for guard in GUARDS for path in guard.rule.reads], ids=named)
def test_moving_a_limit_changes_what_is_refused(guard, path):
    kind = next(key.type for key in keys_of(RiskParameters) if key.path == path)
    for asked in questions(guard):
        for value in MOVED[kind]:
            parameters = moved(asked.parameters, path, value)
            if parameters is not None and refuses(guard, evolve(asked, parameters=parameters)) != refuses(guard, asked):
                return
    pytest.fail(f"{path} may be anything, and {guard.rule.name} refuses the same")
