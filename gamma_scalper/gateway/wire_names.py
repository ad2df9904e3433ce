"""Requests as the broker's manual calls them, by which a fault may mean one, and which of them are answered."""

from gamma_scalper.gateway.wire import requests_of_data as data
from gamma_scalper.gateway.wire import requests_of_orders as orders

NAMES: dict[type, str] = {
    data.RequestCurrentTime: "reqCurrentTime",
    data.RequestMarketDataType: "reqMarketDataType",
    data.RequestMarketData: "reqMktData",
    data.RequestContractDetails: "reqContractDetails",
    data.RequestSecDefOptParams: "reqSecDefOptParams",
    data.RequestMatchingSymbols: "reqMatchingSymbols",
    data.RequestMarketRule: "reqMarketRule",
    data.RequestSmartComponents: "reqSmartComponents",
    data.RequestDepthExchanges: "reqMktDepthExchanges",
    data.RequestNewsProviders: "reqNewsProviders",
    data.RequestHistoricalData: "reqHistoricalData",
    data.RequestHeadTimestamp: "reqHeadTimeStamp",
    data.RequestHistogram: "reqHistogramData",
    data.RequestHistoricalTicks: "reqHistoricalTicks",
    data.RequestTickByTick: "reqTickByTickData",
    data.RequestRealTimeBars: "reqRealTimeBars",
    data.CalculateImpliedVolatility: "calculateImpliedVolatility",
    data.CalculateOptionPrice: "calculateOptionPrice",
    orders.PlaceOrder: "placeOrder",
    orders.CancelOrder: "cancelOrder",
    orders.CancelAllOrders: "reqGlobalCancel",
    orders.RequestOpenOrders: "reqOpenOrders",
    orders.RequestAutoOpenOrders: "reqAutoOpenOrders",
    orders.RequestAllOpenOrders: "reqAllOpenOrders",
    orders.RequestCompletedOrders: "reqCompletedOrders",
    orders.RequestExecutions: "reqExecutions",
    orders.ExerciseOptions: "exerciseOptions",
    orders.RequestIds: "reqIds",
    orders.RequestManagedAccounts: "reqManagedAccts",
    orders.RequestAccountUpdates: "reqAccountUpdates",
    orders.RequestAccountSummary: "reqAccountSummary",
    orders.RequestPositions: "reqPositions",
    orders.RequestPositionsMulti: "reqPositionsMulti",
    orders.RequestAccountUpdatesMulti: "reqAccountUpdatesMulti",
    orders.RequestPnl: "reqPnL",
    orders.RequestPnlSingle: "reqPnLSingle",
    orders.RequestSoftDollarTiers: "reqSoftDollarTiers",
    orders.RequestFamilyCodes: "reqFamilyCodes",
    orders.RequestUserInfo: "reqUserInfo",
}

_ACTIONS = (
    data.RequestMarketDataType,
    orders.PlaceOrder,
    orders.CancelOrder,
    orders.CancelAllOrders,
    orders.ExerciseOptions,
)

ANSWERED = frozenset(set(NAMES) - set(_ACTIONS))
"""Requests for an answer, which a fault may keep back; an order or a cancel is lost by faults of its own."""
