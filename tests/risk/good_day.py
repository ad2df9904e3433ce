"""A moment on which every purpose is permitted, and plans that are approved on it: to spoil one thing at a time."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from attrs import evolve

from gamma_scalper.domain.entries import Mode
from gamma_scalper.domain.instruments import Option, Stock
from gamma_scalper.domain.money import Money
from gamma_scalper.domain.orders import GoodTill, Intent, IntentId, Limit, Order, Purpose, Side, Working
from gamma_scalper.domain.ports import AccountValues, Condition, Link, MarginImpact
from gamma_scalper.domain.proposals import Plan, Proposal
from gamma_scalper.domain.quotes import DataType, Quote
from gamma_scalper.domain.sessions import Session
from gamma_scalper.domain.snapshots import Holding
from gamma_scalper.risk.facts import (
    BookFacts,
    ContractFacts,
    DeltaFacts,
    Facts,
    GovernanceFacts,
    HedgeRecord,
    HouseFacts,
    LegDelta,
    MarketFacts,
    MoneyFacts,
    Motion,
    PurseFacts,
)
from gamma_scalper.risk.parameters import RiskParameters

NOW = datetime(2026, 1, 5, 17, 0, tzinfo=UTC)
DAY = date(2026, 1, 5)
PARAMETERS = RiskParameters()
SPY = Stock(con_id=756733, symbol="SPY")
QQQ = Stock(con_id=320227571, symbol="QQQ")


def option(right: str, con_id: int, **changes: Any) -> Option:
    return Option(
        **{
            "con_id": con_id,
            "underlying_con_id": SPY.con_id,
            "symbol": "SPY",
            "right": right,
            "strike": "600",
            "expiry": date(2026, 2, 2),
            "expires_at": datetime(2026, 2, 2, 21, 15, tzinfo=UTC),
            "trading_class": "SPY",
        }
        | changes
    )


CALL, PUT = option("C", 1001), option("P", 1002)


def quote(con_id: int, bid: float | None, ask: float | None, **changes: Any) -> Quote:
    return Quote(
        **{"con_id": con_id, "snapshot_id": con_id, "bid": bid, "ask": ask, "bid_size": 90, "ask_size": 90}
        | {"received_at": NOW - timedelta(seconds=0.2)}
        | changes
    )


def contract(instrument: Stock | Option, bid: float, ask: float) -> ContractFacts:
    return ContractFacts(
        instrument=instrument,
        quote=quote(instrument.con_id, bid, ask),
        condition=Condition(
            data_type=DataType.LIVE,
            halted=False,
            shortable_shares=1_000_000,
            short_sale_restricted=False,
            prior_close=599.0,
        ),
        session=Session(DAY, NOW - timedelta(hours=2, minutes=30), NOW + timedelta(hours=4)),
    )


def good_facts(purpose: Purpose = Purpose.HEDGE) -> Facts:
    """Of a book with two straddles, 40 shares short; for a REPAIR one put is lacking."""
    puts = 1 if purpose is Purpose.REPAIR else 2
    return Facts(
        now=NOW,
        governance=GovernanceFacts(
            mode=Mode.LIVE,
            paused="",
            halts=(),
            hedging=HedgeRecord(today=3, last_at=NOW - timedelta(minutes=10), last_price=Decimal("590.00")),
            orders_lately=2,
            marked_at=NOW - timedelta(seconds=8),
            profit_today=Decimal(-120),
            drawdown=Decimal(300),
            rejections=0,
        ),
        house=HouseFacts(panic=False, link=Link.READY, compared_at=NOW - timedelta(seconds=20), unexplained=()),
        book=BookFacts(
            book="spy",
            underlying=SPY,
            holdings=(Holding(CALL, 2), Holding(PUT, puts), Holding(SPY, -40)),
            live=(),
            others=(),
            settled_through=17,
            straddles=Decimal(2),
            imbalance=Decimal(2 - puts),
        ),
        market=MarketFacts(
            contracts={
                SPY.con_id: contract(SPY, 599.99, 600.01),
                CALL.con_id: contract(CALL, 10.00, 10.10),
                PUT.con_id: contract(PUT, 9.50, 9.60),
            },
            motion=Motion(jump_pct=0.01, confirmed=False, efficiency=0.2, realised_vol=0.16, implied_vol=0.15),
        ),
        delta=DeltaFacts(
            as_of=NOW - timedelta(seconds=0.1),
            legs={CALL.con_id: LegDelta(own=0.62, broker=0.61), PUT.con_id: LegDelta(own=-0.38, broker=-0.38)},
            gamma=12.0,
            filled=60.0,
            projected=60.0,
            centre=0.0,
            target=0.0,
        ),
        money=MoneyFacts(
            account=AccountValues(
                at=NOW - timedelta(seconds=60),
                net_liquidation=Money(200_000),
                available_funds=Money(150_000),
                excess_liquidity=Money(150_000),
                buying_power=Money(600_000),
                initial_margin=Money(20_000),
                maintenance_margin=Money(15_000),
            ),
            purse=PurseFacts(reserved=Money(5_000), used=Money(10_000)),
            costs=tuple(Money(0) for _ in good_plan(purpose).proposals),
            what_if=MarginImpact(
                initial_change=Money(2_000),
                initial_after=Money(22_000),
                maintenance_after=Money(17_000),
                equity_with_loan_after=Money(190_000),
            ),
        ),
    )


def proposal(**changes: Any) -> Proposal:
    return Proposal(
        **{
            "purpose": Purpose.HEDGE,
            "instrument": SPY,
            "side": Side.SELL,
            "quantity": 60,
            "pricing": Limit(Decimal("599.99")),
            "patience_s": 10,
            "snapshot_ids": (SPY.con_id,),
            "reason": "delta 60 above the band",
        }
        | changes
    )


def plan_of(*proposals: Proposal, **changes: Any) -> Plan:
    return Plan(**{"proposals": proposals, "decided_at": NOW, "good_for_s": 2, "settled_through": 17} | changes)


_BUY_CALL = {"instrument": CALL, "side": Side.BUY, "quantity": 1, "pricing": Limit(Decimal("10.10"))}
_BUY_PUT = {"instrument": PUT, "side": Side.BUY, "quantity": 1, "pricing": Limit(Decimal("9.60"))}
_SELL_CALLS = {"instrument": CALL, "side": Side.SELL, "quantity": 2, "pricing": Limit(Decimal("10.00"))}
_SELL_PUTS = {"instrument": PUT, "side": Side.SELL, "quantity": 2, "pricing": Limit(Decimal("9.50"))}
_BUY_SHARES = {"instrument": SPY, "side": Side.BUY, "quantity": 40, "pricing": Limit(Decimal("600.01"))}

_ORDERS: dict[Purpose, tuple[dict[str, Any], ...]] = {
    Purpose.ENTRY: (_BUY_CALL, _BUY_PUT),
    Purpose.HEDGE: ({},),
    Purpose.REPAIR: (_BUY_PUT,),
    Purpose.EXIT: (_SELL_CALLS, _SELL_PUTS, _BUY_SHARES),
    Purpose.FLATTEN: (_SELL_CALLS, _SELL_PUTS, _BUY_SHARES),
}


def good_plan(purpose: Purpose) -> Plan:
    return plan_of(*(proposal(**each, purpose=purpose) for each in _ORDERS[purpose]))


def order(number: int = 9, book: str = "spy", state: Any = None, **changes: Any) -> Order:
    """A living order of 10 SPY at a price nobody meets."""
    wanted = Intent(
        **{
            "id": IntentId(book, number),
            "purpose": Purpose.HEDGE,
            "instrument": SPY,
            "side": Side.BUY,
            "quantity": 10,
            "pricing": Limit(Decimal("500.00")),
            "lifetime": GoodTill(NOW + timedelta(seconds=30)),
            "account": "DU1",
            "snapshot_ids": (1,),
            "reason": "test",
        }
        | changes
    )
    return Order(intent=wanted, state=state or Working())


def at_path(facts: Any, path: str, value: Any) -> Any:
    """The same facts with one of them replaced; `*` is every contract or leg."""
    if facts is None:
        return None
    name, _, rest = path.partition(".")
    if name == "*":
        return {key: at_path(each, rest, value) for key, each in facts.items()}
    return evolve(facts, **{name: at_path(getattr(facts, name), rest, value) if rest else value})
