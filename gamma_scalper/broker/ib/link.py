"""The connection kept: made, confirmed, watched, and made again for as long as the program runs."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from attrs import evolve, frozen
from loguru import logger

from gamma_scalper.broker.ib.backoff import wait_s
from gamma_scalper.broker.ib.codes import Meaning
from gamma_scalper.broker.ib.connection import CannotConnect, Connection
from gamma_scalper.broker.ib.feed import COMPETING
from gamma_scalper.broker.ib.incoming import TIME, HearsOfLink
from gamma_scalper.broker.ib.wire import Wire
from gamma_scalper.domain.exits import ExitCode, UserError
from gamma_scalper.domain.ports import Link, LinkReport, NotReady, Recap, Refused, Unanswered, Warned

Keeper = Callable[[], Coroutine[Any, Any, None]]

_LOST, _SILENT = "lost", "silent"  # causes of blindness: the gateway's broker, or the gateway itself
_LINK = "link"  # cause of frozen quotes: either of these, or no connection
_SLOW_S = 1.0  # a round trip by which no clock is set
_LARGEST_SKEW_S = 50 * 365 * 86_400.0  # of any clock; an offline market may well be of another year
_LOOKS = 10  # at how a start gets on, before it is given up
_DEFECTS, _SOON_S = 3, 60.0  # so many within this time, and no further connection is made
_MISSES = 2  # questions for the time without an answer, after which the connection is given up


class _Over(Exception):
    """The connection has ended, and what runs on it ends too.

    For the operator: it is made again by itself.
    """


@frozen(kw_only=True)
class Duties:
    """What the rest of the adapter does at the turns of the connection's life."""

    receiver: Callable[[HearsOfLink], Any]  # whoever hears the messages of a new connection
    choose: Callable[[Sequence[str]], None]  # of the login's accounts; raises `UserError`
    resubscribe: Callable[[], Awaitable[None]]
    confirm: Callable[[str], Awaitable[Recap]]
    freeze: Callable[[str, str], None]  # quotes, by this cause and with this reason
    thaw: Callable[[str], None]
    tell: Callable[[LinkReport | Recap | Warned], None]
    progress: Callable[[], int]  # a number that grows while a confirmation that takes long gets on
    keepers: tuple[Keeper, ...]  # run while it stands


