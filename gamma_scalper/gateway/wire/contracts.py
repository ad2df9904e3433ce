"""How the wire describes a contract: in requests as far as the client knows it, in answers in full."""

from attrs import frozen


@frozen
class TagValue:
    """A named text, as algorithms, combo routing and security ids use it."""

    tag: str = ""
    value: str = ""


@frozen
class LegFields:
    """One leg of a combo."""

    con_id: int = 0
    ratio: int = 0
    action: str = ""  # BUY or SELL
    exchange: str = ""
    open_close: int = 0  # 0: as the combo
    short_sale_slot: int = 0
    designated_location: str = ""
    exempt_code: int = -1


@frozen
class DeltaNeutralFields:
    """The underlying that makes a combo delta neutral."""

    con_id: int = 0
    delta: float = 0.0
    price: float = 0.0


@frozen
class ContractFields:
    """A contract in the wire's words; what a client left out is empty, 0 or None."""

    con_id: int = 0
    symbol: str = ""
    sec_type: str = ""  # STK, OPT, IND, BAG, ...
    expiry: str = ""  # YYYYMMDD or YYYYMM
    strike: float | None = None
    right: str = ""  # C, P, CALL, PUT; some clients send ? or 0 where there is none
    multiplier: str = ""
    exchange: str = ""
    primary_exchange: str = ""
    currency: str = ""
    local_symbol: str = ""
    trading_class: str = ""
    sec_id_type: str = ""  # ISIN, CUSIP, ...
    sec_id: str = ""
    issuer_id: str = ""
    description: str = ""
    legs_description: str = ""
    legs: tuple[LegFields, ...] = ()
    delta_neutral: DeltaNeutralFields | None = None


@frozen
class ContractDetailsFields:
    """What the broker knows of a contract beyond its name."""

    market_name: str = ""
    min_tick: float = 0.0
    order_types: str = ""  # comma-separated, as the next
    valid_exchanges: str = ""
    price_magnifier: int = 1
    under_con_id: int = 0
    long_name: str = ""
    contract_month: str = ""
    industry: str = ""
    category: str = ""
    subcategory: str = ""
    time_zone_id: str = ""
    trading_hours: str = ""
    liquid_hours: str = ""
    ev_rule: str = ""
    ev_multiplier: int = 0
    sec_ids: tuple[TagValue, ...] = ()
    agg_group: int = 0
    under_symbol: str = ""
    under_sec_type: str = ""
    market_rule_ids: str = ""  # one for each of the valid exchanges
    real_expiration_date: str = ""
    last_trade_time: str = ""  # travels behind the expiry
    stock_type: str = ""
    min_size: float = 0.0
    size_increment: float = 0.0
    suggested_size_increment: float = 0.0
