"""Valid objects of the trade, to change one thing about."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from gamma_scalper.domain.fills import Fill
from gamma_scalper.domain.instruments import Option, Stock
from gamma_scalper.domain.orders import GoodTill, Intent, IntentId, Limit, Purpose, Side
from gamma_scalper.domain.quotes import Quote

NOON = datetime(2026, 1, 5, 17, 0, tzinfo=UTC)
SPY = Stock(con_id=756733, symbol="SPY")


def option(**changes: Any) -> Option:
    return Option(
        **{
            "con_id": 1001,
            "underlying_con_id": SPY.con_id,
            "symbol": "SPY",
            "right": "C",
            "strike": "600",
            "expiry": date(2026, 2, 20),
            "expires_at": datetime(2026, 2, 20, 21, 15, tzinfo=UTC),
            "trading_class": "SPY",
        }
        | changes
    )


def quote(**changes: Any) -> Quote:
    return Quote(
        **{
            "con_id": SPY.con_id,
            "snapshot_id": 1,
            "bid": 599.99,
            "ask": 600.01,
            "bid_size": 300,
            "ask_size": 200,
            "received_at": NOON,
        }
        | changes
    )


def intent(**changes: Any) -> Intent:
    return Intent(
        **{
            "id": IntentId("spy", 1),
            "purpose": Purpose.HEDGE,
            "instrument": SPY,
            "side": Side.SELL,
            "quantity": 20,
            "pricing": Limit(Decimal("599.99")),
            "lifetime": GoodTill(NOON + timedelta(seconds=30)),
            "account": "DU1",
            "snapshot_ids": (1,),
            "reason": "projected delta 20 above the band",
        }
        | changes
    )


def fill(**changes: Any) -> Fill:
    return Fill(
        **{
            "exec_id": "0000e0d5.65a1.01.01",
            "intent": IntentId("spy", 1),
            "perm_id": 7,
            "account": "DU1",
            "instrument": SPY,
            "side": Side.SELL,
            "quantity": 20,
            "price": "599.99",
            "at": NOON,
        }
        | changes
    )
