"""What outlives every process: the exchange with its account, the gateway, the quotes of the street and their truth."""

import asyncio
import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import accumulate
from random import Random
from typing import Any, NamedTuple

from attrs import field, frozen
from theatre import ACCOUNT, EXPIRIES, NO_CARRY, RATE, SHARE, TICK, VENUE, option

from gamma_scalper.domain.instruments import Option
from gamma_scalper.domain.orders import Side
from gamma_scalper.domain.quotes import Quote
from gamma_scalper.domain.sessions import years_between
from gamma_scalper.exchange.engine import Engine, Instruction
from gamma_scalper.exchange.events import Event, Executed
from gamma_scalper.exchange.faults import FaultSchedule
from gamma_scalper.exchange.orders import Order
from gamma_scalper.exchange.parameters import ExchangeParameters
from gamma_scalper.exchange.replay import Pushed, trading_hours
from gamma_scalper.exchange.tickets import Place, Ticket
from gamma_scalper.gateway.gateway import Gateway
from gamma_scalper.gateway.parameters import GatewayParameters, UpdateParameters
from gamma_scalper.kernel import LoopClock, VirtualLoop
from gamma_scalper.pricing import Lattice, MarketInputs, OptionTerms
from staging.overheard import Heard, Overheard
from staging.plan import EVERY_S, Mishap, Plan, Trouble

HOST = "broker"
STRIKES = (585, 590, 595, 600, 605, 610, 615)
CHAIN = tuple(
    option(1_000 + 2 * number + (right == "P"), right, strike, EXPIRIES[1])
    for number, strike in enumerate(STRIKES)
    for right in ("C", "P")
)
SHORT = CHAIN[0]  # a call in the money, which somebody will exercise
OPEN_INTEREST = 1_000
_SPOT, _IV, _SECONDS_A_YEAR = 600.0, 0.15, 252 * 6.5 * 3600
_MODEL = Lattice()
UPDATES = GatewayParameters(updates=UpdateParameters(model_greeks_s=15.0, quote_greeks_s=60.0, account_change_s=10.0))


class Tick(NamedTuple):
    """What was really on offer, from `at` on."""

    at: datetime
    bid: float | None
    ask: float | None


@frozen
class Path:
    """The share's price every few seconds of the market's time."""

    prices: tuple[float, ...] = field(converter=tuple)
    every_s: float = EVERY_S

    @classmethod
    def of(cls, plan: Plan) -> "Path":
        chance = Random(plan.seed)
        count = int(plan.minutes * 60 / plan.every_s) + 2
        scale = plan.vol * math.sqrt(plan.every_s / _SECONDS_A_YEAR)
        steps = [chance.gauss(0, scale) for _ in range(count)]
        for minute, percent in plan.jumps:
            steps[int(minute * 60 / plan.every_s)] += percent / 100
        return cls((_SPOT * math.exp(moved) for moved in accumulate(steps)), plan.every_s)

    def at(self, minute: float) -> float:
        return self.prices[min(max(int(minute * 60 / self.every_s), 0), len(self.prices) - 1)]


class Witnessed(Engine):
    """An exchange of which all that happened besides quotes is kept, in order."""

    def __init__(self, *about: Any, **more: Any) -> None:
        self.happened: list[Event] = []
        super().__init__(*about, **more)

    def on(self, event: Instruction, now: datetime) -> list[Event]:
        return self._seen(super().on(event, now))

    def step(self, now: datetime) -> tuple[list[Event], bool]:
        events, more = super().step(now)
        return self._seen(events), more

    def _seen(self, events: list[Event]) -> list[Event]:
        self.happened += (each for each in events if type(each) is not Quote)
        return events


