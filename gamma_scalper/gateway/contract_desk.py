"""Answers about contracts: what fits a description, option chains, price steps, symbols, venues."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any

from gamma_scalper.domain.instruments import Option, TickRule
from gamma_scalper.exchange.market import Listed
from gamma_scalper.gateway.contracts import last_trading_day
from gamma_scalper.gateway.details import details, rule_id, tick_rule
from gamma_scalper.gateway.errors import Refused, invalid, unknown_contract
from gamma_scalper.gateway.moments import local_day
from gamma_scalper.gateway.roles import Conversation
from gamma_scalper.gateway.wire import answers
from gamma_scalper.gateway.wire import requests_of_data as requests
from gamma_scalper.gateway.wire import requests_of_orders as order_requests

_OPTION_EXCHANGES = ("SMART", "AMEX", "CBOE", "ISE", "PHLX")
_MOST_SAMPLES = 16


class ContractDesk:
    """See the module. The details of a combo are never answered, as at the broker: it has none but its legs'."""

    def __init__(self, session: Conversation) -> None:
        self._session = session
        self._gateway = session.gateway

    def handlers(self) -> dict[type, Callable[[Any], None]]:
        say = self._session.say
        return {
            requests.RequestContractDetails: self._details,
            requests.RequestSecDefOptParams: self._chain,
            requests.RequestMatchingSymbols: self._symbols,
            requests.RequestMarketRule: self._rule,
            requests.RequestDepthExchanges: lambda request: say(answers.DepthExchanges()),
            requests.RequestNewsProviders: lambda request: say(answers.NewsProviders()),
            order_requests.RequestSoftDollarTiers: lambda request: say(answers.SoftDollarTiers(request.req_id)),
            order_requests.RequestFamilyCodes: self._families,
        }

    def close(self) -> None:
        return

    def _details(self, request: requests.RequestContractDetails) -> None:
        if request.contract.sec_type == "BAG":
            return
        now = self._session.now
        found = self._gateway.catalogue.find(request.contract, now, include_expired=request.include_expired)
        if not found:
            raise unknown_contract()
        self._session.say_in_turn(self._all(request.req_id, found, now))

    def _all(self, req_id: int, found: Sequence[Listed], now: datetime) -> Iterator[answers.Answer]:
        for instrument in found:
            try:
                yield self._one(req_id, instrument, now)
            except Refused:  # it has expired while the others were told
                continue
        yield answers.ContractDetailsEnd(req_id)

    def _one(self, req_id: int, instrument: Listed, now: datetime) -> answers.ContractDetails:
        gateway = self._gateway
        underlying = gateway.catalogue.instrument(gateway.catalogue.underlying(instrument.con_id))
        sessions = gateway.engine.market.sessions(instrument.con_id)
        hours = gateway.hours.of(sessions, local_day(now))
        gateway.rules.setdefault(rule_id(tick_rule(instrument)), tick_rule(instrument))
        contract = gateway.catalogue.described(instrument.con_id)
        return answers.ContractDetails(req_id, contract, details(instrument, underlying, hours))

    def _chain(self, request: requests.RequestSecDefOptParams) -> None:
        """One answer for each exchange and trading class; strikes are those of all its expiries."""
        gateway, now = self._gateway, self._session.now
        if request.futures_exchange:
            raise invalid("Options on futures are not served by this gateway")
        underlying = gateway.catalogue.instrument(request.con_id)
        if isinstance(underlying, Option):
            raise invalid("Invalid contract id: the underlying is meant")
        classes: dict[tuple[str, str], tuple[set[str], set[float]]] = {}  # class, multiplier -> expiries, strikes
        for _, options in gateway.catalogue.chain(request.con_id):
            for option in options:
                if option.expires_at > now:
                    expiries, strikes = classes.setdefault(
                        (option.trading_class, str(option.multiplier)), (set(), set())
                    )
                    expiries.add(last_trading_day(option))
                    strikes.add(float(option.strike))
        for exchange in _OPTION_EXCHANGES:
            for (name, multiplier), (expiries, strikes) in classes.items():
                self._session.say(
                    answers.SecDefOptParams(
                        request.req_id,
                        exchange,
                        request.con_id,
                        name,
                        multiplier,
                        tuple(sorted(expiries)),
                        tuple(sorted(strikes)),
                    )
                )
        self._session.say(answers.SecDefOptParamsEnd(request.req_id))

    def _symbols(self, request: requests.RequestMatchingSymbols) -> None:
        catalogue, wanted = self._gateway.catalogue, request.pattern.upper()
        fitting = [each for each in catalogue.underlyings() if wanted and each.symbol.startswith(wanted)]
        samples = tuple(
            answers.SymbolSample(catalogue.described(each.con_id), ("OPT",)) for each in fitting[:_MOST_SAMPLES]
        )
        self._session.say(answers.SymbolSamples(request.req_id, samples))

    def _rule(self, request: requests.RequestMarketRule) -> None:
        rule: TickRule | None = self._gateway.rules.get(request.rule_id)
        if rule is None:
            raise Refused(321, f"Error validating request.-'bZ' : cause - There is no market rule {request.rule_id}")
        steps = tuple(answers.PriceIncrement(float(start), float(step)) for start, step in rule.bands)
        self._session.say(answers.MarketRule(request.rule_id, steps))

    def _families(self, request: object) -> None:
        codes = tuple(answers.FamilyCode(account, "") for account in self._gateway.accounts())
        self._session.say(answers.FamilyCodes(codes))
