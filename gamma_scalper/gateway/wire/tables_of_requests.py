"""How each request is laid out behind its number. `Fixed` with a number is the message's own, frozen long ago."""

from collections.abc import Mapping
from functools import partial

from gamma_scalper.gateway.wire import requests as ask
from gamma_scalper.gateway.wire.contracts import ContractFields, LegFields
from gamma_scalper.gateway.wire.shapes import Fixed, MayEnd, Only, Record, Repeat, Shape, Shapes, Since, fields
from gamma_scalper.gateway.wire.spelling import FLAG, INT, QUANTITY, REAL, TEXT
from gamma_scalper.gateway.wire.tables_of_orders import (
    CONTRACT_ASKED,
    CONTRACT_TOLD,
    DELTA_NEUTRAL,
    PLACE_ORDER,
    SHORT_LEG,
)

_REQ_ID = fields("", req_id=INT)
_VERSION_1_ID: Shapes = (Fixed("1"), *_REQ_ID)
_CONTRACT = {"contract": ContractFields}
_ID_CONTRACT: Shapes = (*_REQ_ID, *CONTRACT_ASKED)
_ID_CONTRACT_EXPIRED: Shapes = (*_ID_CONTRACT, *fields("", include_expired=FLAG))
_OPTIONS = MayEnd(fields("", options=TEXT))
_COUNTED_OPTIONS = MayEnd((Fixed("0"), *fields("", options=TEXT)))
_LEGS = Only("contract.sec_type", lambda kind: kind == "BAG", (Repeat("contract.legs", Record(LegFields, SHORT_LEG)),))


def _unserved(number: int, *shapes: Shape) -> Record:
    return Record(partial(ask.Unserved, number), shapes)


def _unserved_without_id(number: int) -> Record:
    return Record(partial(ask.Unserved, number, None), ())


