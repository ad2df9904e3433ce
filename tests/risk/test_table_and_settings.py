"""The printed table is the registry's own, and no setting is idle."""

from pathlib import Path

import pytest
from attrs import evolve
from good_day import NOW, PARAMETERS, at_path, good_facts, good_plan
from rich.console import Console
from spoiling import Watched

from gamma_scalper.domain.entries import Mode
from gamma_scalper.domain.orders import Purpose
from gamma_scalper.domain.settings import keys_of
from gamma_scalper.risk.facts import Motion
from gamma_scalper.risk.governance import Governance, facts_of
from gamma_scalper.risk.guard import Rule
from gamma_scalper.risk.mode_watch import ModeWatch, watched
from gamma_scalper.risk.parameters import EventParameters, HoursParameters, RiskParameters
from gamma_scalper.risk.registry import GUARDS
from gamma_scalper.risk.state_space import state_space
from gamma_scalper.risk.table import as_markdown, as_table

PAGE = Path(__file__).parents[2] / "docs" / "risk.md"


def test_the_page_shows_the_table_that_is_in_force():
    printed = PAGE.read_text(encoding="utf-8").split("table.py -->\n")[1].split("<!-- end")[0]
    assert printed == as_markdown()


def test_a_terminal_shows_every_guard():
    console = Console(width=250)
    with console.capture() as shown:
        console.print(as_table())
    assert all(guard.rule.name in shown.get() for guard in GUARDS)


def test_every_setting_is_read_by_somebody():
    read = {key for guard in GUARDS for key in guard.rule.reads}
    facts = good_facts()
    steered = Watched(PARAMETERS, read)
    facts_of(Governance(), "spy", NOW, steered)
    for realised, delta in [(0.6, 0.0), (0.1, 30.0)]:
        moving = Motion(jump_pct=0.0, efficiency=0.1, realised_vol=realised, implied_vol=0.3)
        state_space(at_path(at_path(facts, "market.motion", moving), "delta.projected", delta), steered)
    blind = at_path(facts, "house.link", None)
    watched(watched(ModeWatch(), blind, steered), at_path(facts, "governance.mode", Mode.LIVE), steered)
    watched(ModeWatch(advised=Mode.DEGRADED), facts, steered)
    assert {key.path for key in keys_of(RiskParameters)} == read


@pytest.mark.parametrize(
    ("section", "name", "value"),
    [
        (HoursParameters, "restart_at", "24:00"),
        (HoursParameters, "restart_at", "9:00"),
        (HoursParameters, "restart_zone", "Mars/Olympus"),
        (EventParameters, "dates", "2026-13-01"),
        (EventParameters, "dates", "tomorrow"),
    ],
)
def test_a_setting_that_can_not_be_read_is_refused(section, name, value):
    with pytest.raises(ValueError, match=name):
        section(**{name: value})


def test_the_defaults_are_those_the_house_agreed():
    hedging, quotes, structure = PARAMETERS.hedging, PARAMETERS.quotes, PARAMETERS.structure
    assert (hedging.epsilon_shares, hedging.hedge_shares, hedging.force_shares, hedging.min_shares) == (10, 25, 500, 10)
    assert (hedging.cooldown_s, hedging.min_move_pct, PARAMETERS.size.max_order_shares) == (60, 0.2, 500)
    assert (quotes.age_s, quotes.stale_s, quotes.lag_s, quotes.wide_pct, quotes.extreme_pct) == (2, 5, 1, 0.1, 0.5)
    assert (quotes.gap_pct, structure.min_dte, structure.max_dte, structure.moneyness_pct) == (2, 21, 35, 3)
    state = PARAMETERS.state
    assert (state.trend_ratio, state.choppy_ratio, state.choppy_vol, state.quiet_vol) == (0.6, 0.3, 1.5, 0.5)


def test_a_guard_can_not_spare_what_it_does_not_apply_to():
    with pytest.raises(ValueError, match="spares"):
        Rule(name="x", applies=(Purpose.ENTRY,), spares=(Purpose.HEDGE,), protects="y")


@pytest.mark.parametrize(("name", "least"), [("min_per_straddle", 31.0), ("hedge_per_straddle", 31.0)])
def test_figures_per_straddle_refuse_where_straddles_are_not_counted(name, least):
    steep = evolve(PARAMETERS, hedging=evolve(PARAMETERS.hedging, **{name: least}))
    guard = next(guard for guard in GUARDS if f"hedging.{name}" in guard.rule.reads)
    facts = good_facts()
    asked = (facts,) if guard.rule.name == "hedge needed" else (facts, good_plan(Purpose.HEDGE))
    assert guard.refusal(*asked, steep) is not None  # 62 of two straddles, and 60 are to hedge
    fewer = at_path(facts, "book.straddles", facts.book.straddles / 2)
    assert guard.refusal(fewer, *asked[1:], steep) is None
    unknown = guard.refusal(at_path(facts, "book.straddles", None), *asked[1:], steep)
    assert unknown is not None and "straddles" in unknown.why
