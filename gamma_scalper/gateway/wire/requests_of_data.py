"""What a client asks about contracts, quotes and the past; and how a conversation starts."""

from attrs import frozen

from gamma_scalper.gateway.wire.contracts import ContractFields


@frozen
class StartApi:
    """The first message: who is speaking."""

    client_id: int
    optional_capabilities: str = ""


@frozen
class SetServerLogLevel:
    """How much the broker's own log says."""

    level: int


@frozen
class RequestCurrentTime:
    """The broker's clock; also a sign of life."""


@frozen
class RequestMarketDataType:
    """1 live, 2 frozen, 3 delayed, 4 delayed and frozen: what may be sent where better is not to be had."""

    data_type: int


@frozen
class RequestMarketData:
    """Ticks of a contract, once or until cancelled."""

    req_id: int
    contract: ContractFields
    generic_ticks: str = ""  # comma-separated numbers
    snapshot: bool = False
    regulatory_snapshot: bool = False
    options: str = ""


@frozen
class CancelMarketData:
    """No more of them."""

    req_id: int


@frozen
class RequestContractDetails:
    """All contracts that fit every field given."""

    req_id: int
    contract: ContractFields
    include_expired: bool = False


@frozen
class RequestSecDefOptParams:
    """Expiries and strikes of the options on an underlying."""

    req_id: int
    symbol: str
    futures_exchange: str
    sec_type: str
    con_id: int


@frozen
class RequestMatchingSymbols:
    """Stocks whose symbol or name begins so."""

    req_id: int
    pattern: str


@frozen
class RequestMarketRule:
    """The price steps of one rule."""

    rule_id: int


@frozen
class RequestSmartComponents:
    """Which exchanges the letters of a quote stand for."""

    req_id: int
    bbo_exchange: str


@frozen
class RequestDepthExchanges:
    """Where an order book may be asked for."""


@frozen
class RequestNewsProviders:
    """Whose news the login may read."""


@frozen
class RequestHistoricalData:
    """Bars of the past up to a moment, and on request those still being made."""

    req_id: int
    contract: ContractFields
    include_expired: bool = False
    end: str = ""  # empty: now
    bar_size: str = ""
    duration: str = ""
    use_rth: bool = True
    what: str = ""  # TRADES, MIDPOINT, ...
    format_date: int = 1  # 2: seconds since 1970
    keep_up_to_date: bool = False
    options: str = ""


@frozen
class CancelHistoricalData:
    """No more of it."""

    req_id: int


@frozen
class RequestHeadTimestamp:
    """Since when there is data."""

    req_id: int
    contract: ContractFields
    include_expired: bool = False
    use_rth: bool = True
    what: str = ""
    format_date: int = 1


@frozen
class CancelHeadTimestamp:
    """The answer isn't wanted any more."""

    req_id: int


@frozen
class RequestHistogram:
    """How much was traded at which price."""

    req_id: int
    contract: ContractFields
    include_expired: bool = False
    use_rth: bool = True
    period: str = ""


@frozen
class CancelHistogram:
    """The answer isn't wanted any more."""

    req_id: int


@frozen
class RequestHistoricalTicks:
    """Single ticks of the past, from a moment on or up to one."""

    req_id: int
    contract: ContractFields
    include_expired: bool = False
    start: str = ""
    end: str = ""
    count: int = 0
    what: str = ""
    use_rth: bool = True
    ignore_size: bool = False
    options: str = ""


@frozen
class RequestTickByTick:
    """Every tick there is: Last, AllLast, BidAsk or MidPoint."""

    req_id: int
    contract: ContractFields
    what: str = ""
    count: int = 0
    ignore_size: bool = False


@frozen
class CancelTickByTick:
    """No more of them."""

    req_id: int


@frozen
class RequestRealTimeBars:
    """A bar each five seconds."""

    req_id: int
    contract: ContractFields
    bar_size: int = 5
    what: str = ""
    use_rth: bool = True
    options: str = ""


@frozen
class CancelRealTimeBars:
    """No more of them."""

    req_id: int


@frozen
class CalculateImpliedVolatility:
    """The volatility that makes an option worth this."""

    req_id: int
    contract: ContractFields
    option_price: float
    under_price: float
    options: str = ""


@frozen
class CancelImpliedVolatility:
    """The answer isn't wanted any more."""

    req_id: int


@frozen
class CalculateOptionPrice:
    """What an option is worth at this volatility."""

    req_id: int
    contract: ContractFields
    volatility: float
    under_price: float
    options: str = ""


@frozen
class CancelOptionPrice:
    """The answer isn't wanted any more."""

    req_id: int


@frozen
class Unserved:
    """A request the gateway knows of and doesn't serve; `req_id` is None where it has none."""

    message_id: int
    req_id: int | None