REQUESTS: Mapping[int, Record] = {
    1: Record(
        ask.RequestMarketData,
        (
            Fixed("11"),
            *_ID_CONTRACT,
            _LEGS,
            DELTA_NEUTRAL,
            MayEnd(fields("", generic_ticks=TEXT, snapshot=FLAG, regulatory_snapshot=FLAG, options=TEXT)),
        ),
        _CONTRACT,
    ),
    2: Record(ask.CancelMarketData, (Fixed("2"), *_REQ_ID)),
    3: PLACE_ORDER,
    4: Record(
        ask.CancelOrder, (Fixed("1"), *fields("", order_id=INT), Since(169, (MayEnd(fields("", manual_time=TEXT)),)))
    ),
    5: Record(ask.RequestOpenOrders, (Fixed("1"),)),
    6: Record(ask.RequestAccountUpdates, (Fixed("2"), *fields("", subscribe=FLAG, account=TEXT))),
    7: Record(
        ask.RequestExecutions,
        (
            Fixed("3"),
            *_REQ_ID,
            *fields("", client_id=INT, account=TEXT, time=TEXT, symbol=TEXT, sec_type=TEXT, exchange=TEXT, side=TEXT),
        ),
    ),
    8: Record(ask.RequestIds, (Fixed("1"), *fields("", count=INT))),
    9: Record(
        ask.RequestContractDetails,
        (
            Fixed("8"),
            *_ID_CONTRACT_EXPIRED,
            MayEnd(fields("contract", sec_id_type=TEXT, sec_id=TEXT)),
            Since(176, (MayEnd(fields("contract", issuer_id=TEXT)),)),
        ),
        _CONTRACT,
    ),
    10: _unserved(10, Fixed("5"), *_REQ_ID),  # market depth
    11: _unserved(11, *_VERSION_1_ID),
    12: _unserved_without_id(12),  # news bulletins
    13: _unserved_without_id(13),
    14: Record(ask.SetServerLogLevel, (Fixed("1"), *fields("", level=INT))),
    15: Record(ask.RequestAutoOpenOrders, (Fixed("1"), *fields("", bind=FLAG))),
    16: Record(ask.RequestAllOpenOrders, (Fixed("1"),)),
    17: Record(ask.RequestManagedAccounts, (Fixed("1"),)),
    18: _unserved_without_id(18),  # advisers' groups
    19: _unserved(19, Fixed("1"), Fixed(), Fixed(), *_REQ_ID),
    20: Record(
        ask.RequestHistoricalData,
        (
            *_ID_CONTRACT_EXPIRED,
            *fields("", end=TEXT, bar_size=TEXT, duration=TEXT, use_rth=FLAG, what=TEXT, format_date=INT),
            _LEGS,
            MayEnd(fields("", keep_up_to_date=FLAG, options=TEXT)),
        ),
        _CONTRACT,
    ),
    21: Record(
        ask.ExerciseOptions,
        (
            Fixed("2"),
            *_REQ_ID,
            *CONTRACT_TOLD,
            *fields("", action=INT, quantity=QUANTITY, account=TEXT, override=FLAG),
        ),
        _CONTRACT,
    ),
    22: _unserved(22, *_REQ_ID),  # scanners
    23: _unserved(23, *_VERSION_1_ID),
    24: _unserved_without_id(24),
    25: Record(ask.CancelHistoricalData, _VERSION_1_ID),
    49: Record(ask.RequestCurrentTime, (Fixed("1"),)),
    50: Record(
        ask.RequestRealTimeBars,
        (Fixed("3"), *_ID_CONTRACT, *fields("", bar_size=INT, what=TEXT, use_rth=FLAG), _OPTIONS),
        _CONTRACT,
    ),
    51: Record(ask.CancelRealTimeBars, _VERSION_1_ID),
    52: _unserved(52, Fixed("2"), *_REQ_ID),  # fundamental data
    53: _unserved(53, *_VERSION_1_ID),
    54: Record(
        ask.CalculateImpliedVolatility,
        (Fixed("3"), *_ID_CONTRACT, *fields("", option_price=REAL, under_price=REAL), _COUNTED_OPTIONS),
        _CONTRACT,
    ),
    55: Record(
        ask.CalculateOptionPrice,
        (Fixed("3"), *_ID_CONTRACT, *fields("", volatility=REAL, under_price=REAL), _COUNTED_OPTIONS),
        _CONTRACT,
    ),
    56: Record(ask.CancelImpliedVolatility, _VERSION_1_ID),
    57: Record(ask.CancelOptionPrice, _VERSION_1_ID),
    58: Record(ask.CancelAllOrders, (Fixed("1"),)),
    59: Record(ask.RequestMarketDataType, (Fixed("1"), *fields("", data_type=INT))),
    61: Record(ask.RequestPositions, (Fixed("1"),)),
    62: Record(ask.RequestAccountSummary, (*_VERSION_1_ID, *fields("", group=TEXT, tags=TEXT))),
    63: Record(ask.CancelAccountSummary, _VERSION_1_ID),
    64: Record(ask.CancelPositions, (Fixed("1"),)),
    65: _unserved_without_id(65),  # verification of other vendors' programs
    66: _unserved_without_id(66),
    67: _unserved(67, *_VERSION_1_ID),  # display groups
    68: _unserved(68, *_VERSION_1_ID),
    69: _unserved(69, *_VERSION_1_ID),
    70: _unserved(70, *_VERSION_1_ID),
    71: Record(ask.StartApi, (Fixed("2"), *fields("", client_id=INT), MayEnd(fields("", optional_capabilities=TEXT)))),
    72: _unserved_without_id(72),  # verification again
    73: _unserved_without_id(73),
    74: Record(ask.RequestPositionsMulti, (*_VERSION_1_ID, *fields("", account=TEXT, model_code=TEXT))),
    75: Record(ask.CancelPositionsMulti, _VERSION_1_ID),
    76: Record(
        ask.RequestAccountUpdatesMulti,
        (*_VERSION_1_ID, *fields("", account=TEXT, model_code=TEXT, ledger_and_nlv=FLAG)),
    ),
    77: Record(ask.CancelAccountUpdatesMulti, _VERSION_1_ID),
    78: Record(
        ask.RequestSecDefOptParams,
        fields("", req_id=INT, symbol=TEXT, futures_exchange=TEXT, sec_type=TEXT, con_id=INT),
    ),
    79: Record(ask.RequestSoftDollarTiers, _REQ_ID),
    80: Record(ask.RequestFamilyCodes, ()),
    81: Record(ask.RequestMatchingSymbols, fields("", req_id=INT, pattern=TEXT)),
    82: Record(ask.RequestDepthExchanges, ()),
    83: Record(ask.RequestSmartComponents, fields("", req_id=INT, bbo_exchange=TEXT)),
    84: _unserved(84, *_REQ_ID),  # news articles
    85: Record(ask.RequestNewsProviders, ()),
    86: _unserved(86, *_REQ_ID),  # old news
    87: Record(
        ask.RequestHeadTimestamp,
        (*_ID_CONTRACT_EXPIRED, *fields("", use_rth=FLAG, what=TEXT, format_date=INT)),
        _CONTRACT,
    ),
    88: Record(ask.RequestHistogram, (*_ID_CONTRACT_EXPIRED, *fields("", use_rth=FLAG, period=TEXT)), _CONTRACT),
    89: Record(ask.CancelHistogram, _REQ_ID),
    90: Record(ask.CancelHeadTimestamp, _REQ_ID),
    91: Record(ask.RequestMarketRule, fields("", rule_id=INT)),
    92: Record(ask.RequestPnl, fields("", req_id=INT, account=TEXT, model_code=TEXT)),
    93: Record(ask.CancelPnl, _REQ_ID),
    94: Record(ask.RequestPnlSingle, fields("", req_id=INT, account=TEXT, model_code=TEXT, con_id=INT)),
    95: Record(ask.CancelPnlSingle, _REQ_ID),
    96: Record(
        ask.RequestHistoricalTicks,
        (
            *_ID_CONTRACT_EXPIRED,
            *fields("", start=TEXT, end=TEXT, count=INT, what=TEXT, use_rth=FLAG, ignore_size=FLAG),
            _OPTIONS,
        ),
        _CONTRACT,
    ),
    97: Record(ask.RequestTickByTick, (*_ID_CONTRACT, *fields("", what=TEXT, count=INT, ignore_size=FLAG)), _CONTRACT),
    98: Record(ask.CancelTickByTick, _REQ_ID),
    99: Record(ask.RequestCompletedOrders, fields("", api_only=FLAG)),
    100: _unserved(100, *_REQ_ID),  # corporate events
    101: _unserved(101, *_REQ_ID),
    102: _unserved(102, *_REQ_ID),
    103: _unserved(103, *_REQ_ID),
    104: Record(ask.RequestUserInfo, _REQ_ID),
}
