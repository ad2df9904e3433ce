"""A book and an account, each told what it is to know."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from gamma_scalper.domain.fills import Fill
from gamma_scalper.domain.instruments import Option, Stock
from gamma_scalper.domain.orders import (
    ImmediateOrCancel,
    Intent,
    IntentId,
    Limit,
    Order,
    OrderState,
    Purpose,
    Side,
    Unknown,
)
from gamma_scalper.domain.ports import BrokerHolding, OrderReport, Standing
from gamma_scalper.domain.snapshots import Holding
from gamma_scalper.portfolio.ledger import Ledger, booked
from gamma_scalper.portfolio.reconcile import Reconciliation, reconcile
from gamma_scalper.portfolio.records import AccountRecords, Claim

MIDNIGHT = datetime(2026, 2, 20, 5, 0, tzinfo=UTC)
NOW = datetime(2026, 2, 20, 15, 0, tzinfo=UTC)
YESTERDAY = datetime(2026, 2, 19, 17, 0, tzinfo=UTC)
ENDED = datetime(2026, 2, 21, 12, 0, tzinfo=UTC)  # the morning after the options' last day

SPY = Stock(con_id=1, symbol="SPY")
NVDA = Stock(con_id=2, symbol="NVDA")


def option(con_id: int, right: str, strike: str = "600", **changes: Any) -> Option:
    return Option(
        **{
            "con_id": con_id,
            "underlying_con_id": SPY.con_id,
            "symbol": "SPY",
            "right": right,
            "strike": strike,
            "expiry": date(2026, 2, 20),
            "expires_at": datetime(2026, 2, 20, 21, 15, tzinfo=UTC),
            "trading_class": "SPY",
        }
        | changes
    )


CALL, PUT, HIGH_CALL = option(11, "C"), option(12, "P"), option(13, "C", "610")
CONTRACTS = {each.con_id: each for each in (SPY, NVDA, CALL, PUT, HIGH_CALL)}


def fill(quantity: int, price: str = "600", what: Stock | Option = SPY, *, of: int | None = 1, **changes: Any) -> Fill:
    """A signed quantity; `of` is the number of the intent, None where nobody of ours asked for it."""
    return Fill(
        **{
            "exec_id": f"a.b.{of or 0}{quantity:+}.01",
            "intent": None if of is None else IntentId("spy", of),
            "perm_id": 7,
            "account": "DU1",
            "instrument": what,
            "side": Side.BUY if quantity > 0 else Side.SELL,
            "quantity": abs(quantity),
            "price": price,
            "at": NOW - timedelta(hours=1),
        }
        | changes
    )


def order(number: int, quantity: int, what: Stock | Option = SPY, *, limit: str = "600", **changes: Any) -> Order:
    """One in doubt, unless it is said to be in another state."""
    state: OrderState = changes.pop("state", Unknown("the process died"))
    book = changes.pop("book", "spy")
    intent = Intent(
        **{
            "id": IntentId(book, number),
            "purpose": Purpose.HEDGE,
            "instrument": what,
            "side": Side.BUY if quantity > 0 else Side.SELL,
            "quantity": abs(quantity),
            "pricing": Limit(Decimal(limit)),
            "lifetime": ImmediateOrCancel(),
            "account": "DU1",
            "snapshot_ids": (1,),
            "reason": "delta",
        }
        | changes
    )
    return Order(intent, state)


def ledger(*entries: Any, book: str = "spy") -> Ledger:
    made = Ledger(book)
    for entry in entries:
        made = booked(made, entry, YESTERDAY)
    return made


def bought(number: int, quantity: int, what: Stock | Option = SPY, price: str = "600", book: str = "spy") -> Fill:
    """Yesterday: the broker tells of it no more."""
    return fill(
        quantity, price, what, of=number, exec_id=f"y.{book}.{number}.01", intent=IntentId(book, number), at=YESTERDAY
    )


def claim(*entries: Any, book: str = "spy", **changes: Any) -> Claim:
    return Claim(**{"ledger": ledger(*entries, book=book), "last_number": 100} | changes)


def own(quantity: int, what: Stock | Option = SPY) -> Holding:
    return Holding(what, Decimal(quantity))


def theirs(
    holdings: dict[Stock | Option, int] | Iterable[BrokerHolding] = (), *executions: Fill, **changes: Any
) -> AccountRecords:
    if isinstance(holdings, dict):
        cost = Decimal(changes.pop("cost", 600))
        told = {each: Decimal(held) for each, held in holdings.items() if held}
        holdings = [BrokerHolding(Holding(each, told[each]), cost * each.multiplier) for each in told]
    return AccountRecords(
        **{
            "account": "DU1",
            "at": NOW,
            "holdings": holdings,
            "open_orders": (),
            "executions": executions,
            "executions_since": MIDNIGHT,
        }
        | changes
    )


def report(order_ref: str, filled: int = 0, remaining: int = 0, standing: Standing = Standing.WORKING) -> OrderReport:
    return OrderReport(
        at=NOW,
        order_ref=order_ref,
        perm_id=7,
        standing=standing,
        filled=Decimal(filled),
        remaining=Decimal(remaining),
    )


def booked_by(found: Reconciliation) -> list[Claim]:
    """The claims once all that is booked by itself is."""
    ledgers = {claim.book: claim.ledger for claim in found.claims}
    for book, entry in found.bookings:
        ledgers[book] = booked(ledgers[book], entry, NOW)
    declared = dict(found.baselines)
    return [
        Claim(
            ledger=ledgers[claim.book],
            baseline=declared[claim.book].holdings if claim.book in declared else claim.baseline,
            orders=claim.orders,
            taken_down=claim.taken_down,
            last_number=claim.last_number,
        )
        for claim in found.claims
    ]


def compare(records: AccountRecords, *claims: Claim) -> Reconciliation:
    return reconcile(claims, records, records.at)
