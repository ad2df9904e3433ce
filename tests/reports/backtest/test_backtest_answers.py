"""The three questions of a backtest are answered in words that its figures bear out."""

import shlex
from datetime import timedelta

import pytest
from attrs import evolve
from made_stories import intent, interval, looks, story, traded

from gamma_scalper.domain.orders import Side
from gamma_scalper.domain.strategy_entries import Decided
from gamma_scalper.reports.backtest.answer import OtherRun, answer
from gamma_scalper.reports.backtest.figures import figures
from gamma_scalper.reports.backtest.story import SourceRows
from gamma_scalper.reports.backtest.told import told


def answers(made):
    return told(made).whole.answers


@pytest.mark.parametrize(("gamma", "verdict"), [("140.00", "Yes, by $40.00"), ("60.00", "No, it fell short by $40.00")])
def test_movement_is_held_against_time_whatever_else_happened(gamma, verdict):
    made = story([(5, interval(0, 5, gamma=gamma, theta="-100.00", vega="-500.00"))])
    movement, _, _ = answers(made)
    assert movement.startswith(verdict)
    assert f"movement earned ${gamma} and time cost $100.00, implied volatility took $500.00" in movement
    assert movement.endswith(f"lost ${-figures(made).profit:.2f}.")


def test_hedging_is_told_with_its_share_of_what_movement_earned():
    told_ = [*traded(1, intent(1, Side.SELL, 10), "599.90"), (5, interval(0, 5, gamma="27.00"))]
    _, hedging, _ = answers(story(told_))
    assert hedging == (
        "Hedging cost $1.35, 5.0% of what movement earned: 1 hedge of 10 shares in all, $0.35 in commissions and "
        "$1.00 in slippage against the middle."
    )


def test_whoever_never_entered_is_told_what_kept_it_for_the_longest_while_the_market_was_open():
    decided = [
        (0, Decided("no entry", "spread: 12% is too wide")),
        (1, Decided("old quotes", "the quote is 9 s old")),
        (2, Decided("no entry", "spread: 14% is too wide")),
        (400, Decided("no picture", "nobody makes a market")),  # ten past four: the night is no reason
        (1440, Decided("no entry", "spread: 13% is too wide")),
    ]
    movement, hedging, _ = answers(story(decided))
    assert movement == (
        "No straddle was bought: no entry: spread: 13% is too wide, so nothing was earned and nothing paid."
    )
    assert hedging == "Nothing was hedged, so hedging cost nothing."


def test_a_run_without_any_decision_says_so():
    assert "the book decided nothing" in answers(story())[0]


def test_the_sweep_that_is_named_asks_for_the_same_market_and_days():
    _, _, band = answers(story(market="csv:a file.csv;fill=x"))
    command = shlex.split(band.split("`")[1])
    assert command[command.index("--market") + 1] == "csv:a file.csv;fill=x"
    assert command[command.index("--from") + 1] == "2026-01-06"
    assert command[command.index("--book") + 1] == "spy"


def test_days_that_the_market_names_itself_are_not_named_twice():
    assert "--from" not in answers(story(market="heston:start=2026-01-06,step=60"))[2]


def test_a_last_day_that_the_market_does_not_name_is_named():
    asked = answers(story(market="heston:start=2026-01-06,step=60"))[2]
    assert "--to 2026-01-07" in asked and "--seeds 20" in asked
    assert "--to" not in answers(story(market="heston:days=2,step=60"))[2]


def test_the_sweep_that_is_named_plays_the_same_settings_and_of_a_file_no_seeds():
    read = [SourceRows(name="a.csv", rows=1, used=1, rejected={})]
    made = evolve(story(market="csv:a.csv", source=read), seed=7, given=["spy.underlying.symbol=GO G"])
    command = shlex.split(answers(made)[2].split("`")[1])
    assert command[command.index("--set") + 1] == "spy.underlying.symbol=GO G"
    assert command[command.index("--seed") + 1] == "7" and "--seeds" not in command


def test_answers_need_nothing_but_figures():
    assert len(answer(figures(story()))) == 3


def other(label, gamma, fee):
    told_ = [*traded(1, intent(1, Side.SELL, 10), "600.00", fee), (5, interval(0, 5, gamma=gamma))]
    return OtherRun(label, figures(story(told_)))


def test_another_band_that_did_better_is_named_with_what_it_earned_and_cost_more_and_warned_of():
    made = story([*traded(1, intent(1, Side.SELL, 10), "600.00", "1.00"), (5, interval(0, 5, gamma="20.00"))])
    tried = [other("half as wide", "26.00", "3.00"), other("twice as wide", "12.00", "0.50")]
    band = told(made, tried).whole.answers[2]
    assert band.startswith("On these days a band half as wide earned $6.00 more, with hedges that cost $2.00 more;")
    assert "may be luck" in band


def test_where_no_other_band_did_better_it_says_so():
    made = story([*traded(1, intent(1, Side.SELL, 10), "600.00"), (5, interval(0, 5, gamma="30.00"))])
    assert told(made, [other("twice as wide", "12.00", "0.50")]).whole.answers[2].startswith("None of those tried did")


def test_another_band_that_did_as_well_is_not_said_to_have_earned_less():
    made = story([*traded(1, intent(1, Side.SELL, 10), "600.00"), (5, interval(0, 5, gamma="30.00"))])
    assert "earned no more" in told(made, [OtherRun("twice as wide", figures(made))]).whole.answers[2]


def test_time_that_brought_something_is_not_said_to_have_cost_it():
    assert "and time brought $3.00" in answers(story([(5, interval(0, 5, gamma="1.00", theta="3.00"))]))[0]


def test_of_one_rule_the_reason_that_held_longest_is_told_and_not_the_first_of_a_morning():
    """The journal has one reason for all waits by a rule, that of its beginning."""
    decided = [(number * 1440, Decided("no entry", "the first mark is not made")) for number in range(2)]
    made = story(decided)
    waited = [(row.at, row.entry) for row in made.rows]
    longest = [(at + timedelta(minutes=1), Decided("no entry", f"spread: {number}%")) for number, (at, _) in
               enumerate(waited)]  # fmt: skip
    made = evolve(made, reasons={"spy": sorted(waited + longest, key=lambda each: each[0])})
    assert answers(made)[0].startswith("No straddle was bought: no entry: spread: 1%,")


def test_of_several_books_together_each_names_its_own_sweep():
    found = told(story(each={"spy": looks(), "nvda": looks()}))
    assert "sweep --book" not in found.whole.answers[2]
    assert [f"sweep --book {chapter.run.book} " in chapter.answers[2] for chapter in found.books] == [True, True]
