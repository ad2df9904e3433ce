"""What an order cost is told against the middle it was decided on, and days, hours and sizes are sums of orders."""

import io
import json
from datetime import date, timedelta
from decimal import Decimal

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st
from retold import played, write
from rich.console import Console
from story import ACCOUNT, CALL, SHARE, Story, intent, straddle
from typer.testing import CliRunner

from config import load_config
from gamma_scalper import cli
from gamma_scalper.domain.entries import SessionBegan
from gamma_scalper.domain.fills import Commission, InferredFill
from gamma_scalper.domain.money import Money
from gamma_scalper.domain.orders import Purpose, Side
from gamma_scalper.portfolio.trade_costs import TradeCost, TradeCosts, grouped, summed
from gamma_scalper.reports.summary import of_all, of_day, of_last_session
from gamma_scalper.reports.summary_shown import plain_summary, shown
from gamma_scalper.reports.trade_costs_shown import GROUPS, CostTable, in_words, plain_costs, plain_order


def costs(rows):
    seen = TradeCosts()
    for row in rows:
        seen.take(row.entry, row.at)
    return list(seen.orders())


def the(story):
    (order,) = costs(story.rows)
    return order


def test_a_share_bought_at_the_offer_has_paid_the_half_spread():
    story, hedge = Story(), intent(1)
    order = the(story.order(hedge).filled(hedge, "600.01", bill="1.05"))
    assert (order.arrival, order.price, order.filled) == (600, Decimal("600.01"), 8)
    cost = order.cost
    assert (cost.slippage, cost.half_spread, cost.spread_paid_pct) == (Decimal("0.08"), Decimal("0.08"), 100)
    assert (cost.worth, cost.commission, cost.total, cost.unbilled) == (4800, Decimal("1.05"), Decimal("1.13"), 0)
    assert cost.slippage_bp == Decimal("0.08") * 10_000 / 4800


@pytest.mark.parametrize(
    ("side", "price", "slippage"),
    [
        (Side.BUY, "600.02", "0.16"),
        (Side.BUY, "599.99", "-0.08"),
        (Side.SELL, "599.98", "0.16"),
        (Side.SELL, "600.01", "-0.08"),
        (Side.SELL, "600", "0"),
    ],
)
def test_slippage_is_positive_where_the_fill_is_worse_than_the_middle(side, price, slippage):
    story, hedge = Story(), intent(1, side=side, limit="600.02" if side is Side.BUY else "599")
    assert the(story.order(hedge).filled(hedge, price)).cost.slippage == Decimal(slippage)


def test_a_combo_arrives_at_the_sum_of_its_legs_and_costs_by_their_multiplier():
    story, entry = Story(), straddle(1, 2)
    order = the(story.order(entry, structure="straddle").filled(entry, "12.10", "10.02"))
    assert (order.arrival, order.price, order.filled) == (22, Decimal("22.12"), 2)
    assert (order.cost.slippage, order.cost.half_spread) == (Decimal("24.00"), Decimal("30.00"))
    assert (order.cost.worth, order.cost.spread_paid_pct, order.cost.executions) == (4400, 80, 2)


def test_an_execution_without_a_bill_is_shown_as_such():
    story, hedge = Story(), intent(1)
    order = the(story.order(hedge).filled(hedge, "600.01", bill=None))
    assert (order.cost.commission, order.cost.unbilled) == (0, 1)
    assert "commission $0.00 and 1 unbilled" in in_words(order)


def test_without_a_quote_on_both_sides_no_arrival_price_is_invented():
    story, hedge = Story(), intent(1)
    quotes = [evolve(each, bid=None) for each in story.ordered(hedge).quotes]
    order = the(story.order(hedge, quotes=quotes).filled(hedge, "600.01"))
    assert (order.arrival, order.cost.unpriced, order.cost.worth) == (None, 1, 0)
    assert (order.cost.slippage_bp, order.cost.spread_paid_pct, order.size) == (None, None, "unknown")
    assert "arrival price not known" in in_words(order)


