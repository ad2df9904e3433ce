"""How each answer is laid out behind its number. `Fixed` with a number is the message's own, frozen long ago."""

from collections.abc import Mapping

from gamma_scalper.gateway.wire import answers as say
from gamma_scalper.gateway.wire.contracts import ContractDetailsFields, ContractFields
from gamma_scalper.gateway.wire.shapes import Before, Fixed, Joined, Record, Repeat, Shapes, Since, fields
from gamma_scalper.gateway.wire.spelling import (
    ESCAPED,
    FLAG,
    GREEK_OR_1,
    GREEK_OR_2,
    INT,
    INT_OR_MAX,
    MAYBE_REAL,
    QUANTITY,
    REAL,
    REAL_OR_MAX,
    SIZE,
    STRIKE,
    TEXT,
)
from gamma_scalper.gateway.wire.tables_of_orders import COMPLETED_ORDER, CONTRACT_TOLD, OPEN_ORDER, TAG_VALUE

_REQ_ID = fields("", req_id=INT)
_VERSION_1_ID: Shapes = (Fixed("1"), *_REQ_ID)
_CONTRACT = {"contract": ContractFields}

_BAR = Record(
    say.Bar, fields("", date=TEXT, open=REAL, high=REAL, low=REAL, close=REAL, volume=SIZE, average=REAL, count=INT)
)
_PAST_TICK = Record(say.PastTick, (*fields("", time=INT), Fixed("0"), *fields("", price=REAL, size=SIZE)))
_PAST_BID_ASK = Record(say.PastBidAsk, fields("", time=INT, mask=INT, bid=REAL, ask=REAL, bid_size=SIZE, ask_size=SIZE))
_PAST_TRADE = Record(
    say.PastTrade, fields("", time=INT, mask=INT, price=REAL, size=SIZE, exchange=TEXT, conditions=TEXT)
)
_DONE = fields("", done=FLAG)

_TICKS: Mapping[int, Record] = {
    1: Record(
        say.TickPrice, (Fixed("6"), *fields("", req_id=INT, tick_type=INT, price=REAL, size=SIZE, attributes=INT))
    ),
    2: Record(say.TickSize, (Fixed("6"), *fields("", req_id=INT, tick_type=INT, size=SIZE))),
    21: Record(
        say.TickOptionComputation,
        (
            *fields("", req_id=INT, tick_type=INT, attribute=INT, implied_vol=GREEK_OR_1, delta=GREEK_OR_2),
            *fields("", option_price=GREEK_OR_1, pv_dividend=GREEK_OR_1, gamma=GREEK_OR_2, vega=GREEK_OR_2),
            *fields("", theta=GREEK_OR_2, under_price=GREEK_OR_1),
        ),
    ),
    45: Record(say.TickGeneric, (Fixed("6"), *fields("", req_id=INT, tick_type=INT, value=REAL))),
    46: Record(say.TickString, (Fixed("6"), *fields("", req_id=INT, tick_type=INT, value=TEXT))),
    57: Record(say.TickSnapshotEnd, _VERSION_1_ID),
    58: Record(say.MarketDataType, (*_VERSION_1_ID, *fields("", data_type=INT))),
    81: Record(say.TickReqParams, fields("", req_id=INT, min_tick=REAL, bbo_exchange=TEXT, snapshot_permissions=INT)),
}

_ORDERS: Mapping[int, Record] = {
    3: Record(
        say.OrderStatus,
        (
            *fields("", order_id=INT, status=TEXT, filled=QUANTITY, remaining=QUANTITY, avg_fill_price=REAL),
            *fields("", perm_id=INT, parent_id=INT, last_fill_price=REAL, client_id=INT, why_held=TEXT),
            *fields("", mkt_cap_price=REAL),
        ),
    ),
    4: Record(
        say.Error,
        (
            Fixed("2"),
            *fields("", req_id=INT, code=INT, message=TEXT),
            Since(166, fields("", advanced_reject=TEXT)),
        ),
    ),
    5: OPEN_ORDER,
    9: Record(say.NextValidId, (Fixed("1"), *fields("", order_id=INT))),
    11: Record(
        say.Execution,
        (
            *fields("", req_id=INT, order_id=INT),
            *CONTRACT_TOLD,
            *fields("", exec_id=TEXT, time=TEXT, account=TEXT, exchange=TEXT, side=TEXT, shares=QUANTITY, price=REAL),
            *fields("", perm_id=INT, client_id=INT, liquidation=INT, cum_qty=QUANTITY, avg_price=REAL),
            *fields("", order_ref=TEXT, ev_rule=TEXT, ev_multiplier=MAYBE_REAL, model_code=TEXT, last_liquidity=INT),
        ),
        _CONTRACT,
    ),
    15: Record(say.ManagedAccounts, (Fixed("1"), *fields("", accounts=TEXT))),
    49: Record(say.CurrentTime, (Fixed("1"), *fields("", time=INT))),
    53: Record(say.OpenOrderEnd, (Fixed("1"),)),
    55: Record(say.ExecutionEnd, _VERSION_1_ID),
    59: Record(
        say.CommissionReport,
        (
            Fixed("1"),
            *fields("", exec_id=TEXT, commission=REAL, currency=TEXT, realized_pnl=REAL_OR_MAX, yield_=REAL_OR_MAX),
            *fields("", yield_redemption_date=INT),
        ),
    ),
    100: Record(say.OrderBound, fields("", perm_id=INT, client_id=INT, order_id=INT)),
    101: COMPLETED_ORDER,
    102: Record(say.CompletedOrdersEnd, ()),
}

