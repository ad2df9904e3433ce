"""Everything the gateway can say, under one roof."""

from gamma_scalper.gateway.wire.answers_of_accounts import (
    AccountDownloadEnd,
    AccountSummary,
    AccountSummaryEnd,
    AccountTime,
    AccountUpdateMulti,
    AccountUpdateMultiEnd,
    AccountValue,
    FamilyCode,
    FamilyCodes,
    Pnl,
    PnlSingle,
    PortfolioValue,
    Position,
    PositionEnd,
    PositionMulti,
    PositionMultiEnd,
    SoftDollarTier,
    SoftDollarTiers,
    UserInfo,
)
from gamma_scalper.gateway.wire.answers_of_contracts import (
    ContractDetails,
    ContractDetailsEnd,
    DepthExchange,
    DepthExchanges,
    MarketRule,
    NewsProvider,
    NewsProviders,
    PriceIncrement,
    SecDefOptParams,
    SecDefOptParamsEnd,
    SmartComponent,
    SmartComponents,
    SymbolSample,
    SymbolSamples,
)
from gamma_scalper.gateway.wire.answers_of_data import (
    Bar,
    HeadTimestamp,
    Histogram,
    HistogramEntry,
    HistoricalData,
    HistoricalDataUpdate,
    HistoricalSchedule,
    HistoricalTicks,
    HistoricalTicksBidAsk,
    HistoricalTicksLast,
    MarketDataType,
    PastBidAsk,
    PastTick,
    PastTrade,
    RealTimeBar,
    SessionHours,
    TickByTickBidAsk,
    TickByTickMidPoint,
    TickByTickTrade,
    TickGeneric,
    TickOptionComputation,
    TickPrice,
    TickReqParams,
    TickSize,
    TickSnapshotEnd,
    TickString,
)
from gamma_scalper.gateway.wire.answers_of_orders import (
    CommissionReport,
    CompletedOrder,
    CompletedOrdersEnd,
    CurrentTime,
    Error,
    Execution,
    ExecutionEnd,
    ManagedAccounts,
    NextValidId,
    OpenOrder,
    OpenOrderEnd,
    OrderBound,
    OrderStatus,
)

Answer = (
    AccountDownloadEnd
    | AccountSummary
    | AccountSummaryEnd
    | AccountTime
    | AccountUpdateMulti
    | AccountUpdateMultiEnd
    | AccountValue
    | CommissionReport
    | CompletedOrder
    | CompletedOrdersEnd
    | ContractDetails
    | ContractDetailsEnd
    | CurrentTime
    | DepthExchanges
    | Error
    | Execution
    | ExecutionEnd
    | FamilyCodes
    | HeadTimestamp
    | Histogram
    | HistoricalData
    | HistoricalDataUpdate
    | HistoricalSchedule
    | HistoricalTicks
    | HistoricalTicksBidAsk
    | HistoricalTicksLast
    | ManagedAccounts
    | MarketDataType
    | MarketRule
    | NewsProviders
    | NextValidId
    | OpenOrder
    | OpenOrderEnd
    | OrderBound
    | OrderStatus
    | Pnl
    | PnlSingle
    | PortfolioValue
    | Position
    | PositionEnd
    | PositionMulti
    | PositionMultiEnd
    | RealTimeBar
    | SecDefOptParams
    | SecDefOptParamsEnd
    | SmartComponents
    | SoftDollarTiers
    | SymbolSamples
    | TickByTickBidAsk
    | TickByTickMidPoint
    | TickByTickTrade
    | TickGeneric
    | TickOptionComputation
    | TickPrice
    | TickReqParams
    | TickSize
    | TickSnapshotEnd
    | TickString
    | UserInfo
)

__all__ = [
    "AccountDownloadEnd",
    "AccountSummary",
    "AccountSummaryEnd",
    "AccountTime",
    "AccountUpdateMulti",
    "AccountUpdateMultiEnd",
    "AccountValue",
    "Answer",
    "Bar",
    "CommissionReport",
    "CompletedOrder",
    "CompletedOrdersEnd",
    "ContractDetails",
    "ContractDetailsEnd",
    "CurrentTime",
    "DepthExchange",
    "DepthExchanges",
    "Error",
    "Execution",
    "ExecutionEnd",
    "FamilyCode",
    "FamilyCodes",
    "HeadTimestamp",
    "Histogram",
    "HistogramEntry",
    "HistoricalData",
    "HistoricalDataUpdate",
    "HistoricalSchedule",
    "HistoricalTicks",
    "HistoricalTicksBidAsk",
    "HistoricalTicksLast",
    "ManagedAccounts",
    "MarketDataType",
    "MarketRule",
    "NewsProvider",
    "NewsProviders",
    "NextValidId",
    "OpenOrder",
    "OpenOrderEnd",
    "OrderBound",
    "OrderStatus",
    "PastBidAsk",
    "PastTick",
    "PastTrade",
    "Pnl",
    "PnlSingle",
    "PortfolioValue",
    "Position",
    "PositionEnd",
    "PositionMulti",
    "PositionMultiEnd",
    "PriceIncrement",
    "RealTimeBar",
    "SecDefOptParams",
    "SecDefOptParamsEnd",
    "SessionHours",
    "SmartComponent",
    "SmartComponents",
    "SoftDollarTier",
    "SoftDollarTiers",
    "SymbolSample",
    "SymbolSamples",
    "TickByTickBidAsk",
    "TickByTickMidPoint",
    "TickByTickTrade",
    "TickGeneric",
    "TickOptionComputation",
    "TickPrice",
    "TickReqParams",
    "TickSize",
    "TickSnapshotEnd",
    "TickString",
    "UserInfo",
]
