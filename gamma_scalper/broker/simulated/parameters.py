"""How the simulated broker treats its clients, where the exchange itself has no say."""

from attrs import frozen

from gamma_scalper.domain.settings import setting


@frozen
class SimulatedParameters:
    """The defaults are those of a real connection, so that a backtest meets the same limits."""

    lines: int = setting(100, "contracts that can be quoted at once", unit="lines", at_least=1)
    greeks: bool = setting(True, "whether options come with the broker's own Greeks, as live ones do")
    answer_timeout_s: float = setting(10.0, "after which a request counts as unanswered", unit="s", above=0)
    values_every_s: float = setting(5.0, "age at which the account's values are worked out anew", unit="s", at_least=0)
    pull_every_s: float = setting(60.0, "between two looks at the executions, where one may be lost", unit="s", above=0)
    reconnect_s: float = setting(1.0, "from the moment a lost connection could be had again", unit="s", at_least=0)
    link_every_s: float = setting(1.0, "between two looks at the link that real quotes come over", unit="s", above=0)
    hours_every_s: float = setting(
        21_600.0, "between two looks at the trading hours of real contracts, told a week ahead", unit="s", above=0
    )
