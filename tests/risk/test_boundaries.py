"""Where each limit lies: the last figure that passes and the first that does not."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from attrs import evolve
from good_day import (
    CALL,
    DAY,
    NOW,
    PARAMETERS,
    PUT,
    SPY,
    at_path,
    good_facts,
    option,
    order,
    plan_of,
    proposal,
)
from spoiling import Asked, Change, a_good_one, both, given, ordered, planned, quoted, seen, steered

from gamma_scalper.domain.instruments import Combo, Leg
from gamma_scalper.domain.money import Money
from gamma_scalper.domain.orders import GoodTill, Limit, Market, Purpose, Side
from gamma_scalper.domain.proposals import Refused
from gamma_scalper.domain.quotes import DataType
from gamma_scalper.domain.sessions import Session
from gamma_scalper.domain.snapshots import Holding
from gamma_scalper.risk.facts import HedgeRecord, LegDelta
from gamma_scalper.risk.parameters import EventParameters, HoursParameters, QuoteParameters
from gamma_scalper.risk.permit import approve

ENTRY, HEDGE, REPAIR, EXIT, FLATTEN = Purpose


def refusers(asked: Asked) -> set[str]:
    answer = approve(asked.facts, asked.plan, asked.parameters)
    return {refusal.guard for refusal in answer.refusals} if isinstance(answer, Refused) else set()


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def buying(**changes) -> Change:
    """A hedge of shares bought, for a delta below its target."""
    return both(
        given("delta.projected", -60.0), ordered(**{"side": Side.BUY, "pricing": Limit(Decimal("600.01"))} | changes)
    )


def entering(**changes) -> Change:
    """An entry in calls such as these."""
    call = option("C", CALL.con_id, **changes)
    return ordered(instrument=call, side=Side.BUY, quantity=1, pricing=Limit(Decimal("10.10")))


def expiring(days: int) -> Change:
    expiry = DAY + timedelta(days=days)
    return entering(expiry=expiry, expires_at=datetime(expiry.year, expiry.month, expiry.day, 21, tzinfo=UTC))


def hedged(**changes) -> Change:
    return given("governance.hedging", HedgeRecord(**{"today": 1, "last_price": Decimal(590)} | changes))


def closing_at(minutes: float) -> Change:
    return given("market.contracts.*.session", Session(DAY, ago(3600), NOW + timedelta(minutes=minutes)))


# guard, purpose, the last that passes, the first that is refused
EDGES = [
    ("daily loss", HEDGE, given("governance.profit_today", Decimal("-999.99")),
     given("governance.profit_today", Decimal("-1000"))),
    ("drawdown", ENTRY, given("governance.drawdown", Decimal("2499.99")), given("governance.drawdown", Decimal(2500))),
    ("daily loss", HEDGE, given("governance.marked_at", ago(60)), given("governance.marked_at", ago(60.1))),
    ("drawdown", REPAIR, given("governance.marked_at", ago(60)), given("governance.marked_at", ago(60.1))),
    ("reconciled", EXIT, given("house.compared_at", ago(180)), given("house.compared_at", ago(180.1))),
    ("too old", FLATTEN, planned(decided_at=ago(2)), planned(decided_at=ago(2.01))),
    ("old position", EXIT, planned(settled_through=17), planned(settled_through=16)),
    ("order rate", HEDGE, given("governance.orders_lately", 29), given("governance.orders_lately", 30)),
    ("order rate", EXIT, given("governance.orders_lately", 27), given("governance.orders_lately", 28)),
    ("stale market", HEDGE, quoted(received_at=ago(5)), quoted(received_at=ago(5.01))),
    ("quote age", EXIT, quoted(received_at=ago(2)), quoted(received_at=ago(2.01))),
    ("quote age: flattening", FLATTEN, quoted(received_at=ago(30)), quoted(received_at=ago(30.1))),
    ("quote age", EXIT, seen(ago(2)), seen(ago(2.01))),
    ("true quotes", HEDGE, seen(ago(1)), seen(ago(1), DataType.DELAYED)),
    ("quote age: flattening", FLATTEN, seen(ago(30)), seen(ago(30.1))),
    ("old Greeks", HEDGE, seen(ago(5)), seen(ago(5.01))),
    ("data lag", HEDGE, given("delta.as_of", ago(1)), given("delta.as_of", ago(1.01))),
    ("gap", ENTRY, given("market.motion.jump_pct", 1.99), given("market.motion.jump_pct", 2.0)),
    ("hedge needed", HEDGE, given("delta.projected", 25.0), given("delta.projected", 24.99)),
    ("cooldown", HEDGE, hedged(last_at=ago(60)), hedged(last_at=ago(59.9))),
    ("hedges a day", HEDGE, hedged(today=49), hedged(today=50)),
    ("price move", HEDGE, hedged(last_price=Decimal("598.80")), hedged(last_price=Decimal("598.81"))),
    ("smallest hedge", HEDGE, ordered(quantity=10), ordered(quantity=9)),
    ("towards the target", HEDGE, ordered(quantity=61), ordered(quantity=62)),
    ("towards the target", HEDGE, ordered(quantity=10), buying(quantity=120)),
    ("towards the target", HEDGE, buying(quantity=61), buying(quantity=62)),
    ("Greeks", HEDGE, given("delta.legs", {CALL.con_id: LegDelta(own=0.6, broker=0.5), PUT.con_id: LegDelta(own=-1.0)}),
     given("delta.legs", {CALL.con_id: LegDelta(own=0.6, broker=0.49), PUT.con_id: LegDelta(own=-1.0)})),
    ("Greeks", HEDGE, given("delta.legs", {CALL.con_id: LegDelta(own=1.0), PUT.con_id: LegDelta(own=0.0)}),
     given("delta.legs", {CALL.con_id: LegDelta(own=1.01), PUT.con_id: LegDelta(own=0.0)})),
    ("Greeks", HEDGE, given("delta.legs", {CALL.con_id: LegDelta(own=1.0), PUT.con_id: LegDelta(own=0.0)}),
     given("delta.legs", {CALL.con_id: LegDelta(own=0.5, broker=float("nan")), PUT.con_id: LegDelta(own=0.0)})),
    ("order size", HEDGE, ordered(quantity=500), ordered(quantity=501)),
    ("order size", REPAIR, ordered(instrument=PUT, quantity=10), ordered(instrument=PUT, quantity=11)),
    ("share limit", HEDGE, ordered(quantity=960), ordered(quantity=961)),
    ("contract limit", ENTRY, ordered(instrument=PUT, side=Side.BUY, quantity=16),
     ordered(instrument=PUT, side=Side.BUY, quantity=17)),
    ("mending", REPAIR, ordered(instrument=PUT, quantity=1), ordered(instrument=PUT, quantity=2)),
    ("days to expiry", ENTRY, expiring(21), expiring(20)),
    ("days to expiry", ENTRY, expiring(35), expiring(36)),
    ("moneyness", ENTRY, entering(strike="618"), entering(strike="619")),
    ("moneyness", ENTRY, entering(strike="582"), entering(strike="581")),
    ("entry hours", ENTRY, closing_at(15), closing_at(14.9)),  # whether that is an early close or not
    ("session", EXIT, closing_at(1), given("market.contracts.*.session", Session(DAY, ago(60), NOW))),
    ("price collar", HEDGE, ordered(pricing=Limit(Decimal("594.00"))), ordered(pricing=Limit(Decimal("593.99")))),
    ("price collar", HEDGE, buying(pricing=Limit(Decimal("1.00"))), buying(pricing=Limit(Decimal("606.02")))),
    ("conformance", HEDGE, ordered(quantity=60), ordered(quantity=Decimal("60.5"))),
    ("shares to borrow", HEDGE, given("market.contracts.*.condition.shortable_shares", 1_060),
     given("market.contracts.*.condition.shortable_shares", 1_059)),
    ("buying power", HEDGE, given("money.costs", (Money(144_000),)), given("money.costs", (Money("144000.01"),))),
    ("budget", HEDGE, given("money.costs", (Money(90_000),)), given("money.costs", (Money("90000.01"),))),
    ("what-if", ENTRY, given("money.what_if.equity_with_loan_after", Money(24_200)),
     given("money.what_if.equity_with_loan_after", Money("24199.99"))),
]  # fmt: skip


@pytest.mark.parametrize(("guard", "purpose", "inside", "beyond"), EDGES)
def test_a_limit_lies_exactly_where_it_is_set(guard, purpose, inside, beyond):
    assert guard not in refusers(inside(a_good_one(purpose)))
    assert guard in refusers(beyond(a_good_one(purpose)))


# -- hours -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("restart_at", "now", "refused"),
    [
        ("23:45", datetime(2026, 1, 6, 4, 39, 59, tzinfo=UTC), False),  # 23:39:59 in New York's winter
        ("23:45", datetime(2026, 1, 6, 4, 40, tzinfo=UTC), True),
        ("23:45", datetime(2026, 7, 7, 3, 50, tzinfo=UTC), True),  # and in its summer
        ("23:45", datetime(2026, 7, 7, 4, 45, tzinfo=UTC), False),
        ("00:02", datetime(2026, 1, 6, 4, 58, tzinfo=UTC), True),  # the evening before
        ("23:58", datetime(2026, 1, 6, 5, 2, tzinfo=UTC), True),  # the morning after
        ("", datetime(2026, 1, 6, 4, 45, tzinfo=UTC), False),
    ],
)
def test_the_restart_is_kept_clear_of_in_the_gateways_own_time(restart_at, now, refused):
    asked = both(given("now", now), steered(hours=HoursParameters(restart_at=restart_at)))(a_good_one(HEDGE))
    assert ("restart blackout" in refusers(asked)) is refused


@pytest.mark.parametrize(("after_s", "refused"), [(599, True), (600, False)])
def test_entries_wait_after_the_open(after_s, refused):
    opened = Session(DAY, ago(after_s), NOW + timedelta(hours=5))
    asked = given("market.contracts.*.session", opened)(a_good_one(ENTRY))
    asked = steered(hours=HoursParameters(after_open_s=600))(asked)
    assert ("entry hours" in refusers(asked)) is refused


@pytest.mark.parametrize(
    ("changes", "fine"),
    [({"outside_rth": True}, True), ({}, False), ({"outside_rth": True, "pricing": Market()}, False)],
)
def test_outside_the_hours_shares_are_traded_by_limit_where_the_book_wants_it(changes, fine):
    night = both(
        ordered(**changes), given("market.contracts.*.session", Session(DAY, NOW + timedelta(1), NOW + timedelta(2)))
    )
    asked = steered(hours=HoursParameters(outside=True))(night(a_good_one(HEDGE)))
    assert ("session" not in refusers(asked)) is fine
    assert "session" in refusers(night(a_good_one(HEDGE)))


def test_options_are_never_traded_outside_their_hours():
    night = given("market.contracts.*.session", Session(DAY, NOW + timedelta(1), NOW + timedelta(2)))
    wide_open = steered(hours=HoursParameters(outside=True))
    sold = ordered(instrument=CALL, quantity=2, pricing=Limit(Decimal("10.00")), outside_rth=True)
    assert "session" in refusers(wide_open(night(sold(a_good_one(EXIT)))))


@pytest.mark.parametrize(
    ("today", "refused"),
    [
        ("2026-01-10", False),
        ("2026-01-11", True),
        ("2026-01-13", True),
        ("2026-01-14", True),
        ("2026-01-15", False),
    ],
)
def test_no_entry_from_two_days_before_an_event_to_one_after(today, refused):
    day = date.fromisoformat(today)
    asked = steered(events=EventParameters(dates="2026-06-01,2026-01-13"))(a_good_one(ENTRY))
    asked = given("market.contracts.*.session.day", day)(asked)
    assert ("event: entries" in refusers(asked)) is refused
    assert "event: hedges" not in refusers(asked)


# -- quotes ------------------------------------------------------------------------------------------------------------


def test_delayed_quotes_serve_where_the_book_says_so_and_frozen_ones_never():
    practice = steered(quotes=QuoteParameters(delayed=True))
    for data_type, fine in [(DataType.DELAYED, True), (DataType.DELAYED_FROZEN, False), (DataType.FROZEN, False)]:
        asked = practice(given("market.contracts.*.condition.data_type", data_type)(a_good_one(HEDGE)))
        assert ("true market" not in refusers(asked)) is fine
        assert ("true quotes" not in refusers(asked)) is fine


def test_a_quote_that_says_itself_that_it_is_delayed_is_believed():
    asked = quoted(data_type=DataType.DELAYED)(a_good_one(HEDGE))
    assert {"true market", "true quotes"} <= refusers(asked)


def test_cheap_options_may_have_a_spread_of_some_cents():
    cheap = ordered(instrument=PUT, side=Side.BUY, quantity=1, pricing=Limit(Decimal("0.20")))
    asked = cheap(a_good_one(REPAIR))
    assert "spread" not in refusers(quoted(bid=0.10, ask=0.20)(asked))
    assert "spread" in refusers(quoted(bid=0.10, ask=0.21)(asked))


def test_flattening_sells_at_a_bid_though_there_be_no_ask():
    asked = quoted(ask=None)(a_good_one(FLATTEN))
    selling = evolve(asked.plan, proposals=asked.plan.proposals[:2])
    assert refusers(evolve(asked, plan=selling, facts=at_path(asked.facts, "money.costs", None))) == set()


def test_an_option_is_halted_with_its_underlying_though_nothing_is_said_of_the_option():
    contracts = dict(good_facts().market.contracts)
    for con_id in (CALL.con_id, PUT.con_id):
        contracts[con_id] = evolve(contracts[con_id], condition=evolve(contracts[con_id].condition, halted=None))
    asked = given("market.contracts", contracts)(a_good_one(EXIT))
    assert refusers(asked) == set()
    halted = evolve(contracts[SPY.con_id], condition=evolve(contracts[SPY.con_id].condition, halted=True))
    assert refusers(given("market.contracts", contracts | {SPY.con_id: halted})(asked)) == {"trading halt"}


# -- short sales -------------------------------------------------------------------------------------------------------

RESTRICTED = given("market.contracts.*.condition.short_sale_restricted", True)


@pytest.mark.parametrize(
    ("held", "limit", "refused"), [(60, "599.99", False), (59, "599.99", True), (59, "600.00", False)]
)
def test_under_the_restriction_only_what_is_not_held_must_be_sold_above_the_bid(held, limit, refused):
    asked = both(RESTRICTED, ordered(pricing=Limit(Decimal(limit))))(a_good_one(HEDGE))
    asked = given("book.holdings", (Holding(CALL, 2), Holding(SPY, held)))(asked)
    assert ("short sale restriction" in refusers(asked)) is refused


def test_shares_that_a_working_order_sells_are_not_there_to_be_sold_again():
    asked = both(RESTRICTED, ordered(pricing=Limit(Decimal("599.99"))))(a_good_one(HEDGE))
    asked = given("book.holdings", (Holding(CALL, 2), Holding(SPY, 60)))(asked)
    selling = order(side=Side.SELL, quantity=1, lifetime=GoodTill(NOW + timedelta(seconds=9)))
    assert "short sale restriction" in refusers(given("book.live", (selling,))(asked))


def test_shares_sold_short_as_a_leg_are_short_sales_too():
    covered = Combo([Leg(CALL, 1), Leg(SPY, -100)])
    entry = ordered(instrument=covered, side=Side.BUY, quantity=1, pricing=Limit(Decimal("-589.00")))
    asked = RESTRICTED(entry(a_good_one(ENTRY)))
    assert "short sale restriction" in refusers(asked)
    assert "shares to borrow" in refusers(given("market.contracts.*.condition.shortable_shares", 1_099)(asked))


def test_an_option_is_sold_without_asking_for_shares():
    sold = ordered(instrument=CALL, side=Side.SELL, quantity=9, pricing=Limit(Decimal("10.00")))
    asked = given("market.contracts.*.condition.shortable_shares", None)(RESTRICTED(sold(a_good_one(REPAIR))))
    assert not {"shares to borrow", "short sale restriction"} & refusers(asked)


@pytest.mark.parametrize(
    ("side", "working", "refused"), [(Side.BUY, 100, False), (Side.SELL, 1, True), (Side.BUY, 1, False)]
)
def test_a_position_is_limited_with_all_that_is_working(side, working, refused):
    asked = both(given("book.live", (order(side=side, quantity=working),)), ordered(quantity=960))(a_good_one(HEDGE))
    assert ("share limit" in refusers(asked)) is refused
    more = both(given("book.live", (order(side=side, quantity=working),)), ordered(quantity=1_061))(a_good_one(HEDGE))
    assert "share limit" in refusers(more)


def test_two_sales_in_one_plan_can_not_sell_the_same_shares():
    asked = given("book.holdings", (Holding(CALL, 2), Holding(SPY, 60)))(RESTRICTED(a_good_one(HEDGE)))
    twice = plan_of(proposal(quantity=40), proposal(quantity=40))
    asked = evolve(asked, plan=twice, facts=at_path(asked.facts, "money.costs", (Money(0), Money(0))))
    assert "short sale restriction" in refusers(asked)
    assert "short sale restriction" not in refusers(
        evolve(asked, plan=plan_of(proposal(quantity=40), proposal(quantity=20)))
    )


def test_selling_what_is_held_asks_nobody_for_shares():
    facts = at_path(good_facts(EXIT), "book.holdings", (Holding(SPY, 60), Holding(CALL, 1)))
    facts = at_path(facts, "market.contracts.*.condition.shortable_shares", None)
    plan = plan_of(proposal(purpose=HEDGE))
    answer = approve(at_path(facts, "money.costs", (Money(0),)), plan, PARAMETERS)
    assert not isinstance(answer, Refused)


# -- contracts nobody knows --------------------------------------------------------------------------------------------


def test_a_contract_of_which_nothing_is_known_is_not_traded():
    stranger = ordered(instrument=option("C", 4711), side=Side.BUY, quantity=1, pricing=Limit(Decimal("10.10")))
    assert {"quote age", "session", "true quotes", "spread"} <= refusers(stranger(a_good_one(ENTRY)))
