"""Makes pictures as the engine would, and plays the desk: what a strategy orders lives, fills, or dies."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from attrs import evolve

from gamma_scalper.domain.entries import Mode
from gamma_scalper.domain.fees import FeeParameters
from gamma_scalper.domain.greeks import NO_GREEKS
from gamma_scalper.domain.instruments import Combo, Leg, Option, Right, Stock, legs_of
from gamma_scalper.domain.money import to_decimal
from gamma_scalper.domain.orders import IntentId, Limit, Market, Order, Purpose, Working
from gamma_scalper.domain.pictures import LegFigures, Picture
from gamma_scalper.domain.proposals import Instruct, Plan, Proposal, Refusal, Reprice, Withdraw
from gamma_scalper.domain.quotes import Quote
from gamma_scalper.domain.sessions import Session, years_between
from gamma_scalper.domain.snapshots import Holding, MarketSnapshot, PositionSnapshot, Shortlist
from gamma_scalper.pricing.analytic import BlackScholes
from gamma_scalper.pricing.model import MarketInputs, OptionTerms
from gamma_scalper.pricing.parameters import PricingParameters
from gamma_scalper.strategies.base import Act, Decision, Hold, Judgement, Standing, View
from gamma_scalper.strategies.gamma_scalp import GammaScalp
from gamma_scalper.strategies.limits import Limits
from gamma_scalper.strategies.memory import Memory
from gamma_scalper.strategies.scalp_parameters import ScalpParameters
from gamma_scalper.strategies.scene import Scene, scene

SPY = Stock(con_id=1, symbol="SPY")
DAY = date(2026, 11, 18)  # a Wednesday
OPENS = datetime(2026, 11, 18, 14, 30, tzinfo=UTC)
CLOSES = datetime(2026, 11, 18, 21, 0, tzinfo=UTC)
NOON = datetime(2026, 11, 18, 17, 0, tzinfo=UTC)
LIMITS = Limits(
    cooldown_s=60.0,
    force_shares=500.0,
    force_per_straddle=0.0,
    min_shares=1.0,
    min_per_straddle=0.0,
    max_order_shares=500.0,
    max_order_per_straddle=0.0,
    hedge_shares=1.0,
    hedge_per_straddle=0.0,
    min_dte=21,
    max_dte=35,
    moneyness_pct=3.0,
    budget=100_000.0,
)
RATE = 0.04
_MODEL = BlackScholes()


def option(right: Right, strike: int = 600, expiry: date = date(2026, 12, 18), con_id: int = 0) -> Option:
    """Its conId says what it is: 60001 is the call at 600, 60002 the put."""
    return Option(
        con_id=con_id or 100 * strike + (1 if right == "C" else 2),
        underlying_con_id=SPY.con_id,
        symbol="SPY",
        right=right,
        strike=Decimal(strike),
        expiry=expiry,
        expires_at=datetime(expiry.year, expiry.month, expiry.day, 21, 0, tzinfo=UTC),
        trading_class="SPY",
    )


CALL, PUT = option("C"), option("P")
STRADDLE = Combo([Leg(CALL, 1), Leg(PUT, 1)])


def session_of(day: date) -> Session:
    """Half past nine to four in New York, in winter."""
    opens = datetime(day.year, day.month, day.day, 14, 30, tzinfo=UTC)
    return Session(day, opens, opens + timedelta(hours=6, minutes=30))


def worth(each: Option, spot: float, vol: float, now: datetime) -> LegFigures:
    inputs = MarketInputs(spot, years_between(now, each.expires_at), RATE)
    terms = OptionTerms(each.right, float(each.strike), "european")
    return LegFigures(option=each, greeks=_MODEL.greeks(terms, inputs, vol), vol=vol)


def quote(con_id: int, mid: float, half: float, now: datetime, snapshot_id: int = 1) -> Quote:
    """On cents, around the middle."""
    bid, ask = round(max(mid - half, 0.0), 2), round(max(mid + half, 0.02), 2)
    return Quote(con_id=con_id, snapshot_id=snapshot_id, bid=bid, ask=ask, bid_size=50, ask_size=50, received_at=now)


class Play:
    """One book before its strategy: the market is moved by hand, orders fill at their limits when they are told to."""

    def __init__(
        self,
        parameters: ScalpParameters = ScalpParameters(),
        limits: Limits = LIMITS,
        pricing: PricingParameters = PricingParameters(model="black_scholes"),
        notes: str = "",
    ) -> None:
        self.strategy = GammaScalp(parameters, limits, FeeParameters(schedule="tiered"), pricing)
        self.memory: Memory = self.strategy.begin(notes)
        self.now, self.spot, self.vol = NOON, 600.0, 0.15
        self.half, self.share_half = 0.02, 0.005
        self.session: Session | None = session_of(DAY)
        self.shortlist: Shortlist | None = Shortlist(at=NOON, best=STRADDLE, why="best of 12")
        self.standing = Standing(mode=Mode.LIVE)
        self.underlying: Stock = SPY
        self.holdings: dict[int, Holding] = {}
        self.paid: dict[int, Decimal] = {}
        self.realised = Decimal(0)
        self.busy = ""
        self.live: dict[int, Order] = {}
        self.limits: dict[int, Decimal] = {}  # intent number -> its limit of now
        self.number = 0
        self.snapshot = 0
        self.unquoted: set[int] = set()
        self.options_quoted_at: datetime | None = None  # None: just now
        self.scanned_at: datetime | None = None  # the chain; the same

    # -- the market ----------------------------------------------------------------------------------------------------

    def _priced(self) -> list[Option]:
        wanted = [each.instrument for each in self.holdings.values()]
        wanted += [leg.instrument for order in self.live.values() for leg in legs_of(order.intent.instrument)]
        if self.shortlist is not None and self.shortlist.best is not None:
            wanted += [leg.instrument for leg in self.shortlist.best.legs]
        return list({each.con_id: each for each in wanted if isinstance(each, Option)}.values())

    def picture(self) -> Picture:
        self.snapshot += 1
        legs = [worth(each, self.spot, self.vol, self.now) for each in self._priced()]
        quotes = [quote(SPY.con_id, self.spot, self.share_half, self.now, self.snapshot)]
        quoted_at = self.options_quoted_at or self.now
        quotes += [quote(leg.option.con_id, leg.greeks.price, self.half, quoted_at, self.snapshot) for leg in legs]
        market = MarketSnapshot(
            at=self.now,
            underlying_con_id=SPY.con_id,
            quotes=[each for each in quotes if each.con_id not in self.unquoted],
            options=[leg.option for leg in legs],
            session=self.session,
            prior_close=600.0,
            shortlist=self.shortlist and evolve(self.shortlist, at=self.scanned_at or self.now),
        )
        greeks, by_id = NO_GREEKS, {leg.option.con_id: leg.greeks for leg in legs}
        delta = 0.0
        for held in self.holdings.values():
            many = float(held.quantity)
            if isinstance(held.instrument, Option):
                greeks += by_id[held.instrument.con_id] * (many * held.instrument.multiplier)
            else:
                delta += many
        projected = delta + greeks.delta
        for order in self.live.values():
            for leg in legs_of(order.intent.instrument):
                each = 1.0 if isinstance(leg.instrument, Stock) else by_id[leg.instrument.con_id].delta
                projected += float(order.signed_remaining * leg.ratio) * leg.instrument.multiplier * each
        return Picture(
            at=self.now,
            market=market,
            position=self.position(),
            legs=legs,
            options=greeks,
            filled=delta + greeks.delta,
            projected=projected,
        )

    def position(self) -> PositionSnapshot:
        settled = min(self.live, default=self.number + 1) - 1
        return PositionSnapshot(
            holdings=self.holdings.values(),
            live=self.live.values(),
            settled_through=settled,
            average_prices=self.paid.items(),
            realised=self.realised,
            busy=self.busy,
        )

    def view(self, picture: Picture | None = None) -> View:
        return View(
            now=self.now,
            book="spy",
            underlying=self.underlying,
            picture=self.picture() if picture is None else picture,
            standing=self.standing,
        )

    def scene(self) -> Scene:
        found = scene(self.view())
        assert isinstance(found, Scene), found
        return found

    # -- the strategy --------------------------------------------------------------------------------------------------

    def look(self, picture: Picture | None = None) -> Decision:
        return self.judge(picture).decision

    def judge(self, picture: Picture | None = None) -> Judgement:
        judgement, self.memory = self.strategy.decide(self.view(picture), self.memory)
        return judgement

    def hold(self) -> str:
        """The rule it waits by; fails where it acts."""
        decision = self.look()
        assert isinstance(decision, Hold), decision
        return decision.rule

    def act(self) -> Act:
        decision = self.look()
        assert isinstance(decision, Act), decision
        return decision

    def plan(self) -> Plan:
        """What it orders now, accepted by the desk and working."""
        command = self.act().command
        assert isinstance(command, Plan), command
        self.accept(command)
        return command

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def restart(self) -> None:
        """All that is remembered is what was noted."""
        self.memory = self.strategy.begin(self.strategy.notes(self.memory))

    def refuse(self, *purposes: Purpose, why: str = "not now") -> None:
        refusals = {purpose: (Refusal("a guard", why),) for purpose in purposes}
        self.standing = evolve(self.standing, refusals=refusals)

    # -- the desk ------------------------------------------------------------------------------------------------------

    def accept(self, plan: Plan) -> list[int]:
        assert not self.live, "a plan while something lives"
        assert plan.settled_through == self.number
        return [self._work(proposal) for proposal in plan.proposals]

    def _work(self, proposal: Proposal) -> int:
        self.number += 1
        intent = proposal.numbered(IntentId("spy", self.number), "DU1", self.now)
        self.live[self.number] = Order(intent, Working(), perm_ids=(self.number,))
        if isinstance(intent.pricing, Limit):
            self.limits[self.number] = intent.pricing.price
        return self.number

    def obey(self, act: Act) -> None:
        """An amendment is done at once, a cancel too."""
        command = act.command
        if isinstance(command, Reprice):
            assert isinstance(command.pricing, Limit)
            self.limits[command.intent.number] = command.pricing.price
        elif isinstance(command, Withdraw):
            self.die(command.intent.number)
        elif isinstance(command, Plan):
            self.accept(command)
        else:
            assert isinstance(command, Instruct)

    def die(self, number: int) -> None:
        del self.live[number]

    def fill(self, number: int = 0) -> None:
        """At its limit, legs of a combo in proportion to their middles; without a number, all that lives."""
        for each in [number] if number else list(self.live):
            order = self.live.pop(each)
            intent = order.intent
            price = self._paid_for(each, order)
            legs = legs_of(intent.instrument)
            mids = [self._mid(leg.instrument) for leg in legs]
            for leg, mid in zip(legs, mids, strict=True):
                part = price if len(legs) == 1 else (price * mid / sum(mids)).quantize(Decimal("0.0001"))
                self.book(leg.instrument, intent.side.sign * leg.ratio * intent.quantity, part)

    def _paid_for(self, number: int, order: Order) -> Decimal:
        if isinstance(order.intent.pricing, Market):
            mid, half = to_decimal(self.spot), to_decimal(self.share_half)
            return mid + order.intent.side.sign * half
        return self.limits[number]

    def _mid(self, instrument: Stock | Option) -> Decimal:
        if isinstance(instrument, Stock):
            return to_decimal(round(self.spot, 2))
        return to_decimal(round(worth(instrument, self.spot, self.vol, self.now).greeks.price, 4))

    def book(self, instrument: Stock | Option, quantity: Decimal, price: Decimal) -> None:
        """Into the position, at average cost."""
        con_id, before = instrument.con_id, self.position().quantity(instrument.con_id)
        after, cost = before + quantity, self.paid.get(instrument.con_id, Decimal(0))
        if before * quantity >= 0:
            cost = (abs(before) * cost + abs(quantity) * price) / abs(after)
        else:
            closed = min(abs(before), abs(quantity)) * (1 if before > 0 else -1)
            self.realised += closed * (price - cost) * instrument.multiplier
            cost = price if abs(quantity) > abs(before) else cost
        if after:
            self.holdings[con_id], self.paid[con_id] = Holding(instrument, after), cost
        else:
            self.holdings.pop(con_id)
            self.paid.pop(con_id, None)

    def own(self, *held: tuple[Stock | Option, int], at_spot: float = 600.0) -> None:
        """Without an order, at the middle of the moment."""
        for instrument, quantity in held:
            self.book(instrument, Decimal(quantity), self._mid(instrument))


def holding_a_straddle(parameters: ScalpParameters = ScalpParameters()) -> Play:
    """One straddle, bought by the strategy at noon, and nothing else."""
    play = Play(parameters)
    play.plan()
    play.fill()
    return play


def quiet_until(play: Play, rules: Iterable[str], *, every_s: float = 5.0, most: int = 1_000) -> Sequence[Decision]:
    """Looks on until a rule of these is met, and obeys and fills on the way; what was decided."""
    seen: list[Decision] = []
    for _ in range(most):
        decision = play.look()
        seen.append(decision)
        if decision.rule in rules:
            return seen
        if isinstance(decision, Act):
            play.obey(decision)
            play.fill()
        play.wait(every_s)
    raise AssertionError(f"none of {rules} in {[each.rule for each in seen[-20:]]}")
