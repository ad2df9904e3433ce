"""The smallest plan that still goes wrong in the same way: troubles first, then what is left is made simpler."""

from collections.abc import Callable, Iterator, Sequence

from attrs import evolve, frozen
from staging.plan import MONDAY, Plan, Trouble

from proving.outcome import Outcome, kind_of

MOST_PLAYS = 120


@frozen
class Shrunk:
    """`numbers` of the troubles suffice in the original plan; `plan` may be simpler than that."""

    plan: Plan
    violations: tuple[str, ...]
    numbers: tuple[int, ...]
    plays: int


class Shrinking:
    """`outcome_of` plays; every play that goes wrong in one of the first ways is kept."""

    def __init__(self, plan: Plan, violations: Sequence[str], outcome_of: Callable[[Plan], Outcome]) -> None:
        self.plan, self.violations = plan, tuple(violations)
        self._sought = {kind_of(each) for each in violations}
        self._outcome_of = outcome_of
        self._tried: set[Plan] = set()

    @property
    def plays(self) -> int:
        return len(self._tried)

    def smallest(self) -> Shrunk:
        numbers = self._fewest(self.plan, tuple(range(len(self.plan.troubles))))
        while any(self._goes_wrong(candidate) for candidate in _simpler(self.plan)):
            pass
        return Shrunk(self.plan, self.violations, numbers, self.plays)

    def _goes_wrong(self, plan: Plan) -> bool:
        if plan in self._tried or self.plays >= MOST_PLAYS:
            return False
        self._tried.add(plan)
        found = [each for each in self._outcome_of(plan).violations if kind_of(each) in self._sought]
        if found:
            self.plan, self.violations = plan, tuple(found)
        return bool(found)

    def _fewest(self, original: Plan, numbers: tuple[int, ...]) -> tuple[int, ...]:
        """Delta debugging: leaves out halves, then quarters, down to single ones."""
        parts = 1
        while numbers:
            size = -(-len(numbers) // parts)
            chunks = [numbers[place : place + size] for place in range(0, len(numbers), size)]
            for chunk in chunks:
                rest = tuple(number for number in numbers if number not in chunk)
                if self._goes_wrong(original.only(rest)):
                    numbers, parts = rest, max(parts - 1, 1)
                    break
            else:
                if size == 1:
                    break
                parts = min(parts * 2, len(numbers))
        return numbers


def _simpler(plan: Plan) -> Iterator[Plan]:
    """Candidates, the largest step first; each is really another plan, and none leads back."""
    if len(plan.books) > 1:
        yield evolve(plan, books=plan.books[:1])
    if plan.jumps:
        yield evolve(plan, jumps=())
    if plan.short_call:
        yield evolve(plan, short_call=False)
    if plan.start != MONDAY:
        yield evolve(plan, start=MONDAY, asleep=False, short_call=False)
    if plan.vol != 0.5:
        yield evolve(plan, vol=0.5)
    if plan.cash != 200_000:
        yield evolve(plan, cash=200_000)
    for place, settings in enumerate(plan.books):
        for setting in settings:
            rest = tuple(each for each in settings if each != setting)
            yield evolve(plan, books=(*plan.books[:place], rest, *plan.books[place + 1 :]))
    for place, trouble in enumerate(plan.troubles):
        for easier in _easier(trouble):
            yield evolve(plan, troubles=(*plan.troubles[:place], easier, *plan.troubles[place + 1 :]))


def _easier(trouble: Trouble) -> Iterator[Trouble]:
    """Round figures: they are read more easily than drawn ones."""
    for digits in (-1, 0):
        duration, amount = _round(trouble.duration_s, digits), _round(trouble.amount, digits)
        minute = float(round(trouble.minute)) if digits < 0 else round(trouble.minute, 1)
        if duration != trouble.duration_s:
            yield evolve(trouble, duration_s=duration)
        if amount != trouble.amount:
            yield evolve(trouble, amount=amount)
        if minute != trouble.minute:
            yield evolve(trouble, minute=minute)


def _round(figure: float, digits: int) -> float:
    """To tens or ones; what would become nothing stays."""
    if figure == 0 or (digits < 0 and figure == round(figure, 0) and abs(figure) < 10):
        return figure
    return float(round(figure, digits)) or figure
