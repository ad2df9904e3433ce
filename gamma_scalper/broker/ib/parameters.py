"""How the adapter treats its connection."""

from attrs import frozen

from gamma_scalper.domain.settings import section, setting


@frozen
class TimeoutParameters:
    """How long the broker may take over an answer; nothing waits for ever."""

    connect_s: float = setting(10.0, "for the handshake, and for the ids that follow it", unit="s", above=0)
    positions_s: float = setting(15.0, "for the positions", unit="s", above=0)
    open_orders_s: float = setting(15.0, "for the open orders", unit="s", above=0)
    executions_s: float = setting(15.0, "for the executions since midnight", unit="s", above=0)
    account_s: float = setting(20.0, "for the account's values", unit="s", above=0)
    completed_orders_s: float = setting(
        15.0, "for the completed orders, which readiness does not wait for", unit="s", above=0
    )
    contracts_s: float = setting(20.0, "for contracts, chains and market rules", unit="s", above=0)
    what_if_s: float = setting(8.0, "for the margin of an order", unit="s", above=0)
    history_s: float = setting(60.0, "for a day of past prices", unit="s", above=0)
    time_s: float = setting(5.0, "for the server's time, which is the keep-alive", unit="s", above=0)


@frozen
class BackoffParameters:
    """When the next attempt to connect is made."""

    first_s: float = setting(1.0, "before the second attempt; doubled each time", unit="s", above=0)
    longest_s: float = setting(60.0, "between two attempts", unit="s", above=0)
    jitter_pct: float = setting(25.0, "by which each wait is stretched at most", unit="%", at_least=0, at_most=100)
    give_up_s: float = setting(45.0, "after which a start ends with an error", unit="s", above=0)


@frozen
class PacingParameters:
    """How much it asks for: the broker allows 50 requests a second, and a trade never waits for one for data."""

    data_per_s: int = setting(28, "requests for data and contracts", unit="1/s", at_least=1, at_most=30)
    trading_per_s: int = setting(18, "orders, cancels and the queries about them", unit="1/s", at_least=1, at_most=20)
    history_per_10_min: int = setting(
        60,
        "requests for past prices in ten minutes; one for both sides counting twice",
        at_least=2,
        at_most=600,
    )


@frozen
class IbParameters:
    """All of it."""

    lines: int = setting(100, "market-data lines of this login", at_least=1, at_most=10_000)
    keep_alive_s: float = setting(15.0, "between two questions for the server's time", unit="s", above=0)
    misses_while_lost: int = setting(
        120,
        "questions for the time, one every `time_s`, that may go unanswered while the gateway has lost its broker",
        at_least=2,
    )
    largest_skew_s: float = setting(2.0, "of the server's clock before a warning", unit="s", above=0)
    executions_every_s: float = setting(60.0, "between two pulls of the executions", unit="s", above=0)
    settle_s: float = setting(2.0, "before the second look for an order nobody knows", unit="s", above=0)
    time_zone: str = setting("America/New_York", "of times that the broker sends without a zone", form="a zone's name")
    timeouts: TimeoutParameters = section(TimeoutParameters)
    backoff: BackoffParameters = section(BackoffParameters)
    pacing: PacingParameters = section(PacingParameters)