class IbLink:
    """Reports every state it comes into; only READY is one to trade in."""

    def __init__(
        self, address: tuple[str, int], client_id: int, wire: Wire, duties: Duties, *, reads_only: bool
    ) -> None:
        self._address = address
        self._client_id = client_id
        self._wire = wire
        self._clock = wire.clock
        self._parameters = wire.parameters
        self._duties = duties
        self._reads_only = reads_only
        self.report = LinkReport(self._clock.now(), Link.DOWN, "not connected yet")
        self.skew_s: float | None = None
        self._skewed = False  # and it was told
        self._blind: dict[str, str] = {}  # cause -> why nothing that is shown is true
        self._wanted = asyncio.Event()  # a confirmation
        self._why = ""
        self._lines_lost = asyncio.Event()
        self._attempts = 0
        self._started: asyncio.Future[None] | None = None
        self._failure = "not connected yet"
        self._unconfirmed = ""  # what went wrong with the newest confirmation
        self._defects: deque[float] = deque(maxlen=_DEFECTS)  # when the newest of them were
        self._task: asyncio.Task[None] | None = None

    # -- start and stop ------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Return at the first READY; raises `UserError` where that can't come, or did not come in time."""
        self._started = asyncio.get_running_loop().create_future()
        self._blind.clear()  # of a start that was given up
        self._task = asyncio.create_task(self._keep_connected(self._started), name="link to ib")
        self._task.add_done_callback(self._ended)
        try:
            await self._patiently(self._started)
        except BaseException:
            await self.stop()
            raise

    async def _patiently(self, started: "asyncio.Future[None]") -> None:
        """Give up only after so long without any progress: a large account is asked about for longer than that."""
        patience = self._parameters.backoff.give_up_s
        left, known = patience, self._duties.progress()
        while left > 0 and not started.done():
            await asyncio.wait([started], timeout=patience / _LOOKS)
            left -= patience / _LOOKS
            if self._duties.progress() > known:
                left, known = patience, self._duties.progress()
        if not started.done():
            raise UserError(self._why_not_ready(), ExitCode.BROKER_UNREACHABLE)
        started.result()

    def _why_not_ready(self) -> str:
        if self.report.link is Link.BLIND:
            return f"connected, but {self.report.why}; wait until that is over, or start TWS or IB Gateway anew"
        if self.report.link is Link.CONFIRMING:
            return self._unconfirmed or "connected, but positions, orders and account are still being confirmed"
        return self._failure

    async def stop(self) -> None:
        if self._task is None:
            return
        task, self._task = self._task, None
        task.cancel()
        await asyncio.wait([task])
        self._told(Link.DOWN, "stopped")

    @property
    def skew(self) -> timedelta:
        """By whole seconds, since the server tells no more."""
        return timedelta(seconds=round(self.skew_s or 0.0))

    def _ended(self, task: "asyncio.Task[None]") -> None:
        """It ends by being stopped; anything else is a defect, and nothing is traded after it."""
        error = None if task.cancelled() else task.exception()
        if error is None:
            return
        if self._started is not None and not self._started.done():
            self._started.set_exception(error)
            return
        logger.opt(exception=error).error("the link to the broker has failed")
        self._told(Link.DOWN, f"a defect in the program: {error!r}")

    # -- the connection ------------------------------------------------------------------------------------------------

    async def _keep_connected(self, started: "asyncio.Future[None]") -> None:
        while True:
            self._attempts += 1
            connection = Connection(self._address, self._client_id, self.said, self._doubtful)
            try:
                # Whatever ends it: a program that never again looks at what it holds would be worse.
                (ended,) = await asyncio.gather(self._live(connection), return_exceptions=True)
            finally:
                self._wire.drop()
                await connection.close()
            if isinstance(ended, UserError) and not started.done():
                raise ended
            if isinstance(ended, CannotConnect | UserError):
                self._failure = str(ended)
            elif ended is not None:
                self._failure = self._after_defect(ended)
            self._blind.clear()
            self._duties.freeze(_LINK, "no connection")
            self._told(Link.DOWN, self._failure)
            pause = wait_s(self._parameters.backoff, self._attempts, self._client_id)
            logger.info("{}; next attempt in {:.1f} s", self._failure, pause)
            await self._clock.sleep(pause)

    def _after_defect(self, error: BaseException) -> str:
        """Connected and confirmed anew, all is well again or the next one comes soon; the third ends it."""
        now = self._clock.monotonic()
        self._defects.append(now)
        if len(self._defects) == _DEFECTS and now - self._defects[0] < _SOON_S:
            raise error
        logger.opt(exception=error).error("a defect in the program has cost the connection")
        return f"a defect in the program: {error!r}"

    async def _live(self, connection: Connection) -> None:
        """From the attempt to the end of the connection."""
        receiver = self._duties.receiver(connection)
        await connection.open(receiver, self._parameters.timeouts.connect_s, reads_only=self._reads_only)
        self._failure, self._unconfirmed = "the gateway closed the connection", ""
        self._duties.choose(connection.managed)
        self._wire.take(connection.client)
        self._lines_lost.set()
        self._want("connected")
        own: tuple[Keeper, ...] = (self._keep_confirmed, self._keep_subscribed, self._keep_alive)
        keepers: list[Keeper] = [*self._duties.keepers, *own, partial(_until, connection.gone)]
        try:
            async with asyncio.TaskGroup() as group:
                for keeper in keepers:
                    group.create_task(keeper())
        except* _Over:
            self._failure = connection.broken or self._failure

    # -- the gate ------------------------------------------------------------------------------------------------------

    def _want(self, why: str) -> None:
        self._why = why
        self._wanted.set()

    def _doubtful(self, why: str, *, told: bool) -> None:
        """Something was said that could not be understood; the records will tell."""
        if told and self._wire.restraint.allows():
            self._duties.tell(Warned(at=self._clock.now(), code=0, text=why))
        if self.report.link in (Link.READY, Link.CONFIRMING):  # what is being confirmed may lack just that
            self._want(why)
        if self.report.link is Link.READY:
            self._told(Link.CONFIRMING, why)  # at once: nothing is sent in this turn of the loop either

    async def _keep_confirmed(self) -> None:
        """Whenever it is wanted: positions, open orders and executions are asked for, and only then it is READY."""
        tries = 0
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            if self._blind:
                continue  # what ends the blindness asks again
            self._told(Link.CONFIRMING, self._why)
            try:
                await self._confirm(self._why)
                tries = 0
            except (Unanswered, Refused, NotReady) as error:
                tries += 1
                self._unconfirmed = (
                    f"connected, but not confirmed: {error}; check the API's permissions, or start it again"
                )
                logger.warning("{}", self._unconfirmed)
                await self._clock.sleep(wait_s(self._parameters.backoff, tries, self._client_id))
                self._wanted.set()

    async def _confirm(self, why: str) -> None:
        recap = await self._duties.confirm(why)
        if self._blind or self._wanted.is_set():
            return
        self._attempts = 0
        self._duties.tell(recap)
        self._told(Link.READY, why)
        if self._started is not None and not self._started.done():
            self._started.set_result(None)

    async def _keep_subscribed(self) -> None:
        while True:
            await self._lines_lost.wait()
            self._lines_lost.clear()
            try:
                await self._duties.resubscribe()
            except NotReady:
                return  # the connection is at its end

    # -- the server's time, and whether there is anybody ---------------------------------------------------------------

    async def _keep_alive(self) -> None:
        misses = while_lost = 0
        while True:
            try:
                await self._ask_time()
            except Unanswered:
                if _LOST in self._blind:  # that was told, and nobody answers then; but it may have hung
                    while_lost += 1
                else:
                    misses, while_lost = misses + 1, 0
                if misses >= _MISSES or while_lost >= self._parameters.misses_while_lost:
                    self._failure = "the gateway has fallen silent"
                    raise _Over from None
                if while_lost:
                    continue
                self._go_blind(_SILENT, "silent: the gateway does not answer")
            except (NotReady, Refused):
                return  # the connection is at its end
            else:
                while_lost = 0
                if misses:
                    misses = 0
                    self._see_again(_SILENT, "it answers again")
            await self._clock.sleep(self._parameters.keep_alive_s)

    async def _ask_time(self) -> None:
        asked = self._clock.now()
        answer = await self._wire.ask(
            "the server's time",
            lambda client, _: client.reqCurrentTime(),
            timeout_s=self._parameters.timeouts.time_s,
            name=TIME,
        )
        answered = self._clock.now()
        if self.skew_s is not None and (answered - asked).total_seconds() > _SLOW_S:
            return  # nobody knows when on its way the time was read
        # It tells whole seconds, so that on average half of one is missing.
        skew_s = answer[0] + 0.5 - (asked + (answered - asked) / 2).timestamp()
        if abs(skew_s) > _LARGEST_SKEW_S:
            raise Unanswered("the server's time is none that a clock could show")
        self.skew_s = skew_s
        skewed = abs(self.skew_s) > self._parameters.largest_skew_s
        if skewed and not self._skewed:
            text = f"the server's clock is {self.skew_s:+.1f} s from ours; set this machine's clock by NTP"
            logger.warning("{}", text)
            self._duties.tell(Warned(at=answered, code=0, text=text))
        self._skewed = skewed

    # -- what the broker says ------------------------------------------------------------------------------------------

    def said(self, code: int, meaning: Meaning | None, text: str) -> None:
        """A message that belongs to no request, no order and no line."""
        match meaning:
            case Meaning.LINK_LOST:
                self._go_blind(_LOST, f"{code}: {text}")
            case Meaning.LINK_BACK_EMPTY:
                self._lines_lost.set()
                self._see_again(_LOST, f"{code}: {text}")
            case Meaning.LINK_BACK:
                self._see_again(_LOST, f"{code}: {text}")
            case Meaning.FARM_LOST:
                self._duties.freeze(_farm(text), f"{code}: {text}")
            case Meaning.FARM_BACK:
                self._duties.thaw(_farm(text))
            case Meaning.COMPETING:
                self._duties.freeze(COMPETING, f"{code}: {text}")
            case _:
                pass
        if meaning is Meaning.NOTE or meaning is Meaning.FARM_BACK:
            logger.debug("{}: {}", code, text)
            return
        if self._wire.restraint.allows():
            logger.warning("{}: {}", code, text)
            self._duties.tell(Warned(at=self._clock.now(), code=code, text=text))

    def _go_blind(self, cause: str, why: str) -> None:
        self._blind[cause] = why
        self._duties.freeze(_LINK, why)
        self._told(Link.BLIND, why)

    def _see_again(self, cause: str, why: str) -> None:
        """One cause has passed; confirmed is it once no other is left, and what was quoted meanwhile does not count."""
        if cause in self._blind:
            self._duties.freeze(_LINK, self._blind.pop(cause))
        self._want(why)

    def _told(self, link: Link, why: str) -> None:
        """A state is told once, with the moment since when it holds."""
        if link is Link.DOWN is self.report.link:
            self.report = evolve(self.report, why=why)  # the newest reason, and still the same moment
            return
        if link is self.report.link and (link is not Link.CONFIRMING or why == self.report.why):
            return
        self.report = LinkReport(self._clock.now(), link, why)
        logger.info("link {}: {}", link.value, why)
        self._duties.tell(self.report)


async def _until(gone: "asyncio.Future[None]") -> None:
    await asyncio.wait([gone])
    raise _Over


def _farm(text: str) -> str:
    """Which one is meant, such as `usfarm`; others say nothing of it."""
    return f"farm {text.rpartition(':')[2].strip()}" if ":" in text else "farm"
