"""What the broker says of the one account."""

import asyncio
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

import ib_insync as ib
from attrs import evolve
from loguru import logger

from gamma_scalper.broker.ib.catalogue import IbCatalogue, never_ours
from gamma_scalper.broker.ib.incoming import ACCOUNT, POSITIONS
from gamma_scalper.broker.ib.numbers import amount, quantity
from gamma_scalper.broker.ib.wire import Wire
from gamma_scalper.domain.instruments import Index
from gamma_scalper.domain.money import Money
from gamma_scalper.domain.ports import AccountValues, BrokerHolding, Refused, Unanswered
from gamma_scalper.domain.snapshots import Holding

# Our name of a figure -> the broker's.
_TAGS = {
    "net_liquidation": "NetLiquidation",
    "available_funds": "AvailableFunds",
    "excess_liquidity": "ExcessLiquidity",
    "buying_power": "BuyingPower",
    "initial_margin": "InitMarginReq",
    "maintenance_margin": "MaintMarginReq",
}
_CASH, _ALL_CASH = "CashBalance", "TotalCashValue"
_AT_ONCE = 10  # contracts of holdings that are asked for together
_TOTALS = ("BASE", "")  # in place of a currency: a sum over all of them, or no money at all


class _Position(NamedTuple):
    """As it comes."""

    account: str
    contract: ib.Contract
    quantity: float
    average_cost: float


class IbAccount:
    """The port `AccountFeed`. Its name is known once a connection was made."""

    def __init__(self, wire: Wire, catalogue: IbCatalogue, warn: Callable[[int, str], None]) -> None:
        self._wire = wire
        self._catalogue = catalogue
        self._warn = warn
        self._name = ""
        self._said: dict[str, Money] = {}  # tag -> newest figure
        self._cash: dict[str, Money] = {}  # currency -> balance
        self._values: AccountValues | None = None
        self._foreign: set[int] = set()  # conIds of holdings of other kinds
        self._told: set[tuple[int, str]] = set()  # conIds of what is not counted, and why

    # -- the port ------------------------------------------------------------------------------------------------------

    @property
    def account(self) -> str:
        return self._name

    @property
    def values(self) -> AccountValues | None:
        return self._values

    async def holdings(self) -> Sequence[BrokerHolding]:
        answer = await self._wire.ask(
            "positions",
            lambda client, _: client.reqPositions(),
            timeout_s=self._wire.parameters.timeouts.positions_s,
            name=POSITIONS,
        )
        newest = {each.contract.conId: each for each in (_Position(*part) for part in answer) if self._mine(each)}
        found = await self._counted([each for each in newest.values() if each.quantity])
        return sorted(found, key=lambda held: held.holding.instrument.con_id)

    async def cash(self) -> Sequence[Money]:
        if not self._cash and _ALL_CASH in self._said:
            return [self._said[_ALL_CASH]]
        return [self._cash[currency] for currency in sorted(self._cash)]

    # -- for the adapter's own use -------------------------------------------------------------------------------------

    def belongs(self, account: str) -> None:
        """From this connection on it is the account; nothing of another is heard, and no figure of before counts."""
        self._name = account
        self._said, self._cash, self._values = {}, {}, None

    async def ask_values(self) -> None:
        """Raises `Unanswered` unless every figure has come."""
        await self._wire.ask(
            "account values",
            self._subscribe,
            timeout_s=self._wire.parameters.timeouts.account_s,
            name=ACCOUNT,
        )
        missing = [tag for tag in _TAGS.values() if tag not in self._said]
        if missing:
            raise Unanswered(f"account values: {', '.join(missing)} did not come")

    def _subscribe(self, client: Any, _: int) -> None:
        """Left first, since who has subscribed already need not be told all of it again."""
        client.reqAccountUpdates(False, self._name)
        client.reqAccountUpdates(True, self._name)

    def value(self, account: str, tag: str, text: str, currency: str) -> None:
        number = amount(text) if account == self._name and currency not in _TOTALS else None
        if number is None:
            return
        if tag == _CASH:
            self._cash[currency] = Money(number, currency)
        elif tag in _TAGS.values() or tag == _ALL_CASH:
            self._said[tag] = Money(number, currency)
        if tag in _TAGS.values() and all(each in self._said for each in _TAGS.values()):
            figures = {name: self._said[each] for name, each in _TAGS.items()}
            self._values = AccountValues(at=self._wire.clock.now(), **figures)

    def stands(self) -> None:
        """What was not told anew is as it was."""
        if self._values is not None:
            self._values = evolve(self._values, at=self._wire.clock.now())

    def _mine(self, position: _Position) -> bool:
        return position.account == self._name

    async def _counted(self, positions: Sequence[_Position]) -> list[BrokerHolding]:
        """Some at once, so that an account of a hundred contracts is not confirmed for minutes."""
        found: list[BrokerHolding] = []
        for start in range(0, len(positions), _AT_ONCE):
            some = positions[start : start + _AT_ONCE]
            answers = await asyncio.gather(*map(self._holding, some), return_exceptions=True)
            for answer in answers:
                if isinstance(answer, BaseException):
                    raise answer
            found += [each for each in answers if isinstance(each, BrokerHolding)]
        return found

    async def _holding(self, position: _Position) -> BrokerHolding | None:
        """None, told once, where it is of a kind that nothing here can count."""
        con_id = position.contract.conId
        if con_id in self._foreign:
            return None
        try:
            held = self._catalogue.known(con_id) or await self._catalogue.by_con_id(con_id)
        except Refused as error:
            if not never_ours(error):
                raise
            self._foreign.add(con_id)
            self._not_counted(position, error.why)
            return None
        if isinstance(held, Index):
            self._foreign.add(con_id)
            self._not_counted(position, "an index can't be held")
            return None
        cost = amount(position.average_cost) or Decimal(0)
        try:
            return BrokerHolding(Holding(held, quantity(position.quantity)), cost)
        except ValueError as error:  # such as half an option
            self._not_counted(position, str(error))
            return None

    def _not_counted(self, position: _Position, why: str) -> None:
        if (position.contract.conId, why) in self._told:
            return
        self._told.add((position.contract.conId, why))
        if not self._wire.restraint.allows():
            return
        text = f"the account holds {position.contract.symbol} ({position.contract.conId}), which is not counted: {why}"
        logger.warning("{}", text)
        self._warn(0, text)
