"""How the gateway treats its clients; the defaults are those of the broker."""

from attrs import frozen

from gamma_scalper.domain.settings import section, setting


@frozen
class PacingParameters:
    """How much a client may ask for."""

    messages_per_s: int = setting(
        50, "requests a second from one client over TCP; 0: any number", unit="messages/s", at_least=0
    )
    market_data_lines: int = setting(100, "contracts one client may look at at once", unit="lines", at_least=1)
    history_per_10_min: int = setting(
        60, "requests for history in ten minutes; 0: any number", unit="requests", at_least=0
    )


@frozen
class BufferParameters:
    """What waits in memory for a client that doesn't read."""

    conflate_above_kb: int = setting(
        256, "unsent bytes from which on a line keeps its newest quote only", unit="kB", at_least=16, at_most=65_536
    )
    close_above_kb: int = setting(
        16_384, "unsent bytes that end the connection", unit="kB", at_least=64, at_most=1_048_576
    )


@frozen
class UpdateParameters:
    """How often what nobody asks for again is told anew."""

    model_greeks_s: float = setting(3.0, "between Greeks of an option's middle", unit="s", at_least=0.1)
    quote_greeks_s: float = setting(15.0, "between Greeks of its bid and its ask", unit="s", at_least=0.1)
    account_s: float = setting(180.0, "between full accounts", unit="s", at_least=1)
    account_change_s: float = setting(1.0, "between accounts that change, and between profits", unit="s", at_least=0.1)


@frozen
class GatewayParameters:
    """All of it."""

    pacing: PacingParameters = section(PacingParameters)
    buffers: BufferParameters = section(BufferParameters)
    updates: UpdateParameters = section(UpdateParameters)
    data: str = setting(
        "live",
        "market data the login has paid for; delayed: only to those who ask for delayed data; none: 354 to everybody",
        one_of=("live", "delayed", "none"),
    )
    master_client: int = setting(0, "client id that is told of everybody's orders; 0: none", at_least=0)
