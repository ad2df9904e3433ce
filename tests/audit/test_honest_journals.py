"""What honestly happened passes, however odd it was: verify that cries wolf would soon not be heard any more."""

from datetime import timedelta

from attrs import evolve
from retold import audited, played
from staging.drawing import drawn
from staging.play import play
from story import ACCOUNT, CALL, NOON, PUT, SHARE, STRADDLE, Story, intent, straddle

from gamma_scalper.audit.findings import Check
from gamma_scalper.domain import entries as e
from gamma_scalper.domain.fills import Commission, Fill, InferredFill
from gamma_scalper.domain.money import Money
from gamma_scalper.domain.orders import Intent, Limit, Purpose, Side
from gamma_scalper.domain.ports import Standing
from gamma_scalper.domain.strategy_entries import Decided
from gamma_scalper.recovery import fold


def passes(rows):
    verdict = audited(rows)
    assert verdict.ok, [str(each) for each in verdict.findings.firsts.values()]
    return verdict


def test_a_day_with_a_restart_passes_and_every_kind_of_link_was_gone_over():
    verdict = passes(played())
    assert min(verdict.findings.links.values()) > 0
    assert (verdict.told["sessions"], verdict.told["orders"], verdict.told["deaths"]) == (2, 8, 0)
    assert not verdict.doubts


def test_a_session_with_troubles_and_a_death_passes():
    verdict = passes(play(drawn(44)).rows)
    assert verdict.told["orders"] and verdict.told["deaths"]


def test_a_fill_is_told_later_or_never_to_a_process_that_died_while_it_handed_the_order_over():
    story, hedge = Story(), intent(1)
    story.order(hedge, sent=False).begin().filled(hedge, "600.01").end()
    assert passes(story.rows).told["deaths"] == 1


def test_parts_of_a_large_hedge_go_one_after_the_other():
    first, second, story = intent(1), intent(2), Story()
    story.order(first, second, together=False).filled(first, "600.01")
    story.tell(e.Elapsed(), e.Dispatched(second.id)).filled(second, "600.02").end()
    passes(story.rows)


def test_a_correction_counts_instead_of_what_it_corrects_and_may_come_without_a_name():
    story, hedge = Story(), intent(1)
    story.order(hedge).filled(hedge, "600.01")
    told = next(row.entry for row in story.rows if row.kind == "Fill")
    story.tell(evolve(told, exec_id="0001.0002.0001.02", price="600.02", intent=None))
    story.tell(Commission("0001.0002.0001.02", Money("1.10"))).end()
    verdict = passes(story.rows)
    assert (verdict.told["corrections"], verdict.findings.links[Check.EXECUTIONS]) == (1, 2)


def test_an_inferred_fill_shrinks_by_what_the_broker_tells_of_it_after_all():
    story, hedge = Story(), intent(1)
    story.order(hedge)
    before = story.now
    concluded = InferredFill(
        id="x", intent=hedge.id, account=ACCOUNT, instrument=SHARE, side=Side.BUY, quantity=8, price="600.05",
        concluded_at=story.now, evidence="positions", accepted_by="ada",
    )  # fmt: skip
    story.tell(concluded, story.fill(hedge.id, SHARE, Side.BUY, 5, "600.01", at=before)).end()
    assert passes(story.rows).told["inferred fills"] == 1


def test_what_more_filled_than_was_ordered_passes_where_the_desk_halted_because_of_it():
    story, hedge = Story(), intent(1)
    story.order(hedge).filled(hedge, "600.01")
    story.tell(e.Halted("overfilled", "spy/1: 9 executed of 8 ordered"))
    story.tell(story.fill(hedge.id, SHARE, Side.BUY, 1, "600.01", perm_id=8)).end()
    passes(story.rows)


def test_an_amended_order_may_fill_at_its_old_price_and_at_its_new_one():
    story, hedge = Story(), intent(1, limit="600.00")
    story.order(hedge).tell(story.report(hedge, Standing.WORKING, 0))
    story.tell(Decided("hedge step", "nearer"), e.AmendAsked(hedge.id, Limit("600.05"), "nearer"))
    story.filled(hedge, "600.05").end()
    passes(story.rows)


def test_a_combo_is_judged_by_the_price_of_all_its_legs():
    story, entry = Story(), straddle(1, 2)
    story.order(entry, structure="straddle").filled(entry, "12.15", "10.05").end()
    passes(story.rows)


def test_what_a_broker_delivers_and_a_person_states_adds_up():
    story, entry = Story(), straddle(1)
    story.order(entry, structure="straddle").filled(entry, "12.00", "10.00")
    how = {"evidence": "the account", "accepted_by": "ada"}
    story.tell(
        e.Delivered(
            id="d", how="exercise", option=CALL, contracts=1, was_long=True, underlying=SHARE, **how
        ),
        e.Lapsed(id="l", option=PUT, contracts=1, **how),
        e.Paid(id="p", amount=Money("12.50"), what="dividend", accepted_by="ada"),
        e.TakenOver(id="t", instrument=SHARE, quantity=-100, price="605", why="manual trade", accepted_by="ada"),
        e.Marked(profit_today="-1689.50", equity="-1689.50"),
    )  # fmt: skip
    passes(story.end().rows)


