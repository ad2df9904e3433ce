"""Thirty sessions of the campaign, in every run of the tests; `.ci/run` plays two hundred more."""

import pytest
from proving.outcome import outcome_of
from staging.drawing import drawn

GROUPS, EACH = 6, 5


@pytest.mark.parametrize("group", range(GROUPS))
def test_whatever_goes_wrong_nothing_is_lost_nothing_doubled_and_no_rule_broken(group: int) -> None:
    for seed in range(1 + group * EACH, 1 + (group + 1) * EACH):
        outcome = outcome_of(drawn(seed))
        assert not outcome.violations, f"again: run.py --replay {seed}\n" + "\n".join(outcome.violations)
