"""Is everything there that trading needs? Findings, each with what to do about it: the command `doctor`."""

import asyncio
import enum
import shutil
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryFile

from attrs import frozen

from gamma_scalper.domain.exits import ExitCode, UserError
from gamma_scalper.domain.instruments import Option, Stock
from gamma_scalper.domain.money import to_decimal
from gamma_scalper.domain.orders import GoodTill, Intent, IntentId, Limit, Purpose, Side
from gamma_scalper.domain.ports import Broker, Condition, Refused, Unanswered
from gamma_scalper.domain.quotes import DataType, Quote
from gamma_scalper.domain.sessions import OutsideCalendar, Session, Sessions
from gamma_scalper.kernel import Clock
from gamma_scalper.market_access import confirm_account, with_broker
from gamma_scalper.pipeline.book import BookParameters
from gamma_scalper.system import SystemParameters

QUOTE_WITHIN_S = 15.0
LINES_TRIED = 20
_LEAST_FREE = 1_000_000_000
_SKEW_NOTED_S, _SKEW_TOO_MUCH_S = 1.0, 5.0
_SOONEST_EXPIRY = timedelta(days=7)


class Verdict(enum.IntEnum):
    """Of one check; the greatest is the worst."""

    GOOD = 0
    NOT_ASKED = 1
    WARNING = 2
    PROBLEM = 3


@frozen
class Finding:
    """What one check found, and what a person should do."""

    check: str
    verdict: Verdict
    found: str
    remedy: str = ""
    exit_code: ExitCode = ExitCode.OK


def worst(findings: Sequence[Finding]) -> ExitCode:
    """Of all findings; the first problem tells how the program ends."""
    problems = [finding.exit_code for finding in findings if finding.verdict is Verdict.PROBLEM]
    return problems[0] if problems else ExitCode.OK


def state_directory(folder: Path) -> Finding:
    """Can the journal be written there?"""
    check = "state directory"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            free = shutil.disk_usage(folder).free
    except OSError as error:
        remedy = "set STATE_DIR to a folder this user may write to"
        return Finding(check, Verdict.PROBLEM, f"{folder}: {error.strerror}", remedy, ExitCode.CONFIGURATION)
    found = f"{folder}: writable, {free / 1e9:,.0f} GB free"
    if free < _LEAST_FREE:
        return Finding(check, Verdict.WARNING, found, "free some space: a full disk stops trading")
    return Finding(check, Verdict.GOOD, found)


def clock_skew(skew_s: float | None) -> Finding:
    """How far the broker's clock is from ours; orders that die by themselves go by the broker's."""
    check = "clock"
    if skew_s is None:
        return Finding(check, Verdict.WARNING, "the broker did not tell its time", "look at the connection")
    found = f"the broker's clock is {abs(skew_s):,.1f} s {'ahead of' if skew_s > 0 else 'behind'} ours"
    if abs(skew_s) <= _SKEW_NOTED_S:
        return Finding(check, Verdict.GOOD, found)
    remedy = (
        "set this machine's clock by NTP; against an offline gateway, whose market has a time of its own, ignore it"
    )
    return Finding(check, Verdict.WARNING, found, remedy if abs(skew_s) > _SKEW_TOO_MUCH_S else "watch it")


