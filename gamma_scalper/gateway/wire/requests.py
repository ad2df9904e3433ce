"""Everything a client can ask, under one roof."""

from gamma_scalper.gateway.wire.requests_of_data import (
    CalculateImpliedVolatility,
    CalculateOptionPrice,
    CancelHeadTimestamp,
    CancelHistogram,
    CancelHistoricalData,
    CancelImpliedVolatility,
    CancelMarketData,
    CancelOptionPrice,
    CancelRealTimeBars,
    CancelTickByTick,
    RequestContractDetails,
    RequestCurrentTime,
    RequestDepthExchanges,
    RequestHeadTimestamp,
    RequestHistogram,
    RequestHistoricalData,
    RequestHistoricalTicks,
    RequestMarketData,
    RequestMarketDataType,
    RequestMarketRule,
    RequestMatchingSymbols,
    RequestNewsProviders,
    RequestRealTimeBars,
    RequestSecDefOptParams,
    RequestSmartComponents,
    RequestTickByTick,
    SetServerLogLevel,
    StartApi,
    Unserved,
)
from gamma_scalper.gateway.wire.requests_of_orders import (
    CancelAccountSummary,
    CancelAccountUpdatesMulti,
    CancelAllOrders,
    CancelOrder,
    CancelPnl,
    CancelPnlSingle,
    CancelPositions,
    CancelPositionsMulti,
    ExerciseOptions,
    PlaceOrder,
    RequestAccountSummary,
    RequestAccountUpdates,
    RequestAccountUpdatesMulti,
    RequestAllOpenOrders,
    RequestAutoOpenOrders,
    RequestCompletedOrders,
    RequestExecutions,
    RequestFamilyCodes,
    RequestIds,
    RequestManagedAccounts,
    RequestOpenOrders,
    RequestPnl,
    RequestPnlSingle,
    RequestPositions,
    RequestPositionsMulti,
    RequestSoftDollarTiers,
    RequestUserInfo,
)

Request = (
    CalculateImpliedVolatility
    | CalculateOptionPrice
    | CancelAccountSummary
    | CancelAccountUpdatesMulti
    | CancelAllOrders
    | CancelHeadTimestamp
    | CancelHistogram
    | CancelHistoricalData
    | CancelImpliedVolatility
    | CancelMarketData
    | CancelOptionPrice
    | CancelOrder
    | CancelPnl
    | CancelPnlSingle
    | CancelPositions
    | CancelPositionsMulti
    | CancelRealTimeBars
    | CancelTickByTick
    | ExerciseOptions
    | PlaceOrder
    | RequestAccountSummary
    | RequestAccountUpdates
    | RequestAccountUpdatesMulti
    | RequestAllOpenOrders
    | RequestAutoOpenOrders
    | RequestCompletedOrders
    | RequestContractDetails
    | RequestCurrentTime
    | RequestDepthExchanges
    | RequestExecutions
    | RequestFamilyCodes
    | RequestHeadTimestamp
    | RequestHistogram
    | RequestHistoricalData
    | RequestHistoricalTicks
    | RequestIds
    | RequestManagedAccounts
    | RequestMarketData
    | RequestMarketDataType
    | RequestMarketRule
    | RequestMatchingSymbols
    | RequestNewsProviders
    | RequestOpenOrders
    | RequestPnl
    | RequestPnlSingle
    | RequestPositions
    | RequestPositionsMulti
    | RequestRealTimeBars
    | RequestSecDefOptParams
    | RequestSmartComponents
    | RequestSoftDollarTiers
    | RequestTickByTick
    | RequestUserInfo
    | SetServerLogLevel
    | StartApi
    | Unserved
)

__all__ = [
    "CalculateImpliedVolatility",
    "CalculateOptionPrice",
    "CancelAccountSummary",
    "CancelAccountUpdatesMulti",
    "CancelAllOrders",
    "CancelHeadTimestamp",
    "CancelHistogram",
    "CancelHistoricalData",
    "CancelImpliedVolatility",
    "CancelMarketData",
    "CancelOptionPrice",
    "CancelOrder",
    "CancelPnl",
    "CancelPnlSingle",
    "CancelPositions",
    "CancelPositionsMulti",
    "CancelRealTimeBars",
    "CancelTickByTick",
    "ExerciseOptions",
    "PlaceOrder",
    "Request",
    "RequestAccountSummary",
    "RequestAccountUpdates",
    "RequestAccountUpdatesMulti",
    "RequestAllOpenOrders",
    "RequestAutoOpenOrders",
    "RequestCompletedOrders",
    "RequestContractDetails",
    "RequestCurrentTime",
    "RequestDepthExchanges",
    "RequestExecutions",
    "RequestFamilyCodes",
    "RequestHeadTimestamp",
    "RequestHistogram",
    "RequestHistoricalData",
    "RequestHistoricalTicks",
    "RequestIds",
    "RequestManagedAccounts",
    "RequestMarketData",
    "RequestMarketDataType",
    "RequestMarketRule",
    "RequestMatchingSymbols",
    "RequestNewsProviders",
    "RequestOpenOrders",
    "RequestPnl",
    "RequestPnlSingle",
    "RequestPositions",
    "RequestPositionsMulti",
    "RequestRealTimeBars",
    "RequestSecDefOptParams",
    "RequestSmartComponents",
    "RequestSoftDollarTiers",
    "RequestTickByTick",
    "RequestUserInfo",
    "SetServerLogLevel",
    "StartApi",
    "Unserved",
]
