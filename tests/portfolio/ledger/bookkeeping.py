"""Entries of a ledger in few words, and a ledger that is slow and plainly right to compare with."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from attrs import frozen

from gamma_scalper.domain.entries import Delivered, Lapsed, LedgerEntry, Paid, Replaced, TakenOver
from gamma_scalper.domain.fills import Commission, Fill, InferredFill
from gamma_scalper.domain.instruments import Option, Stock
from gamma_scalper.domain.money import Money
from gamma_scalper.domain.orders import IntentId, Side
from gamma_scalper.portfolio.ledger import Ledger, booked

NOON = datetime(2026, 1, 5, 17, 0, tzinfo=UTC)
SPY = Stock(con_id=756733, symbol="SPY")
SAP = Stock(con_id=14204, symbol="SAP", currency="EUR")


def option(con_id: int = 1001, right: str = "C", strike: str = "600", **changes: Any) -> Option:
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


CALL, PUT = option(), option(1002, "P")
SPLIT_CALL = option(1003, strike="300")


def fill(quantity: float, price: str, *, name: str = "a1", revision: int = 1, at: float = 0, **changes: Any) -> Fill:
    """So many of SPY at noon and `at` seconds; sold where negative."""
    return Fill(
        **{
            "exec_id": f"0000e0d5.{name}.01.{revision:02}",
            "intent": IntentId("spy", 1),
            "perm_id": 7,
            "account": "DU1",
            "instrument": SPY,
            "side": Side.BUY if quantity > 0 else Side.SELL,
            "quantity": abs(Decimal(str(quantity))),
            "price": Decimal(price),
            "at": NOON + timedelta(seconds=at),
        }
        | changes
    )


def bill(amount: str, *, name: str = "a1", revision: int = 1, currency: str = "USD") -> Commission:
    return Commission(f"0000e0d5.{name}.01.{revision:02}", Money(Decimal(amount), currency))


def inferred(quantity: float, price: str, *, id: str = "i1", at: float = 100, **changes: Any) -> InferredFill:
    return InferredFill(
        **{
            "id": id,
            "intent": IntentId("spy", 1),
            "account": "DU1",
            "instrument": SPY,
            "side": Side.BUY if quantity > 0 else Side.SELL,
            "quantity": abs(Decimal(str(quantity))),
            "price": Decimal(price),
            "concluded_at": NOON + timedelta(seconds=at),
            "evidence": "the account holds more",
            "accepted_by": "only one explanation fits",
        }
        | changes
    )


def taken_over(quantity: float, price: str, *, id: str = "t1", instrument: Stock | Option = SPY) -> TakenOver:
    return TakenOver(
        id=id,
        instrument=instrument,
        quantity=Decimal(str(quantity)),
        price=Decimal(price),
        why="adopted",
        accepted_by="Ann",
    )


def delivered(
    option: Option, contracts: int, *, was_long: bool, id: str = "d1", settled: str | None = None
) -> Delivered:
    return Delivered(
        id=id,
        how="settlement" if settled is not None else "exercise" if was_long else "assignment",
        option=option,
        contracts=contracts,
        was_long=was_long,
        underlying=None if settled is not None else SPY,
        settled_per_share=None if settled is None else Decimal(settled),
        evidence="the account shows it",
        accepted_by="only one explanation fits",
    )


def lapsed(option: Option, contracts: int, *, id: str = "l1") -> Lapsed:
    return Lapsed(id=id, option=option, contracts=contracts, evidence="its time is over", accepted_by="Ann")


def replaced(
    before: Stock | Option, after: Stock | Option, ratio: str, *, id: str = "r1", cash: str | None = None
) -> Replaced:
    return Replaced(
        id=id,
        before=before,
        after=after,
        ratio=Decimal(ratio),
        cash=None if cash is None else Money(Decimal(cash)),
        evidence="the exchange's notice",
        accepted_by="Ann",
    )


def paid(amount: str, *, id: str = "p1") -> Paid:
    return Paid(id=id, amount=Money(Decimal(amount)), what="dividend", accepted_by="Ann")


def ledger_of(*entries: LedgerEntry, at: float = 0) -> Ledger:
    """All booked in this order, those without a time of their own at noon and so many seconds."""
    ledger = Ledger("spy")
    for entry in entries:
        ledger = booked(ledger, entry, NOON + timedelta(seconds=at))
    return ledger


def dollars(amount: str) -> tuple[Money, ...]:
    return (Money(Decimal(amount)),)


# -- the slow one ------------------------------------------------------------------------------------------------------


@frozen
class Told:
    """An entry and the moment it is journaled with."""

    entry: LedgerEntry
    now: datetime


class SlowLedger:
    """Every share and contract on its own in a row, everything computed anew from the list. Whole ratios only."""

    def __init__(self, told: Iterable[Told]) -> None:
        self.rows: dict[int, list[Fraction]] = defaultdict(list)  # what each cost, the oldest first
        self.signs: dict[int, int] = defaultdict(int)
        self.cash: dict[str, Fraction] = defaultdict(Fraction)
        self.realised: dict[str, Fraction] = defaultdict(Fraction)
        self.commissions: dict[str, Fraction] = defaultdict(Fraction)
        self.taken_over: dict[str, Fraction] = defaultdict(Fraction)
        fills, bills, events = _in_force(told)
        for key, charged in bills.items():
            if key in fills:
                self.commissions[charged.amount.currency] += Fraction(charged.amount.amount)
        self.exec_ids = {key: fill.exec_id for key, fill in fills.items()}
        self.fills = list(fills.values())
        timeline = [(fill.at, 0, key, fill) for key, fill in fills.items()]
        timeline += [(moment, 2, id, event) for id, (moment, event) in events.items()]
        for *_, entry in sorted(timeline, key=lambda each: each[:3]):
            self._do(entry)

    def quantities(self) -> dict[int, int]:
        return {con_id: self.signs[con_id] * len(row) for con_id, row in sorted(self.rows.items()) if row}

    def costs(self) -> dict[int, Fraction]:
        return {con_id: self.signs[con_id] * sum(row) for con_id, row in sorted(self.rows.items()) if row}

    def filled_of(self, number: int) -> dict[int, Decimal]:
        filled: dict[int, Decimal] = defaultdict(Decimal)
        for each in self.fills:
            if each.intent is not None and each.intent.number == number:
                filled[each.instrument.con_id] += each.signed_quantity
        return {con_id: quantity for con_id, quantity in filled.items() if quantity}

    def _do(self, entry: Any) -> None:
        match entry:
            case Fill():
                self._trade(entry.instrument, int(entry.signed_quantity), entry.price)
            case Lapsed():
                self._trade(entry.option, -int(entry.contracts), Decimal(0))
            case Delivered():
                away = int(entry.contracts) * (-1 if entry.was_long else 1)
                self._trade(entry.option, away, entry.settled_per_share or Decimal(0))
                if entry.underlying is not None:
                    shares = -away * 100 if entry.option.right == "C" else away * 100
                    self._trade(entry.underlying, shares, entry.option.strike)
            case TakenOver():
                worth = Fraction(entry.quantity) * Fraction(entry.price) * entry.instrument.multiplier
                self.taken_over[entry.instrument.currency] += worth
                self.cash[entry.instrument.currency] += worth  # the trade takes it away again
                self._trade(entry.instrument, int(entry.quantity), entry.price)
            case Paid():
                self.cash[entry.amount.currency] += Fraction(entry.amount.amount)
                self.realised[entry.amount.currency] += Fraction(entry.amount.amount)
            case Replaced():
                old, sign = self.rows.pop(entry.before.con_id, []), self.signs[entry.before.con_id]
                for each in old:
                    for _ in range(int(entry.ratio)):
                        self._one(entry.after, sign, each / int(entry.ratio))

    def _trade(self, instrument: Stock | Option, quantity: int, price: Decimal) -> None:
        each = Fraction(price) * instrument.multiplier
        self.cash[instrument.currency] -= quantity * each
        for _ in range(abs(quantity)):
            self._one(instrument, 1 if quantity > 0 else -1, each)

    def _one(self, instrument: Stock | Option, sign: int, each: Fraction) -> None:
        row = self.rows[instrument.con_id]
        if row and self.signs[instrument.con_id] != sign:
            self.realised[instrument.currency] += -sign * (each - row.pop(0))
        else:
            self.signs[instrument.con_id] = sign
            row.append(each)


def _in_force(told: Iterable[Told]) -> tuple[dict[str, Fill], dict[str, Commission], dict[str, Any]]:
    fills: dict[str, Fill] = {}
    bills: dict[str, Commission] = {}
    events: dict[str, Any] = {}
    for each in told:
        match each.entry:
            case Fill() as fill:
                if fill.key not in fills or fill.exec_id > fills[fill.key].exec_id:
                    fills[fill.key] = fill
            case Commission() as charged:
                if charged.key not in bills or charged.exec_id >= bills[charged.key].exec_id:
                    bills[charged.key] = charged
            case event:
                events.setdefault(event.id, (each.now, event))
    return fills, bills, events
