"""What an account must keep for what it holds: Regulation T as brokers apply it to strategies of options. Pure."""

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from attrs import define, frozen

from gamma_scalper.domain.instruments import Option, Stock

_STOCK_LONG = (0.50, 0.25)  # initial, maintenance: of the value
_STOCK_SHORT = (0.50, 0.30)
_SHORT_STOCK_LEAST = 5.0  # maintenance a share of cheap ones
_EQUITY_OPTION = (0.20, 0.10)  # of the underlying's value less what it is out of the money; at least
_INDEX_OPTION = (0.15, 0.10)


@frozen
class Line:
    """One holding at its market: price per share of the contract, and of what is under it."""

    instrument: Stock | Option
    quantity: int
    price: float
    underlying_price: float

    @property
    def value(self) -> float:
        return self.quantity * self.price * self.instrument.multiplier


@frozen
class Margin:
    """In dollars. Options are worth something and lend nothing: only cash and shares carry the requirement."""

    net_liquidation: float
    loan_value: float
    initial: float
    maintenance: float

    @property
    def available(self) -> float:
        """What new positions may use."""
        return self.loan_value - self.initial

    @property
    def excess(self) -> float:
        """What is left before positions are liquidated."""
        return self.loan_value - self.maintenance

    @property
    def buying_power(self) -> float:
        """Shares that can still be bought: two dollars for one."""
        return max(self.available, 0.0) / _STOCK_LONG[0]


@define
class _Lot:
    """So many contracts not yet matched with others."""

    option: Option
    left: int
    price: float
    underlying_price: float


def margin_of(cash: float, lines: Iterable[Line]) -> Margin:
    """Shares cover short calls, long options cover short ones of their right, and a strangle risks one side only."""
    lines = [line for line in lines if line.quantity]
    initial = maintenance = 0.0
    by_underlying: dict[int, list[Line]] = {}
    for line in lines:
        of = line.instrument.con_id if isinstance(line.instrument, Stock) else line.instrument.underlying_con_id
        by_underlying.setdefault(of, []).append(line)
    for group in by_underlying.values():
        more = _of_group(group)
        initial, maintenance = initial + more[0], maintenance + more[1]
    shares = sum(line.value for line in lines if isinstance(line.instrument, Stock))
    return Margin(cash + sum(line.value for line in lines), cash + shares, initial, maintenance)


def _of_group(lines: Sequence[Line]) -> tuple[float, float]:
    shares = sum(line.quantity for line in lines if isinstance(line.instrument, Stock))
    initial = maintenance = 0.0
    for line in lines:
        if isinstance(line.instrument, Stock):
            of_initial, of_maintenance = _STOCK_LONG if line.quantity > 0 else _STOCK_SHORT
            initial += of_initial * abs(line.value)
            least = _SHORT_STOCK_LEAST * -line.quantity if line.quantity < 0 else 0.0
            maintenance += max(of_maintenance * abs(line.value), least)
    options = _of_options([line for line in lines if isinstance(line.instrument, Option)], shares)
    return initial + options, maintenance + options


def _of_options(lines: Sequence[Line], shares: int) -> float:
    """A long option is paid and needs no more; short ones need what they may still lose after their cover.

    Contract by contract, of a short call and a short put at most one ends in the money: the greater risk, and what
    the other costs. Where the whole can lose no more than a sum whatever happens, that sum is enough.
    """
    sides = []
    for right, sign in (("C", 1), ("P", -1)):
        lots = _lots(lines, right)
        covered = max(sign * shares, 0)
        units = _of_side([lot for lot in lots if lot.left < 0], [lot for lot in lots if lot.left > 0], covered)
        sides.append(sorted(units, reverse=True))
    paired = sum(many * max(call.risk + put.price, put.risk + call.price) for call, put, many in _side_by_side(*sides))
    return paired if shares else min(paired, _most_lost(lines))


