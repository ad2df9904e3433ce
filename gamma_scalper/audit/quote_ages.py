"""How old the quotes of an order may be."""

from collections.abc import Callable
from datetime import timedelta

from attrs import field, frozen
from attrs.validators import gt, le

from gamma_scalper.domain.instruments import legs_of
from gamma_scalper.domain.orders import Intent
from gamma_scalper.domain.quotes import Quote

_DAY_S = 86_400.0
_seconds: list[Callable[..., None]] = [gt(0.0), le(_DAY_S)]


@frozen
class QuoteAges:
    """As risk.quotes has them by default; a book that allows more is gone over with what it allows."""

    traded_s: float = field(default=2.0, validator=_seconds)  # of what the order trades: risk.quotes.age_s
    delta_s: float = field(default=5.0, validator=_seconds)  # of what only made the delta: risk.quotes.stale_s
    flatten_s: float = field(default=30.0, validator=_seconds)  # of what is flattened: risk.quotes.flatten_age_s

    delayed: bool = False  # whether they may be: risk.quotes.delayed

    def most(self, intent: Intent, quote: Quote, *, flattens: bool) -> timedelta:
        """For one quote that an order names; shares without options are got rid of as what is flattened."""
        if flattens:
            return timedelta(seconds=self.flatten_s)
        traded = any(leg.instrument.con_id == quote.con_id for leg in legs_of(intent.instrument))
        return timedelta(seconds=self.traded_s if traded else self.delta_s)
