"""What the gateway says of contracts: details, option chains, price steps, venues."""

from attrs import frozen

from gamma_scalper.gateway.wire.contracts import ContractDetailsFields, ContractFields


@frozen
class ContractDetails:
    """One contract that fits what was asked."""

    req_id: int
    contract: ContractFields
    details: ContractDetailsFields


@frozen
class ContractDetailsEnd:
    """All that fit have been told."""

    req_id: int


@frozen
class SecDefOptParams:
    """Expiries and strikes of one trading class at one exchange."""

    req_id: int
    exchange: str
    under_con_id: int
    trading_class: str
    multiplier: str
    expiries: tuple[str, ...]
    strikes: tuple[float, ...]


@frozen
class SecDefOptParamsEnd:
    """All classes have been told."""

    req_id: int


@frozen
class SymbolSample:
    """A symbol that begins as asked, and what is derived from it."""

    contract: ContractFields
    derivative_sec_types: tuple[str, ...] = ()


@frozen
class SymbolSamples:
    """All of them."""

    req_id: int
    samples: tuple[SymbolSample, ...] = ()


@frozen
class PriceIncrement:
    """The step from this price up."""

    low_edge: float
    increment: float


@frozen
class MarketRule:
    """Price steps in bands."""

    rule_id: int
    increments: tuple[PriceIncrement, ...]


@frozen
class SmartComponent:
    """An exchange, and the letter a quote names it by."""

    bit: int
    exchange: str
    letter: str


@frozen
class SmartComponents:
    """All of them."""

    req_id: int
    components: tuple[SmartComponent, ...] = ()


@frozen
class DepthExchange:
    """Where the order book of a kind of contract may be asked for."""

    exchange: str
    sec_type: str
    listing_exchange: str = ""
    service_data_type: str = ""
    agg_group: int | None = None


@frozen
class DepthExchanges:
    """All of them."""

    exchanges: tuple[DepthExchange, ...] = ()


@frozen
class NewsProvider:
    """Whose news may be read."""

    code: str
    name: str


@frozen
class NewsProviders:
    """All of them."""

    providers: tuple[NewsProvider, ...] = ()
