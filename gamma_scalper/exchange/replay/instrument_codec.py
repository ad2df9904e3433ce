"""Contracts and quotes as plain JSON data, and back without loss."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from gamma_scalper.domain.checks import exact
from gamma_scalper.domain.instruments import Index, Option, Stock, TickRule
from gamma_scalper.domain.quotes import DataType, Quote
from gamma_scalper.exchange.market import Listed
from gamma_scalper.exchange.replay.hours import moment_of, nanoseconds

_COMMON = ("con_id", "symbol", "currency", "exchange")
_OF_OPTION = ("underlying_con_id", "right", "multiplier", "exercise", "settlement", "trading_class")


def instrument_to_json(contract: Listed) -> dict[str, Any]:
    """Liquid hours are left out: a broker gives them for a few days only, and they are no part of what it is."""
    plain: dict[str, Any] = {"kind": type(contract).__name__.lower()}
    plain |= {name: getattr(contract, name) for name in _COMMON}
    if isinstance(contract, Stock):
        plain |= {"trading_class": contract.trading_class, "ticks": _ticks(contract.tick_rule)}
    if isinstance(contract, Option):
        plain |= {name: getattr(contract, name) for name in _OF_OPTION}
        plain |= {
            "strike": str(contract.strike),
            "expiry": contract.expiry.isoformat(),
            "expires_at": contract.expires_at.isoformat(),
            "ticks": _ticks(contract.tick_rule),
        }
    return plain


def instrument_from_json(plain: Mapping[str, Any]) -> Listed:
    """Raises ValueError, TypeError or KeyError where that is no contract."""
    fields = dict(plain)
    kind = fields.pop("kind")
    if "ticks" in fields:
        fields["tick_rule"] = TickRule(tuple((exact(start), exact(step)) for start, step in fields.pop("ticks")))
    if kind == "stock":
        return Stock(**fields)
    if kind == "index":
        return Index(**fields)
    if kind != "option":
        raise ValueError(f"{kind!r} is no kind of contract")
    fields["strike"] = exact(fields["strike"])
    fields["expiry"] = date.fromisoformat(fields["expiry"])
    fields["expires_at"] = datetime.fromisoformat(fields["expires_at"])
    return Option(**fields)


def quote_to_json(quote: Quote) -> list[Any]:
    """The time in whole microseconds of UTC since 1970; a float is written so that it is read as the same float."""
    return [
        quote.con_id,
        nanoseconds(quote.received_at) // 1000,
        quote.snapshot_id,
        quote.bid,
        quote.ask,
        quote.bid_size,
        quote.ask_size,
        quote.last,
        int(quote.data_type),
        int(quote.carried),
    ]


def quote_from_json(plain: list[Any]) -> Quote:
    """Raises ValueError or TypeError where that is no quote."""
    con_id, microseconds, snapshot_id, bid, ask, bid_size, ask_size, last, data_type, carried = plain
    if not all(type(number) is int for number in (con_id, microseconds, snapshot_id, bid_size, ask_size)):
        raise ValueError("conId, time, snapshot and sizes are whole numbers")
    if carried not in (0, 1):
        raise ValueError(f"carried is 0 or 1, not {carried!r}")
    return Quote(
        con_id=con_id,
        snapshot_id=snapshot_id,
        bid=_price(bid),
        ask=_price(ask),
        bid_size=bid_size,
        ask_size=ask_size,
        last=_price(last),
        data_type=DataType(data_type),
        received_at=moment_of(microseconds * 1000),
        carried=bool(carried),
    )


def _price(number: float | None) -> float | None:
    if number is None or type(number) in (int, float):
        return number
    raise ValueError(f"{number!r} is no price")


def _ticks(rule: TickRule) -> list[list[str]]:
    return [[str(start), str(step)] for start, step in rule.bands]
