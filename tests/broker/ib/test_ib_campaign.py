"""Many mishaps at once, drawn from seeds: what the adapter has told at the end is what happened at the exchange."""

import asyncio
import hashlib
from collections import defaultdict
from datetime import timedelta
from decimal import Decimal

import pytest
from ib_floor import CLIENT, ME, MONDAY, Floor, floor

from gamma_scalper.domain.instruments import Combo, Leg
from gamma_scalper.domain.orders import IntentId, Limit, Side
from gamma_scalper.domain.ports import Link, NotReady, Refused, Standing
from gamma_scalper.exchange.faults import Fault, Kind

DEAD = {Standing.FILLED, Standing.CANCELLED, Standing.REJECTED}
LASTS_S = 600
# Everything a broker may do to orders and to what is told of them, but what only the records of a later day explain.
KINDS = [
    kind
    for kind in Kind
    if len(set(kind.about.rows) & {1, 2, 3, 4, 8, 9, 10, 14, 15, 16, 19, 26}) >= 1
    and kind not in (Kind.CLIENT_ID_326, Kind.PACING_162, Kind.SOCKET_DROP)
]


class Chance:
    """Numbers that depend on the seed alone."""

    def __init__(self, seed: int) -> None:
        self._seed, self._drawn = seed, 0

    def below(self, end: int) -> int:
        self._drawn += 1
        drawn = hashlib.sha256(f"{self._seed}/{self._drawn}".encode()).digest()
        return int.from_bytes(drawn[:6], "big") % end


def schedule(chance: Chance) -> list[Fault]:
    faults = [Fault(at=MONDAY + timedelta(seconds=90), kind=Kind.SOCKET_DROP, target=str(CLIENT), duration_s=25)]
    for _ in range(25):
        kind = KINDS[chance.below(len(KINDS))]
        amount = {"late_execution": 20.0, "late_commission": 20.0, "slow_answers": 2.0}.get(kind.value, 0.0)
        lasts = float(5 + chance.below(25)) if kind.about.needs_duration else 0.0
        moment = MONDAY + timedelta(seconds=5 + chance.below(LASTS_S - 60))
        faults.append(Fault(at=moment, kind=kind, duration_s=lasts, amount=amount))
    return faults


async def trade(here: Floor, chance: Chance) -> set[IntentId]:
    """Ten minutes of orders of every sort, in whatever state the link is."""
    spy, (call, put) = here.engine.market.instrument(1), (here.engine.market.instrument(con_id) for con_id in (11, 12))
    kinds = (spy, call, Combo((Leg(call, 1), Leg(put, 1))))
    sent: set[IntentId] = set()
    for second in range(LASTS_S):
        here.quote(1, 599.9 + second % 7 / 100, 600.1 + second % 7 / 100)
        here.quote(11, 4.0 + second % 5 / 100, 4.05 + second % 5 / 100)
        here.quote(12, 3.9 + second % 5 / 100, 3.95 + second % 5 / 100)
        try:
            if second % 7 == 0:
                side = (Side.BUY, Side.SELL)[chance.below(2)]
                limit = (None, "600.00", "1.00")[chance.below(3)]
                intent = here.intent(
                    side, 1 + chance.below(9), kinds[chance.below(3)], limit, lives_s=5 + chance.below(60)
                )
                await here.router.place(intent)
                sent.add(intent.id)
            elif second % 11 == 0 and sent:
                await here.router.cancel(sorted(sent)[chance.below(len(sent))])
            elif second % 13 == 0 and sent:
                await here.router.amend(sorted(sent)[chance.below(len(sent))], Limit("600.50"))
        except (NotReady, Refused):
            pass
        await asyncio.sleep(1)
    return sent


@pytest.mark.parametrize("seed", range(8))
async def test_after_any_mishaps_what_was_told_is_what_happened(seed: int) -> None:
    chance = Chance(seed)
    async with floor(*schedule(chance)) as here:
        sent = await trade(here, chance)
        await asyncio.sleep(200)  # all lifetimes are over, every pull was made
        await here.until(lambda: here.broker.link.link is Link.READY)
        await here.router.open_orders()
        await here.until(lambda: not here.router._orders.doubts)
        await asyncio.sleep(70)

        ids = [fill.exec_id for fill in here.fills()]
        assert len(ids) == len(set(ids))
        newest = {fill.key: fill for fill in here.fills()}  # a correction takes the place of what it corrects
        held: dict[int, Decimal] = defaultdict(Decimal)
        for fill in newest.values():
            held[fill.instrument.con_id] += fill.signed_quantity
        told = {each.holding.instrument.con_id: each.holding.quantity for each in await here.broker.account.holdings()}
        assert {con_id: quantity for con_id, quantity in held.items() if quantity} == told
        assert {bill.key for bill in here.bills()} == set(newest)
        assert len(here.bills()) == len({bill.exec_id for bill in here.bills()})

        really = {order.perm_id: order for order in (*here.engine.open_orders(ME), *here.engine.completed_orders(ME))}
        for intent in sent:
            last = {report.perm_id: report for report in here.reports(intent)}
            if len(last) > 1:
                last.pop(0, None)  # it was named later
            for perm_id, report in last.items():
                order = really.get(perm_id)
                if not perm_id:  # no record names it: dead where the broker said so, else nobody can know
                    assert report.standing in DEAD | {Standing.UNKNOWN}, report
                    continue
                # One that was changed on the way to live for the day, and whose cancel was lost, lives on.
                assert (report.standing in DEAD) == (order is None or not order.alive), report
                if order is not None:
                    assert report.filled == order.filled, report
                    assert (report.standing is Standing.FILLED) == (order.left == 0), report
