"""One session played, bounded and judged, and what is kept of it: a few figures that fit on a line."""

import asyncio
import re
import signal
import traceback
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time
from typing import Any, Self

from attrs import asdict, field, frozen
from judging.end_states import end_state
from judging.judge import judged
from staging.plan import Plan
from staging.play import Played, Stage
from staging.strikes import Strikes

from gamma_scalper.domain.entries import Dispatched
from gamma_scalper.kernel import VirtualLoop

MOST_TURNS = 4_000_000  # of the loop; a program that is awake over a long weekend makes a quarter of that
MOST_CPU_S = 240.0
_AGAIN_S = 20.0  # for those who hang again while they are taken down
_HERE = str(Path(__file__).parents[3])


class Hung(SystemExit):
    """A session did not come to its end. asyncio lets nothing but this kind of exception through a callback."""


class BoundedLoop(VirtualLoop):
    """Turns no more often than any honest session does."""

    turns = 0
    most = MOST_TURNS

    def _run_once(self) -> None:
        self.turns += 1
        if self.turns == self.most:
            raise Hung(f"hangs: {self.most} turns of the loop, and no end")
        super()._run_once()


@frozen(kw_only=True)
class Outcome:
    """What is known of a session once it is over."""

    seed: int
    violations: tuple[str, ...] = field(default=(), converter=tuple)
    end: str = ""  # the runbook's name
    minutes: float = 0.0  # of the market
    lives: int = 0
    deaths: int = 0
    rows: int = 0
    orders: int = 0
    fills: int = 0
    injected: Mapping[str, int] = field(factory=dict)  # kind -> how often the plan has it
    took_s: float = 0.0  # of one core
    struck: Mapping[str, Mapping[str, int]] = field(factory=dict)  # kind -> state of the pipeline -> times

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of_json(cls, told: Mapping[str, Any]) -> Self:
        return cls(**told)


def outcome_of(plan: Plan) -> Outcome:
    """Played to its end; whatever goes wrong in it is a violation."""
    known: dict[str, Any] = {"seed": plan.seed, "injected": dict(Counter(str(each.kind) for each in plan.troubles))}
    began = process_time()
    with Strikes() as strikes:
        try:
            played = performed(plan)
        except Hung as hung:
            return Outcome(**known, violations=[str(hung)], end="hung")
        except (Exception, BaseExceptionGroup) as error:  # noqa: BLE001  whatever it is, it is what the campaign looks for
            return Outcome(**known, violations=[_raised(error)], end="raised")
    violations, end = judged(played), end_state(played)
    return Outcome(
        **known,
        violations=violations,
        end=end,
        minutes=round(played.world.minute, 2),
        lives=len(played.lives),
        deaths=sum(life.code is None for life in played.lives),
        rows=len(played.rows),
        orders=sum(isinstance(row.entry, Dispatched) for row in played.rows),
        fills=len(played.world.executions),
        took_s=round(process_time() - began, 2),
        struck=_by_kind(strikes.seen),
    )


def performed(plan: Plan, most: int = MOST_TURNS) -> Played:
    """The same as `play`, but it ends even where the program doesn't."""

    def loop() -> BoundedLoop:
        bounded = BoundedLoop()
        bounded.most = most
        return bounded

    async def perform(folder: Path) -> Played:
        return await Stage(plan, folder).play()

    with TemporaryDirectory() as folder, _bounded_work(), asyncio.Runner(loop_factory=loop) as runner:
        return runner.run(perform(Path(folder)))


@contextmanager
def _bounded_work() -> Iterator[None]:
    """For code that never comes back to its loop. The processor's time counts, so that a busy machine hangs nobody."""

    def over(*_: object) -> None:
        raise Hung(f"hangs: {MOST_CPU_S:.0f} s of work, and no end")

    before = signal.signal(signal.SIGPROF, over)
    signal.setitimer(signal.ITIMER_PROF, MOST_CPU_S, _AGAIN_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def kind_of(violation: str) -> str:
    """Without its figures: two violations of one kind are about the same rule."""
    return re.sub(r"[-+]?\d[\d.,:]*", "#", violation)


def _raised(error: BaseException) -> str:
    """What, and where in our own code."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    frames = [each for each in traceback.extract_tb(error.__traceback__) if each.filename.startswith(_HERE)]
    ours = [each for each in frames if "/.venv/" not in each.filename]
    where = f" at {Path(ours[-1].filename).relative_to(_HERE)}:{ours[-1].lineno}" if ours else ""
    return f"raises {type(error).__name__}: {error}{where}"


def _by_kind(seen: Mapping[tuple[str, str], int]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for (kind, state), times in sorted(seen.items()):
        found.setdefault(str(kind), {})[str(state)] = times
    return found
