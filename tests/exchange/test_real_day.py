"""The exchange over a real day of quotes: GOOG, 24 December 2015, which closed at 13:00."""

import os
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from gamma_scalper.domain.orders import Limit, Side
from gamma_scalper.exchange.engine import Engine
from gamma_scalper.exchange.events import Executed, Phase, Status, Trading
from gamma_scalper.exchange.specs import market_from
from gamma_scalper.exchange.tickets import ComboLeg, MarketOnClose, Place, Tick, Ticket

FOLDER = Path(os.environ.get("LEAN_DATA", Path(__file__).parents[3] / "shared" / "data" / "lean"))
CLOSE = datetime(2015, 12, 24, 18, tzinfo=UTC)

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason=f"the real day is not in {FOLDER}")


def test_a_straddle_bought_on_the_real_day_fills_at_its_quotes_and_the_day_ends_at_one_o_clock() -> None:
    market = market_from(f"lean:{FOLDER}")
    engine = Engine(market, accounts={"DU1": Decimal(1_000_000)})
    said = engine.on(Tick(), datetime(2015, 12, 24, 15, tzinfo=UTC))
    (shares,) = market.underlyings()
    spot = engine.price(shares.con_id)
    expiry = next(day for day in market.expiries(shares.con_id) if (day - engine.now.date()).days > 20)
    listed = market.options(shares.con_id, expiry)
    strike = min({each.strike for each in listed}, key=lambda strike: abs(float(strike) - spot))
    straddle = tuple(ComboLeg(each.con_id, 1) for each in listed if each.strike == strike)
    now = engine.now

    def place(what: object, side: Side, quantity: int, kind: object) -> None:
        said.extend(
            engine.on(Place(Ticket(account="DU1", what=what, side=side, quantity=Decimal(quantity), kind=kind)), now)
        )

    worth = sum(engine.price(leg.con_id) for leg in straddle)
    place(straddle, Side.BUY, 2, Limit(Decimal(round(worth * 102)) / 100))
    place(shares.con_id, Side.SELL, 10, MarketOnClose())
    place(shares.con_id, Side.BUY, 5, Limit("1.00"))
    while now < CLOSE + timedelta(minutes=5):
        now += timedelta(minutes=1)
        said += engine.on(Tick(), now)
    told = [each for each in said if isinstance(each, Executed)]
    quotes = {each.snapshot_id: each for each in said if hasattr(each, "snapshot_id")}
    whole = [each for each in told if each.con_id is None]
    assert sum(each.quantity for each in whole) == 2
    assert all(float(each.price) <= worth * 1.02 + 0.01 for each in whole)
    for each in told:
        if each.con_id is not None:
            quote = next(quotes[number] for number in each.snapshot_ids if quotes[number].con_id == each.con_id)
            at = quote.ask if each.side is Side.BUY else quote.bid
            assert (each.price - Decimal(repr(at))) * each.side.sign >= 0
            assert each.combo or each.price < Decimal(repr(at)) * Decimal("1.001")
    assert engine.account("DU1").quantity(shares.con_id) == -10
    assert [each.at for each in said if isinstance(each, Trading) and each.phase is Phase.CLOSED] == [CLOSE]
    assert not engine.open_orders()
    assert {each.status for each in engine.completed_orders()} == {Status.FILLED, Status.CANCELLED}
    assert max(each.received_at for each in quotes.values()) <= CLOSE
    assert engine.next_at() is not None
