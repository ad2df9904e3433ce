"""What the gateway says of the market: ticks, bars and the past."""

from typing import NamedTuple

from attrs import frozen


class TickPrice(NamedTuple):
    """A price with the size offered at it."""

    req_id: int
    tick_type: int
    price: float  # -1: nobody quotes
    size: float = 0
    attributes: int = 0  # bits: 1 can execute automatically, 2 past limit, 4 before the opening


class TickSize(NamedTuple):
    """A size by itself."""

    req_id: int
    tick_type: int
    size: float


class TickOptionComputation(NamedTuple):
    """Volatility and Greeks behind one price; None is sent as the broker's -1 or -2, for "not computed"."""

    req_id: int
    tick_type: int  # 10 bid, 11 ask, 12 last, 13 model; delayed 80 to 83
    attribute: int = 1  # 0: computed from returns, 1: from the price
    implied_vol: float | None = None
    delta: float | None = None
    option_price: float | None = None
    pv_dividend: float | None = None
    gamma: float | None = None
    vega: float | None = None
    theta: float | None = None
    under_price: float | None = None


@frozen
class TickGeneric:
    """A number that is neither price nor size, such as 49, halted."""

    req_id: int
    tick_type: int
    value: float


@frozen
class TickString:
    """A text, such as 45, the time of the last trade."""

    req_id: int
    tick_type: int
    value: str


@frozen
class TickSnapshotEnd:
    """The snapshot is complete."""

    req_id: int


@frozen
class MarketDataType:
    """What kind of data follows on this line."""

    req_id: int
    data_type: int


@frozen
class TickReqParams:
    """The smallest step of the line, and where its exchange letters are explained."""

    req_id: int
    min_tick: float
    bbo_exchange: str
    snapshot_permissions: int = 0


@frozen
class Bar:
    """One bar; the date as asked for: text or seconds."""

    date: str
    open: float
    high: float
    low: float
    close: float
    volume: float
    average: float
    count: int


@frozen
class HistoricalData:
    """All bars asked for; start and end say what they cover."""

    req_id: int
    start: str
    end: str
    bars: tuple[Bar, ...]


@frozen
class HistoricalDataUpdate:
    """The bar being made, of a request that is kept up to date."""

    req_id: int
    bar: Bar


@frozen
class HeadTimestamp:
    """Since when there is data."""

    req_id: int
    time: str


@frozen
class HistogramEntry:
    """How much was traded at one price."""

    price: float
    size: int


@frozen
class Histogram:
    """All prices."""

    req_id: int
    entries: tuple[HistogramEntry, ...] = ()


@frozen
class RealTimeBar:
    """The last five seconds."""

    req_id: int
    time: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    wap: float
    count: int


@frozen
class PastTick:
    """A mid at a moment."""

    time: int
    price: float
    size: float = 0.0


@frozen
class PastBidAsk:
    """An offer at a moment."""

    time: int
    bid: float
    ask: float
    bid_size: float
    ask_size: float
    mask: int = 0  # bits: 1 ask past the day's high, 2 bid past the day's low


@frozen
class PastTrade:
    """A trade at a moment."""

    time: int
    price: float
    size: float
    exchange: str = ""
    conditions: str = ""
    mask: int = 0  # bits: 1 past limit, 2 unreported


@frozen
class HistoricalTicks:
    """Mids of the past."""

    req_id: int
    ticks: tuple[PastTick, ...]
    done: bool = True


@frozen
class HistoricalTicksBidAsk:
    """Offers of the past."""

    req_id: int
    ticks: tuple[PastBidAsk, ...]
    done: bool = True


@frozen
class HistoricalTicksLast:
    """Trades of the past."""

    req_id: int
    ticks: tuple[PastTrade, ...]
    done: bool = True


@frozen
class TickByTickTrade:
    """A trade as it happens."""

    req_id: int
    tick_type: int  # 1 Last, 2 AllLast
    time: int
    price: float
    size: float
    mask: int = 0  # bits: 1 past limit, 2 unreported
    exchange: str = ""
    conditions: str = ""


@frozen
class TickByTickBidAsk:
    """An offer as it changes."""

    req_id: int
    time: int
    bid: float
    ask: float
    bid_size: float
    ask_size: float
    mask: int = 0  # bits: 1 bid past the day's low, 2 ask past the day's high


@frozen
class TickByTickMidPoint:
    """The mid as it changes."""

    req_id: int
    time: int
    mid: float


@frozen
class SessionHours:
    """One session, in the schedule's own zone."""

    start: str
    end: str
    ref_date: str


@frozen
class HistoricalSchedule:
    """When the market was open."""

    req_id: int
    start: str
    end: str
    time_zone: str
    sessions: tuple[SessionHours, ...] = ()
