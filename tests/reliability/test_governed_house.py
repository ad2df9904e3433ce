"""The governor in a house at work: what may be done follows what is so, is told once, and minds a person's word."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from attrs import evolve
from busy_house import BOOK, CONTRACTS, OFFERS, RISK, House
from loguru import logger
from scripted import Scripted, Wish, script
from test_house_at_work import HEDGES_LATER, START, WANTS_STRADDLES, by_hand, held, market, minutes, until
from thinker import VOLS, Governed

from gamma_scalper.domain.entries import Halted, Mode, ModeChanged, PermitChanged, Reconciled
from gamma_scalper.domain.orders import Purpose
from gamma_scalper.domain.proposals import TradeCommand
from gamma_scalper.domain.snapshots import PositionSnapshot
from gamma_scalper.domain.strategy_entries import StateChanged
from gamma_scalper.journal.inbox import Inbox
from gamma_scalper.kernel import Stage
from gamma_scalper.pipeline.governor import Outlook
from gamma_scalper.pipeline.messages import Reason
from gamma_scalper.risk.governance import BY_HEALTH
from gamma_scalper.risk.health import Lamp
from gamma_scalper.risk.parameters import ModeParameters
from gamma_scalper.risk.state_space import System
from gamma_scalper.strategies.base import Standing
from gamma_scalper.trading import BookAtWork

NOTHING: Sequence[Wish] = ()
QUICK = evolve(RISK, modes=ModeParameters(degrade_after_s=5, restore_after_s=20))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@pytest.fixture
def inbox(tmp_path: Path) -> Inbox:
    return Inbox.open(tmp_path / "inbox.db")


def standing(governed: Governed, book: str = BOOK) -> Standing:
    return governed.governor.standings[book].value


def outlook(governed: Governed, book: str = BOOK) -> Outlook:
    found = governed.governor.outlooks[book].value
    assert found is not None
    return found


def by_health(house: House, book: str = BOOK) -> list[Mode]:
    house.journal.flush_now()
    entries = ((row.book, row.entry) for row in house.journal.rows())
    return [e.mode for of, e in entries if of == book and isinstance(e, ModeChanged) and e.by == BY_HEALTH]


# -- what is told ------------------------------------------------------------------------------------------------------


async def test_a_quiet_while_adds_nothing_to_the_journal(path: Path) -> None:
    """Figures move all the time, and 'data lag' comes and goes between two thoughts; neither is news."""
    async with market() as street:
        house = House(street, path, {BOOK: WANTS_STRADDLES}, risk=evolve(RISK, quotes=evolve(RISK.quotes, lag_s=1)))
        governed = Governed(house, [BOOK], every_s=7)
        async with governed.at_work():
            await until(street, minutes(1) + timedelta(seconds=3))
            before = len(house.entries(StateChanged)), len(house.entries(PermitChanged))
            assert outlook(governed).space.system is System.OK
            await until(street, minutes(4) + timedelta(seconds=4))
            assert (len(house.entries(StateChanged)), len(house.entries(PermitChanged))) == before
            assert any(each.guard == "data lag" for each in outlook(governed).permit.refusals[Purpose.HEDGE])


async def test_state_and_permit_are_taken_down_when_they_change(path: Path) -> None:
    async with market() as street:
        house = House(street, path, {BOOK: WANTS_STRADDLES})
        governed = Governed(house, [BOOK])
        async with governed.at_work():
            await until(street, minutes(1))
            assert house.entries(StateChanged)[-1].states == (
                "long gamma", "in band", "normal", "normal", "idle", "ok",
            )  # fmt: skip
            permits, states = len(house.entries(PermitChanged)), len(house.entries(StateChanged))
            house.trading.house.take_down(BOOK, Halted("overfilled", "a test"))
            await until(street, minutes(1) + timedelta(seconds=8))  # before the mode follows
            (permit,), (state,) = house.entries(PermitChanged)[permits:], house.entries(StateChanged)[states:]
            assert permit.purposes == ("exit", "flatten")
            assert {each.guard for each in permit.refusals} >= {"halt"}
            assert state.states[-1] == System.RISK_HALT.value
            assert outlook(governed).halts == ("overfilled: a test",)
            assert outlook(governed).health.lamp is Lamp.RED


async def test_what_matters_to_a_strategy_triggers_it_once(path: Path, inbox: Inbox) -> None:
    async with market() as street:
        house = House(street, path, {BOOK: NOTHING}, controls=inbox)
        governed = Governed(house, [BOOK])
        heard: list[Reason] = []
        triggers = house.trading.books[BOOK].queues.triggers

        async def listen() -> None:
            async for trigger in triggers:
                heard.extend(trigger.reasons)

        house._stages = lambda book: [Stage("listens", listen)]
        async with governed.at_work():
            await until(street, minutes(1))
            heard.clear()
            inbox.put("pause", "anna", street.clock.now(), argument="lunch")
            await until(street, minutes(3))
            assert heard == [Reason.CONTROL]
            assert standing(governed).paused == outlook(governed).paused == "lunch, by anna"
            assert "pause" in standing(governed).refused(Purpose.ENTRY)
            assert standing(governed).refused(Purpose.EXIT) == ""


async def test_a_dead_feed_is_noticed_without_any_thought(path: Path) -> None:
    async with market() as street:
        quick = evolve(RISK, quotes=evolve(RISK.quotes, stale_s=15))
        house = House(street, path, {BOOK: WANTS_STRADDLES}, risk=quick)
        governed = Governed(house, [BOOK])
        async with governed.at_work():
            await until(street, minutes(1))
            governed.thinking = False
            street.venue.do = lambda *_: None
            await until(street, minutes(2))
            assert "stale market" in {each.guard for each in house.entries(PermitChanged)[-1].refusals}
            assert standing(governed).mode is Mode.DEGRADED
            assert house.entries(StateChanged)[-1].states[2] == "stale"


async def test_the_rules_go_by_the_newest_picture_and_by_none_where_it_is_unusable(path: Path) -> None:
    async with market() as street:
        house = House(street, path, {BOOK: WANTS_STRADDLES})
        governed = Governed(house, [BOOK])
        async with governed.at_work():
            await until(street, minutes(1))
            facts = house.trading.house.facts(BOOK)
            assert facts.delta.gamma == pytest.approx(400 * 0.02)
            assert facts.market.motion.implied_vol == pytest.approx((0.6 * VOLS[11] + 0.3 * VOLS[12]) / 0.9)
            house.trading.house.reckon_with(BOOK, None, None)
            governed.governor.look(BOOK, thinking=True)
            assert outlook(governed).space.system is System.GREEKS_BAD
            assert not outlook(governed).permit.allowed(Purpose.HEDGE)


async def test_the_outlook_shows_the_newest_mark_and_the_hedges_of_the_day(path: Path) -> None:
    async with market() as street:
        house = House(street, path, {BOOK: HEDGES_LATER})
        governed = Governed(house, [BOOK])
        async with governed.at_work():
            await until(street, minutes(5))
            marks = house.trading.house.governance.marks[BOOK]
            seen = outlook(governed)
            assert (seen.profit_today, seen.equity) == (marks.profits[-1], marks.equities[-1])
            assert (seen.hedges_today, seen.mode) == (1, Mode.LIVE)
            hedged_at = standing(governed).hedged_at
            assert hedged_at is not None and minutes(3) <= hedged_at < minutes(3.1)
            assert standing(governed).hedged_price == Decimal("599.99")


# -- modes -------------------------------------------------------------------------------------------------------------


async def test_the_mode_follows_red_health_down_and_comes_up_slowly(path: Path, inbox: Inbox) -> None:
    async with market() as street:
        house = House(street, path, {BOOK: NOTHING, "other": NOTHING}, controls=inbox)
        governed = Governed(house, [BOOK, "other"])
        async with governed.at_work():
            await until(street, minutes(1))
            assert standing(governed).mode is Mode.LIVE and by_health(house) == []
            by_hand(street, 100)
            await until(street, minutes(4))
            assert by_health(house) == by_health(house, "other") == [Mode.DEGRADED]
            (difference,) = house.entries(Reconciled)[-1].unexplained
            inbox.put("accept", "anna", street.clock.now(), argument=f"{difference.id} baseline:{BOOK}")
            await until(street, minutes(4.9))
            assert standing(governed).mode is Mode.DEGRADED
            await until(street, minutes(6))
            assert by_health(house) == by_health(house, "other") == [Mode.DEGRADED, Mode.LIVE]


async def test_health_never_goes_above_a_persons_word_nor_does_a_restart(path: Path, inbox: Inbox) -> None:
    async with market() as street:
        books = {BOOK: NOTHING, "other": NOTHING}
        house = House(street, path, books, controls=inbox, risk=QUICK)
        governed = Governed(house, [BOOK, "other"])
        async with governed.at_work():
            await until(street, minutes(0.5))
            inbox.put("mode", "anna", street.clock.now(), BOOK, "degraded")
            for book in (BOOK, "other"):
                house.trading.house.take_down(book, Halted("overfilled", "a test"))
            await until(street, minutes(1))
            assert by_health(house) == [] and by_health(house, "other") == [Mode.DEGRADED]
            for book in (BOOK, "other"):
                inbox.put("lift", "anna", street.clock.now(), book, "overfilled")
            await until(street, minutes(2))
            assert by_health(house) == [] and by_health(house, "other") == [Mode.DEGRADED, Mode.LIVE]
            assert (standing(governed).mode, standing(governed, "other").mode) == (Mode.DEGRADED, Mode.LIVE)
        again = Governed(House(street, path, books, controls=inbox, risk=QUICK), list(books))
        async with again.at_work():
            await until(street, minutes(2.5))
            assert (standing(again).mode, standing(again, "other").mode) == (Mode.DEGRADED, Mode.LIVE)
            inbox.put("mode", "anna", street.clock.now(), BOOK, "live")
            await until(street, minutes(2.8))
            assert standing(again).mode is Mode.LIVE


# -- losses ------------------------------------------------------------------------------------------------------------


class Obedient(Scripted):
    """Wants what its script says, and nothing once it has to exit."""

    governed: Governed

    def _decide(self, position: PositionSnapshot) -> TradeCommand | None:
        if self.governed.governor.standings[self.book].value.must_exit:
            self._script = (Wish(START, 0, 0),)
        return super()._decide(position)


async def test_a_loss_limit_that_is_reached_makes_the_strategy_exit_and_lets_it(path: Path) -> None:
    """Prices fall so that the straddles lose 2,000 dollars; the other book holds none and goes on."""
    async with market() as street:
        scripts = {BOOK: WANTS_STRADDLES, "other": script(START, [(0, 0, 0, 1_000, "take")])}
        house = House(street, path, scripts)
        governed = Governed(house, list(scripts))

        def stages(book: BookAtWork) -> Sequence[Stage]:
            queues = book.queues.triggers, book.queues.trades
            name = book.resident.name
            strategy = Obedient(name, scripts[name], CONTRACTS, queues, book.board, street.clock, 2.0)
            strategy.governed = governed
            return [Stage("script", strategy.run)]

        house._stages = stages
        async with governed.at_work():
            await until(street, minutes(1))
            assert held(house) == {11: 2, 12: 2} and not standing(governed).must_exit
            street.offers = {**OFFERS, 11: (4.98, 5.02), 12: (3.98, 4.02)}
            await until(street, minutes(3))
            assert "daily loss" in standing(governed).must_exit
            assert {each.breaker for each in house.entries(Halted)} == {"daily loss"}
            assert held(house) == street.held == {}
            assert not standing(governed, "other").must_exit
            assert standing(governed, "other").mode is Mode.LIVE


async def test_a_person_hears_once_of_an_exit_that_does_not_come(path: Path) -> None:
    """The script knows of no exit, as a strategy whose ring has ended."""
    heard: list[str] = []
    sink = logger.add(lambda line: heard.append(str(line)), level="ERROR")
    try:
        async with market() as street:
            house = House(street, path, {BOOK: WANTS_STRADDLES})
            governed = Governed(house, [BOOK])
            async with governed.at_work():
                await until(street, minutes(0.5))
                house.trading.house.take_down(BOOK, Halted("drawdown", "a test"))
                await until(street, minutes(2))
                assert not [line for line in heard if "still holds" in line]
                await until(street, minutes(5))
                assert len([line for line in heard if "still holds" in line]) == 1
                assert held(house) == {11: 2, 12: 2}
    finally:
        logger.remove(sink)
