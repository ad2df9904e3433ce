"""A look through the chain: every straddle a book may enter, quoted, priced and ranked."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal

from attrs import frozen
from loguru import logger

from gamma_scalper.domain.exits import ExitCode, UserError
from gamma_scalper.domain.instruments import Index, Option, Right, Stock
from gamma_scalper.domain.money import to_decimal, to_float
from gamma_scalper.domain.ports import Broker, Link, NotReady, Refused, Unanswered
from gamma_scalper.domain.sessions import Session
from gamma_scalper.domain.snapshots import Shortlist
from gamma_scalper.kernel import Clock
from gamma_scalper.pipeline.hours import Hours
from gamma_scalper.pipeline.passing_quotes import PassingQuotes
from gamma_scalper.pipeline.quote_board import QuoteBoard
from gamma_scalper.pipeline.straddle_pricing import StraddlePricing
from gamma_scalper.pricing.parameters import PricingParameters
from gamma_scalper.strategies.straddle_selection import Candidate, Offered, Ranking, SelectionParameters, rank

Progress = Callable[[int, int], None]  # straddles looked at, of so many
Pair = tuple[Option, Option]


@frozen(kw_only=True)
class Window:
    """Which straddles the book's limits let it enter."""

    min_dte: int
    max_dte: int
    moneyness_pct: float


@frozen(kw_only=True)
class Sought:
    """What a book looks for, and how."""

    book: str
    underlying: Stock | Index
    window: Window
    selection: SelectionParameters
    pricing: PricingParameters
    hours: Hours


@frozen(kw_only=True)
class Look:
    """What was found."""

    at: datetime
    day: date  # of the session, from which days to expiry are counted
    spot: float
    ranking: Ranking
    nowhere: str = ""  # why there was nothing to look at

    @property
    def why(self) -> str:
        return self.nowhere or str(self.ranking)

    @property
    def shortlist(self) -> Shortlist:
        best = self.ranking.best
        return Shortlist(at=self.at, best=None if best is None else best.straddle.combo, why=self.why)


def _unseen(done: int, of: int) -> None:
    pass