def test_a_correction_counts_instead_of_what_it_corrects_and_its_bill_too():
    story, hedge = Story(), intent(1)
    story.order(hedge).filled(hedge, "600.01")
    told = next(row.entry for row in story.rows if row.kind == "Fill")
    story.tell(evolve(told, exec_id="0001.0002.0001.02", price="600.02", intent=None))
    story.tell(Commission("0001.0002.0001.02", Money("1.10")))
    cost = the(story).cost
    assert (cost.slippage, cost.commission, cost.executions) == (Decimal("0.16"), Decimal("1.10"), 1)


def test_an_inferred_fill_costs_what_is_left_of_it():
    story, hedge = Story(), intent(1)
    story.order(hedge)
    before = story.now
    concluded = InferredFill(
        id="x", intent=hedge.id, account=ACCOUNT, instrument=SHARE, side=Side.BUY, quantity=8, price="600.05",
        concluded_at=story.now, evidence="positions", accepted_by="ada",
    )  # fmt: skip
    assert the(story.tell(concluded)).cost.slippage == Decimal("0.40")
    order = the(story.tell(story.fill(hedge.id, SHARE, Side.BUY, 5, "600.01", at=before)))
    assert (order.cost.slippage, order.filled, order.cost.unbilled) == (Decimal("0.20"), 8, 2)


def test_the_time_to_fill_is_from_the_order_to_the_word_of_its_last_execution():
    story, hedge = Story(), intent(1)
    story.order(hedge)
    story.now += timedelta(seconds=1.8)
    order = the(story.filled(hedge, "600.01"))
    assert order.cost.mean_seconds == pytest.approx(2.0)


def test_an_order_that_never_filled_has_cost_nothing_and_a_strangers_fill_is_none_of_ours():
    story = Story().order(intent(1))
    story.tell(story.fill(None, SHARE, Side.BUY, 5, "600.01"))
    assert costs(story.rows) == []


def test_hours_are_new_yorks_and_sizes_are_of_what_it_was_worth():
    story, small, large = Story(), intent(1, 1), intent(2, 400)
    story.order(small).filled(small, "600.01")
    story.now += timedelta(hours=1)
    story.order(large).filled(large, "600.01")
    one, two = costs(story.rows)
    assert (one.hour, two.hour, one.day) == ("12:00", "13:00", "2026-01-12")
    assert (one.size, two.size) == ("to $1,000", "upwards of $100,000")


