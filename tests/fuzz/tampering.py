"""The whole program trades through a man in the middle, who tampers for some minutes and is honest in the end."""

import asyncio
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

sys.path += [str(Path(__file__).parents[1] / folder) for folder in ("scenarios", "campaigns")]

from middleman import Mischief, Street
from siege import CountingLoop, Report, listened
from staging.life import Life
from staging.plan import Plan
from staging.world import HOST, World

from gamma_scalper.domain.entries import Dispatched, Ordered
from gamma_scalper.domain.exits import ExitCode
from gamma_scalper.domain.orders import IntentId
from gamma_scalper.domain.ports import Link
from gamma_scalper.journal.chain import Row
from gamma_scalper.journal.failures import JournalFailed
from gamma_scalper.journal.reader import JournalReader
from gamma_scalper.portfolio.ledger import holdings
from gamma_scalper.recovery import fold

BEGINS, ENDS, LEAVES = 0.5, 2.0, 3.5  # minutes of the market
MOST_LINES, MOST_TURNS = 1_500, 400_000
SETTINGS = ("sizing.straddles=1", "hedge.policy=fixed", "hedge.band_shares=2")
FOR_A_PERSON = (ExitCode.NEEDS_A_PERSON, ExitCode.HALTED_BY_RISK)


def tampered(seed: int) -> Report:
    """A few minutes of one book: the truth, then lies, and the truth again."""
    with TemporaryDirectory() as folder, asyncio.Runner(loop_factory=CountingLoop) as runner:
        return runner.run(_tampered(seed, Path(folder)))


async def _tampered(seed: int, folder: Path) -> Report:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, CountingLoop)
    chance, wrong = Random(seed), []
    with listened(loop) as (lines, escaped):
        world = World(Plan(seed=seed, vol=1.0, books=(SETTINGS,)))
        street = Street(lambda: world.gateway.protocol(), chance, Mischief.drawn(chance))
        street.honest = True
        loop.unregister_host(HOST)
        loop.register_host(HOST, street.protocol)
        life = Life(world, folder)
        living = asyncio.create_task(life.run(), name="the program")
        try:
            await world.until(BEGINS)
            street.honest = False
            await world.until(ENDS)
            street.become_honest()
            await world.until(LEAVES)
            wrong += _at_the_end(life, living)
            blocked = _blocked(life)
            if life.trading is not None:
                life.trading.stop("the end")
            await asyncio.wait([living], timeout=600)
            if not living.done():
                wrong.append("the program does not end when it is told to")
                life.kill()
            await asyncio.gather(living, return_exceptions=True)
        finally:
            await world.close()
        if not living.cancelled() and living.exception() is not None:
            wrong.append(f"the program failed: {living.exception()!r}")
        wrong += _of_the_records(folder, world, street, blocked or life.code in FOR_A_PERSON)
    if len(lines) > MOST_LINES:
        wrong.append(f"{len(lines)} lines in the log: {Counter(line[:30] for line in lines).most_common(2)}")
    if loop.turns > MOST_TURNS:
        wrong.append(f"the loop turned {loop.turns:,} times")
    ways = [*sorted(street.done), "blocked" if blocked else "", str(life.code and life.code.name)]
    return Report(seed, [way for way in ways if way], wrong + [f"escaped: {each}" for each in escaped])


def _at_the_end(life: Life, living: "asyncio.Task[None]") -> Iterator[str]:
    """Connected and confirmed again, or ended with a reason."""
    if living.done():
        return
    assert life.broker is not None
    if life.broker.link.link is not Link.READY:
        yield f"minutes after the truth the link is {life.broker.link}"


def _blocked(life: Life) -> bool:
    """Nothing new is opened: the house says that something does not add up."""
    if life.trading is None:
        return True
    newest = life.trading.reconciling.newest
    return newest is None or not newest.settled


def _of_the_records(folder: Path, world: World, street: Street, blocked: bool) -> Iterator[str]:
    reader = JournalReader.open(f"sqlite:///{folder / 'journal.db'}")
    try:
        rows = list(reader.rows())
        try:
            reader.verify()
        except JournalFailed as failure:
            yield f"the journal: {failure}"
    finally:
        reader.close()
    yield from _of_the_sending(rows, street)
    ours: Counter[int] = Counter()
    for desk in fold(rows).desks.values():
        ours.update({each.instrument.con_id: int(each.quantity) for each in holdings(desk.ledger)})
    booked = {con_id: Decimal(quantity) for con_id, quantity in sorted(ours.items()) if quantity}
    if booked != world.held and not blocked:
        yield f"the books hold {booked}, the account {world.held}, and nothing is blocked"


def _of_the_sending(rows: Sequence[Row], street: Street) -> Iterator[str]:
    """What left is what was written down before, each once."""
    ordered = {intent.id for row in rows if isinstance(row.entry, Ordered) for intent in row.entry.intents}
    handed_over = Counter(row.entry.intent for row in rows if isinstance(row.entry, Dispatched))
    yield from (f"{intent} was handed over {times} times" for intent, times in handed_over.items() if times > 1)
    for ref, ids in sorted(street.sent.orders.items()):
        if IntentId.parse(ref) not in ordered:
            yield f"{ref!r} left and was never written down"
        if len({order_id for _, order_id in ids}) > 1:
            yield f"{ref} left under several ids: {sorted(ids)}"
