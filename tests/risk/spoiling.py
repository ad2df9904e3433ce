"""For every guard: a plan it looks at and lets pass, and the least that makes it refuse."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

import attrs
from attrs import evolve, frozen
from good_day import (
    CALL,
    NOW,
    PARAMETERS,
    PUT,
    QQQ,
    SPY,
    at_path,
    good_facts,
    good_plan,
    order,
    plan_of,
    proposal,
)

from gamma_scalper.domain.entries import Halted, Mode
from gamma_scalper.domain.money import Money
from gamma_scalper.domain.orders import Limit, Market, Purpose, Side, Unknown
from gamma_scalper.domain.ports import Link
from gamma_scalper.domain.proposals import Plan
from gamma_scalper.domain.quotes import DataType, Quote
from gamma_scalper.domain.snapshots import Holding
from gamma_scalper.risk.facts import Facts, HedgeRecord, LegDelta
from gamma_scalper.risk.parameters import EventParameters, RiskParameters


@frozen
class Asked:
    """What a guard is asked."""

    facts: Facts
    plan: Plan
    parameters: RiskParameters = PARAMETERS


Change = Callable[[Asked], Asked]


def a_good_one(purpose: Purpose) -> Asked:
    return Asked(good_facts(purpose), good_plan(purpose))


def given(path: str, value: object) -> Change:
    """One fact is this."""
    return lambda asked: evolve(asked, facts=at_path(asked.facts, path, value))


def ordered(**changes: object) -> Change:
    """The plan is one order, such as this."""

    def change(asked: Asked) -> Asked:
        wanted = proposal(**{"purpose": asked.plan.purpose} | changes)
        return evolve(asked, plan=plan_of(wanted), facts=at_path(asked.facts, "money.costs", (Money(0),)))

    return change


def planned(**changes: object) -> Change:
    """Something about the plan is this."""
    return lambda asked: evolve(asked, plan=evolve(asked.plan, **changes))


def quoted(**changes: object) -> Change:
    """Every quote is such."""

    def change(asked: Asked) -> Asked:
        contracts = asked.facts.market.contracts or {}
        changed = {con_id: evolve(each, quote=evolve(each.quote, **changes)) for con_id, each in contracts.items()}
        return evolve(asked, facts=at_path(asked.facts, "market.contracts", changed))

    return change


def steered(**sections: object) -> Change:
    return lambda asked: evolve(asked, parameters=evolve(asked.parameters, **sections))


def both(*changes: Change) -> Change:
    def change(asked: Asked) -> Asked:
        for each in changes:
            asked = each(asked)
        return asked

    return change


def seen(received_at: datetime, data_type: DataType = DataType.LIVE) -> Change:
    """The plan was decided on a quote of the call of that moment."""
    old = Quote(con_id=CALL.con_id, snapshot_id=1, bid=10.0, ask=10.1, received_at=received_at, data_type=data_type)
    return planned(quotes=(old,))


def as_it_is(asked: Asked) -> Asked:
    return asked


@frozen
class Case:
    """`spoil` makes the guard refuse what it let pass after `begin`."""

    spoil: Change
    begin: Change = as_it_is
    also: Change = as_it_is  # a third thing to ask, where it takes that to show a setting at work


_LATER = NOW + timedelta(hours=5)
_OLD = NOW - timedelta(seconds=40)
SHORT_SALE = ordered(side=Side.SELL, quantity=60, pricing=Limit(Decimal("600.00")))
SHARES = ordered(side=Side.BUY, quantity=60, pricing=Limit(Decimal("600.01")))
OPTIONS = ordered(instrument=PUT, side=Side.BUY, quantity=1, pricing=Limit(Decimal("9.60")))
_CROSSING = order(
    book="qqq", purpose=Purpose.HEDGE, instrument=CALL, side=Side.BUY, quantity=1, pricing=Limit(Decimal("10.10"))
)
_CALL_ORDERED = ordered(instrument=CALL, side=Side.SELL, quantity=1, pricing=Limit(Decimal("10.00")))
_DOUBTFUL = order(state=Unknown("never answered"), instrument=CALL, side=Side.SELL, quantity=1)
_EVENT = EventParameters(dates="2026-01-06", stop_hedges=True)
_YESTERDAYS = steered(events=EventParameters(dates="2026-01-04", stop_hedges=True))


def _mode(mode: Mode) -> Case:
    return Case(given("governance.mode", mode))


CASES: dict[str, Case] = {
    "mode: entries": _mode(Mode.DEGRADED),
    "mode: going on": _mode(Mode.EMERGENCY),
    "mode: flattening": _mode(Mode.OBSERVE),
    "panic file": Case(given("house.panic", True)),
    "pause": Case(given("governance.paused", "lunch, by anna")),
    "halt": Case(given("governance.halts", (Halted("rejections", "5 in a row"),))),
    "daily loss": Case(given("governance.profit_today", Decimal(-1000))),
    "drawdown": Case(given("governance.drawdown", Decimal(2500))),
    "link": Case(given("house.link", Link.CONFIRMING)),
    "reconciled": Case(given("house.unexplained", (42,))),
    "reconciled: flattening": Case(given("house.unexplained", (PUT.con_id,))),
    "unknown order": Case(given("book.live", (_DOUBTFUL,))),
    "unknown order: flattening": Case(given("book.live", (_DOUBTFUL,))),
    "one thing at a time": Case(given("book.live", (order(),))),
    "old position": Case(given("book.settled_through", 18)),
    "too old": Case(planned(decided_at=NOW - timedelta(seconds=2.1))),
    "self-cross": Case(given("book.others", (_CROSSING,)), begin=_CALL_ORDERED),
    "order rate": Case(given("governance.orders_lately", 30)),
    "entry hours": Case(given("now", NOW + timedelta(hours=3, minutes=46))),
    "hedging hours": Case(given("now", _LATER)),
    "session": Case(given("now", _LATER), also=both(ordered(outside_rth=True), given("now", _LATER))),
    "restart blackout": Case(given("now", NOW + timedelta(hours=11, minutes=41))),  # 23:41 in New York
    "trading halt": Case(given("market.contracts.*.condition.halted", True)),
    "event: entries": Case(steered(events=_EVENT), also=_YESTERDAYS),
    "event: hedges": Case(steered(events=_EVENT), also=_YESTERDAYS),
    "stale market": Case(quoted(received_at=NOW - timedelta(seconds=5.1))),
    "true market": Case(given("market.contracts.*.condition.data_type", DataType.DELAYED)),
    "gap": Case(given("market.motion.jump_pct", 2.0)),
    "liquidity": Case(quoted(bid=590.0, ask=600.0)),
    "data lag": Case(given("delta.as_of", NOW - timedelta(seconds=1.1))),
    "quote age": Case(quoted(received_at=NOW - timedelta(seconds=2.1))),
    "quote age: flattening": Case(quoted(received_at=_OLD)),
    "old Greeks": Case(seen(NOW - timedelta(seconds=5.1))),
    "true quotes": Case(
        given("market.contracts.*.condition.frozen", "a competing session"),
        also=given("market.contracts.*.condition.data_type", DataType.DELAYED),
    ),
    "spread": Case(quoted(bid=8.0, ask=10.0), begin=OPTIONS),
    "Greeks": Case(given("delta.legs", {CALL.con_id: LegDelta(own=0.62, broker=0.40), PUT.con_id: LegDelta(own=-0.3)})),
    "something to hedge": Case(given("book.holdings", (Holding(SPY, -40),))),
    "hedge needed": Case(given("delta.projected", 24.9)),
    "cooldown": Case(given("governance.hedging", HedgeRecord(today=1, last_at=NOW - timedelta(seconds=59)))),
    "hedges a day": Case(given("governance.hedging", HedgeRecord(today=50))),
    "price move": Case(given("governance.hedging", HedgeRecord(today=1, last_price=Decimal("599.00")))),
    "smallest hedge": Case(ordered(quantity=9)),
    "towards the target": Case(given("delta.target", 60.5)),
    "own underlying": Case(ordered(instrument=QQQ)),
    "leg imbalance": Case(given("book.imbalance", Decimal(1))),
    "mending": Case(given("book.imbalance", Decimal(0))),
    "nothing naked": Case(ordered(instrument=CALL, side=Side.SELL, quantity=2, pricing=Limit(Decimal("10.00")))),
    "bought options": Case(ordered(instrument=PUT, side=Side.SELL, quantity=1, pricing=Limit(Decimal("9.50")))),
    "orphan: entries": Case(given("book.holdings", (Holding(SPY, -40),))),
    "orphan": Case(given("book.holdings", (Holding(SPY, -40),)), begin=SHORT_SALE),
    "only reduces": Case(given("book.holdings", (Holding(CALL, 1), Holding(PUT, 2), Holding(SPY, -40)))),
    "days to expiry": Case(given("market.contracts.*.session.day", NOW.date() + timedelta(days=8))),
    "moneyness": Case(quoted(bid=580.0, ask=580.1)),
    "price collar": Case(
        ordered(side=Side.BUY, pricing=Limit(Decimal("606.02"))),
        begin=ordered(side=Side.BUY, pricing=Limit(Decimal("606.01"))),
        also=ordered(instrument=PUT, side=Side.BUY, quantity=1, pricing=Limit(Decimal("12.01"))),
    ),
    "price collar: flattening": Case(
        ordered(instrument=CALL, side=Side.SELL, quantity=2, pricing=Limit(Decimal("4.99"))),
        begin=ordered(instrument=CALL, side=Side.SELL, quantity=2, pricing=Limit(Decimal("5.00"))),
        also=ordered(side=Side.BUY, quantity=40, pricing=Limit(Decimal("660.02"))),
    ),
    "market order": Case(quoted(bid=599.0, ask=600.0), begin=ordered(pricing=Market())),
    "conformance": Case(ordered(pricing=Limit(Decimal("599.995")))),
    "order size": Case(ordered(quantity=501), begin=ordered(quantity=500)),
    "share limit": Case(ordered(side=Side.SELL, quantity=961), begin=ordered(side=Side.SELL, quantity=960)),
    "notional limit": Case(quoted(bid=2600.0, ask=2600.2), begin=SHORT_SALE),
    "contract limit": Case(given("book.holdings", (Holding(CALL, 18), Holding(PUT, 2))), begin=OPTIONS),
    "shares to borrow": Case(given("market.contracts.*.condition.shortable_shares", 1_000), begin=SHORT_SALE),
    "short sale restriction": Case(
        both(
            given("market.contracts.*.condition.short_sale_restricted", True), ordered(pricing=Limit(Decimal("599.99")))
        ),
        begin=SHORT_SALE,
    ),
    "buying power": Case(given("money.costs", (Money(144_001),)), begin=SHARES),
    "budget": Case(given("money.costs", (Money(90_001),)), begin=SHARES),
    "what-if": Case(given("money.what_if.equity_with_loan_after", Money(24_199))),
}

# Reducing plans, for the guards that let these through.
REDUCING: dict[Purpose, Change] = {
    Purpose.HEDGE: both(
        given("delta.projected", -60.0), ordered(side=Side.BUY, quantity=20, pricing=Limit(Decimal("600.01")))
    ),
    Purpose.REPAIR: ordered(instrument=CALL, side=Side.SELL, quantity=1, pricing=Limit(Decimal("10.00"))),
}


class Watched:
    """Parameters that write down what is read of them."""

    def __init__(self, parameters: object, read: set[str], path: str = "") -> None:
        self._parameters, self._read, self._path = parameters, read, path

    def __getattr__(self, name: str) -> object:
        value, path = getattr(self._parameters, name), f"{self._path}{name}"
        if attrs.has(type(value)):
            return Watched(value, self._read, f"{path}.")
        self._read.add(path)
        return value
