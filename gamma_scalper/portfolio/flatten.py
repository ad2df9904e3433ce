"""Selling what a book owns, from its ledger and quotes alone: options first, their hedge as they go.

Two sums per underlying, in shares, say whether a position is naked: its shares and calls together are what it gains by
when the market rises without end (`up`), its puts less its shares what it gains by when the market falls to nothing
(`down`). No orders are planned that could, whatever part of them fills, bring either sum below zero, or further below
where it is.
"""

from collections.abc import Mapping, Sequence, Set
from datetime import datetime, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import NamedTuple

from attrs import evolve, frozen

from gamma_scalper.domain.instruments import Option, Right, Stock
from gamma_scalper.domain.money import to_decimal
from gamma_scalper.domain.orders import Limit, Purpose, Side
from gamma_scalper.domain.proposals import Plan, Proposal
from gamma_scalper.domain.quotes import Quote
from gamma_scalper.domain.settings import section, setting
from gamma_scalper.domain.snapshots import Holding
from gamma_scalper.portfolio.collar import CollarParameters, NoOffer, Offer, named, offer
from gamma_scalper.portfolio.steps import Done, Orders, Step, Stuck, Wait

_NONE = Decimal(0)


@frozen
class FlattenParameters:
    """How a book is sold."""

    patience_s: float = setting(
        2.0, "for one order before it is priced anew; 0: it fills at once or not", unit="s", at_least=0, at_most=30
    )
    good_for_s: float = setting(2.0, "age beyond which a planned order is not sent", unit="s", above=0, at_most=30)
    look_again_s: float = setting(5.0, "until quotes are looked at again", unit="s", above=0, at_most=600)
    part: float = setting(
        0.25, "of the options, for which their hedge makes room at the least before they go", above=0, at_most=1
    )
    collar: CollarParameters = section(CollarParameters)


def plan_flatten(
    holdings: Sequence[Holding],
    quotes: Mapping[int, Quote],
    now: datetime,
    *,
    began: datetime,
    began_with: Sequence[Holding],
    within_s: float,
    parameters: FlattenParameters,
    settled_through: int,
    open_now: Mapping[int, bool] | None = None,
    in_doubt: Sequence[Holding] = (),
) -> Step:
    """What to order now, while no order of the book lives; ask again once these are dead.

    `began_with` are the holdings when flattening began: shares go in proportion to the options that went since.
    `open_now` says, by conId, whose market is known to be open, or else closed or halted. `in_doubt`, signed, is what
    orders may still fill of which nobody knows whether they live: those contracts wait, and the worst is reckoned with.
    """
    if not holdings:
        return Done()
    urgency = min((now - began) / timedelta(seconds=within_s), 1.0)
    doubtful = {held.instrument.con_id for held in in_doubt}
    offers, refusals = _offers(holdings, quotes, now, urgency, parameters.collar, open_now or {}, doubtful)
    groups, before = _by_underlying(holdings), _by_underlying(began_with)
    part = to_decimal(parameters.part)
    trades = [
        trade
        for key in sorted(groups)
        for trade in _trades(groups[key], before.get(key, _Group()), offers, part, _sums(key, holdings, in_doubt))
    ]
    late = urgency >= 1
    reasons = [f"{named(contract)} is kept: {why.why}" for contract, why in refusals if why.lasting or late]
    alarm = "; ".join([*([f"still not flat after {within_s:g} s"] if late else []), *reasons])
    if trades:
        plan = Plan(
            proposals=[_proposal(trade, offers[trade.instrument.con_id], parameters, urgency) for trade in trades],
            decided_at=now,
            good_for_s=parameters.good_for_s,
            settled_through=settled_through,
            quotes=[quotes[trade.instrument.con_id] for trade in trades],
        )
        return Orders(plan, alarm)
    until = now + timedelta(seconds=parameters.look_again_s)
    if refusals and not alarm:
        return Wait(until, "; ".join(f"{named(contract)}: {why.why}" for contract, why in refusals))
    return Stuck(until, alarm or "what is left is no whole share")


def _offers(
    holdings: Sequence[Holding],
    quotes: Mapping[int, Quote],
    now: datetime,
    urgency: float,
    collar: CollarParameters,
    open_now: Mapping[int, bool],
    doubtful: Set[int],
) -> tuple[dict[int, Offer], list[tuple[Stock | Option, NoOffer]]]:
    """What can be traded by conId, and what can't with the reason, by conId too."""
    offers, refusals = {}, []
    for held in sorted(holdings, key=_con_id):
        contract, side = held.instrument, Side.SELL if held.quantity > 0 else Side.BUY
        quote, is_open = quotes.get(contract.con_id), open_now.get(contract.con_id)
        answer = offer(contract, side, quote, now, urgency, collar, open_now=is_open)
        if contract.con_id in doubtful:
            answer = NoOffer("an order for it is in doubt", lasting=True)
        if isinstance(answer, Offer):
            offers[contract.con_id] = answer
        else:
            refusals.append((contract, answer))
    return offers, refusals


