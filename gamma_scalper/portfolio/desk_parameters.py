"""How patient the desk is with a broker."""

from collections.abc import Iterable
from typing import Any

from attrs import evolve, frozen

from gamma_scalper.domain.settings import keys_of, section, setting, value_at
from gamma_scalper.portfolio.flatten import FlattenParameters
from gamma_scalper.portfolio.repair import RepairParameters


@frozen
class DeskParameters:
    """Waiting times of orders, and how often the desk tries again before it calls a person."""

    ack_s: float = setting(5.0, "for a broker to acknowledge an order, before it is in doubt", unit="s", above=0)
    cancel_s: float = setting(5.0, "for an order to die after its cancel was asked for", unit="s", above=0)
    cancel_attempts: int = setting(
        3, "cancels in a row, before the order is in doubt and a person is told", unit="cancels", at_least=1, at_most=20
    )
    doubt_first_s: float = setting(
        2.0, "from the first question about an order to the second, and for executions to follow", unit="s", above=0
    )
    doubt_every_s: float = setting(60.0, "between later questions about an order in doubt", unit="s", above=0)
    doubt_margin_s: float = setting(
        60.0,
        "beyond the end of an order's own lifetime, before no record of it means that it is dead",
        unit="s",
        above=0,
    )
    held_s: float = setting(60.0, "an order may wait for shares to borrow, before a person is told", unit="s", above=0)
    max_rejections: int = setting(
        3, "rejected orders of one purpose in a row, which halt the book", unit="orders", at_least=1, limit=True
    )
    look_s: float = setting(5.0, "until quotes, or a permit, are asked for again in vain", unit="s", above=0)
    flatten: FlattenParameters = section(FlattenParameters)
    repair: RepairParameters = section(RepairParameters)


def as_settings(parameters: DeskParameters) -> tuple[tuple[str, float], ...]:
    """Every key and its value, for the journal: all of them are numbers."""
    return tuple((key.path, float(value_at(parameters, key.path))) for key in keys_of(DeskParameters))


def with_settings(parameters: DeskParameters, settings: Iterable[tuple[str, float]]) -> DeskParameters:
    """These settings where they are given; a key that no longer exists is passed over."""
    kinds = {key.path: key.type for key in keys_of(DeskParameters)}
    for path, value in settings:
        if path in kinds:
            parameters = _changed(parameters, path.split("."), kinds[path](value))
    return parameters


def _changed(parameters: Any, path: list[str], value: Any) -> Any:
    name, *rest = path
    return evolve(parameters, **{name: _changed(getattr(parameters, name), rest, value) if rest else value})