_ACCOUNTS: Mapping[int, Record] = {
    6: Record(say.AccountValue, (Fixed("2"), *fields("", key=TEXT, value=TEXT, currency=TEXT, account=TEXT))),
    7: Record(
        say.PortfolioValue,
        (
            Fixed("8"),
            *fields("contract", con_id=INT, symbol=TEXT, sec_type=TEXT, expiry=TEXT, strike=STRIKE, right=TEXT),
            *fields("contract", multiplier=TEXT, primary_exchange=TEXT, currency=TEXT, local_symbol=TEXT),
            *fields("contract", trading_class=TEXT),
            *fields("", position=QUANTITY, market_price=REAL, market_value=REAL, average_cost=REAL),
            *fields("", unrealized_pnl=REAL, realized_pnl=REAL, account=TEXT),
        ),
        _CONTRACT,
    ),
    8: Record(say.AccountTime, (Fixed("1"), *fields("", time=TEXT))),
    54: Record(say.AccountDownloadEnd, (Fixed("1"), *fields("", account=TEXT))),
    61: Record(
        say.Position,
        (
            Fixed("3"),
            *fields("", account=TEXT),
            *CONTRACT_TOLD,
            *fields("", position=QUANTITY, average_cost=REAL),
        ),
        _CONTRACT,
    ),
    62: Record(say.PositionEnd, (Fixed("1"),)),
    63: Record(say.AccountSummary, (*_VERSION_1_ID, *fields("", account=TEXT, tag=TEXT, value=TEXT, currency=TEXT))),
    64: Record(say.AccountSummaryEnd, _VERSION_1_ID),
    71: Record(
        say.PositionMulti,
        (
            *_VERSION_1_ID,
            *fields("", account=TEXT),
            *CONTRACT_TOLD,
            *fields("", position=QUANTITY, average_cost=REAL, model_code=TEXT),
        ),
        _CONTRACT,
    ),
    72: Record(say.PositionMultiEnd, _VERSION_1_ID),
    73: Record(
        say.AccountUpdateMulti,
        (*_VERSION_1_ID, *fields("", account=TEXT, model_code=TEXT, key=TEXT, value=TEXT, currency=TEXT)),
    ),
    74: Record(say.AccountUpdateMultiEnd, _VERSION_1_ID),
    77: Record(
        say.SoftDollarTiers,
        (
            *_REQ_ID,
            Repeat("tiers", Record(say.SoftDollarTier, fields("", name=TEXT, value=TEXT, display=TEXT))),
        ),
    ),
    78: Record(say.FamilyCodes, (Repeat("codes", Record(say.FamilyCode, fields("", account=TEXT, code=TEXT))),)),
    94: Record(say.Pnl, fields("", req_id=INT, daily=REAL_OR_MAX, unrealized=REAL_OR_MAX, realized=REAL_OR_MAX)),
    95: Record(
        say.PnlSingle,
        (
            *fields("", req_id=INT, position=QUANTITY, daily=REAL_OR_MAX, unrealized=REAL_OR_MAX),
            *fields("", realized=REAL_OR_MAX, value=REAL_OR_MAX),
        ),
    ),
    107: Record(say.UserInfo, fields("", req_id=INT, white_branding_id=TEXT)),
}