def _proposal(trade: Holding, priced: Offer, parameters: FlattenParameters, urgency: float) -> Proposal:
    return Proposal(
        purpose=Purpose.FLATTEN,
        instrument=trade.instrument,
        side=Side.BUY if trade.quantity > 0 else Side.SELL,
        quantity=abs(trade.quantity),
        pricing=Limit(priced.price),
        patience_s=parameters.patience_s,
        snapshot_ids=(priced.snapshot_id,),
        reason=f"flatten, {max(urgency, 0.0):.0%} of its time gone",
    )


# -- what to trade -----------------------------------------------------------------------------------------------------


@frozen
class _Lot:
    """So many of one option, signed, and the shares they stand for."""

    option: Option
    contracts: Decimal

    @property
    def units(self) -> Decimal:
        return self.contracts * self.option.multiplier


@frozen
class _Group:
    """What is held on one underlying."""

    stock: Stock | None = None
    shares: Decimal = _NONE
    lots: tuple[_Lot, ...] = ()

    def hedged(self, right: Right) -> Decimal:
        """Options, in shares, that want the hedge which this right wants: short shares for calls, long for puts."""
        return sum((abs(lot.units) for lot in self.lots if (lot.option.right == right) is (lot.contracts > 0)), _NONE)


class _Sums(NamedTuple):
    """Of one underlying, with the worst that orders in doubt may do to each."""

    up: Decimal
    down: Decimal


def _sums(key: int, holdings: Sequence[Holding], in_doubt: Sequence[Holding]) -> _Sums:
    held = [_moves(each) for each in holdings if _underlying(each) == key]
    doubts = [_moves(each) for each in in_doubt if _underlying(each) == key]
    up = sum((up for up, _ in held), _NONE) + sum((min(up, _NONE) for up, _ in doubts), _NONE)
    down = sum((down for _, down in held), _NONE) + sum((min(down, _NONE) for _, down in doubts), _NONE)
    return _Sums(up, down)


def _moves(held: Holding) -> tuple[Decimal, Decimal]:
    """What a holding adds to either sum."""
    contract, quantity = held.instrument, held.quantity
    if isinstance(contract, Stock):
        return quantity, -quantity
    return (quantity * contract.multiplier, _NONE) if contract.right == "C" else (_NONE, quantity * contract.multiplier)


def _underlying(held: Holding) -> int:
    contract = held.instrument
    return contract.underlying_con_id if isinstance(contract, Option) else contract.con_id


def _con_id(held: Holding) -> int:
    return held.instrument.con_id


def _by_underlying(holdings: Sequence[Holding]) -> dict[int, _Group]:
    groups: dict[int, _Group] = {}
    for held in sorted(holdings, key=_con_id):
        contract, key = held.instrument, _underlying(held)
        group = groups.get(key, _Group())
        if isinstance(contract, Option):
            groups[key] = evolve(group, lots=(*group.lots, _Lot(contract, held.quantity)))
        else:
            groups[key] = evolve(group, stock=contract, shares=held.quantity)
    return groups


def _trades(group: _Group, before: _Group, offers: Mapping[int, Offer], part: Decimal, sums: _Sums) -> list[Holding]:
    """Signed changes: shorts are bought back, shares and long options go as far as nothing could get naked."""
    offered = [lot for lot in group.lots if lot.option.con_id in offers]
    trades = [Holding(lot.option, -lot.contracts) for lot in offered if lot.contracts < 0]
    room: dict[Right, Decimal] = {"C": max(sums.up, _NONE), "P": max(sums.down, _NONE)}
    if group.stock is not None and group.stock.con_id in offers:
        spends: Right = "C" if group.shares > 0 else "P"
        wanted = _shares_to_go(group, before, offered, part, sums)
        shares = min(wanted, room[spends], abs(group.shares)).to_integral_value(ROUND_FLOOR)
        room[spends] -= shares
        if shares:
            trades.append(Holding(group.stock, -shares if group.shares > 0 else shares))
    for lot in offered:
        right, multiplier = lot.option.right, lot.option.multiplier
        contracts = min(lot.contracts, room[right] // multiplier)
        if contracts > 0:
            room[right] -= contracts * multiplier
            trades.append(Holding(lot.option, -contracts))
    return trades


def _shares_to_go(group: _Group, before: _Group, offered: Sequence[_Lot], part: Decimal, sums: _Sums) -> Decimal:
    """In proportion to the options that went; whatever covers nothing; and room for a part of the options to go."""
    right: Right = "C" if group.shares < 0 else "P"
    held = abs(group.shares)
    at_first = abs(before.shares) if before.shares * group.shares > 0 else _NONE
    hedged = group.hedged(right)
    most = max(hedged, before.hedged(right))
    due = held - max(held, at_first) * hedged / most if most else held
    long = [lot for lot in offered if lot.option.right == right and lot.contracts > 0]
    next_to_go = sum((max(lot.contracts * part // 1, Decimal(1)) * lot.option.multiplier for lot in long), _NONE)
    lacking = next_to_go - (sums.up if right == "C" else sums.down)
    return max(due, lacking, _NONE).to_integral_value(ROUND_CEILING)
