"""A month that was played: what each day left in memory and on the disk, and what of it can't be so."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time
from typing import Any

from attrs import asdict, frozen
from judging.books import of_the_cash, of_the_fills, of_the_holdings
from judging.evidence import Evidence, remembered
from judging.orders import of_the_sending, of_their_ends, of_what_was_told
from judging.recovery import of_the_recovery
from staging.play import Played

from gamma_scalper.audit.quote_ages import QuoteAges
from gamma_scalper.audit.verdict import Audit
from gamma_scalper.domain.exits import ExitCode, UserError
from gamma_scalper.journal.failures import JournalFailed
from gamma_scalper.journal.reader import JournalReader
from gamma_scalper.kernel import VirtualLoop
from gamma_scalper.recovery import fold
from soaking.measures import Growth, Reading, growths, read, settled, slope
from soaking.month import Month, MonthsStage

RSS_A_DAY = 500_000  # bytes: what the stage itself keeps of a day, to judge it by at the end, is about so much


@frozen(kw_only=True)
class Soaked:
    """What is told of it."""

    month: Month
    readings: Sequence[Reading]
    violations: Sequence[str]
    lives: Mapping[str, int]  # how they ended -> how many
    orders: int
    fills: int
    kinds: Mapping[str, int]  # of the journal's rows

    @property
    def settled(self) -> Sequence[Reading]:
        return settled(self.readings)

    @property
    def growths(self) -> Sequence[Growth]:
        return growths(self.settled) if self.settled else ()

    def a_day(self, of: Callable[[Reading], float]) -> float | None:
        """By how much it grows over the days that are judged; None: there are too few."""
        return slope([(each.day, of(each)) for each in self.settled]) if self.settled else None

    @property
    def is_flat(self) -> bool:
        rss = self.a_day(lambda each: each.rss_bytes)
        return rss is not None and rss <= RSS_A_DAY and all(each.reason for each in self.growths)

    def as_json(self) -> dict[str, Any]:
        return {
            "schema": "soak/1",
            "seed": self.month.seed,
            "days": len(self.readings),
            "every_s": self.month.every_s,
            "troubles": [str(each) for each in self.month.troubles],
            "lives": dict(self.lives),
            "orders": self.orders,
            "fills": self.fills,
            "rows_by_kind": dict(self.kinds),
            "violations": list(self.violations),
            "flat": self.is_flat,
            "days_judged": [each.day for each in self.settled],
            "rss_bytes_a_day": self.a_day(lambda each: each.rss_bytes),
            "objects_a_day": self.a_day(lambda each: each.counted),
            "journal_bytes_a_day": self.a_day(lambda each: each.journal_bytes),
            "journal_rows_a_day": self.a_day(lambda each: each.rows),
            "grows": [{**asdict(each), "reason": each.reason} for each in self.growths],
            "readings": [each.as_json() for each in self.readings],
        }


def soaked(month: Month, looked: Callable[[Reading], None] = lambda reading: None) -> Soaked:
    """Played from end to end in this process; `looked` hears of each day."""
    readings: list[Reading] = []

    def looks(reading: Reading) -> None:
        readings.append(reading)
        looked(reading)

    with TemporaryDirectory() as scratch:
        played = played_in(Path(scratch), month, looks)
        violations = tuple(dict.fromkeys((*broken_rules(played), *broken_links(Path(scratch), month.every_s))))
    kinds = Counter(type(row.entry).__name__ for row in played.rows)
    return Soaked(
        month=month,
        readings=readings,
        violations=violations,
        lives=Counter("killed" if each.code is None else each.code.name.lower() for each in played.lives),
        orders=kinds["Dispatched"],
        fills=len(played.world.executions),
        kinds=dict(kinds.most_common()),
    )


def played_in(folder: Path, month: Month, looked: Callable[[Reading], None]) -> Played:
    since = process_time()

    def looks(stage: MonthsStage, day: int) -> None:
        nonlocal since
        reading = read(folder, day, len(stage.lives) + 1, process_time() - since)
        since = process_time()
        looked(reading)

    async def perform() -> Played:
        return await MonthsStage(month, folder, looks).play()

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(perform())


def broken_rules(played: Played) -> Iterator[str]:
    """Those of a campaign's that need no more of the street than its account."""
    evidence, state = Evidence(played), remembered(played)
    yield from of_the_sending(evidence)
    yield from of_their_ends(evidence)
    yield from of_what_was_told(evidence)
    yield from of_the_fills(evidence)
    yield from of_the_holdings(evidence, state)
    yield from of_the_cash(evidence, state)
    yield from of_the_recovery(evidence, state)
    last = played.lives[-1]
    if last.code is not ExitCode.OK:
        yield f"the last process ended as {last.code!r}: {last.why}"


def broken_links(folder: Path, every_s: float) -> Iterator[str]:
    """What the command `verify` would say of the journal."""
    audit = Audit(None, allowed_ages(every_s))
    reader = JournalReader.open(f"sqlite:///{folder / 'journal.db'}")
    try:
        recovered = fold(audit.followed(reader.rows()))
    except (JournalFailed, UserError) as error:
        yield f"the journal can't be followed: {error}"
        return
    finally:
        reader.close()
    verdict = audit.verdict({name: desk.ledger for name, desk in recovered.desks.items()})
    yield from (f"{check.value}: {first}" for check, first in verdict.findings.firsts.items())


def allowed_ages(every_s: float) -> QuoteAges:
    """As the books' rules allow them, which are wider where the street is slower."""
    return QuoteAges(every_s + 1, every_s + 3) if every_s > 5 else QuoteAges()