_CONTRACTS: Mapping[int, Record] = {
    10: Record(
        say.ContractDetails,
        (
            Before(164, (Fixed("8"),)),
            *_REQ_ID,
            *fields("contract", symbol=TEXT, sec_type=TEXT),
            Joined("contract.expiry", "details.last_trade_time"),
            *fields("contract", strike=STRIKE, right=TEXT, exchange=TEXT, currency=TEXT, local_symbol=TEXT),
            *fields("details", market_name=TEXT),
            *fields("contract", trading_class=TEXT, con_id=INT),
            *fields("details", min_tick=REAL),
            Before(164, (Fixed("1"),)),  # by which sizes were multiplied
            *fields("contract", multiplier=TEXT),
            *fields("details", order_types=TEXT, valid_exchanges=TEXT, price_magnifier=INT, under_con_id=INT),
            *fields("details", long_name=ESCAPED),
            *fields("contract", primary_exchange=TEXT),
            *fields("details", contract_month=TEXT, industry=TEXT, category=TEXT, subcategory=TEXT),
            *fields("details", time_zone_id=TEXT, trading_hours=TEXT, liquid_hours=TEXT),
            *fields("details", ev_rule=TEXT, ev_multiplier=INT),
            Repeat("details.sec_ids", TAG_VALUE),
            *fields("details", agg_group=INT, under_symbol=TEXT, under_sec_type=TEXT, market_rule_ids=TEXT),
            *fields("details", real_expiration_date=TEXT, stock_type=TEXT),
            Since(163, (Before(164, fields("details", suggested_size_increment=SIZE)),)),
            Since(164, fields("details", min_size=SIZE, size_increment=SIZE, suggested_size_increment=SIZE)),
        ),
        {"contract": ContractFields, "details": ContractDetailsFields},
    ),
    52: Record(say.ContractDetailsEnd, _VERSION_1_ID),
    75: Record(
        say.SecDefOptParams,
        (
            *fields("", req_id=INT, exchange=TEXT, under_con_id=INT, trading_class=TEXT, multiplier=TEXT),
            Repeat("expiries", TEXT),
            Repeat("strikes", REAL),
        ),
    ),
    76: Record(say.SecDefOptParamsEnd, _REQ_ID),
    79: Record(
        say.SymbolSamples,
        (
            *_REQ_ID,
            Repeat(
                "samples",
                Record(
                    say.SymbolSample,
                    (
                        *fields(
                            "contract", con_id=INT, symbol=TEXT, sec_type=TEXT, primary_exchange=TEXT, currency=TEXT
                        ),
                        Repeat("derivative_sec_types", TEXT),
                        Since(176, fields("contract", description=TEXT, issuer_id=TEXT)),
                    ),
                    _CONTRACT,
                ),
            ),
        ),
    ),
    80: Record(
        say.DepthExchanges,
        (
            Repeat(
                "exchanges",
                Record(
                    say.DepthExchange,
                    (
                        *fields("", exchange=TEXT, sec_type=TEXT, listing_exchange=TEXT, service_data_type=TEXT),
                        *fields("", agg_group=INT_OR_MAX),
                    ),
                ),
            ),
        ),
    ),
    82: Record(
        say.SmartComponents,
        (
            *_REQ_ID,
            Repeat("components", Record(say.SmartComponent, fields("", bit=INT, exchange=TEXT, letter=TEXT))),
        ),
    ),
    85: Record(say.NewsProviders, (Repeat("providers", Record(say.NewsProvider, fields("", code=TEXT, name=TEXT))),)),
    93: Record(
        say.MarketRule,
        (
            *fields("", rule_id=INT),
            Repeat("increments", Record(say.PriceIncrement, fields("", low_edge=REAL, increment=REAL))),
        ),
    ),
}

_PAST: Mapping[int, Record] = {
    17: Record(say.HistoricalData, (*fields("", req_id=INT, start=TEXT, end=TEXT), Repeat("bars", _BAR))),
    50: Record(
        say.RealTimeBar,
        (
            *_VERSION_1_ID,
            *fields("", time=INT, open=REAL, high=REAL, low=REAL, close=REAL, volume=SIZE, wap=REAL, count=INT),
        ),
    ),
    88: Record(say.HeadTimestamp, fields("", req_id=INT, time=TEXT)),
    89: Record(
        say.Histogram, (*_REQ_ID, Repeat("entries", Record(say.HistogramEntry, fields("", price=REAL, size=INT))))
    ),
    90: Record(
        say.HistoricalDataUpdate,
        (
            *_REQ_ID,
            *fields("bar", count=INT, date=TEXT, open=REAL, close=REAL, high=REAL, low=REAL, average=REAL, volume=SIZE),
        ),
        {"bar": say.Bar},
    ),
    96: Record(say.HistoricalTicks, (*_REQ_ID, Repeat("ticks", _PAST_TICK), *_DONE)),
    97: Record(say.HistoricalTicksBidAsk, (*_REQ_ID, Repeat("ticks", _PAST_BID_ASK), *_DONE)),
    98: Record(say.HistoricalTicksLast, (*_REQ_ID, Repeat("ticks", _PAST_TRADE), *_DONE)),
    106: Record(
        say.HistoricalSchedule,
        (
            *fields("", req_id=INT, start=TEXT, end=TEXT, time_zone=TEXT),
            Repeat("sessions", Record(say.SessionHours, fields("", start=TEXT, end=TEXT, ref_date=TEXT))),
        ),
    ),
}

ANSWERS: Mapping[int, Record] = {**_TICKS, **_ORDERS, **_ACCOUNTS, **_CONTRACTS, **_PAST}

TICK_BY_TICK = 99  # one number, and the second field says which of these it is
_TRADE = Record(
    say.TickByTickTrade,
    (
        *fields("", req_id=INT, tick_type=INT, time=INT, price=REAL, size=SIZE, mask=INT),
        *fields("", exchange=TEXT, conditions=TEXT),
    ),
)
TICKS_BY_TICK: Mapping[str, Record] = {
    "1": _TRADE,
    "2": _TRADE,
    "3": Record(
        say.TickByTickBidAsk,
        (
            *_REQ_ID,
            Fixed("3"),
            *fields("", time=INT, bid=REAL, ask=REAL, bid_size=SIZE, ask_size=SIZE, mask=INT),
        ),
    ),
    "4": Record(say.TickByTickMidPoint, (*_REQ_ID, Fixed("4"), *fields("", time=INT, mid=REAL))),
}