class Scout:
    """Needs a connected broker, and that somebody follows the board meanwhile.

    Raises `UserError` where only time or a person can help: a closed market, no options, no right to the quotes.
    """

    def __init__(self, broker: Broker, board: QuoteBoard, clock: Clock) -> None:
        self._broker = broker
        self._board = board
        self._clock = clock

    async def look_through(self, sought: Sought, progress: Progress = _unseen) -> Look:
        """All expiries of the window, the strikes nearest the money first, so many lines at a time."""
        session = self._open_session(sought)
        try:
            return await self._look_through(sought, session, progress)
        except Refused as error:
            remedy = f"set selection.lines below {sought.selection.lines}, or close what else looks at quotes"
            raise UserError(f"book {sought.book}: {error}; {remedy}", ExitCode.NOTHING_TRADABLE) from error
        except (NotReady, Unanswered) as error:
            said = f"book {sought.book}: the broker did not answer while the chain was looked through: {error}"
            raise UserError(f"{said}; look at the gateway", ExitCode.BROKER_UNREACHABLE) from error

    async def _look_through(self, sought: Sought, session: Session, progress: Progress) -> Look:
        quotes = PassingQuotes(self._broker.feed, self._board, self._clock, sought.selection.quotes_within_s)
        async with quotes.of([sought.underlying]):
            spot = await self._spot(sought, quotes)
            expiries = await self._expiries(sought, session.day)
            pairs = await self._pairs(sought, expiries, spot)
            candidates = await self._candidates(sought, pairs, quotes, progress)
        self._must_be_served(sought, candidates)
        nowhere = "" if candidates else await self._nowhere(sought, session.day, expiries, spot)
        ranking = rank(candidates, sought.selection)
        return Look(at=self._clock.now(), day=session.day, spot=spot, ranking=ranking, nowhere=nowhere)

    # -- the market ----------------------------------------------------------------------------------------------------

    def _now(self) -> datetime:
        """By the broker's clock, which trading hours and expiries go by."""
        return self._clock.now() + timedelta(seconds=self._broker.clock_skew_s or 0.0)

    def _open_session(self, sought: Sought) -> Session:
        now = self._now()
        session = sought.hours.of(sought.underlying, now)
        if session is not None and session.contains(now):
            return session
        opens = f"it opens {session.opens:%a %Y-%m-%d %H:%M} UTC" if session is not None else "nobody knows until when"
        raise UserError(
            f"book {sought.book}: the market of {sought.underlying.symbol} is closed, and {opens}; start again then",
            ExitCode.NOTHING_TRADABLE,
        )

    async def _spot(self, sought: Sought, quotes: PassingQuotes) -> float:
        con_id, symbol = sought.underlying.con_id, sought.underlying.symbol
        await quotes.until(lambda: quotes.usable(con_id) is not None or bool(quotes.refusal(con_id)))
        quote = quotes.usable(con_id)
        if quote is not None:
            return quote.mid
        self._must_be_linked(sought)
        if quotes.refusal(con_id):
            raise _no_permission(sought, quotes.refusal(con_id))
        raise UserError(
            f"book {sought.book}: no quote of {symbol} within {sought.selection.quotes_within_s:g} s, and the market "
            "is open; look at the gateway's data farms",
            ExitCode.NOTHING_TRADABLE,
        )

    def _must_be_linked(self, sought: Sought) -> None:
        link = self._broker.link
        if link.link is not Link.READY:
            raise UserError(
                f"book {sought.book}: the connection was lost while the chain was looked through: {link.why}; "
                "look at the gateway",
                ExitCode.BROKER_UNREACHABLE,
            )

    def _must_be_served(self, sought: Sought, candidates: Sequence[Candidate]) -> None:
        """Without any quote, and with a refusal of each, it is not the market that lacks."""
        self._must_be_linked(sought)
        legs = [leg for candidate in candidates for leg in candidate.legs]
        if legs and all(leg.quote is None and leg.frozen for leg in legs):
            raise _no_permission(sought, legs[0].frozen)

    # -- the contracts -------------------------------------------------------------------------------------------------

    async def _all_expiries(self, sought: Sought) -> Sequence[date]:
        try:
            expiries = await self._broker.catalogue.expiries(sought.underlying)
        except Refused as error:
            raise _no_options(sought, f" ({error})") from error
        if not expiries:
            raise _no_options(sought)
        return expiries

    async def _expiries(self, sought: Sought, day: date) -> Sequence[date]:
        """Those of the window by calendar days, as the rule that permits entries counts them."""
        window = sought.window
        expiries = await self._all_expiries(sought)
        within = [each for each in expiries if window.min_dte <= (each - day).days <= window.max_dte]
        return within[: sought.selection.max_expiries or None]

    async def _pairs(self, sought: Sought, expiries: Sequence[date], spot: float) -> list[Pair]:
        """Call and put of the strikes nearest the money, expiry by expiry."""
        found: list[Pair] = []
        for expiry in expiries:
            try:
                options = await self._broker.catalogue.options(sought.underlying, expiry, _strikes(sought.window, spot))
            except Refused as error:
                logger.bind(book=sought.book).warning("the options of {} are left out: {}", expiry, error)
                continue
            pairs = sorted(_paired(options), key=lambda pair: abs(to_float(pair[0].strike) - spot))
            found += pairs[: sought.selection.strikes_per_expiry]
        return found

    async def _nowhere(self, sought: Sought, day: date, expiries: Sequence[date], spot: float) -> str:
        window = sought.window
        if expiries:
            near = f"{window.moneyness_pct:g}% of {spot:.2f}"
            return f"no straddle passes: there is no strike within {near} (risk.structure.moneyness_pct)"
        listed = await self._all_expiries(sought)
        bounds = window.min_dte, window.max_dte
        nearest = sorted(listed, key=lambda each: min(abs((each - day).days - bound) for bound in bounds))
        shown = ", ".join(f"{each} ({(each - day).days} days)" for each in sorted(nearest[:2]))
        return (
            f"no straddle passes: no expiry is {window.min_dte} to {window.max_dte} days away "
            f"(risk.structure.min_dte, max_dte); the nearest: {shown}"
        )

    # -- the quotes ----------------------------------------------------------------------------------------------------

    async def _candidates(
        self, sought: Sought, pairs: Sequence[Pair], quotes: PassingQuotes, progress: Progress
    ) -> list[Candidate]:
        size = sought.selection.lines // 2
        found: list[Candidate] = []
        progress(0, len(pairs))
        for first in range(0, len(pairs), size):
            found += await self._batch(sought, pairs[first : first + size], quotes)
            progress(len(found), len(pairs))
        return found

    async def _batch(self, sought: Sought, pairs: Sequence[Pair], quotes: PassingQuotes) -> list[Candidate]:
        options = [option for pair in pairs for option in pair]
        interest = sought.selection.min_open_interest > 0
        async with quotes.of(options):
            await quotes.until(lambda: all(_told(option, quotes, interest) for option in options))
            offered = [(_offered(call, quotes), _offered(put, quotes)) for call, put in pairs]
            spot = quotes.usable(sought.underlying.con_id)
        if spot is None:
            return [Candidate(call=call, put=put) for call, put in offered]
        expiries = [option.expires_at for option in options]
        pricing = StraddlePricing(sought.book, sought.pricing, spot.mid, self._clock.now(), self._now(), expiries)
        found = []
        for call, put in offered:
            found.append(pricing.priced(call, put))
            await self._clock.sleep(0)  # a slow model must not hold up the books that trade
        return found


def _told(option: Option, quotes: PassingQuotes, interest: bool) -> bool:
    """All that will be told of it has been."""
    if quotes.refusal(option.con_id):
        return True
    counted = not interest or quotes.open_interest(option.con_id) is not None
    return counted and quotes.usable(option.con_id) is not None


def _offered(option: Option, quotes: PassingQuotes) -> Offered:
    con_id = option.con_id
    return Offered(
        option=option,
        quote=quotes.quote(con_id),
        open_interest=quotes.open_interest(con_id),
        frozen=quotes.refusal(con_id),
    )


def _strikes(window: Window, spot: float) -> tuple[Decimal, Decimal]:
    """The lowest and the highest; nothing lies below zero."""
    reach = spot * window.moneyness_pct / 100
    return to_decimal(max(spot - reach, 0.0)), to_decimal(spot + reach)


def _paired(options: Sequence[Option]) -> list[Pair]:
    """Calls with the puts they make a straddle with; a strike that has but one of them makes none."""
    legs: dict[tuple[Decimal, str, int], dict[Right, Option]] = {}
    for option in options:
        legs.setdefault((option.strike, option.trading_class, option.multiplier), {})[option.right] = option
    return [(pair["C"], pair["P"]) for pair in legs.values() if len(pair) == 2]


def _no_options(sought: Sought, said: str = "") -> UserError:
    return UserError(
        f"book {sought.book}: {sought.underlying.symbol} has no options{said}; set another underlying.symbol in "
        f"books/{sought.book}.toml",
        ExitCode.NOTHING_TRADABLE,
    )


def _no_permission(sought: Sought, said: str) -> UserError:
    return UserError(
        f"book {sought.book}: no market data for {sought.underlying.symbol} or its options: {said}; buy it in the "
        "broker's account management, share it with the paper account, or free some lines",
        ExitCode.NEEDS_A_PERSON,
    )
