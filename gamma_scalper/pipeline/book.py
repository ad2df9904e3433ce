"""One book: a strategy on one underlying, with its own ring, limits and name in the journal."""

import re

from attrs import frozen

from gamma_scalper.domain.fees import FeeParameters
from gamma_scalper.domain.sessions import SessionParameters
from gamma_scalper.domain.settings import section, setting
from gamma_scalper.kernel import Patience
from gamma_scalper.portfolio.desk_parameters import DeskParameters
from gamma_scalper.portfolio.worst_cost import CostParameters
from gamma_scalper.pricing.parameters import PricingParameters
from gamma_scalper.risk.parameters import RiskParameters


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
    ring: RingParameters = section(RingParameters)
    baseline: BaselineParameters = section(BaselineParameters)
    desk: DeskParameters = section(DeskParameters)
    costs: CostParameters = section(CostParameters)
    risk: RiskParameters = section(RiskParameters)
