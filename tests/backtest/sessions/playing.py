"""A session of the whole ring from a spec, and what is left of it: the story, the exchange, the book's own ledger."""

import asyncio
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from attrs import evolve

from config import load_config
from gamma_scalper.audit.verdict import Audit
from gamma_scalper.backtest.runner import Backtest, Run
from gamma_scalper.backtest.span import span_of
from gamma_scalper.compiled_code import load_market_code
from gamma_scalper.domain.money import to_cents, to_decimal
from gamma_scalper.domain.strategy_entries import Attributed
from gamma_scalper.exchange.accounts import STREET
from gamma_scalper.exchange.engine import Engine
from gamma_scalper.exchange.parameters import CarryParameters
from gamma_scalper.kernel import VirtualLoop
from gamma_scalper.portfolio.ledger import Ledger, cash, holdings, profit
from gamma_scalper.recovery import fold
from gamma_scalper.reports.backtest.story import Story
from gamma_scalper.system import SIMULATED_ACCOUNT

_NO_INTEREST = CarryParameters(credit_rate_pct=0, debit_rate_pct=0, borrow_fee_pct=0)  # it is the account's, no book's


class Had(NamedTuple):
    """In the account before the first session, at a price per share."""

    quantity: int
    price: float


class Played(NamedTuple):
    story: Story
    engine: Engine
    began_with: Decimal  # cash
    ledger: Ledger

    def entries(self, kind):
        return [row.entry for row in self.story.rows if isinstance(row.entry, kind)]

    def rows(self, kind):
        return [row for row in self.story.rows if isinstance(row.entry, kind)]

    @property
    def attributed(self) -> Decimal:
        return sum((each.total for each in self.entries(Attributed)), Decimal(0))


class _Inheriting(Run):
    """What the account holds beforehand is given to the book by a person, once books and account are compared."""

    def __init__(self, asked: Backtest, had: Mapping[int, Had]) -> None:
        super().__init__(asked, span_of(asked.market, asked.seed, asked.first, asked.last))
        floor = self.engine.floor
        floor.parameters = evolve(floor.parameters, carry=_NO_INTEREST)
        for con_id, each in had.items():
            value = to_decimal(each.price) * each.quantity * floor.instrument(con_id).multiplier
            floor.accounts.trade(SIMULATED_ACCOUNT, STREET, con_id, Decimal(each.quantity), value)
        self.began_with = self.engine.account(SIMULATED_ACCOUNT).cash

    async def house(self, broker, journal, clock):
        trading, scalping = await super().house(broker, journal, clock)
        self._adopting = asyncio.create_task(_adopt(trading, clock))
        return trading, scalping


async def _adopt(trading, clock) -> None:
    while trading.reconciling.newest is None:
        await clock.sleep(0.1)
    for difference in trading.reconciling.newest.unexplained:
        trading.reconciling.accept(difference.id, "book:spy", "ada")


def play(
    spec: str, seed: int, first: date | None, last: date | None, *overrides: str, had: Mapping[int, Had] = {}
) -> Played:
    load_market_code()
    config = load_config(["paper_cash=500000", *(f"spy.{each}" for each in overrides)], environment={})
    asked = Backtest(
        system=config.system, books={"spy": config.books["spy"]}, market=spec, seed=seed, first=first, last=last
    )
    run = _Inheriting(asked, had)
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        story = runner.run(run.play())
    return Played(story, run.engine, run.began_with, fold(story.rows).desks["spy"].ledger)


def sound(played: Played) -> None:
    """Nothing in the journal is without its reason; books and account agree to the cent, and so do the causes."""
    audit = Audit()
    for row in played.story.rows:
        audit.see(row)
    verdict = audit.verdict({"spy": played.ledger})
    assert verdict.ok, verdict.findings.first
    account = played.engine.account(SIMULATED_ACCOUNT)
    assert {each.instrument.con_id: each.quantity for each in holdings(played.ledger)} == {
        con_id: held.quantity for con_id, held in account.held.items()
    }
    (moved,) = cash(played.ledger)
    assert moved.amount == account.cash - played.began_with
    marks = {each.instrument.con_id: to_decimal(_mid(played.engine, each)) for each in holdings(played.ledger)}
    (earned,) = profit(played.ledger, marks)
    assert played.attributed == to_cents(earned.amount)


def _mid(engine: Engine, holding) -> float:
    return engine.quote(holding.instrument.con_id).mid
