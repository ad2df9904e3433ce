"""A book with straddles at one moment, for hedges to be decided on; and the guards' view of what is decided."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from gamma_scalper.domain.entries import Mode
from gamma_scalper.domain.greeks import Greeks
from gamma_scalper.domain.instruments import Option, Stock
from gamma_scalper.domain.orders import GoodTill, Intent, IntentId, Limit, Order, Purpose, Side, Working
from gamma_scalper.domain.pictures import LegFigures, Picture
from gamma_scalper.domain.proposals import Plan
from gamma_scalper.domain.quotes import Quote
from gamma_scalper.domain.sessions import Session
from gamma_scalper.domain.snapshots import Holding, MarketSnapshot, PositionSnapshot
from gamma_scalper.strategies.base import Act, Decision, Standing, View
from gamma_scalper.strategies.limits import Limits
from gamma_scalper.strategies.scene import Scene, scene

NOW = datetime(2026, 1, 5, 17, tzinfo=UTC)
EXPIRES = datetime(2026, 2, 4, 17, tzinfo=UTC)
SPY = Stock(con_id=1, symbol="SPY")
OPEN = Session(NOW.date(), NOW - timedelta(hours=2), NOW + timedelta(hours=4))
LIMITS = Limits(
    cooldown_s=60,
    force_shares=500,
    force_per_straddle=0,
    min_shares=1,
    min_per_straddle=0,
    max_order_shares=500,
    max_order_per_straddle=0,
    hedge_shares=0,
    hedge_per_straddle=0,
    min_dte=20,
    max_dte=40,
    moneyness_pct=3,
    budget=100_000,
)
ALLOWED = Standing(mode=Mode.LIVE)


def option(right: Any, con_id: int) -> Option:
    return Option(
        con_id=con_id,
        underlying_con_id=1,
        symbol="SPY",
        right=right,
        strike=Decimal(600),
        expiry=date(2026, 2, 4),
        expires_at=EXPIRES,
        trading_class="SPY",
    )


CALL, PUT = option("C", 11), option("P", 12)


def quote(con_id: int, bid: float, ask: float, now: datetime = NOW) -> Quote:
    return Quote(con_id=con_id, snapshot_id=100 + con_id, bid=bid, ask=ask, received_at=now)


def seen(
    projected: float,
    *,
    now: datetime = NOW,
    straddles: int = 1,
    shares: int = 0,
    gamma: float = 3.12,  # of one straddle
    vol: float | None = 0.15,
    bid: float = 599.99,
    ask: float = 600.01,
    live: tuple[Order, ...] = (),
    settled_through: int = 7,
    standing: Standing = ALLOWED,
    session: Session | None = OPEN,
    call_delta: float = 0.53,
) -> Scene:
    """What is seen when the projected delta is this; negative straddles are sold."""
    holdings = [Holding(CALL, straddles), Holding(PUT, straddles)] if straddles else []
    holdings += [Holding(SPY, shares)] if shares else []
    half = Greeks(price=10.0, delta=call_delta, gamma=gamma / 200, theta_per_day=-0.17, vega=0.7)
    other = Greeks(price=10.0, delta=call_delta - 1, gamma=gamma / 200, theta_per_day=-0.17, vega=0.7)
    whole = (half + other) * (100.0 * straddles)
    picture = Picture(
        at=now,
        market=MarketSnapshot(
            at=now,
            underlying_con_id=1,
            quotes=(quote(1, bid, ask, now), quote(11, 9.98, 10.02, now), quote(12, 9.98, 10.02, now)),
            session=session,
        ),
        position=PositionSnapshot(holdings=holdings, live=live, settled_through=settled_through),
        legs=[LegFigures(option=CALL, greeks=half, vol=vol), LegFigures(option=PUT, greeks=other, vol=vol)],
        options=whole,
        filled=projected - sum(float(order.signed_remaining) for order in live),
        projected=projected,
    )
    found = scene(View(now=now, book="spy", underlying=SPY, picture=picture, standing=standing))
    assert isinstance(found, Scene)
    return found


def working(
    side: Side,
    quantity: int,
    price: str,
    *,
    patience_s: float,
    since: datetime = NOW,
    number: int = 8,
    state: Any = None,
    filled: int = 0,
    purpose: Purpose = Purpose.HEDGE,
) -> Order:
    intent = Intent(
        id=IntentId("spy", number),
        purpose=purpose,
        instrument=SPY,
        side=side,
        quantity=Decimal(quantity),
        pricing=Limit(Decimal(price)),
        lifetime=GoodTill(since + timedelta(seconds=2 * patience_s)),
        account="DU1",
        snapshot_ids=(101,),
        reason="test",
    )
    return Order(intent, state or Working(), Decimal(filled))


def plan_in(decision: Decision) -> Plan:
    assert isinstance(decision, Act), decision
    assert isinstance(decision.command, Plan)
    return decision.command


def traded(decision: Decision) -> int:
    """Shares, negative where they are sold; 0 where nothing is done."""
    if not isinstance(decision, Act):
        return 0
    return int(sum(proposal.signed_quantity for proposal in plan_in(decision).proposals))
