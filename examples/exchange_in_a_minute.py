"""A straddle is bought on a simulated market and kept for a day and a night; then the account is looked at.

uv run python examples/exchange_in_a_minute.py
"""

import sys
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # the project is not installed

from gamma_scalper.domain.instruments import Option
from gamma_scalper.domain.orders import Limit, Side
from gamma_scalper.exchange.engine import Engine
from gamma_scalper.exchange.events import Charged, Event, Executed, Moved
from gamma_scalper.exchange.market import Market
from gamma_scalper.exchange.specs import market_from
from gamma_scalper.exchange.tickets import ComboLeg, Look, Place, Tick, Ticket

SPEC = "heston:sigma=0.2,implied=0.18,spot=600,step=60"
SPY, ME = 1001, "DU1"


def main() -> None:
    market = market_from(SPEC, seed=1)
    engine = Engine(market, accounts={ME: Decimal(100_000)}, seed=1)
    now = market.now + timedelta(minutes=30)
    engine.on(Tick(), now)
    legs = straddle(market, engine.price(SPY), now.date() + timedelta(days=30))
    for leg in legs:
        engine.on(Look(leg.con_id), now)  # from now on it is quoted
    asks = [quote.ask or 0.0 for leg in legs if (quote := engine.quote(leg.con_id)) is not None]
    limit = Decimal(str(round(sum(asks) + 0.05, 2)))  # what both ask, and a nickel for slippage

    ticket = Ticket(account=ME, what=[ComboLeg(leg.con_id, 1) for leg in legs], side=Side.BUY, quantity=Decimal(2),
                    kind=Limit(limit))  # fmt: skip
    what = f"{legs[0].expiry} {legs[0].strike}"
    print(f"{now:%a %H:%M} UTC: SPY at {engine.price(SPY):.2f}; buy 2 straddles {what} at {limit} or less")
    tell(engine.on(Place(ticket), now))
    tell(engine.on(Tick(), now + timedelta(days=1)))  # all that is due until then: ticks, fills, the close, the night

    worth = " and ".join(f"{leg.right} {engine.price(leg.con_id):.2f}" for leg in legs)
    print(f"{engine.now:%a %H:%M} UTC: SPY at {engine.price(SPY):.2f}; worth {worth}")
    margin = engine.margin(ME)
    print(f"cash {engine.account(ME).cash:,.2f}, net liquidation {margin.net_liquidation:,.2f}", end=", ")
    print(f"initial margin {margin.initial:,.2f}, buying power {margin.buying_power:,.2f}")

    kept = engine.snapshot()
    again = Engine.restore(kept, market_from(SPEC, seed=1), seed=1)
    print(f"the snapshot has {len(kept):,} characters; restored: {again.snapshot() == kept}")


def straddle(market: Market, spot: float, wanted: date) -> list[Option]:
    """The call and the put nearest the money, of the expiry nearest a day."""
    expiry = min(market.expiries(SPY), key=lambda day: abs(day - wanted))
    return sorted(market.options(SPY, expiry), key=lambda option: abs(float(option.strike) - spot))[:2]


def tell(events: list[Event]) -> None:
    for event in events:
        match event:
            case Executed(con_id=int()):
                print(f"{_at(event.at)}  bought {event.quantity} of {event.con_id} at {event.price},", end=" ")
            case Charged():
                print(f"fees {event.fees.total}")
            case Moved():
                print(f"{_at(event.at)}  {event.cause} {event.cash}")


def _at(moment: datetime) -> str:
    return f"{moment:%a %H:%M:%S}"


if __name__ == "__main__":
    main()
