"""Sequences of instructions as hypothesis draws them, over a simulated market with nights, dividends and faults."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from attrs import evolve
from hypothesis import strategies as st

from gamma_scalper.domain.orders import Limit, Market, Side
from gamma_scalper.exchange.engine import Engine, Instruction
from gamma_scalper.exchange.events import Event
from gamma_scalper.exchange.faults import Fault, FaultSchedule, Kind
from gamma_scalper.exchange.parameters import HARSH, ExchangeParameters
from gamma_scalper.exchange.specs import market_from
from gamma_scalper.exchange.tickets import (
    Cancel,
    CancelAll,
    ComboLeg,
    Exercise,
    Halt,
    Look,
    LookAway,
    MarketOnClose,
    Modify,
    Oca,
    Place,
    SetShortable,
    Stop,
    Tick,
    Ticket,
    TimeInForce,
)

SPEC = "gbm:sigma=0.8,implied=0.6,spot=600,step=900,dividends=2026-01-07:1.75,days=30"
ACCOUNTS = {"DU1": Decimal(400_000), "DU2": Decimal(2_000_000)}
SPY = 1001
_ENGINE_KINDS = [kind for kind in Kind if kind in (
    Kind.REJECT_201, Kind.LOCATE_404, Kind.SECOND_PERM_ID, Kind.CANCEL_FILL_RACE, Kind.CORRECTED_EXECUTION,
    Kind.ASSIGNMENT, Kind.LIQUIDATION, Kind.MANUAL_TRADE, Kind.HALT,
)]  # fmt: skip

# One step: what to do, to which contract (its place among a few), how many, at which price, how long to wait.
steps = st.lists(
    st.tuples(
        st.sampled_from(
            ["place"] * 8 + ["combo"] * 3 + ["modify", "cancel", "cancel all", "exercise", "lapse", "halt", "borrow",
             "look", "look away", "night"]
        ),
        st.integers(0, 8),
        st.integers(1, 300),
        st.integers(-3, 3),
        st.sampled_from([0.0, 0.05, 1.0, 900.0, 7_200.0]),
        st.integers(0, 2**16),
    ),
    min_size=5,
    max_size=40,
)  # fmt: skip
faults = st.lists(st.tuples(st.sampled_from(_ENGINE_KINDS), st.floats(0, 5 * 86_400)), max_size=6)


def engine(seed: int, struck: Sequence[tuple[Kind, float]] = ()) -> Engine:
    market = market_from(SPEC, seed=seed)
    schedule = FaultSchedule(
        tuple(
            Fault(
                at=market.now + timedelta(seconds=int(after)),
                kind=kind,
                target="SPY" if kind in (Kind.ASSIGNMENT, Kind.MANUAL_TRADE, Kind.HALT) else "",
                duration_s=600.0 if kind in (Kind.HALT, Kind.LOCATE_404) else 0.0,
            )
            for kind, after in struck
        )
    )
    venue = evolve(HARSH, oldest_quote_s=900.0)
    return Engine(market, accounts=ACCOUNTS, parameters=ExchangeParameters(venue=venue), seed=seed, faults=schedule)


def contracts(made: Engine) -> list[int]:
    """The shares, and calls and puts around the money that expire on the first two days."""
    chosen = [SPY]
    for expiry in made.market.expiries(SPY)[:2]:
        near = [each for each in made.market.options(SPY, expiry) if abs(each.strike - 600) <= 2]
        chosen += [each.con_id for each in near[:: max(1, len(near) // 4)]][:4]
    return chosen


def instruction(made: Engine, listed: Sequence[int], step: tuple[Any, ...]) -> Instruction:
    what, place, quantity, offset, _, chance = step
    con_id = listed[place % len(listed)]
    account = ("DU1", "DU2")[chance % 2]
    orders = made.open_orders()
    match what:
        case "place":
            return Place(_single(made, con_id, quantity, offset, account, chance))
        case "combo":
            return Place(_combo(listed, quantity % 10 + 1, offset, account, chance))
        case "modify" if orders:
            chosen = orders[chance % len(orders)]
            kind = chosen.ticket.kind if chance % 3 else Limit(Decimal(quantity))
            return Modify(chosen.perm_id, evolve(chosen.ticket, quantity=Decimal(quantity), kind=kind))
        case "cancel" if orders:
            return Cancel(orders[chance % len(orders)].perm_id)
        case "cancel all":
            return CancelAll(account)
        case "exercise" | "lapse":
            return Exercise(account, con_id, quantity % 3 + 1, lapse=what == "lapse")
        case "halt":
            return Halt(SPY, float(quantity))
        case "borrow":
            return SetShortable(SPY, quantity * 5)
        case "look":
            return Look(con_id)
        case "look away":
            return LookAway(con_id)
    return Tick()


def _single(made: Engine, con_id: int, quantity: int, offset: int, account: str, chance: int) -> Ticket:
    price = Decimal(round(made.price(con_id) * 100 + offset * 5 + 5)) / 100
    kinds = [Market(), Limit(price), Limit(price), Stop(price), MarketOnClose()]
    return Ticket(
        account=account,
        what=con_id,
        side=(Side.BUY, Side.SELL)[chance // 2 % 2],
        quantity=Decimal(quantity if con_id == SPY else quantity % 20 + 1),
        kind=kinds[chance // 4 % 5],
        tif=list(TimeInForce)[chance // 32 % 3],
        oca_group=("", "", "a")[chance // 128 % 3],
        oca=list(Oca)[chance // 512 % 3],
        parent=next((each.perm_id for each in made.open_orders(account)), None) if chance // 2048 % 4 == 0 else None,
    )


def _combo(listed: Sequence[int], quantity: int, offset: int, account: str, chance: int) -> Ticket:
    ratios = [(1, 1), (1, -1), (-1, 1), (2, -1)][chance // 4 % 4]
    first = 1 + chance // 16 % (len(listed) - 2)
    return Ticket(
        account=account,
        what=(ComboLeg(listed[first], ratios[0]), ComboLeg(listed[first + 1], ratios[1])),
        side=(Side.BUY, Side.SELL)[chance // 2 % 2],
        quantity=Decimal(quantity),
        kind=Market() if offset > 0 else Limit(Decimal(offset)),
    )


def play(made: Engine, steps: Sequence[tuple[Any, ...]], start: datetime | None = None) -> list[Event]:
    """Do them all, then let a week pass so that everything ends; returns all that was said."""
    listed, now, said = contracts(made), start or made.now, []
    for step in steps:
        said += made.on(instruction(made, listed, step), now)
        now += timedelta(hours=17) if step[0] == "night" else timedelta(seconds=step[4])
        said += made.on(Tick(), now)
    return said + made.on(Tick(), now + timedelta(days=4))
