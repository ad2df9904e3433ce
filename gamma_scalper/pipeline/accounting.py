"""Where each book's profit came from, taken down interval by interval while it is earned."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import MappingProxyType

from attrs import define, evolve

from gamma_scalper.domain.exits import UserError
from gamma_scalper.domain.pictures import Picture
from gamma_scalper.domain.sessions import Session
from gamma_scalper.domain.strategy_entries import Attributed
from gamma_scalper.kernel import Clock, Watch, all_of, together
from gamma_scalper.pipeline.caretaker import trading_day
from gamma_scalper.pipeline.house import TradingHouse
from gamma_scalper.pipeline.picturing import carry_of
from gamma_scalper.pipeline.standpoints import Pricer, shows, spot_of, standpoint
from gamma_scalper.pipeline.thoughts import Thought
from gamma_scalper.portfolio.accounts import Accounts
from gamma_scalper.portfolio.attribution import (
    NO_EARNINGS,
    PARTS,
    Between,
    Earnings,
    Standpoint,
    attributed,
    counted,
)
from gamma_scalper.portfolio.ledger import Ledger
from gamma_scalper.portfolio.ledger_changes import NO_CHANGE, changes
from gamma_scalper.pricing.lattice import Lattice
from gamma_scalper.pricing.parameters import PricingParameters

INTERVAL_S = 300.0
_NIGHT = timedelta(hours=1)  # an interval so long: in it time alone changes what the options do
_ENDLESS = datetime.max.replace(tzinfo=UTC)


@define(kw_only=True)
class _Account:
    """One book's, with the interval that is open."""

    book: str
    pricer: Pricer
    ledger: Ledger  # as it was when the interval began
    earned: Earnings
    begin: Standpoint | None = None  # None: nothing was priced yet in this session
    newest: Picture | None = None  # the last usable one
    untraded: Accounts | None = None  # looked at, and no other position than when the interval began
    due: datetime = _ENDLESS  # when the interval ends by itself
    closes: datetime = _ENDLESS  # the end of the trading day it is in; `_ENDLESS` while the market is closed


