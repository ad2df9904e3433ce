"""The paper account and its market outlive the process, however it ends."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from attrs import evolve

from gamma_scalper.domain.exits import ExitCode, UserError
from gamma_scalper.domain.instruments import Stock
from gamma_scalper.domain.orders import Limit, Side
from gamma_scalper.domain.quotes import Quote
from gamma_scalper.exchange.diary import Diary, KeptEngine
from gamma_scalper.exchange.parameters import ExchangeParameters
from gamma_scalper.exchange.specs import market_from
from gamma_scalper.exchange.tickets import Cancel, Look, Place, Ticket
from gamma_scalper.paper_account import Kept, offline_market, paper_fills
from gamma_scalper.system import SIMULATED_ACCOUNT, SystemParameters

SPEC, SEED, CASH = "gbm:sigma=0.3,step=5", 7, Decimal(100_000)
PARAMETERS = ExchangeParameters()


def begun(path):
    engine = KeptEngine(market_from(SPEC, seed=SEED), accounts={"DU1": CASH}, parameters=PARAMETERS, seed=SEED)
    engine.diary = Diary(path)
    return engine


def back(path, until=None):
    diary = Diary(path)
    return diary.restored(market_from(diary.market, seed=SEED), PARAMETERS, SEED, until)


def go_on(engine, seconds):
    until, events, more = engine.now + timedelta(seconds=seconds), [], True
    while more:
        found, more = engine.step(until)
        events += found
    return events


def share(engine):
    return engine.market.underlyings()[0].con_id


def busy(engine):
    """Trades for a while, and leaves an order at rest."""
    con_id = share(engine)
    engine.on(Look(con_id), engine.now)
    for quantity in (10, 30, 5):
        side = Side.BUY if quantity > 5 else Side.SELL
        engine.on(Place(Ticket(account="DU1", what=con_id, side=side, quantity=quantity)), engine.now)
        go_on(engine, 60)
    resting = Ticket(account="DU1", what=con_id, side=Side.BUY, quantity=7, kind=Limit("1.00"))
    engine.on(Place(resting), engine.now)
    go_on(engine, 20)


def standing(engine):
    account = engine.account("DU1")
    held = {con_id: each.quantity for con_id, each in account.held.items()}
    orders = [(order.perm_id, order.alive, str(order.filled)) for order in engine.open_orders()]
    return engine.now, account.cash, held, orders, engine.executions("DU1"), engine.price(share(engine))


def test_an_exchange_whose_process_was_killed_is_where_its_trader_last_saw_it(tmp_path):
    engine = begun(tmp_path / "exchange.db")
    busy(engine)
    assert standing(back(tmp_path / "exchange.db", engine.now)) == standing(engine), "nothing was closed or kept"


def test_it_goes_on_as_if_it_had_never_stopped(tmp_path):
    engine = begun(tmp_path / "exchange.db")
    busy(engine)
    again = back(tmp_path / "exchange.db", engine.now)
    for each in (engine, again):
        go_on(each, 3_600)
        perm_id = each.open_orders()[0].perm_id
        each.on(Cancel(perm_id), each.now)
        each.on(Place(Ticket(account="DU1", what=share(each), side=Side.SELL, quantity=35)), each.now)
        go_on(each, 60)
    assert standing(again) == standing(engine)
    assert not standing(again)[3] and again.account("DU1").held == {}


def test_snapshots_keep_the_diary_short_and_change_nothing(tmp_path):
    engine = begun(tmp_path / "exchange.db")
    busy(engine)
    go_on(engine, 1_200)
    engine.on(Look(share(engine)), engine.now)
    rows = engine.diary._file.execute("select count(*) from instruction").fetchone()
    assert rows == (1,), "all before it is in a snapshot"
    assert standing(back(tmp_path / "exchange.db", engine.now)) == standing(engine)


def test_whoever_looked_is_gone_with_the_process(tmp_path):
    engine = begun(tmp_path / "exchange.db")
    busy(engine)
    assert engine.floor.looked and not back(tmp_path / "exchange.db").floor.looked


def test_the_close_before_it_all_began_is_known_after_a_restart_too(tmp_path):
    system, closes = SystemParameters(market="gbm:step=60", seed=1), []
    for _ in range(2):
        with offline_market(system, Kept(tmp_path / "exchange.db")) as (engine, _):
            closes.append(engine.prior_close(share(engine)))
            go_on(engine, 60)
    assert closes[0] == closes[1] > 0, "without it nobody knows whether shares may be sold short"


def test_another_market_is_not_mixed_up_with_it(tmp_path):
    path = tmp_path / "exchange.db"
    system = SystemParameters(market="gbm:step=60", seed=1)
    with offline_market(system, Kept(path)) as (engine, _):
        began = engine.now
        go_on(engine, 600)
    with offline_market(system, Kept(path)) as (engine, _):
        assert engine.now == began + timedelta(seconds=600)
    for other in (evolve(system, seed=2), evolve(system, market="gbm:step=60,sigma=0.5")):
        with pytest.raises(UserError, match="STATE_DIR"), offline_market(other, Kept(path)):
            pass


def test_a_damaged_file_is_said_so_in_a_line(tmp_path):
    path = tmp_path / "exchange.db"
    path.write_bytes(b"no database at all" * 100)
    with pytest.raises(UserError, match="begin anew") as refused, offline_market(SystemParameters(), Kept(path)):
        pass
    assert refused.value.exit_code is ExitCode.JOURNAL_DAMAGED


def test_what_was_filled_on_a_broker_s_quotes_is_there_the_next_day(tmp_path, spy_quote):
    system, stock, quote = SystemParameters(), *spy_quote
    with paper_fills(system, quote.received_at, Kept(tmp_path / "exchange.db")) as engine:
        engine.market.list_contract(stock)
        now = quote.received_at
        engine.on(quote, now)
        bought = Ticket(account=SIMULATED_ACCOUNT, what=stock.con_id, side=Side.BUY, quantity=10)
        engine.on(Place(bought), now)
        for second in range(1, 30):
            at = now + timedelta(seconds=second)
            engine.on(evolve(quote, snapshot_id=second, received_at=at), at)
        held = engine.account(SIMULATED_ACCOUNT).held[stock.con_id].quantity
        copy = (tmp_path / "exchange.db").read_bytes(), (tmp_path / "exchange.db-wal").read_bytes()
    assert held == 10
    killed = tmp_path / "killed"
    killed.mkdir()
    (killed / "exchange.db").write_bytes(copy[0])
    (killed / "exchange.db-wal").write_bytes(copy[1])
    for folder in (tmp_path, killed):
        later = quote.received_at + timedelta(days=1)
        with paper_fills(system, later, Kept(folder / "exchange.db")) as engine:
            assert engine.account(SIMULATED_ACCOUNT).held[stock.con_id].quantity == 10


@pytest.fixture
def spy_quote():
    at = datetime(2026, 1, 12, 15, 0, tzinfo=UTC)
    quote = Quote(
        con_id=1, snapshot_id=1, bid=599.99, ask=600.01, bid_size=500, ask_size=500, received_at=at
    )  # fmt: skip
    return Stock(con_id=1, symbol="SPY"), quote
