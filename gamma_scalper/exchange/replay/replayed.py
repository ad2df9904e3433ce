"""A tape played back as a market: what was in force is on offer, second by second."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import numpy as np

from gamma_scalper.domain.exits import UserError
from gamma_scalper.domain.instruments import Index, Option, Stock
from gamma_scalper.domain.sessions import Sessions
from gamma_scalper.exchange.market import Listed, Offer, UnknownContract
from gamma_scalper.exchange.replay.held import Held
from gamma_scalper.exchange.replay.hours import moment_of, nanoseconds, new_york_day, new_york_midnight
from gamma_scalper.exchange.replay.tape import Columns, Tape
from gamma_scalper.exchange.replay.ticks import Ticks
from gamma_scalper.pricing.dividends import DividendSchedule, parse_dividends


class Replayed:
    """The market of a tape. It is at its first tick when made, and over when the tape's last day has closed.

    What the source says nothing of is not filled in: a quote holds until the next row or the close, whichever is first.
    """

    def __init__(self, tape: Tape, name: str, *, step_s: float = 1.0, dividends: str = "") -> None:
        self._tape = tape
        self._name = name
        self.step_s = step_s
        self._ticks = Ticks.of(tape.days, step_s)
        self._dividends = _schedule(tape, dividends)
        shares = [nanoseconds(session.closes) for session in tape.hours.shares.sessions]
        options = [nanoseconds(session.closes) for session in tape.hours.options.sessions]
        self._held = {
            con_id: Held(tape.quotes[con_id], options if isinstance(contract, Option) else shares)
            for con_id, contract in tape.contracts.items()
        }
        self._listed_from = {con_id: _first_day(columns) for con_id, columns in tape.quotes.items()}
        self._chains = _chains(tape.contracts.values())  # underlying's conId -> expiry -> by strike
        self._now_ns = self._ticks.first
        self._previous_ns = self._ticks.before(self._now_ns)

    @property
    def name(self) -> str:
        return self._name

    @property
    def tape(self) -> Tape:
        return self._tape

    @property
    def now(self) -> datetime:
        return moment_of(self._now_ns)

    def next_tick(self) -> datetime | None:
        following = self._ticks.after(self._now_ns)
        return None if following is None else moment_of(following)

    def advance(self, tick: datetime) -> None:
        tick_ns = nanoseconds(tick)
        if tick_ns != self._ticks.after(self._now_ns):
            raise ValueError(f"{tick} is not the next tick, which is {self.next_tick()}")
        self._previous_ns, self._now_ns = self._now_ns, tick_ns

    def offers(self, con_ids: Sequence[int]) -> Sequence[Offer]:
        held, now, previous = self._held, self._now_ns, self._previous_ns
        offers = []
        for con_id in con_ids:
            quoted = held.get(con_id)
            if quoted is None:
                raise UnknownContract(f"contract {con_id} is not on {self._name}")
            if not quoted.since <= now < quoted.until:
                quoted.move(now)
            offers.append(quoted.carried if quoted.since <= previous else quoted.fresh)
        return offers

    def underlyings(self) -> Sequence[Stock | Index]:
        return [contract for contract in self._tape.contracts.values() if not isinstance(contract, Option)]

    def expiries(self, underlying_con_id: int) -> Sequence[date]:
        return [expiry for expiry in self._chain(underlying_con_id) if self.options(underlying_con_id, expiry)]

    def options(self, underlying_con_id: int, expiry: date) -> Sequence[Option]:
        """From the day of its first quote, as a source doesn't say when a contract was listed, to its last trading."""
        return [
            option
            for option in self._chain(underlying_con_id).get(expiry, ())
            if self._listed_from[option.con_id] <= self._now_ns < nanoseconds(option.expires_at)
        ]

    def instrument(self, con_id: int) -> Listed:
        if con_id not in self._tape.contracts:
            raise UnknownContract(f"contract {con_id} is not on {self._name}")
        return self._tape.contracts[con_id]

    def sessions(self, con_id: int) -> Sessions:
        return self._tape.hours.of(self.instrument(con_id))

    def open_interest(self, con_id: int) -> int:
        """The latest figure known by now; 0 where the source tells none."""
        self.instrument(con_id)
        told = self._tape.open_interest.get(con_id)
        known = 0 if told is None else int(np.searchsorted(told.time, self._now_ns, side="right"))
        return told.contracts.item(known - 1) if told is not None and known else 0

    def dividends(self, underlying_con_id: int) -> DividendSchedule:
        self.instrument(underlying_con_id)
        return self._dividends

    def state(self) -> Mapping[str, Any]:
        return {"tick": self.now.isoformat(), "source": self._tape.fingerprint}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Refused if the source has other quotes than it had then."""
        if state["source"] != self._tape.fingerprint:
            raise UserError(
                f"{self._name}: its quotes are not those of the run before; give that source, or start fresh"
            )
        tick = nanoseconds(datetime.fromisoformat(state["tick"]))
        if tick not in self._ticks:
            raise UserError(f"{self._name}: {state['tick']} is none of its ticks; give the step of the run before")
        self._now_ns, self._previous_ns = tick, self._ticks.before(tick)

    def _chain(self, underlying_con_id: int) -> Mapping[date, list[Option]]:
        self.instrument(underlying_con_id)
        return self._chains.get(underlying_con_id, {})


def _chains(contracts: Iterable[Listed]) -> dict[int, dict[date, list[Option]]]:
    options = [contract for contract in contracts if isinstance(contract, Option)]
    chains: dict[int, dict[date, list[Option]]] = {}
    for option in sorted(options, key=lambda option: (option.expiry, option.strike, option.right, option.con_id)):
        chains.setdefault(option.underlying_con_id, {}).setdefault(option.expiry, []).append(option)
    return chains


def _first_day(columns: Columns) -> int:
    return new_york_midnight(new_york_day(columns.time.item(0))) if len(columns.time) else 0


def _schedule(tape: Tape, text: str) -> DividendSchedule:
    if text and sum(not isinstance(contract, Option) for contract in tape.contracts.values()) > 1:
        raise UserError(f"{tape.source}: dividends = {text!r} doesn't say of which underlying; replay one underlying")
    try:
        return parse_dividends(text)
    except ValueError as error:
        raise UserError(f"{tape.source}: dividends: {error}") from error
