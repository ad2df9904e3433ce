"""The table of modes: what each may reach, and what it refuses."""

import pytest
from attrs import evolve

from gamma_scalper.broker.ib.broker import IbBroker
from gamma_scalper.broker.simulated import PaperBroker
from gamma_scalper.domain.exits import ExitCode, UserError
from gamma_scalper.domain.ports import Link
from gamma_scalper.kernel import WallClock
from gamma_scalper.market_access import broker_of, confirm_account, with_broker
from gamma_scalper.system import SystemParameters

AT_BROKER = SystemParameters(gateway="127.0.0.1:7497")
OWN_FILLS = evolve(AT_BROKER, paper_fills="broker")
LIVE = SystemParameters(mode="live", gateway="127.0.0.1:7496", live_account="U1234567")


def test_simulated_fills_are_built_without_an_order_port_to_the_broker():
    broker = broker_of(AT_BROKER, WallClock())
    assert isinstance(broker, PaperBroker) and broker.reads_only
    assert broker.orders is not None, "ours to fill"
    assert not any("placeOrder" in dir(part) for part in (broker, broker.feed, broker.catalogue, broker.account))
    real = broker._real
    assert isinstance(real, IbBroker) and real.orders is None and real.reads_only


@pytest.mark.parametrize("system", [OWN_FILLS, LIVE])
def test_the_broker_s_own_account_has_an_order_port_unless_only_reading_is_asked_for(system):
    assert broker_of(system, WallClock()).orders is not None
    reading = broker_of(system, WallClock(), reads_only=True)
    assert reading.orders is None and reading.reads_only


def test_live_names_its_account_twice():
    assert confirm_account(LIVE, "U1234567") and confirm_account(LIVE, None, lambda: "U1234567\n")
    assert not confirm_account(LIVE, None), "and without that nothing may trade"
    for wrong in ("U7654321", "", "u1234567"):
        with pytest.raises(UserError, match="LIVE_ACCOUNT") as refused:
            confirm_account(LIVE, wrong)
        assert refused.value.exit_code is ExitCode.CONFIGURATION
        assert "1234567" not in str(refused.value)
    with pytest.raises(UserError, match="typed"):
        confirm_account(LIVE, None, lambda: "U7")


def test_paper_needs_no_confirmation():
    assert confirm_account(AT_BROKER, None)


def test_live_trades_in_no_other_account_than_the_confirmed_one():
    with pytest.raises(ValueError, match="live_account"):
        evolve(LIVE, account="U7654321")


def test_the_embedded_market_runs_as_fast_as_it_can_through_the_real_client():
    async def use(broker, clock):
        began = clock.now()
        await broker.start()
        stock = await broker.catalogue.stock("SPY")
        await broker.feed.subscribe([stock])
        quotes = broker.feed.quotes()
        seen = [await anext(quotes) for _ in range(20)]
        return began, clock.now(), seen, broker.link.link

    began, ended, seen, link = with_broker(SystemParameters(market="gbm:sigma=0.2,step=5"), use, pace=None)
    assert link is Link.READY and began.isoformat() == "2026-01-06T14:30:00+00:00"
    assert 90 <= (ended - began).total_seconds() <= 110, "of the market's time"
    assert all(quote.usable for quote in seen) and len({quote.snapshot_id for quote in seen}) == 20


def test_the_same_seed_gives_the_same_embedded_market():
    async def use(broker, clock):
        await broker.start()
        await broker.feed.subscribe([await broker.catalogue.stock("SPY")])
        quotes = broker.feed.quotes()
        return [(await anext(quotes)).bid for _ in range(20)]

    system = SystemParameters(market="gbm:sigma=0.2,step=30")
    first = with_broker(system, use, pace=None)
    assert with_broker(system, use, pace=None) == first
    assert with_broker(evolve(system, seed=2), use, pace=None) != first


def test_what_the_user_of_a_broker_raises_comes_out():
    async def use(broker, clock):
        raise UserError("no straddle", ExitCode.NOTHING_TRADABLE)

    with pytest.raises(UserError, match="no straddle"):
        with_broker(SystemParameters(market="gbm:step=300"), use, pace=None)