def test_books_that_are_closed_on_old_executions_pass():
    story, hedge = Story(), intent(1)
    story.order(hedge).filled(hedge, "600.01")
    story.now += timedelta(days=10)
    story.tell(e.BooksClosed(NOON + timedelta(days=3)))
    again = next(row.entry for row in story.rows if row.kind == "Fill")
    story.tell(evolve(again, exec_id="0001.0002.0001.02", price="601"))  # nobody can tell any more
    second = intent(2, side=Side.SELL, limit="599")
    story.order(second).filled(second, "600").end()
    passes(story.rows)


def closed_while_it_works(standing: Standing) -> tuple[Story, Intent, Fill]:
    """An order of which 3 of 8 were executed ten days ago, when the books are closed on that time."""
    story, hedge = Story(), intent(1)
    first = story.order(hedge).fill(hedge.id, SHARE, Side.BUY, 3, "600.01")
    story.tell(first, story.report(hedge, standing, 3))
    story.now += timedelta(days=10)
    return story.tell(e.BooksClosed(NOON + timedelta(days=3))), hedge, first


def test_what_is_told_after_a_closing_of_an_order_that_is_not_over_counts() -> None:
    for standing in (Standing.WORKING, Standing.UNKNOWN):
        story, hedge, first = closed_while_it_works(standing)
        rest = story.fill(hedge.id, SHARE, Side.BUY, 5, "600.02", at=NOON + timedelta(days=2))
        story.tell(Commission(first.exec_id, Money("1")), evolve(first, exec_id=f"{first.key}.02", price="601"))
        story.tell(rest, Commission(rest.exec_id, Money("1")), story.report(hedge, Standing.FILLED, 8)).end()
        passes(story.rows)


def test_a_first_fill_of_an_order_in_doubt_is_told_ten_days_later() -> None:
    story, hedge = Story(), intent(1)
    story.order(hedge).tell(story.report(hedge, Standing.UNKNOWN, 0))
    story.now += timedelta(days=10)
    story.tell(e.BooksClosed(NOON + timedelta(days=9)))
    late = story.fill(hedge.id, SHARE, Side.BUY, 8, "600.01", at=NOON + timedelta(seconds=10))
    story.tell(late, Commission(late.exec_id, Money("1")), story.report(hedge, Standing.FILLED, 8)).end()
    passes(story.rows)
    assert fold(story.rows).desk("spy").ledger.holdings[0].quantity == 8


def test_trades_of_somebody_else_are_counted_and_are_no_break():
    story = Story()
    story.tell(story.fill(None, SHARE, Side.BUY, 100, "600.01"), book="").end()
    assert passes(story.rows).told["executions of strangers"] == 1


def test_a_flattening_sells_on_older_quotes_that_the_desk_looked_at():
    story, hedge = Story(), intent(1)
    story.order(hedge).filled(hedge, "600.01")
    out = intent(2, side=Side.SELL, limit="599", purpose=Purpose.FLATTEN, snapshot_ids=(1,))
    ordered = story.ordered(out, age_s=4.5)
    story.tell(e.FlattenAsked(why="asked", by="ada", within_s=120.0), after=0.1)
    story.tell(e.Looked(ordered.quotes), ordered, e.Dispatched(out.id), after=0.1).filled(out, "599.50").end()
    passes(story.rows)


def test_half_a_structure_is_repaired_because_of_the_structure():
    story, entry = Story(), straddle(1)
    legs = [
        evolve(entry, id=each.id, instrument=leg.instrument, pricing=Limit("13"), snapshot_ids=(leg.instrument.con_id,))
        for each, leg in zip((intent(1), intent(2)), STRADDLE.legs, strict=True)
    ]
    story.order(*legs, structure="straddle").filled(legs[0], "12.00")
    story.tell(story.report(legs[1], Standing.CANCELLED, 0))
    mend = intent(3, 1, Side.SELL, "11", instrument=CALL, purpose=Purpose.REPAIR, snapshot_ids=(2,), reason="half")
    story.tell(e.Looked(story.ordered(mend, age_s=0).quotes))
    story.order(mend, decided=False).filled(mend, "11.90").end()
    passes(story.rows)


def test_executions_that_were_not_told_by_the_end_are_open_and_no_break():
    story, hedge = Story(), intent(1)
    story.order(hedge).tell(story.report(hedge, Standing.FILLED, 8))
    (doubt,) = passes(story.rows).doubts
    assert doubt.startswith("spy/1") and "8" in doubt
