"""A book's contracts, quotes for them, and a market that fills what it likes."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from gamma_scalper.domain.instruments import NICKEL_DIME_TICKS, Option, Stock
from gamma_scalper.domain.quotes import Quote
from gamma_scalper.domain.snapshots import Holding
from gamma_scalper.portfolio.flatten import FlattenParameters, plan_flatten
from gamma_scalper.portfolio.steps import Step

NOON = datetime(2026, 1, 5, 17, 0, tzinfo=UTC)
SHARES = Stock(con_id=1, symbol="SPY")


def option(con_id: int, right: str, strike: str = "600", **changes: Any) -> Option:
    return Option(
        **{
            "con_id": con_id,
            "underlying_con_id": SHARES.con_id,
            "symbol": "SPY",
            "right": right,
            "strike": strike,
            "expiry": date(2026, 2, 20),
            "expires_at": datetime(2026, 2, 20, 21, 15, tzinfo=UTC),
            "trading_class": "SPY",
            "tick_rule": NICKEL_DIME_TICKS,
        }
        | changes
    )


CALL, PUT = option(11, "C"), option(12, "P")
HIGH_CALL, LOW_PUT = option(13, "C", "620"), option(14, "P", "580")
CONTRACTS = {each.con_id: each for each in (SHARES, CALL, PUT, HIGH_CALL, LOW_PUT)}


def held(**quantities: int | str) -> tuple[Holding, ...]:
    """held(shares=-50, call=1): by the contracts' names here, those of zero left out."""
    named = {"shares": SHARES, "call": CALL, "put": PUT, "high_call": HIGH_CALL, "low_put": LOW_PUT}
    return tuple(Holding(named[name], Decimal(quantity)) for name, quantity in quantities.items() if Decimal(quantity))


def quote(con_id: int, bid: float | None, ask: float | None, **changes: Any) -> Quote:
    return Quote(
        **{"con_id": con_id, "snapshot_id": con_id + 100, "bid": bid, "ask": ask, "received_at": NOON} | changes
    )


def quotes(at: datetime = NOON, **others: Quote | None) -> dict[int, Quote]:
    """Good ones of every contract, with exceptions: quotes(put=None)."""
    by_name = {
        "shares": quote(1, 599.99, 600.01, received_at=at),
        "call": quote(11, 9.0, 9.2, received_at=at),
        "put": quote(12, 8.0, 8.2, received_at=at),
        "high_call": quote(13, 1.0, 1.1, received_at=at),
        "low_put": quote(14, 0.9, 1.0, received_at=at),
    } | others
    return {each.con_id: each for each in by_name.values() if each is not None}


def step(
    holdings: tuple[Holding, ...],
    looked: dict[int, Quote] | None = None,
    *,
    after_s: float = 0.0,
    began_with: tuple[Holding, ...] | None = None,
    parameters: FlattenParameters | None = None,
    **more: Any,
) -> Step:
    """Of a flattening that began at noon and has a minute."""
    now = NOON + timedelta(seconds=after_s)
    return plan_flatten(
        holdings,
        quotes(now) if looked is None else looked,
        now,
        began=NOON,
        began_with=holdings if began_with is None else began_with,
        within_s=60.0,
        parameters=parameters or FlattenParameters(),
        settled_through=3,
        **more,
    )


def ordered(planned: Step) -> dict[int, Decimal]:
    """conId -> signed quantity."""
    return {p.instrument.con_id: p.signed_quantity for p in planned.plan.proposals}


def limits(planned: Step) -> dict[int, str]:
    return {p.instrument.con_id: str(p.pricing.price) for p in planned.plan.proposals}


def up_and_down(quantities: dict[int, Decimal]) -> tuple[Decimal, Decimal]:
    """What the position gains per dollar when the market rises without end, and when it falls to nothing."""
    up = down = Decimal(0)
    for con_id, quantity in quantities.items():
        contract = CONTRACTS[con_id]
        if isinstance(contract, Stock):
            up, down = up + quantity, down - quantity
        elif contract.right == "C":
            up += quantity * contract.multiplier
        else:
            down += quantity * contract.multiplier
    return up, down
