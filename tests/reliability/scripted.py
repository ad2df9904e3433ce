"""A strategy by the clock: at each minute of its script the book is to hold so much, whatever it holds now.

It forgets everything when it dies and needs nothing to go on, as a strategy should.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from attrs import frozen

from gamma_scalper.domain.instruments import Option, Stock
from gamma_scalper.domain.orders import Limit, Order, Purpose, Side, Working
from gamma_scalper.domain.proposals import Deltas, Plan, Proposal, Reprice, TradeCommand, Withdraw
from gamma_scalper.domain.quotes import Quote
from gamma_scalper.domain.snapshots import PositionSnapshot
from gamma_scalper.kernel import Channel, Clock
from gamma_scalper.pipeline.messages import Trigger
from gamma_scalper.pipeline.quote_board import QuoteBoard

PATIENCE_S, GOOD_FOR_S = 10.0, 5.0


@frozen
class Wish:
    """From this moment on the book is to hold so many straddles and shares."""

    since: datetime
    straddles: int
    shares: int
    most: int = 1_000  # shares in one order; more go as several, one after the other
    manner: str = "take"  # at the far side; improve: at the near side, then amended; try: withdrawn once before that


@frozen(kw_only=True)
class Contracts:
    """What is traded."""

    share: Stock
    call: Option
    put: Option

    @property
    def all(self) -> tuple[Stock, Option, Option]:
        return self.share, self.call, self.put


class Scripted:
    """Looks every few seconds, and whenever it is triggered."""

    def __init__(
        self,
        book: str,
        script: Sequence[Wish],
        contracts: Contracts,
        queues: tuple[Channel[Trigger], Channel[TradeCommand]],
        board: QuoteBoard,
        clock: Clock,
        every_s: float,
    ) -> None:
        self.book = book
        self._script = script
        self._contracts = contracts
        self._triggers, self._trades = queues
        self._board = board
        self._clock = clock
        self._every_s = every_s
        self._position: PositionSnapshot | None = None
        self._handled: set[object] = set()  # intents that were amended or withdrawn, wishes that were withdrawn once

    async def run(self) -> None:
        while True:
            try:
                trigger = await asyncio.wait_for(self._triggers.get(), self._every_s)
                if trigger.position is not None:
                    self._position = trigger.position
            except TimeoutError:
                pass
            if self._position is not None:
                command = self._decide(self._position)
                if command is not None:
                    await self._trades.put(command)

    def _decide(self, position: PositionSnapshot) -> TradeCommand | None:
        now = self._clock.now()
        wish = max((wish for wish in self._script if wish.since <= now), key=lambda wish: wish.since, default=None)
        quotes = {each.con_id: self._board.quote(each.con_id) for each in self._contracts.all}
        if wish is None or any(quote is None for quote in quotes.values()):
            return None
        if position.live:
            return self._mind(position.live[0], wish, quotes)
        options = wish.straddles - position.quantity(self._contracts.call.con_id)
        if options:
            return self._straddle(int(options), quotes, position)
        shares = wish.shares - position.quantity(self._contracts.share.con_id)
        return self._hedge(int(shares), wish, quotes, position) if shares else None

    def _mind(self, order: Order, wish: Wish, quotes: dict[int, Quote]) -> TradeCommand | None:
        """One that rests is improved, or withdrawn, once."""
        intent = order.intent
        working = isinstance(order.state, Working) and isinstance(intent.instrument, Stock)
        if not working or intent.id in self._handled or wish.manner == "take":
            return None
        self._handled.add(intent.id)
        if wish.manner == "try" and wish not in self._handled:
            self._handled.add(wish)
            return Withdraw(intent.id, "a second thought")
        far = _far(intent.side, quotes[intent.instrument.con_id])
        return Reprice(intent.id, Limit(far), "it should be filled now")

    def _straddle(self, number: int, quotes: dict[int, Quote], position: PositionSnapshot) -> Plan:
        side = Side.BUY if number > 0 else Side.SELL
        purpose = Purpose.ENTRY if number > 0 else Purpose.EXIT
        legs = [
            self._proposal(purpose, leg, side, abs(number), _far(side, quotes[leg.con_id]), quotes)
            for leg in (self._contracts.call, self._contracts.put)
        ]
        return self._plan(legs, quotes, position, structure="straddle")

    def _hedge(self, shares: int, wish: Wish, quotes: dict[int, Quote], position: PositionSnapshot) -> Plan:
        side = Side.BUY if shares > 0 else Side.SELL
        quote = quotes[self._contracts.share.con_id]
        price = _far(side, quote) if wish.manner == "take" else _near(side, quote)
        sizes = [min(wish.most, abs(shares) - done) for done in range(0, abs(shares), wish.most)]
        proposals = [self._proposal(Purpose.HEDGE, self._contracts.share, side, each, price, quotes) for each in sizes]
        return self._plan(proposals, quotes, position, off=float(-shares), together=False)

    def _proposal(
        self,
        purpose: Purpose,
        instrument: Stock | Option,
        side: Side,
        quantity: int,
        price: Decimal,
        quotes: dict[int, Quote],
    ) -> Proposal:
        return Proposal(
            purpose=purpose,
            instrument=instrument,
            side=side,
            quantity=Decimal(quantity),
            pricing=Limit(price),
            patience_s=PATIENCE_S,
            snapshot_ids=[quotes[instrument.con_id].snapshot_id],
            reason="the script says so",
        )

    def _plan(
        self,
        proposals: list[Proposal],
        quotes: dict[int, Quote],
        position: PositionSnapshot,
        *,
        off: float = 0.0,
        together: bool = True,
        structure: str = "",
    ) -> Plan:
        now = self._clock.now()
        return Plan(
            proposals=proposals,
            together=together,
            structure=structure,
            decided_at=now,
            good_for_s=GOOD_FOR_S,
            settled_through=position.settled_through,
            quotes=quotes.values(),
            deltas=Deltas(
                as_of=now,
                legs=[(self._contracts.call.con_id, 0.5), (self._contracts.put.con_id, -0.5)],
                gamma=0.1,
                filled=off,
                projected=off,
                target=0.0,
            ),
        )


def _far(side: Side, quote: Quote) -> Decimal:
    return Decimal(str(quote.ask if side is Side.BUY else quote.bid))


def _near(side: Side, quote: Quote) -> Decimal:
    return Decimal(str(quote.bid if side is Side.BUY else quote.ask))


def script(start: datetime, minutes: Sequence[tuple[float, int, int, int, str]]) -> tuple[Wish, ...]:
    """(minute, straddles, shares, most, manner), counted from the start."""
    return tuple(
        Wish(start + timedelta(minutes=minute), straddles, shares, most, manner)
        for minute, straddles, shares, most, manner in minutes
    )
