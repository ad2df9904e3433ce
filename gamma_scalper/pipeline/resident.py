"""One book as the house knows it: what it trades, by which rules, and what of it is the user's own."""

from collections.abc import Iterable, Mapping
from datetime import date

from attrs import field, frozen

from gamma_scalper.domain.fees import FeeParameters
from gamma_scalper.domain.instruments import Index, Stock
from gamma_scalper.domain.snapshots import Holding
from gamma_scalper.pipeline.hours import Hours
from gamma_scalper.portfolio.desk_parameters import DeskParameters
from gamma_scalper.portfolio.worst_cost import CostParameters
from gamma_scalper.risk.parameters import RiskParameters


def _holdings(each: Iterable[Holding]) -> tuple[Holding, ...]:
    return tuple(each)


@frozen(kw_only=True)
class Resident:
    """A book of the house."""

    name: str
    underlying: Stock | Index
    hours: Hours
    risk: RiskParameters = field(factory=RiskParameters)
    desk: DeskParameters = field(factory=DeskParameters)
    costs: CostParameters = field(factory=CostParameters)
    fees: FeeParameters = field(factory=FeeParameters)
    baseline: tuple[Holding, ...] = field(default=(), converter=_holdings)  # never touched
    dividends: Mapping[date, float] = field(factory=dict)  # ex-date -> cash a share of the underlying
