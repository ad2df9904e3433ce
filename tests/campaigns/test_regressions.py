"""Every session in which a campaign once found a defect, under its name."""

import pytest
from proving.outcome import outcome_of
from proving.regressions import regressions


@pytest.mark.parametrize("name", regressions())
def test_a_session_that_once_broke_a_rule_breaks_none(name: str) -> None:
    regression = regressions()[name]
    outcome = outcome_of(regression.plan)
    assert not outcome.violations
    assert outcome.end == (regression.ends or outcome.end)
