"""A market whose quotes come from outside, such as a broker's: what was pushed last is on offer."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from gamma_scalper.domain.checks import utc
from gamma_scalper.domain.instruments import Index, Option, Stock
from gamma_scalper.domain.quotes import Quote
from gamma_scalper.domain.sessions import Sessions
from gamma_scalper.exchange.market import NOTHING_ON_OFFER, Listed, Offer, UnknownContract
from gamma_scalper.exchange.replay.hours import TradingHours
from gamma_scalper.exchange.replay.instrument_codec import (
    instrument_from_json,
    instrument_to_json,
    quote_from_json,
    quote_to_json,
)
from gamma_scalper.pricing.dividends import DividendSchedule


class Pushed:
    """It has no ticks of its own: its time is that of the newest quote, or what `advance` was told.

    A contract's own liquid hours hold where it has them, else `hours`.
    """

    def __init__(
        self,
        instruments: Iterable[Listed],
        hours: TradingHours,
        start: datetime,
        *,
        name: str = "push",
        dividends: Mapping[int, DividendSchedule] | None = None,
    ) -> None:
        self._name = name
        self._hours = hours
        self._now = utc(start)
        self._dividends = dict(dividends or {})  # underlying's conId -> its dividends
        self._listed: dict[int, Listed] = {}  # conId -> contract
        self._held: dict[int, Quote] = {}  # conId -> its newest quote
        self._open_interest: dict[int, int] = {}  # conId -> contracts
        self._late = 0
        for instrument in instruments:
            self.list_contract(instrument)

    def list_contract(self, contract: Listed, open_interest: int | None = None) -> None:
        """An option comes after its underlying. Again and unchanged is fine; another contract of that conId is not."""
        if self._listed.get(contract.con_id, contract) != contract:
            raise ValueError(f"contract {contract.con_id} is {self._listed[contract.con_id]}, not {contract}")
        if isinstance(contract, Option) and contract.underlying_con_id not in self._listed:
            raise UnknownContract(
                f"contract {contract.con_id}: its underlying {contract.underlying_con_id} is not listed"
            )
        self._listed[contract.con_id] = contract
        if open_interest is not None:
            self._open_interest[contract.con_id] = open_interest

    def push(self, quote: Quote) -> bool:
        """Puts it on offer. False, and counted, if a newer one is held; one of the same moment replaces it."""
        self.instrument(quote.con_id)
        held = self._held.get(quote.con_id)
        if held is not None and quote.received_at < held.received_at:
            self._late += 1
            return False
        self._held[quote.con_id] = quote
        self._now = max(self._now, quote.received_at)
        return True

    @property
    def late(self) -> int:
        """Quotes refused because a newer one was held."""
        return self._late

    @property
    def name(self) -> str:
        return self._name

    @property
    def now(self) -> datetime:
        return self._now

    def next_tick(self) -> datetime | None:
        return None

    def advance(self, tick: datetime) -> None:
        """Lets time pass without a quote, so that what has expired goes off offer."""
        if tick < self._now:
            raise ValueError(f"{tick} is before {self._now}")
        self._now = utc(tick)

    def offers(self, con_ids: Sequence[int]) -> Sequence[Offer]:
        return [self._offer(con_id) for con_id in con_ids]

    def underlyings(self) -> Sequence[Stock | Index]:
        return [contract for contract in self._listed.values() if not isinstance(contract, Option)]

    def expiries(self, underlying_con_id: int) -> Sequence[date]:
        return sorted({option.expiry for option in self._options(underlying_con_id)})

    def options(self, underlying_con_id: int, expiry: date) -> Sequence[Option]:
        options = [option for option in self._options(underlying_con_id) if option.expiry == expiry]
        return sorted(options, key=lambda option: (option.strike, option.right, option.con_id))

    def instrument(self, con_id: int) -> Listed:
        if con_id not in self._listed:
            raise UnknownContract(f"contract {con_id} is not listed in {self._name}")
        return self._listed[con_id]

    def sessions(self, con_id: int) -> Sessions:
        contract = self.instrument(con_id)
        return contract.liquid_hours or self._hours.of(contract)

    def open_interest(self, con_id: int) -> int:
        self.instrument(con_id)
        return self._open_interest.get(con_id, 0)

    def dividends(self, underlying_con_id: int) -> DividendSchedule:
        self.instrument(underlying_con_id)
        return self._dividends.get(underlying_con_id, DividendSchedule())

    def state(self) -> Mapping[str, Any]:
        return {
            "now": self._now.isoformat(),
            "late": self._late,
            "instruments": [
                [instrument_to_json(contract), self._open_interest.get(con_id, 0)]
                for con_id, contract in self._listed.items()
            ],
            "quotes": [quote_to_json(quote) for quote in self._held.values()],
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Contracts listed since stay listed; liquid hours are as they were given now."""
        for plain, open_interest in state["instruments"]:
            contract = instrument_from_json(plain)
            self.list_contract(self._listed.get(contract.con_id, contract), open_interest)
        self._held = {quote.con_id: quote for quote in map(quote_from_json, state["quotes"])}
        self._late = state["late"]
        self._now = datetime.fromisoformat(state["now"])

    def _offer(self, con_id: int) -> Offer:
        contract = self.instrument(con_id)
        quote = self._held.get(con_id)
        if quote is None or (isinstance(contract, Option) and contract.expires_at < self._now):
            return NOTHING_ON_OFFER
        return Offer(quote.bid, quote.ask, quote.bid_size, quote.ask_size, quote.last, quote.carried)

    def _options(self, underlying_con_id: int) -> list[Option]:
        self.instrument(underlying_con_id)
        return [
            contract
            for contract in self._listed.values()
            if isinstance(contract, Option)
            and contract.underlying_con_id == underlying_con_id
            and self._now < contract.expires_at
        ]
