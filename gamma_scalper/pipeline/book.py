"""One book: a strategy on one underlying, with its own ring, limits and name in the journal."""

import re

from attrs import frozen

from gamma_scalper.domain.fees import FeeParameters
from gamma_scalper.domain.instruments import Index, Stock
from gamma_scalper.domain.sessions import SessionParameters
from gamma_scalper.domain.settings import section, setting
from gamma_scalper.domain.snapshots import Holding
from gamma_scalper.kernel import Patience
from gamma_scalper.pipeline.hours import Hours
from gamma_scalper.pipeline.market_data_streamer import StreamerParameters
from gamma_scalper.pipeline.resident import Resident
from gamma_scalper.portfolio.desk_parameters import DeskParameters
from gamma_scalper.portfolio.worst_cost import CostParameters
from gamma_scalper.pricing.parameters import PricingParameters
from gamma_scalper.risk.parameters import RiskParameters
from gamma_scalper.strategies.entry import EntryParameters
from gamma_scalper.strategies.exits import ExitParameters
from gamma_scalper.strategies.hedge_parameters import HedgeParameters
from gamma_scalper.strategies.limits import Limits
from gamma_scalper.strategies.nights import NightParameters
from gamma_scalper.strategies.scalp_parameters import ScalpParameters
from gamma_scalper.strategies.sizing import SizingParameters
from gamma_scalper.strategies.straddle_selection import SelectionParameters


def _is_ticker(text: str) -> bool:
    return re.fullmatch(r"[A-Z][A-Z0-9. ]{0,11}(?<! )", text) is not None


def _is_currency(text: str) -> bool:
    return re.fullmatch(r"[A-Z]{3}", text) is not None


@frozen
class UnderlyingParameters:
    """What the book's options are options on."""

    symbol: str = setting("SPY", "ticker of the shares", form="a ticker such as SPY", check=_is_ticker)
    currency: str = setting("USD", "currency they trade in", form="three capitals", check=_is_currency)


@frozen
class RingParameters:
    """How a ring ends, and how much it forgives before it does."""

    drain_s: float = setting(
        2.0, "for one stage to work off what waits for it when the ring stops", unit="s", at_least=0, at_most=60
    )
    cancel_s: float = setting(1.0, "for one stage to clean up after that", unit="s", above=0, at_most=60)
    recoverable_per_minute: int = setting(
        60, "messages one stage may drop before its ring ends", unit="messages", at_least=0, at_most=100_000, limit=True
    )

    def patience(self) -> Patience:
        return Patience(self.drain_s, self.cancel_s, self.recoverable_per_minute)


@frozen
class BaselineParameters:
    """What in the account is the user's own. It is never touched, and no book counts it."""

    own_shares: int = setting(
        0, "shares of the underlying that are the user's own", unit="shares", at_least=-(10**9), at_most=10**9
    )


@frozen
class BookParameters:
    """A file of `books/`; its name is the file's."""

    name: str
    strategy: str = setting("gamma_scalp", "what the book trades", one_of=("gamma_scalp",))
    underlying: UnderlyingParameters = section(UnderlyingParameters)
    session: SessionParameters = section(SessionParameters)
    pricing: PricingParameters = section(PricingParameters)
    fees: FeeParameters = section(FeeParameters)
    streamer: StreamerParameters = section(StreamerParameters)
    selection: SelectionParameters = section(SelectionParameters)
    sizing: SizingParameters = section(SizingParameters)
    entry: EntryParameters = section(EntryParameters)
    hedge: HedgeParameters = section(HedgeParameters)
    nights: NightParameters = section(NightParameters)
    exits: ExitParameters = section(ExitParameters)
    ring: RingParameters = section(RingParameters)
    baseline: BaselineParameters = section(BaselineParameters)
    desk: DeskParameters = section(DeskParameters)
    costs: CostParameters = section(CostParameters)
    risk: RiskParameters = section(RiskParameters)

    @property
    def scalp(self) -> ScalpParameters:
        """What steers the strategy."""
        return ScalpParameters(
            hedge=self.hedge, entry=self.entry, sizing=self.sizing, exits=self.exits, nights=self.nights
        )

    @property
    def limits(self) -> Limits:
        """What the strategy needs to know of the risk rules, so that it asks for nothing they would refuse."""
        hedging, size, structure = self.risk.hedging, self.risk.size, self.risk.structure
        return Limits(
            cooldown_s=hedging.cooldown_s,
            force_shares=hedging.force_shares,
            force_per_straddle=hedging.force_per_straddle,
            min_shares=hedging.min_shares,
            min_per_straddle=hedging.min_per_straddle,
            max_order_shares=size.max_order_shares,
            max_order_per_straddle=size.max_order_per_straddle,
            hedge_shares=hedging.hedge_shares,
            hedge_per_straddle=hedging.hedge_per_straddle,
            min_dte=structure.min_dte,
            max_dte=structure.max_dte,
            moneyness_pct=structure.moneyness_pct,
            budget=float(self.risk.money.budget),
            min_move_pct=hedging.min_move_pct,
            wide_pct=self.risk.quotes.wide_pct,
            outside=self.risk.hours.outside,
        )

    def hours(self) -> Hours:
        """A calendar of its own for whoever asks: it remembers what it has loaded."""
        return Hours(self.session)

    def resident(self, underlying: Stock | Index, hours: Hours) -> Resident:
        """The book as the house knows it, once the broker has said what its underlying is."""
        own = self.baseline.own_shares
        return Resident(
            name=self.name,
            underlying=underlying,
            hours=hours,
            risk=self.risk,
            desk=self.desk,
            costs=self.costs,
            fees=self.fees,
            baseline=[Holding(underlying, own)] if own and isinstance(underlying, Stock) else [],
            dividends={each.ex: each.amount for each in self.pricing.schedule.dividends},
        )
