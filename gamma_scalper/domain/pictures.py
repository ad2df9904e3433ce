"""One consistent picture: these Greeks, of this position, at these quotes. A decision is taken on a whole one."""

from collections.abc import Iterable
from datetime import datetime

from attrs import field, frozen
from attrs.validators import instance_of

from gamma_scalper.domain.checks import utc
from gamma_scalper.domain.greeks import BrokerGreeks, Greeks
from gamma_scalper.domain.instruments import Option
from gamma_scalper.domain.snapshots import MarketSnapshot, PositionSnapshot


@frozen(kw_only=True)
class LegFigures:
    """What one option is worth by our model, per share."""

    option: Option = field(validator=instance_of(Option))
    greeks: Greeks = field(validator=instance_of(Greeks))
    vol: float | None  # None: it stands at its exercise bound, where no volatility shows
    carried: bool = False  # the volatility is of an earlier quote
    broker: BrokerGreeks | None = None


def _legs(each: Iterable[LegFigures]) -> tuple[LegFigures, ...]:
    return tuple(each)


@frozen(kw_only=True)
class Picture:
    """Of one book at one moment. Where it is unusable there are no figures, so it never looks flat.

    Deltas are in shares of the underlying; the options' Greeks in dollars for all that is held of them.
    """

    at: datetime = field(converter=utc)
    market: MarketSnapshot | None = None
    position: PositionSnapshot | None = None
    legs: tuple[LegFigures, ...] = field(default=(), converter=_legs)  # of options held, ordered or wanted
    options: Greeks | None = None  # of all options held
    filled: float | None = None  # options and shares held
    projected: float | None = None  # and what is working
    unusable: str = ""  # why; empty: it is usable

    def __attrs_post_init__(self) -> None:
        figures = (self.market, self.position, self.options, self.filled, self.projected)
        if not self.unusable and any(figure is None for figure in figures):
            raise ValueError("a picture without market, position or deltas says why it is unusable")
        if self.unusable and any(figure is not None for figure in (self.options, self.filled, self.projected)):
            raise ValueError("an unusable picture has no figures")

    def leg(self, con_id: int) -> LegFigures | None:
        return next((leg for leg in self.legs if leg.option.con_id == con_id), None)
