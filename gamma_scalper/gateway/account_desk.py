"""One client's view of its accounts: values, positions, profit and loss."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from attrs import define

from gamma_scalper.gateway.account_values import summary_tags, values_of
from gamma_scalper.gateway.errors import invalid
from gamma_scalper.gateway.moments import NEW_YORK
from gamma_scalper.gateway.roles import Conversation
from gamma_scalper.gateway.wire import answers
from gamma_scalper.gateway.wire import requests_of_orders as requests

_ALL = "All"
_WHILE_CLOSED = timedelta(minutes=1)
Key = tuple[str, int]  # what kind of request, and its id


@define
class _Subscription:
    """One thing that is told anew: by the clock, and sooner where the account has changed."""

    tell: Callable[[bool], None]  # True: for the first time
    every: timedelta
    told_at: datetime
    follows_market: bool = False  # while that is closed once a minute is enough
    changed: bool = False


class AccountDesk:
    """See the module."""

    def __init__(self, session: Conversation) -> None:
        self._session = session
        self._gateway = session.gateway
        self._running: dict[Key, _Subscription] = {}
        self._values: dict[tuple[str, str, str, str], str] = {}  # what was told last: request, account, key, currency
        self._positions: dict[tuple[str, str, int], Decimal] = {}  # request, account, conId -> told last

    def handlers(self) -> dict[type, Callable[[Any], None]]:
        return {
            requests.RequestAccountUpdates: self._updates,
            requests.RequestAccountSummary: self._summary,
            requests.CancelAccountSummary: lambda request: self._stop("summary", request.req_id),
            requests.RequestPositions: self._all_positions,
            requests.CancelPositions: lambda request: self._stop("positions", 0),
            requests.RequestPositionsMulti: self._positions_multi,
            requests.CancelPositionsMulti: lambda request: self._stop("positions multi", request.req_id),
            requests.RequestAccountUpdatesMulti: self._updates_multi,
            requests.CancelAccountUpdatesMulti: lambda request: self._stop("updates multi", request.req_id),
            requests.RequestPnl: self._profit,
            requests.CancelPnl: lambda request: self._stop("pnl", request.req_id),
            requests.RequestPnlSingle: self._profit_of_one,
            requests.CancelPnlSingle: lambda request: self._stop("pnl single", request.req_id),
        }

    # -- subscriptions -------------------------------------------------------------------------------------------------

    def _start(
        self, kind: str, req_id: int, every_s: float, tell: Callable[[bool], None], *, follows_market: bool = False
    ) -> None:
        self._stop(kind, req_id)
        every = timedelta(seconds=every_s)
        self._running[kind, req_id] = _Subscription(tell, every, self._session.now, follows_market)
        tell(True)

    def _stop(self, kind: str, req_id: int) -> None:
        self._running.pop((kind, req_id), None)
        name = f"{kind} {req_id}"
        self._values = {key: value for key, value in self._values.items() if key[0] != name}
        self._positions = {key: value for key, value in self._positions.items() if key[0] != name}

    def changed(self) -> None:
        """Cash or holdings are not what they were."""
        for each in self._running.values():
            each.changed = True

    def tend(self, now: datetime) -> None:
        for each in list(self._running.values()):
            if self._due(each) <= now:
                each.changed, each.told_at = False, now
                each.tell(False)

    def next_at(self) -> datetime | None:
        return min(map(self._due, self._running.values()), default=None)

    def _due(self, each: _Subscription) -> datetime:
        soon = timedelta(seconds=self._gateway.parameters.updates.account_change_s)
        if each.follows_market and not each.changed and not self._gateway.trading():
            return each.told_at + max(each.every, _WHILE_CLOSED)
        return each.told_at + (min(soon, each.every) if each.changed else each.every)

    def close(self) -> None:
        self._running.clear()

    def _account(self, named: str) -> str:
        accounts = self._gateway.accounts()
        if named and named not in accounts:
            raise invalid(f"Invalid account code '{named}'")
        return named or accounts[0]

    def _accounts(self, group: str) -> list[str]:
        """All of them, or the one that is named."""
        return self._gateway.accounts() if group in ("", _ALL) else [self._account(group)]

    # -- values --------------------------------------------------------------------------------------------------------

    def _updates(self, request: requests.RequestAccountUpdates) -> None:
        if not request.subscribe:
            self._stop("updates", 0)
            return
        account = self._account(request.account)
        every_s = self._gateway.parameters.updates.account_s
        self._start("updates", 0, every_s, lambda first: self._tell_account(account, first))

    def _tell_account(self, account: str, first: bool) -> None:
        say = self._session.say
        for value in values_of(self._gateway.engine, self._gateway.worth, account):
            if self._news("updates 0", account, value.key, value.currency, value.value):
                say(answers.AccountValue(value.key, value.value, value.currency, account))
        self._tell_portfolio(account)
        say(answers.AccountTime(f"{self._session.now.astimezone(NEW_YORK):%H:%M}"))
        if first:
            say(answers.AccountDownloadEnd(account))

    def _tell_portfolio(self, account: str) -> None:
        """Every position, and once those that are gone."""
        worth, catalogue = self._gateway.worth, self._gateway.catalogue
        realised = worth.realised_by_contract(account)
        gone = [con_id for _, _, con_id in self._gone("updates 0", account)]
        for line in (*worth.lines(account), *(worth.line(account, con_id) for con_id in gone)):
            if line.quantity:
                self._positions["updates 0", account, line.con_id] = line.quantity
            contract, earned = catalogue.described(line.con_id), realised.get(line.con_id, 0.0)
            figures = line.price, line.value, line.average_cost, line.unrealised, earned
            self._session.say(answers.PortfolioValue(contract, line.quantity, *figures, account))

    def _news(self, name: str, account: str, key: str, currency: str, value: str) -> bool:
        told = self._values.get((name, account, key, currency)) != value
        self._values[name, account, key, currency] = value
        return told

    def _summary(self, request: requests.RequestAccountSummary) -> None:
        accounts = self._accounts(request.group)

        def tell(first: bool) -> None:
            name = f"summary {request.req_id}"
            for account in accounts:
                for key, value, currency in summary_tags(
                    self._gateway.engine, self._gateway.worth, account, request.tags
                ):
                    if self._news(name, account, key, currency, value):
                        self._session.say(answers.AccountSummary(request.req_id, account, key, value, currency))
            if first:
                self._session.say(answers.AccountSummaryEnd(request.req_id))

        self._start("summary", request.req_id, self._gateway.parameters.updates.account_s, tell)

    def _updates_multi(self, request: requests.RequestAccountUpdatesMulti) -> None:
        self._no_model(request.model_code)
        account = self._account(request.account)

        def tell(first: bool) -> None:
            for key, value, currency in values_of(self._gateway.engine, self._gateway.worth, account):
                if self._news(f"updates multi {request.req_id}", account, key, currency, value):
                    self._session.say(
                        answers.AccountUpdateMulti(request.req_id, account, request.model_code, key, value, currency)
                    )
            if first:
                self._session.say(answers.AccountUpdateMultiEnd(request.req_id))

        self._start("updates multi", request.req_id, self._gateway.parameters.updates.account_s, tell)

    def _no_model(self, model_code: str) -> None:
        if model_code:
            raise invalid(f"There is no model {model_code}")

    # -- positions -----------------------------------------------------------------------------------------------------

    def _all_positions(self, request: requests.RequestPositions) -> None:
        def tell(first: bool) -> None:
            for account in self._gateway.accounts():
                for con_id, quantity, cost in self._changes("positions 0", account):
                    contract = self._gateway.catalogue.described(con_id)
                    self._session.say(answers.Position(account, contract, quantity, cost))
            if first:
                self._session.say(answers.PositionEnd())

        self._start("positions", 0, self._gateway.parameters.updates.account_s, tell)

    def _positions_multi(self, request: requests.RequestPositionsMulti) -> None:
        self._no_model(request.model_code)
        accounts = self._accounts(request.account)

        def tell(first: bool) -> None:
            for account in accounts:
                for con_id, quantity, cost in self._changes(f"positions multi {request.req_id}", account):
                    contract = self._gateway.catalogue.described(con_id)
                    self._session.say(answers.PositionMulti(request.req_id, account, contract, quantity, cost))
            if first:
                self._session.say(answers.PositionMultiEnd(request.req_id))

        self._start("positions multi", request.req_id, self._gateway.parameters.updates.account_s, tell)

    def _changes(self, name: str, account: str) -> list[tuple[int, Decimal, float]]:
        """Positions that are not as they were told last; those that are gone have a quantity of 0."""
        found = []
        gone = self._gone(name, account)
        for con_id, held in self._gateway.engine.account(account).held.items():
            if self._positions.get((name, account, con_id)) != held.quantity:
                self._positions[name, account, con_id] = held.quantity
                found.append((con_id, held.quantity, float(held.average_cost)))
        return found + [(con_id, Decimal(0), 0.0) for _, _, con_id in gone]

    def _gone(self, name: str, account: str) -> list[tuple[str, str, int]]:
        held = self._gateway.engine.account(account).held
        gone = [key for key in self._positions if key[:2] == (name, account) and key[2] not in held]
        for key in gone:
            del self._positions[key]
        return gone

    # -- profit and loss -----------------------------------------------------------------------------------------------

    def _profit(self, request: requests.RequestPnl) -> None:
        self._no_model(request.model_code)
        account, worth = self._account(request.account), self._gateway.worth

        def tell(first: bool) -> None:
            realised = worth.realised(account)
            daily, unrealised = worth.earned_today(account), worth.unrealised(account)
            pnl = answers.Pnl(request.req_id, round(daily, 2), round(unrealised, 2), round(realised, 2))
            if self._news(f"pnl {request.req_id}", account, "", "", repr(pnl)):
                self._session.say(pnl)

        self._start("pnl", request.req_id, self._gateway.parameters.updates.account_change_s, tell, follows_market=True)

    def _profit_of_one(self, request: requests.RequestPnlSingle) -> None:
        self._no_model(request.model_code)
        account, con_id, worth = self._account(request.account), request.con_id, self._gateway.worth
        self._gateway.catalogue.instrument(con_id)

        def tell(first: bool) -> None:
            line = worth.line(account, con_id)
            pnl = answers.PnlSingle(
                request.req_id,
                line.quantity,
                round(worth.earned_today_on(account, con_id), 2),
                round(line.unrealised, 2),
                round(worth.realised_by_contract(account).get(con_id, 0.0), 2),
                round(line.value, 2),
            )
            if self._news(f"pnl single {request.req_id}", account, "", "", repr(pnl)):
                self._session.say(pnl)

        self._start(
            "pnl single", request.req_id, self._gateway.parameters.updates.account_change_s, tell, follows_market=True
        )