def calendar(book: BookParameters, stock: Stock, option: Option | None, day: date) -> Finding:
    """Do the broker's hours of the next session agree with those the book would use?"""
    check = f"calendar {book.name}"
    said = _next_session(stock.liquid_hours, day)
    kept = _next_session(book.session.of_shares(day, day + timedelta(days=10)), day)
    if said is None or kept is None:
        return Finding(check, Verdict.WARNING, f"{stock.symbol}: no hours told", "the exchange's calendar will be used")
    if (said.opens, said.closes) != (kept.opens, kept.closes):
        found = f"the broker says {_hours(said)}, {book.session.calendar} says {_hours(kept)}"
        return Finding(check, Verdict.WARNING, found, "the broker's hours count; look at session.calendar")
    options = _next_session(option.liquid_hours, day) if option is not None else None
    if options is not None and options.closes != said.closes + timedelta(minutes=book.session.option_close_delay_min):
        found = f"shares {_hours(said)}, options until {options.closes:%H:%M}"
        minutes = int((options.closes - said.closes).total_seconds() // 60)
        return Finding(check, Verdict.WARNING, found, f"set session.option_close_delay_min = {minutes}")
    return Finding(check, Verdict.GOOD, f"next session {_hours(said)}")


def market_data(
    symbol: str, quotes: Mapping[int, Quote], conditions: Mapping[int, Condition], open_now: bool
) -> Finding:
    """Did every contract that was asked for get a live quote?"""
    check = f"market data {symbol}"
    refused = next((each.frozen for con_id, each in conditions.items() if each.frozen and con_id not in quotes), "")
    if refused:
        remedy = "buy the market data in the broker's account management, or share it with the paper account"
        return Finding(check, Verdict.PROBLEM, refused, remedy, ExitCode.NEEDS_A_PERSON)
    if not open_now:
        return Finding(
            check, Verdict.PROBLEM, "the market is closed: no quotes to judge by", "ask again in its trading hours",
            ExitCode.NOTHING_TRADABLE,
        )  # fmt: skip
    missing = len(conditions) - len(quotes)
    if missing:
        found = f"{missing} of {len(conditions)} contracts without a quote after {QUOTE_WITHIN_S:g} s"
        return Finding(check, Verdict.PROBLEM, found, "look at the gateway's data farms", ExitCode.NOTHING_TRADABLE)
    kinds = {quote.data_type for quote in quotes.values()}
    if kinds != {DataType.LIVE}:
        found = f"{', '.join(sorted(kind.name.lower() for kind in kinds))} quotes"
        remedy = "nothing is hedged on them; buy live market data in the broker's account management"
        return Finding(check, Verdict.PROBLEM, found, remedy, ExitCode.NEEDS_A_PERSON)
    return Finding(check, Verdict.GOOD, f"{len(quotes)} contracts quoted live")


def lines(asked: int, refused: str, needed: int) -> Finding:
    """Market-data lines: what the books need against what the broker gave."""
    check = "market-data lines"
    if refused:
        remedy = "close other programs that look at quotes, or buy quote booster packs"
        return Finding(check, Verdict.PROBLEM, f"{asked} asked for, then: {refused}", remedy, ExitCode.NOTHING_TRADABLE)
    return Finding(check, Verdict.GOOD, f"{asked} at once were served; the books need {needed}")


def _next_session(sessions: Sessions | None, day: date) -> Session | None:
    """The first that belongs to this day or a later one."""
    return None if sessions is None else next((each for each in sessions.sessions if each.day >= day), None)


def _hours(session: Session) -> str:
    return f"{session.day} {session.opens:%H:%M} to {session.closes:%H:%M} UTC"


# -- asking ------------------------------------------------------------------------------------------------------------


def examine(
    system: SystemParameters,
    books: Mapping[str, BookParameters],
    confirmed_account: str | None,
    look: Callable[[Finding], None],
) -> list[Finding]:
    """Everything, one after another; each finding is shown to `look` as it comes."""
    findings: list[Finding] = []

    def found(finding: Finding) -> None:
        findings.append(finding)
        look(finding)

    async def ask(broker: Broker, clock: Clock) -> None:
        async for finding in Examination(broker, clock, books).findings():
            found(finding)

    found(state_directory(system.mode_dir))
    reads_only = not confirm_account(system, confirmed_account)
    with_broker(system, ask, reads_only=reads_only, pace=None)
    return findings


class Examination:
    """The checks that need a broker, one after another; what one finds out the next ones use."""

    def __init__(self, broker: Broker, clock: Clock, books: Mapping[str, BookParameters]) -> None:
        self._broker = broker
        self._clock = clock
        self._books = books
        self._quotes: dict[int, Quote] = {}

    async def findings(self) -> AsyncIterator[Finding]:
        """As they come. A broker that can't be reached ends it with that."""
        try:
            await self._broker.start()
        except UserError as error:
            yield Finding("connection", Verdict.PROBLEM, str(error), "", ExitCode(error.exit_code))
            return
        yield Finding("connection", Verdict.GOOD, "positions, open orders, executions and account confirmed")
        reading = asyncio.create_task(self._read(), name="doctor/quotes")
        try:
            yield clock_skew(self._broker.clock_skew_s)
            for book in self._books.values():
                async for finding in self._of(book):
                    yield finding
        finally:
            reading.cancel()
            await self._broker.stop()

    def _now(self) -> datetime:
        """By the broker's clock, which its trading hours go by."""
        return self._clock.now() + timedelta(seconds=self._broker.clock_skew_s or 0.0)

    async def _read(self) -> None:
        async for quote in self._broker.feed.quotes():
            if quote.usable:
                self._quotes[quote.con_id] = quote

    async def _of(self, book: BookParameters) -> AsyncIterator[Finding]:
        symbol, now = book.underlying.symbol, self._now()
        try:
            stock = await self._broker.catalogue.stock(symbol, book.underlying.currency)
            open_now = _is_open(stock.liquid_hours, now)
            await self._broker.feed.subscribe([stock])
            if open_now:
                await self._until_quoted([stock.con_id])
            options = await self._near_the_money(stock, now)
        except (Refused, Unanswered) as error:
            remedy = f"look at [underlying] in books/{book.name}.toml, and at the account's trading permissions"
            yield Finding(f"contracts {book.name}", Verdict.PROBLEM, str(error), remedy, ExitCode.NOTHING_TRADABLE)
            return
        if not options:
            yield Finding(
                f"contracts {book.name}", Verdict.PROBLEM, f"{symbol} has no options", "choose another underlying",
                ExitCode.NOTHING_TRADABLE,
            )  # fmt: skip
            return
        found = f"{symbol} and {len(options)} options of {options[0].expiry} around the money"
        yield Finding(f"contracts {book.name}", Verdict.GOOD, found)
        yield calendar(book, stock, options[0], now.date())
        refused = await self._look_at(options)
        straddle = options[:2]
        con_ids = [stock.con_id, *(each.con_id for each in straddle)]
        if open_now:
            await self._until_quoted(con_ids)
        wanted = {con_id: self._broker.feed.condition(con_id) for con_id in con_ids}
        quotes = {con_id: self._quotes[con_id] for con_id in wanted if con_id in self._quotes}
        yield market_data(symbol, quotes, wanted, open_now)
        yield lines(1 + len(options), refused, 3 * len(self._books))
        yield await self._what_if(book, straddle[0], quotes)

    async def _near_the_money(self, stock: Stock, now: datetime) -> list[Option]:
        """Of the first expiry that is not upon us: those nearest the price, as far as there is one."""
        expiries = await self._broker.catalogue.expiries(stock)
        expiry = next((day for day in expiries if day >= now.date() + _SOONEST_EXPIRY), None)
        if expiry is None:
            return []
        quote, condition = self._quotes.get(stock.con_id), self._broker.feed.condition(stock.con_id)
        spot = quote.mid if quote is not None else condition.prior_close
        near = None if spot is None else (to_decimal(round(0.97 * spot, 2)), to_decimal(round(1.03 * spot, 2)))
        options = await self._broker.catalogue.options(stock, expiry, near)
        at = options[len(options) // 2].strike if spot is None and options else to_decimal(spot or 0.0)
        return sorted(options, key=lambda option: (abs(option.strike - at), option.right))[:LINES_TRIED]

    async def _look_at(self, options: Sequence[Option]) -> str:
        """Why the broker stopped serving quotes, or nothing."""
        try:
            await self._broker.feed.subscribe(options)
        except Refused as error:
            return str(error)
        return ""

    async def _until_quoted(self, con_ids: Sequence[int]) -> None:
        """Each has a quote, or a reason why not, or time is up."""
        deadline = self._clock.monotonic() + QUOTE_WITHIN_S
        while self._clock.monotonic() < deadline:
            waiting = [each for each in con_ids if each not in self._quotes]
            if not any(not self._broker.feed.condition(each).frozen for each in waiting):
                return
            await self._clock.sleep(0.1)

    async def _what_if(self, book: BookParameters, option: Option, quotes: Mapping[int, Quote]) -> Finding:
        """What would one option cost in margin? Only asked where orders may be sent: a what-if is one."""
        check, orders, quote = f"what-if {book.name}", self._broker.orders, quotes.get(option.con_id)
        if orders is None or self._broker.reads_only:
            return Finding(check, Verdict.NOT_ASKED, "the connection is read-only, and a what-if is an order call")
        if quote is None or quote.ask is None:
            return Finding(check, Verdict.NOT_ASKED, "without a quote there is no price to ask with")
        intent = Intent(
            id=IntentId("doctor", 1),
            purpose=Purpose.ENTRY,
            instrument=option,
            side=Side.BUY,
            quantity=Decimal(1),
            pricing=Limit(option.tick_rule.round(to_decimal(quote.ask), "up")),
            lifetime=GoodTill(self._clock.now() + timedelta(minutes=1)),
            account=self._broker.account.account,
            snapshot_ids=(quote.snapshot_id,),
            reason="doctor",
        )
        try:
            impact = await orders.what_if(intent)
        except (Refused, Unanswered) as error:
            remedy = "look at the account's trading permissions and at TWS's API settings (read-only API off)"
            return Finding(check, Verdict.PROBLEM, str(error), remedy, ExitCode.NEEDS_A_PERSON)
        return Finding(
            check, Verdict.GOOD, f"one {option.strike} {option.right} asks {impact.initial_change} of margin"
        )


def _is_open(sessions: Sessions | None, now: datetime) -> bool:
    """Where the broker told no hours, it is taken to be open."""
    try:
        return sessions is None or sessions.at(now) is not None
    except OutsideCalendar:
        return False
