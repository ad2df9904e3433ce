"""How often the house looks where the market is quoted seldom."""

from datetime import date

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from gamma_scalper.backtest import cadence
from gamma_scalper.backtest.laws.ring.world import CHEAP, EVERY_TICK, play
from gamma_scalper.domain.entries import Marked
from gamma_scalper.domain.strategy_entries import Attributed
from gamma_scalper.pipeline.book import BookParameters


@given(st.integers(min_value=6, max_value=3_600))
def test_a_look_for_marks_comes_back_to_the_ticks_within_ten_minutes_or_a_tick(step_s: int) -> None:
    look_s = cadence.of_caretaker(step_s).look_s
    assert look_s <= 600
    looks = max(round(step_s / look_s), 1)
    assert looks * look_s / step_s == pytest.approx(round(looks * look_s / step_s))


@given(st.integers(min_value=1, max_value=3_600))
def test_a_mark_is_not_too_old_before_the_next_can_be_made(step_s: int) -> None:
    book = cadence.of_book(BookParameters(name="any"), step_s)
    assert book.risk.loss.mark_age_s >= 2 * max(step_s, cadence.of_caretaker(step_s).mark_s)


def test_a_book_is_marked_at_its_last_tick_though_ten_minutes_lead_past_it() -> None:
    story = play(evolve(CHEAP, step_s=2_340, last=date(2026, 1, 6)), EVERY_TICK, seed=3)
    marks = [row.entry.equity for row in story.rows if isinstance(row.entry, Marked) and row.book]
    assert marks[-1] == sum(row.entry.total for row in story.rows if isinstance(row.entry, Attributed))
    assert marks[-1] != 0