class Accounting:
    """One for the house. An interval ends with every change of position, after a while, and with the day's session.

    Its Greeks are the lattice's whatever model the book has, since the higher ones of a plain tree are too rough.
    """

    def __init__(
        self,
        house: TradingHouse,
        thoughts: Mapping[str, Watch[Thought | None]],
        books: Mapping[str, PricingParameters],
        clock: Clock,
        earned: Mapping[str, Earnings] = MappingProxyType({}),
        interval_s: float = INTERVAL_S,
    ) -> None:
        """`earned`: what is taken down already, of sessions before this one."""
        self._house, self._thoughts, self._clock = house, thoughts, clock
        self._every = timedelta(seconds=interval_s)
        model = Lattice()
        self._accounts = {
            book: _Account(
                book=book,
                pricer=Pricer(model, carry_of(books[book])),
                ledger=house.states[book].ledger,
                earned=earned.get(book, NO_EARNINGS),
            )
            for book in sorted(books)
        }

    async def run(self) -> None:
        """Live until cancelled; the intervals that are open then are taken down as they are."""
        try:
            await self._keep_all()
        except asyncio.CancelledError:
            with suppress(UserError):  # a journal that can't be written has ended the house, and was told of
                self.finish()
            raise

    async def _keep_all(self) -> None:
        await all_of(**{f"accounts of {book}": self._keep(account) for book, account in self._accounts.items()})

    async def _keep(self, account: _Account) -> None:
        await together(follows=self._follow(account), looks=self._look_now_and_then(account))

    async def _follow(self, account: _Account) -> None:
        seq, watch = 0, self._thoughts[account.book]
        while True:
            seq, thought = await watch.newer_than(seq)
            if thought is not None:
                self._see(account, thought.picture)

    async def _look_now_and_then(self, account: _Account) -> None:
        """What changes while the book has no thoughts: an assignment in the night, say."""
        while True:
            await self._clock.sleep(self._every.total_seconds())
            if account.begin is not None and account.newest is not None and self._traded(account):
                self._end(account, account.begin, account.newest)

    # -- for others to look at -----------------------------------------------------------------------------------------

    def earnings(self, book: str) -> Earnings:
        """With the interval that is open, as far as it has come."""
        account = self._accounts[book]
        earned, today = account.earned, trading_day(self._clock.now())
        if account.begin is not None and account.newest is not None:
            end = self._standpoint(account, account.begin, account.newest)
            if end is not None:
                earned = counted(earned, self._interval(account, account.begin, end), trading_day(end.at))
        return earned if earned.day == today else evolve(earned, day=today, today=None, squares=0.0)

    def finish(self) -> None:
        """So that the accounts are complete when a session ends."""
        for account in self._accounts.values():
            if account.begin is not None and account.newest is not None:
                self._end(account, account.begin, account.newest)

    # -- one picture ---------------------------------------------------------------------------------------------------

    def _see(self, account: _Account, picture: Picture) -> None:
        """Nearly always there is nothing to do."""
        if picture.unusable:
            return
        begin, before, account.newest = account.begin, account.newest, picture
        if begin is None or before is None:
            self._go_on(account, picture)
        elif picture.at >= account.closes:
            self._end(account, begin, before)
            account.closes, account.due = _ENDLESS, self._reopens(picture)
        elif self._traded(account):
            if shows(picture, self._ledger(account)):
                self._end(account, begin, picture)
        elif picture.at >= account.due:
            if _closed(picture):
                account.due = self._reopens(picture)
            else:
                self._end(account, begin, picture)

    def _ledger(self, account: _Account) -> Ledger:
        return self._house.states[account.book].ledger

    def _traded(self, account: _Account) -> bool:
        """A change of position; or, of a book that holds nothing, of money."""
        now = self._ledger(account)
        if now.accounts is account.ledger.accounts or now.accounts is account.untraded:
            return False
        change = changes(account.ledger, now)
        if change.traded or not (account.ledger.accounts.held or change == NO_CHANGE):
            return True
        account.untraded = now.accounts
        return False

    def _reopens(self, picture: Picture) -> datetime:
        session = _session(picture)
        return picture.at + self._every if session is None or session.opens <= picture.at else session.opens

    # -- intervals -----------------------------------------------------------------------------------------------------

    def _go_on(self, account: _Account, picture: Picture) -> None:
        """The first interval of a session goes on from what was taken down before, however long ago that was."""
        spot = spot_of(picture)
        if spot is not None and shows(picture, self._ledger(account)):
            self._end(account, self._left_off(account, picture.at, spot), picture, unseen=True)

    def _left_off(self, account: _Account, now: datetime, spot: float) -> Standpoint:
        """Where the accounts ended: with the intervals that were taken down, else with the last mark."""
        ever, marks = account.earned.ever, self._house.governance.marks.get(account.book)
        if ever is not None:
            return Standpoint(at=min(ever.until, now), spot=ever.spot_to, equity=ever.total)
        if marks is not None and marks.at is not None and marks.equities:
            return Standpoint(at=min(marks.at, now), spot=spot, equity=marks.equities[-1])
        return Standpoint(at=now, spot=spot, equity=Decimal(0))

    def _end(self, account: _Account, begin: Standpoint, picture: Picture, *, unseen: bool = False) -> None:
        """Take the interval down, and begin the next one where it ends."""
        ledger = self._ledger(account)
        end = self._standpoint(account, begin, picture)
        if end is None:
            return
        interval = self._interval(account, begin, end, unseen=unseen)
        if any(getattr(interval, part) for part in PARTS):
            account.earned = counted(account.earned, interval, trading_day(interval.until))
            self._house.take_down(account.book, interval)
        account.begin, account.ledger = end, ledger
        session, account.closes = _session(picture), _ENDLESS
        account.due = picture.at + self._every
        if session is not None and session.contains(picture.at):
            account.closes = session.closes
        elif session is not None:
            account.due = self._reopens(picture)

    def _standpoint(self, account: _Account, begin: Standpoint, picture: Picture) -> Standpoint | None:
        spot = spot_of(picture)
        return None if spot is None else standpoint(picture, spot, self._ledger(account), begin, account.pricer)

    def _interval(self, account: _Account, begin: Standpoint, end: Standpoint, *, unseen: bool = False) -> Attributed:
        change = changes(account.ledger, self._ledger(account))
        between = Between(
            payments=change.payments,
            commissions=change.commissions,
            dividend=sum(amount for _, amount in account.pricer.carry.schedule.in_life(begin.at, end.at)),
            unseen=unseen or change.turned,
        )
        night = end.at - begin.at >= _NIGHT and not between.unseen
        aged = account.pricer.aged(begin, end.at, between.dividend) if night else None
        return attributed(begin, end, between, aged)


def _session(picture: Picture) -> Session | None:
    return None if picture.market is None else picture.market.session


def _closed(picture: Picture) -> bool:
    session = _session(picture)
    return session is not None and not session.contains(picture.at)
