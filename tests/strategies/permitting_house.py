"""What the risk rules say of a plan, on the facts of a `Play`: all is well but, perhaps, the plan."""

from datetime import timedelta
from decimal import Decimal

from pictures import SPY, Play

from gamma_scalper.domain.entries import Mode
from gamma_scalper.domain.instruments import Option, legs_of
from gamma_scalper.domain.money import Money
from gamma_scalper.domain.ports import AccountValues, Condition, Link, MarginImpact
from gamma_scalper.domain.proposals import Approved, Plan, Refused
from gamma_scalper.domain.quotes import DataType
from gamma_scalper.domain.sessions import Session
from gamma_scalper.risk.facts import (
    BookFacts,
    ContractFacts,
    DeltaFacts,
    Facts,
    GovernanceFacts,
    HedgeRecord,
    HouseFacts,
    LegDelta,
    MarketFacts,
    MoneyFacts,
    Motion,
    PurseFacts,
)
from gamma_scalper.risk.parameters import HedgingParameters, RiskParameters
from gamma_scalper.risk.permit import approve

PARAMETERS = RiskParameters(hedging=HedgingParameters(hedge_shares=1, min_shares=1, cooldown_s=0, min_move_pct=0))
_FINE = Condition(data_type=DataType.LIVE, halted=False, shortable_shares=10**6, short_sale_restricted=False)


def judged(play: Play, plan: Plan) -> Approved | Refused:
    return approve(_facts(play, plan), plan, PARAMETERS)


def _facts(play: Play, plan: Plan) -> Facts:
    now, position, session = play.now, play.position(), play.session
    assert session is not None
    return Facts(
        now=now,
        governance=GovernanceFacts(
            mode=Mode.LIVE,
            paused="",
            halts=(),
            hedging=HedgeRecord(),
            orders_lately=0,
            marked_at=now,
            profit_today=Decimal(0),
            drawdown=Decimal(0),
            rejections=0,
        ),
        house=HouseFacts(panic=False, link=Link.READY, compared_at=now, unexplained=()),
        book=BookFacts(
            book="spy",
            underlying=SPY,
            holdings=position.holdings,
            live=position.live,
            others=(),
            settled_through=position.settled_through,
            straddles=Decimal(1),
            imbalance=Decimal(0),
        ),
        market=_market(play, plan, session),
        delta=_delta(play, plan),
        money=_money(play, plan),
    )


def _market(play: Play, plan: Plan, session: Session) -> MarketFacts:
    picture = play.picture()
    assert picture.market is not None
    quotes = {quote.con_id: quote for quote in picture.market.quotes}
    traded = [leg.instrument for each in plan.proposals for leg in legs_of(each.instrument)]
    contracts = {each.con_id: each for each in (SPY, *(held.instrument for held in play.holdings.values()), *traded)}
    return MarketFacts(
        contracts={
            con_id: ContractFacts(instrument=each, quote=quotes.get(con_id), condition=_FINE, session=session)
            for con_id, each in contracts.items()
        },
        motion=Motion(jump_pct=0.0, confirmed=True),
    )


def _delta(play: Play, plan: Plan) -> DeltaFacts:
    found, deltas = play.picture(), plan.deltas
    held = [leg for leg in found.legs if isinstance(leg.option, Option)]
    return DeltaFacts(
        as_of=play.now,
        legs={leg.option.con_id: LegDelta(own=leg.greeks.delta) for leg in held},
        gamma=found.options.gamma if found.options is not None else None,
        filled=found.filled,
        projected=found.projected,
        centre=0.0 if deltas is None else deltas.centre,
        target=None if deltas is None else deltas.target,
    )


def _money(play: Play, plan: Plan) -> MoneyFacts:
    a_million, nothing = Money(1_000_000), Money(0)
    return MoneyFacts(
        account=AccountValues(
            at=play.now - timedelta(seconds=1),
            net_liquidation=a_million,
            available_funds=a_million,
            excess_liquidity=a_million,
            buying_power=a_million,
            initial_margin=nothing,
            maintenance_margin=nothing,
        ),
        purse=PurseFacts(reserved=nothing, used=nothing),
        costs=tuple(nothing for _ in plan.proposals),
        what_if=MarginImpact(
            initial_change=nothing,
            initial_after=nothing,
            maintenance_after=nothing,
            equity_with_loan_after=a_million,
        ),
    )
