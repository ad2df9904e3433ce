"""How the exchange treats orders and accounts."""

from attrs import frozen

from gamma_scalper.domain.fees import FeeParameters
from gamma_scalper.domain.settings import section, setting


@frozen
class VenueParameters:
    """How orders meet the quotes. The defaults are harsh: paper should never be kinder than the market."""

    latency_ms: float = setting(
        150, "from an order's or a cancel's arrival to its effect", unit="ms", at_least=0, at_most=60_000
    )
    slippage_bps: float = setting(1, "by which a taker's price is worse than the quote", unit="bps", at_least=0)
    participation_pct: float = setting(
        50, "of the quoted size that one snapshot can fill", unit="%", above=0, at_most=100
    )
    partial_fill_pct: float = setting(
        20, "chance that a match fills a part of what it could", unit="%", at_least=0, at_most=100
    )
    oldest_quote_s: float = setting(2.0, "age of a quote that can still fill an order", unit="s", above=0)
    levels: int = setting(3, "price levels an order may walk through in one snapshot", at_least=1, at_most=50)


HARSH = VenueParameters()
FRICTIONLESS = VenueParameters(latency_ms=0, slippage_bps=0, participation_pct=100, partial_fill_pct=0)


@frozen
class CarryParameters:
    """What holding costs and earns over night."""

    credit_rate_pct: float = setting(3.0, "interest a year on cash", unit="%", at_least=0, at_most=100)
    debit_rate_pct: float = setting(5.5, "interest a year on borrowed cash", unit="%", at_least=0, at_most=100)
    borrow_fee_pct: float = setting(0.3, "fee a year on the value of borrowed shares", unit="%", at_least=0)
    shortable_shares: int = setting(
        10_000_000, "of each underlying that can be borrowed, for all accounts together", unit="shares", at_least=0
    )


@frozen
class BandParameters:
    """Limit-up limit-down: how far a share may move from its mean of five minutes."""

    band_pct: float = setting(5.0, "of the mean; twice that near the open and the close", unit="%", above=0)
    limit_state_s: float = setting(15.0, "outside the band before trading halts", unit="s", at_least=0)
    halt_s: float = setting(300.0, "a halt", unit="s", above=0)
    restrict_short_sales_pct: float = setting(
        10.0, "fall below the prior close that restricts short sales", unit="%", above=0, at_most=100
    )


@frozen
class ExchangeParameters:
    """All of it."""

    venue: VenueParameters = section(VenueParameters)
    carry: CarryParameters = section(CarryParameters)
    bands: BandParameters = section(BandParameters)
    fees: FeeParameters = section(FeeParameters)
    early_assignment_pct: float = setting(
        90.0, "of short options that are assigned early where it is worth it", unit="%", at_least=0, at_most=100
    )