class World:
    """One broker and one street, on the running virtual loop."""

    def __init__(self, plan: Plan) -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        self._loop, self.plan, self.path = loop, plan, Path.of(plan)
        self.schedule = FaultSchedule(plan.faults())
        hours = trading_hours(plan.start.date() - timedelta(days=5), EXPIRIES[1] + timedelta(days=30))
        market = Pushed((SHARE, *CHAIN), hours, plan.start)
        for contract in CHAIN:
            market.list_contract(contract, OPEN_INTEREST)
        self.engine = Witnessed(
            market,
            accounts={ACCOUNT: Decimal(plan.cash)},
            parameters=ExchangeParameters(venue=VENUE, carry=NO_CARRY),
            seed=plan.seed,
            faults=self.schedule,
        )
        self.engine.floor.watch(SHARE.con_id).close = _SPOT  # the session before's
        self.ticks: dict[int, list[Tick]] = {}  # conId -> all that was on offer, the older first
        self.executions: dict[str, Executed] = {}
        self.orders: dict[int, Order] = {}  # the exchange's own number -> order
        self.heard: list[Heard] = []  # what the gateway told of its records, and to which connection
        self.panics = False  # a panic file lies there
        self._snapshots = 0
        if plan.short_call:
            self._sell_by_hand()
        self.clock = LoopClock(loop, self.engine.now)
        self.began = self.engine.now
        self.cash_before = self.engine.account(ACCOUNT).cash
        self.gateway = self._gateway()
        loop.register_host(HOST, lambda: self.gateway.protocol())
        self._tasks = [
            asyncio.create_task(self.gateway.run(), name="gateway"),
            asyncio.create_task(self._quote(), name="the street"),
        ]

    def _gateway(self) -> Gateway:
        return Overheard(self.heard, self.engine, self.clock, UPDATES, faults=self.schedule)

    async def close(self) -> None:
        self.remember()
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with suppress(asyncio.CancelledError):
                await task
        await self.gateway.close()

    # -- time ----------------------------------------------------------------------------------------------------------

    @property
    def minute(self) -> float:
        """Of the market that has passed: nights don't count."""
        return self.minute_of(self.clock.now())

    def minute_of(self, at: datetime) -> float:
        return self.plan.minute_of(at)

    async def until(self, minute: float) -> None:
        await self.until_moment(self.plan.moment(minute))

    async def until_moment(self, moment: datetime) -> None:
        await self.clock.sleep((moment - self.clock.now()).total_seconds())

    @property
    def is_open(self) -> bool:
        return self.engine.market.sessions(SHARE.con_id).at(self.clock.now()) is not None

    # -- quotes --------------------------------------------------------------------------------------------------------

    async def _quote(self) -> None:
        """Every few seconds, whatever somebody looks at and may trade; at night nothing."""
        sessions = self.engine.market.sessions(SHARE.con_id)
        while True:
            now = self.gateway.now()
            if sessions.at(now) is None:
                self.remember()
                opens = sessions.after(now).opens
                await self.clock.sleep(min((opens - now).total_seconds(), 1_800))
                continue
            for con_id in self.quoted():
                if not self.engine.halted(con_id):
                    self.gateway.do(self._quoted(con_id, self.gateway.now()))
            await self.clock.sleep(self.plan.every_s)

    def quoted(self) -> Sequence[int]:
        """In the order in which their quotes come."""
        return sorted({SHARE.con_id, *self.engine.floor.looked})

    def _quoted(self, con_id: int, at: datetime) -> Quote:
        self._snapshots += 1
        bid, ask = self.offer(con_id, at)
        ticks = self.ticks.setdefault(con_id, [])
        same = bool(ticks) and ticks[-1][1:] == (bid, ask)
        ticks.append(Tick(at, bid, ask))
        size = 500 + self._snapshots % 7 * same  # a market breathes; what never changes is not told again
        return Quote(
            con_id=con_id,
            snapshot_id=self._snapshots,
            bid=bid,
            ask=ask,
            bid_size=size if bid else 0,
            ask_size=size,
            received_at=at,
        )

    def offer(self, con_id: int, at: datetime) -> tuple[float, float]:
        spot = self.path.at(self.minute_of(at))
        contract = self.engine.market.instrument(con_id)
        if isinstance(contract, Option):
            middle, half = _MODEL.price(_terms(contract), _inputs(contract, spot, at), _IV), 0.02
        else:
            middle, half = spot, 0.01
        bid = math.floor((middle - half) / TICK + 1e-9) * TICK
        return round(max(bid, 0.0), 2), round(math.ceil((middle + half) / TICK - 1e-9) * TICK, 2)

    def truth(self, con_id: int, since: datetime, until: datetime) -> Iterator[Tick]:
        """What was on offer at any time between."""
        ticks = self.ticks.get(con_id, [])
        place = max(bisect_right(ticks, since, key=lambda tick: tick.at) - 1, 0)
        for tick in ticks[place:]:
            if tick.at > until:
                return
            yield tick

    def delta(self, held: dict[int, Decimal], at: datetime) -> float:
        """Of such a position at that moment, as the street prices it."""
        return sum(float(quantity) * self._delta_of(con_id, at) for con_id, quantity in held.items())

    def _delta_of(self, con_id: int, at: datetime) -> float:
        contract = self.engine.market.instrument(con_id)
        if not isinstance(contract, Option):
            return 1.0
        inputs = _inputs(contract, self.path.at(self.minute_of(at)), at)
        return contract.multiplier * _MODEL.greeks(_terms(contract), inputs, _IV).delta

    # -- what the exchange has done ------------------------------------------------------------------------------------

    def remember(self) -> None:
        """It forgets at midnight."""
        self.executions |= {each.exec_id: each for each, _ in self.engine.executions(ACCOUNT)}
        orders = (*self.engine.completed_orders(ACCOUNT), *self.engine.open_orders())
        self.orders |= {each.perm_id: each for each in orders}

    @property
    def held(self) -> dict[int, Decimal]:
        held = self.engine.account(ACCOUNT).held
        return {con_id: each.quantity for con_id, each in sorted(held.items()) if each.quantity}

    def _sell_by_hand(self) -> None:
        """The short call, before anybody looks."""
        self.engine.on(self._quoted(SHORT.con_id, self.engine.now), self.engine.now)
        ticket = Ticket(account=ACCOUNT, what=SHORT.con_id, side=Side.SELL, quantity=1)
        self.engine.on(Place(ticket), self.engine.now)
        for _ in range(3):  # until it has arrived, and has met a quote
            at = self.engine.now + timedelta(seconds=1)
            while self.engine.step(at)[1]:
                pass
            self.engine.on(self._quoted(SHORT.con_id, at), at)

    # -- a gateway that restarts ---------------------------------------------------------------------------------------

    async def restart_gateway(self, trouble: Trouble) -> None:
        """Connections are cut; until it is back nobody gets in. The exchange goes on."""
        assert trouble.kind is Mishap.GATEWAY_RESTART
        self._loop.unregister_host(HOST)
        self._loop.register_host(HOST, _Closed)
        await self.gateway.close()
        self._tasks[0].cancel()
        with suppress(asyncio.CancelledError):
            await self._tasks[0]
        watches = self.gateway._watches  # what has struck doesn't strike again
        self.gateway = self._gateway()
        self.gateway._watches = watches
        self._tasks[0] = asyncio.create_task(self.gateway.run(), name="gateway")
        await self.clock.sleep(trouble.duration_s)
        self._loop.unregister_host(HOST)
        self._loop.register_host(HOST, lambda: self.gateway.protocol())


class _Closed(asyncio.Protocol):
    """Nobody listens there."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.abort()


def _inputs(contract: Option, spot: float, at: datetime) -> MarketInputs:
    return MarketInputs(spot, max(years_between(at, contract.expires_at), 1e-9), RATE)


def _terms(contract: Option) -> OptionTerms:
    return OptionTerms(contract.right, float(contract.strike))
