"""What accounts are worth and what they earned today: the source of every figure a client is told of its account."""

from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

from gamma_scalper.domain.instruments import Index, Option, Stock
from gamma_scalper.exchange.engine import Engine
from gamma_scalper.exchange.events import Cause, Moved


class Line(NamedTuple):
    """One position at its market, in dollars; the price is per share."""

    con_id: int
    quantity: Decimal
    price: float
    value: float
    average_cost: float  # per contract
    unrealised: float


class Worth:
    """Remembers what everything was worth when the day began."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._began: dict[str, float] = {}  # account -> its net liquidation, then deposits of today added
        self._values: dict[tuple[str, int], float] = {}  # account, conId -> value when the day began
        self.prior_loan_value: dict[str, float] = {}  # account -> its equity with loan value when the day began
        self.begin_day()

    def begin_day(self) -> None:
        """It is midnight in New York."""
        accounts = self._engine.accounts()
        self._began = {each.name: self._engine.margin(each.name).net_liquidation for each in accounts}
        self.prior_loan_value = {each.name: self._engine.margin(each.name).loan_value for each in accounts}
        self._values = {(each.name, line.con_id): line.value for each in accounts for line in self.lines(each.name)}

    def moved(self, event: Moved) -> None:
        """Cash from outside is no profit."""
        if event.cause is Cause.DEPOSIT:
            self._began[event.account] = self._began.get(event.account, 0.0) + float(event.cash)

    def lines(self, account: str) -> list[Line]:
        """Every position of an account."""
        found = []
        for con_id, held in self._engine.account(account).held.items():
            price = self._engine.price(con_id)
            value = float(held.quantity) * price * self.multiplier(con_id)
            cost = float(held.cost)
            found.append(Line(con_id, held.quantity, price, value, float(held.average_cost), value - cost))
        return found

    def line(self, account: str, con_id: int) -> Line:
        """One position; without any the line of nothing."""
        found = (line for line in self.lines(account) if line.con_id == con_id)
        return next(found, Line(con_id, Decimal(0), self._engine.price(con_id), 0.0, 0.0, 0.0))

    def multiplier(self, con_id: int) -> int:
        instrument: Stock | Index | Option = self._engine.market.instrument(con_id)
        return 1 if isinstance(instrument, Index) else instrument.multiplier

    def unrealised(self, account: str) -> float:
        return sum(line.unrealised for line in self.lines(account))

    def realised(self, account: str) -> float:
        """Today, what trading cost taken off."""
        paid = sum(float(bill.fees.total) for _, bill in self._engine.executions(account) if bill is not None)
        return float(self._engine.account(account).realised) - paid

    def earned_today(self, account: str) -> float:
        """Since midnight, realised or not."""
        return self._engine.margin(account).net_liquidation - self._began.get(account, 0.0)

    def earned_today_on(self, account: str, con_id: int) -> float:
        """On one contract: what it is worth more, and what its trades of today brought."""
        brought = sum(
            -float(each.signed_quantity * each.price)
            for each, _ in self._engine.executions(account)
            if each.con_id == con_id
        )
        value = self.line(account, con_id).value
        return value - self._values.get((account, con_id), 0.0) + brought * self.multiplier(con_id)

    def realised_by_contract(self, account: str) -> Mapping[int, float]:
        """conId -> what today's executions in it realised."""
        found: dict[int, float] = {}
        for each, bill in self._engine.executions(account):
            if each.con_id is not None and bill is not None:
                found[each.con_id] = found.get(each.con_id, 0.0) + float(bill.realised)
        return found