_ORDERS = st.lists(
    st.tuples(
        st.integers(1, 300),  # shares
        st.integers(-9, 9),  # cents from the middle
        st.sampled_from(Side),
        st.one_of(st.none(), st.decimals("0.01", "9.99", places=4)),  # the bill
        st.integers(0, 40 * 3600),  # until then
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=30)
@given(_ORDERS)
def test_orders_days_hours_purposes_and_sizes_all_sum_to_the_same(orders):
    story = Story()
    for number, (shares, cents, side, bill, later) in enumerate(orders, 1):
        story.now += timedelta(seconds=later)
        one = intent(number, shares, side, "601" if side is Side.BUY else "599")
        price = 600 + Decimal(cents) / 100
        story.order(one).filled(one, f"{price}", bill=None if bill is None else f"{bill}")
    found = costs(story.rows)
    whole = summed(found)
    assert whole.orders == len(orders)
    for group in GROUPS.values():
        parts = sum(grouped(found, group).values(), TradeCost())
        assert evolve(parts, seconds=0) == evolve(whole, seconds=0)
        assert parts.seconds == pytest.approx(whole.seconds)
    for day in {order.day for order in found}:
        (book,) = of_day(story.rows, date.fromisoformat(day)).books
        assert summed(book.costs) == grouped(found, GROUPS["day"])[day]


def test_the_last_session_counts_an_order_of_before_that_fills_in_it():
    story, hedge = Story(), intent(1)
    story.order(hedge).begin().filled(hedge, "600.01")
    (book,) = of_last_session(story.rows).books
    assert [order.intent.id for order in book.costs] == [hedge.id] and book.slippage == Decimal("0.08")
    story.tell(SessionBegan("paper", "test", ""), book="")
    story.order(intent(2), sent=False)
    (book,) = of_last_session(story.rows).books
    assert not book.costs


def test_of_a_real_day_the_attribution_s_costs_are_slippage_and_commissions():
    """Two ways to the same money: by order, and by interval."""
    (book,) = of_all(played()).books
    whole = summed(book.costs)
    assert book.earned is not None and (whole.orders, whole.unbilled, whole.unpriced) == (8, 0, 0)
    assert whole.commission == book.commission
    assert abs(-book.earned.costs - whole.total) < Decimal("0.25")


def test_json_carries_every_group_and_money_as_text():
    (book,) = of_all(played()).books
    (plain,) = plain_summary(of_all(played()))["books"]
    told = plain["trade_costs"]
    assert json.loads(json.dumps(told)) == plain_costs(book.costs)
    assert set(told) == {"total", "by_day", "by_purpose", "by_hour", "by_size"}
    assert sum(Decimal(each["slippage"]) for each in told["by_purpose"].values()) == Decimal(told["total"]["slippage"])
    first = plain_order(book.costs[0])
    assert (first["intent"], first["purpose"], first["price"]) == ("spy/1", Purpose.ENTRY.value, "21.79")


def test_an_option_sold_by_itself_costs_by_its_multiplier():
    story = Story()
    sold = intent(1, 3, Side.SELL, "11.9", instrument=CALL, snapshot_ids=(2,))
    order = the(story.order(sold).filled(sold, "11.95"))
    assert (order.arrival, order.cost.slippage, order.cost.spread_paid_pct) == (12, 15, 50)


def test_ops_tells_below_an_order_what_it_cost(tmp_path):
    write(tmp_path, played())

    def ops(*arguments):
        def loader(overrides):
            return load_config([f"state_dir={tmp_path}", *overrides], environment={})

        return CliRunner().invoke(cli.app, ["ops", "--kind", "Ordered", *arguments], obj=loader).stdout

    lines = ops("--purpose", "hedge").splitlines()
    assert lines[0].endswith("buy 8 to +0.0")
    assert (
        lines[1]
        .strip()
        .startswith("spy/2 (hedge): buy 8 at 600.01 against 600 at arrival: $0.08 worse (0.2 bp), 100% ")
    )
    told = json.loads(ops("--json"))["operations"]
    assert [len(each["costs"]) for each in told] == [1, 1, 1, 1, 1, 2, 1]
    assert told[1]["costs"][0]["slippage"] == "0.0800"


def large(purpose=Purpose.HEDGE):
    """One that cost so much that a figure takes all of its room."""
    story, hedge = Story(), intent(1, purpose=purpose)
    order = the(story.order(hedge).filled(hedge, "600.01"))
    dear = {"worth": Decimal(98_765_432), "slippage": Decimal("-12345.67"), "commission": Decimal("23456.78")}
    return evolve(order, cost=evolve(order.cost, orders=1234, unbilled=99, **dear))


def told(renderable, width):
    console = Console(file=io.StringIO(), width=width)
    console.print(renderable)
    return console.file.getvalue()


@pytest.mark.parametrize("width", (80, 100, 200))
def test_every_figure_is_whole_however_narrow_the_screen_is(width):
    text = told(CostTable("spy", [large(), large(Purpose.EXIT)]), width)
    assert "…" not in text and max(len(line) for line in text.splitlines()) <= width
    lines = [line for line in text.splitlines() if any(name in line for name in ("hedge", "exit", "together"))]
    assert len(lines) == 3
    for line in lines[:2]:
        assert all(figure in line for figure in ("1234", "-12,345.67", "23,456.78 + 99 unbilled"))
    assert all(figure in lines[2] for figure in ("2468", "-24,691.34", "46,913.56 + 198 unbilled"))
    assert ("on a wider" in text) is (width < 200)


@pytest.mark.parametrize("width", (40, 60, 80))
def test_of_a_summary_nothing_is_cut_at_any_width(width):
    text = told(shown(of_all(played())), width)
    assert "…" not in text
    wide = told(shown(of_all(played())), 300)
    earned = next(line for line in wide.splitlines() if "gamma" in line).split("│")[2].strip()
    assert earned in text