def _most_lost(lines: Sequence[Line]) -> float:
    """At expiry, at the worst price; without end where more calls are owed than held. Cover that ends first is none."""
    owed = [line.instrument.expires_at for line in lines if isinstance(line.instrument, Option) and line.quantity < 0]
    last = max(owed, default=None)
    legs = [
        (line.instrument, line.quantity)
        for line in lines
        if isinstance(line.instrument, Option)
        and (line.quantity < 0 or last is None or line.instrument.expires_at >= last)
    ]
    if sum(quantity for option, quantity in legs if option.right == "C") < 0:
        return math.inf
    prices = [0.0, *(float(option.strike) for option, _ in legs)]
    return max(-min(sum(quantity * _worth(option, price) for option, quantity in legs) for price in prices), 0.0)


def _worth(option: Option, price: float) -> float:
    distance = price - float(option.strike)
    return max(distance if option.right == "C" else -distance, 0.0) * option.multiplier


class _Unit(NamedTuple):
    """What one short contract may lose, what buying it back would cost if nothing covers it, and how many are alike."""

    risk: float
    price: float
    many: int = 1


def _side_by_side(calls: Sequence[_Unit], puts: Sequence[_Unit]) -> Iterator[tuple[_Unit, _Unit, int]]:
    """The riskiest call beside the riskiest put, and how many such pairs there are; nothing beside what is left."""
    left = [[*calls], [*puts]]
    while left[0] or left[1]:
        pair = [side[0] if side else _Unit(0.0, 0.0) for side in left]
        many = min(side[0].many for side in left if side)
        for side, unit in zip(left, pair, strict=True):
            if side and unit.many > many:
                side[0] = unit._replace(many=unit.many - many)
            elif side:
                del side[0]
        yield pair[0], pair[1], many


def _lots(lines: Sequence[Line], right: str) -> list[_Lot]:
    return [
        _Lot(line.instrument, line.quantity, line.price, line.underlying_price)
        for line in lines
        if isinstance(line.instrument, Option) and line.instrument.right == right
    ]


def _of_side(shorts: list[_Lot], longs: list[_Lot], shares: int) -> list[_Unit]:
    """One right's short options: first covered by shares, then by long options, the rest naked."""
    units = []
    for short in sorted(shorts, key=_most_to_cover):
        owed, each = -short.left, short.option.multiplier
        by_shares = min(owed, shares // each)
        units.append(_Unit(_in_the_money(short) * each, 0.0, by_shares))
        shares -= by_shares * each
        owed -= by_shares
        for long in sorted(longs, key=lambda lot: _spread_risk(short, lot)):
            if long.option.expires_at >= short.option.expires_at:
                matched = min(owed, long.left)
                units.append(_Unit(min(_spread_risk(short, long), _naked(short)), 0.0, matched))
                owed -= matched
                long.left -= matched
        units.append(_Unit(_naked(short), short.price * each, owed))
    return units


def _in_the_money(short: _Lot) -> float:
    distance = short.underlying_price - float(short.option.strike)
    return max(distance if short.option.right == "C" else -distance, 0.0)


def _most_to_cover(short: _Lot) -> tuple[float, int]:
    """Those in the money most first: they need the most, so they get the cover."""
    return -short.price, short.option.con_id


def _spread_risk(short: _Lot, long: _Lot) -> float:
    """What a short option with this cover can lose: the strikes' distance, if it is the wrong way round."""
    distance = float(long.option.strike - short.option.strike)
    return max(distance if short.option.right == "C" else -distance, 0.0) * short.option.multiplier


def _naked(short: _Lot) -> float:
    """Its price, and a part of the underlying's value less what it is out of the money."""
    spot, strike = short.underlying_price, float(short.option.strike)
    out_of_the_money = max(strike - spot if short.option.right == "C" else spot - strike, 0.0)
    part, least = _EQUITY_OPTION if short.option.settlement == "physical" else _INDEX_OPTION
    floor = least * (spot if short.option.right == "C" else strike)
    return (short.price + max(part * spot - out_of_the_money, floor)) * short.option.multiplier
