"""Where the ring is put to the test: a market that is nothing but theory, and a book that holds one straddle in it."""

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType

from attrs import frozen
from loguru import logger

from gamma_scalper.backtest.runner import Backtest, backtest
from gamma_scalper.exchange.parameters import FRICTIONLESS, VenueParameters
from gamma_scalper.pipeline.book import BookParameters, UnderlyingParameters
from gamma_scalper.pipeline.market_data_streamer import StreamerParameters
from gamma_scalper.pricing.parameters import PricingParameters
from gamma_scalper.reports.backtest.story import Story
from gamma_scalper.risk.parameters import (
    HedgingParameters,
    HoursParameters,
    LossParameters,
    MoneyParameters,
    QuoteParameters,
    RiskParameters,
    SizeParameters,
    StructureParameters,
)
from gamma_scalper.strategies.exits import ExitParameters
from gamma_scalper.strategies.hedge_parameters import HedgeParameters
from gamma_scalper.strategies.sizing import SizingParameters
from gamma_scalper.strategies.straddle_selection import SelectionParameters
from gamma_scalper.system import SystemParameters

BOOK, STRADDLES, MULTIPLIER = "law", 10, 100
_SYMBOL, _CASH, _WIDE = "LAW", 10**12, 10**9


@frozen(kw_only=True)
class World:
    """Shares that move by one volatility in the sessions alone, and options quoted at another.

    The price is high so that a tick of a cent, and of five of an option, is next to nothing.
    """

    sigma: float = 0.2
    implied: float = 0.2
    spread_bps: float = 0.0  # of the shares
    spot: float = 6_000.0
    step_s: int = 3_600
    first: date = date(2026, 1, 5)
    last: date = date(2026, 1, 16)
    venue: VenueParameters = FRICTIONLESS

    @property
    def market(self) -> str:
        return (
            f"gbm:symbol={_SYMBOL},spot={self.spot:g},sigma={self.sigma:g},implied={self.implied:g},rate=0,skew=0,"
            f"smile=0,overnight=0,ushape=0,exercise=european,spread_bps={self.spread_bps:g},option_spread=0,"
            f"step={self.step_s}"
        )


FAIR = World()
CHEAP = World(sigma=0.25)  # options are quoted below what moves the shares
DEAR = World(spread_bps=10)
FINE = World(spot=100_000, step_s=300, last=date(2026, 1, 6))

POLICIES: Mapping[str, HedgeParameters] = MappingProxyType(
    {
        "time": HedgeParameters(policy="time", every_s=1, execution="market"),
        "fixed, narrow": HedgeParameters(policy="fixed", band_per_straddle=4, execution="market"),
        "fixed, wide": HedgeParameters(policy="fixed", band_per_straddle=12, to="edge", execution="market"),
        "whalley_wilmott": HedgeParameters(
            policy="whalley_wilmott", risk_aversion_per_straddle=4e-6, execution="market"
        ),
        "zakamouline": HedgeParameters(policy="zakamouline", risk_aversion_per_straddle=4e-6, execution="market"),
        "fee_aware": HedgeParameters(policy="fee_aware", risk_aversion_per_straddle=1e-5, execution="market"),
        "move": HedgeParameters(policy="move", move_sigmas=0.5, execution="market"),
    }
)
EVERY_TICK = "time"


def book(hedge: HedgeParameters) -> BookParameters:
    """It buys a straddle as soon as it can, and never sells it; no limit is near."""
    return BookParameters(
        name=BOOK,
        underlying=UnderlyingParameters(symbol=_SYMBOL),
        pricing=PricingParameters(model="lattice", rates_pct="0"),
        streamer=StreamerParameters(move=0.001),
        selection=SelectionParameters(strikes_per_expiry=1),
        sizing=SizingParameters(straddles=STRADDLES),
        hedge=hedge,
        exits=ExitParameters(stop_pct=0, target_pct=0, min_dte=0, roll_dte=0, restrike_gamma_pct=0, exercise=False),
        risk=RiskParameters(
            hedging=HedgingParameters(
                epsilon_shares=0,
                hedge_shares=0,
                force_shares=_WIDE,
                min_shares=1,
                cooldown_s=0,
                max_per_day=_WIDE,
                min_move_pct=0,
            ),
            size=SizeParameters(
                max_order_shares=_WIDE,
                max_order_contracts=_WIDE,
                max_shares=_WIDE,
                max_contracts=_WIDE,
                max_notional=_CASH,
            ),
            quotes=QuoteParameters(wide_pct=1, extreme_pct=1, gap_pct=100),
            hours=HoursParameters(before_close_s=0),
            loss=LossParameters(max_daily_loss=_CASH, max_drawdown=_CASH, mark_age_s=_WIDE),
            money=MoneyParameters(budget=_CASH),
            structure=StructureParameters(min_dte=22, max_dte=26),
        ),
    )


def play(world: World, policy: str, seed: int) -> Story:
    """Of many runs nobody reads the log."""
    logger.disable("gamma_scalper")
    try:
        return backtest(
            Backtest(
                system=SystemParameters(paper_cash=_CASH, venue=world.venue),
                books={BOOK: book(POLICIES[policy])},
                market=world.market,
                seed=seed,
                first=world.first,
                last=world.last,
            )
        )
    finally:
        logger.enable("gamma_scalper")
