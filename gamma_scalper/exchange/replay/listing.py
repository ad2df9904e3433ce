"""Contracts as sources name them, and their numbering: the same source always gives the same conIds."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Literal

from attrs import frozen

from gamma_scalper.domain.instruments import Exercise, Index, Option, Right, Settlement, Stock
from gamma_scalper.exchange.market import Listed
from gamma_scalper.exchange.replay.hours import TradingHours

FIRST_CON_ID = 1001

Kind = Literal["stock", "index"]


@frozen(order=True)
class UnderlyingName:
    """Shares, or an index."""

    symbol: str
    kind: Kind = "stock"


@frozen(order=True)
class OptionName:
    """All that tells one option from another in a file; two multipliers are two contracts."""

    symbol: str
    expiry: date
    strike: Decimal
    right: Right
    multiplier: int = 100
    exercise: Exercise = "american"
    settlement: Settlement = "physical"


Name = UnderlyingName | OptionName


def number(names: Sequence[Name], hours: TradingHours) -> list[Listed | None]:
    """A contract for each name; None for an option whose underlying is not among them.

    Numbers go to the underlyings by symbol, then to the options by symbol, expiry, strike and right.
    """
    contracts: dict[Name, Listed] = {}
    con_ids: dict[str, int] = {}
    for con_id, name in enumerate(sorted(name for name in names if isinstance(name, UnderlyingName)), FIRST_CON_ID):
        maker = Index if name.kind == "index" else Stock
        contracts[name] = maker(con_id=con_id, symbol=name.symbol)
        con_ids[name.symbol] = con_id
    con_id = FIRST_CON_ID + len(contracts)
    for option in sorted(name for name in names if isinstance(name, OptionName)):
        if option.symbol in con_ids:
            contracts[option] = _option(con_id, con_ids[option.symbol], option, hours)
            con_id += 1
    return [contracts.get(name) for name in names]


def _option(con_id: int, underlying_con_id: int, name: OptionName, hours: TradingHours) -> Option:
    return Option(
        con_id=con_id,
        underlying_con_id=underlying_con_id,
        symbol=name.symbol,
        right=name.right,
        strike=name.strike,
        expiry=name.expiry,
        expires_at=hours.last_trading(name.expiry, name.settlement),
        multiplier=name.multiplier,
        exercise=name.exercise,
        settlement=name.settlement,
        trading_class=name.symbol,
    )
