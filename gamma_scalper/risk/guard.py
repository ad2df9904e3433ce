"""What a guard is: one rule as a pure function, with the purposes it applies to and all it looks at, as data."""

from collections.abc import Callable, Iterable

from attrs import field, frozen

from gamma_scalper.domain.orders import Purpose
from gamma_scalper.domain.proposals import Plan, Refusal
from gamma_scalper.risk.facts import Facts, NotKnown
from gamma_scalper.risk.parameters import RiskParameters

MomentCheck = Callable[[Facts, RiskParameters], str | None]
OrderCheck = Callable[[Facts, Plan, RiskParameters], str | None]

ENTRY, HEDGE, REPAIR, EXIT, FLATTEN = Purpose
BEGINNING = (ENTRY, HEDGE, REPAIR)
ALL_BUT_FLATTEN = (*BEGINNING, EXIT)
EVERYTHING = tuple(Purpose)


def _purposes(each: Iterable[Purpose]) -> frozenset[Purpose]:
    return frozenset(each)


def _texts(each: Iterable[str]) -> tuple[str, ...]:
    return tuple(each)


@frozen(kw_only=True)
class Rule:
    """What the table prints of a guard. Missing needs refuse."""

    name: str
    applies: frozenset[Purpose] = field(converter=_purposes)
    spares: frozenset[Purpose] = field(default=frozenset(), converter=_purposes)  # where the plan only reduces
    needs: tuple[str, ...] = field(default=(), converter=_texts)  # paths in `Facts`; `*` is every contract or leg
    reads: tuple[str, ...] = field(default=(), converter=_texts)  # paths in `RiskParameters`
    protects: str

    def __attrs_post_init__(self) -> None:
        if not self.spares <= self.applies:
            raise ValueError(f"the guard {self.name} spares what it does not apply to")


@frozen(kw_only=True)
class MomentGuard:
    """What may happen at all just now, whatever the order."""

    rule: Rule
    check: MomentCheck
    lamp: str = ""  # the colour of health while it refuses; empty: refusing is everyday business
    lamp_in_session: bool = False  # refusing is everyday business while the market is closed

    def refusal(self, facts: Facts, parameters: RiskParameters) -> Refusal | None:
        try:
            why = self.check(facts, parameters)
        except NotKnown as missing:
            why = str(missing)
        return Refusal(self.rule.name, why) if why else None


@frozen(kw_only=True)
class OrderGuard:
    """What this very plan may do."""

    rule: Rule
    check: OrderCheck

    def refusal(self, facts: Facts, plan: Plan, parameters: RiskParameters) -> Refusal | None:
        try:
            why = self.check(facts, plan, parameters)
        except NotKnown as missing:
            why = str(missing)
        return Refusal(self.rule.name, why) if why else None


Guard = MomentGuard | OrderGuard


def of_the_moment(
    name: str,
    protects: str,
    *,
    applies: Iterable[Purpose],
    spares: Iterable[Purpose] = (),
    needs: Iterable[str] = (),
    reads: Iterable[str] = (),
    lamp: str = "",
    lamp_in_session: bool = False,
) -> Callable[[MomentCheck], MomentGuard]:
    """Makes a guard of the function below it."""
    rule = Rule(name=name, applies=applies, spares=spares, needs=needs, reads=reads, protects=protects)
    return lambda check: MomentGuard(rule=rule, check=check, lamp=lamp, lamp_in_session=lamp_in_session)


def of_the_order(
    name: str,
    protects: str,
    *,
    applies: Iterable[Purpose],
    spares: Iterable[Purpose] = (),
    needs: Iterable[str] = (),
    reads: Iterable[str] = (),
) -> Callable[[OrderCheck], OrderGuard]:
    """Makes a guard of the function below it."""
    rule = Rule(name=name, applies=applies, spares=spares, needs=needs, reads=reads, protects=protects)
    return lambda check: OrderGuard(rule=rule, check=check)
