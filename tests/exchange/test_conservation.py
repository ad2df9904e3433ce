"""Whatever is done to the exchange, money and contracts only change hands."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from trades_at_random import ACCOUNTS, SPY, engine, faults, play, steps

from gamma_scalper.domain.fills import execution_key
from gamma_scalper.exchange.engine import Engine
from gamma_scalper.exchange.events import Charged, Event, Executed, Moved, OrderStatus
from gamma_scalper.exchange.log_lines import number_of
from gamma_scalper.exchange.tickets import Modify


class Limits(Engine):
    """Notes every limit an order was ever given; a modification may still be on its way when it fills."""

    limits: dict[int, list[Decimal | None]]

    def on(self, event, now):
        if isinstance(event, Modify):
            self.limits.setdefault(event.perm_id, []).append(event.ticket.limit)
        said = super().on(event, now)
        for order in self.floor.orders.all():
            self.limits.setdefault(order.perm_id, []).append(order.ticket.limit)
        return said


# A session of random trading costs a tenth of a second; the profile "thorough" plays thousands.
@settings(max_examples=min(settings().max_examples, 30) if settings().max_examples < 1_000 else 3_000)
@given(steps, faults, st.integers(0, 50))
def test_under_any_trading_nights_and_faults_everything_balances(played, struck, seed) -> None:
    made = engine(seed, struck)
    made.__class__, made.limits = Limits, {}
    said = play(made, played)
    nothing_is_made_or_lost(made, said)
    no_fill_goes_beyond_its_order(made.limits, said)
    numbers = [number_of(each) for each in said]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def nothing_is_made_or_lost(made: Engine, said: Sequence[Event]) -> None:
    """Each account is what its executions, bills and silent moves make it, and all accounts together are nothing."""
    told = {execution_key(each.exec_id): each for each in said if isinstance(each, Executed) and each.con_id}
    cash = defaultdict(Decimal, ACCOUNTS)
    held: dict[tuple[str, int], Decimal] = defaultdict(Decimal)
    for each in told.values():  # of a corrected one, the correction
        cash[each.account] -= each.signed_quantity * each.price * (1 if each.con_id == SPY else 100)
        held[each.account, each.con_id] += each.signed_quantity
    for each in said:
        if isinstance(each, Charged):
            cash[each.account] -= each.fees.total
        elif isinstance(each, Moved):
            cash[each.account] += each.cash
            held[each.account, each.con_id] += each.quantity
    for account in made.accounts():
        assert account.cash == cash[account.name]
        assert {con_id: each.quantity for con_id, each in account.held.items()} == {
            con_id: quantity for (name, con_id), quantity in held.items() if name == account.name and quantity
        }
    everybody = made.everybody()
    assert sum(party.cash for party in everybody) == 0
    for con_id in {con_id for party in everybody for con_id in party.held}:
        assert sum(party.quantity(con_id) for party in everybody) == 0


def no_fill_goes_beyond_its_order(limits: dict[int, list[Decimal | None]], said: Sequence[Event]) -> None:
    """Neither its quantity nor its price; and each names the quotes it was made on."""
    filled: Counter[int] = Counter()
    quotes = {number_of(each) for each in said}
    for each in said:
        if isinstance(each, Executed) and each.exec_id.endswith(".01"):
            assert set(each.snapshot_ids) <= quotes and each.snapshot_ids
            if each.con_id is None or not each.combo:
                filled[each.perm_id] += int(each.quantity)
                given = limits.get(each.perm_id, [None])
                assert any(limit is None or (limit - each.price) * each.side.sign >= 0 for limit in given)
        elif isinstance(each, OrderStatus):
            assert each.filled <= filled[each.perm_id] or each.filled == 0
            assert each.remaining >= 0


@pytest.fixture(scope="module")
def busy() -> list[Event]:
    """A long session, to see that the property above is about something."""
    drawn = [
        (what, n, 10 + n * 7 % 90, n % 7 - 3, 1.0 if n % 5 else 3_600.0, n * 7_919)
        for n, what in enumerate(["place", "combo", "place", "exercise", "modify", "place", "cancel"] * 40)
    ]
    return play(engine(3), drawn)


def test_the_random_trading_fills_orders_and_reaches_nights(busy: list[Event]) -> None:
    kinds = Counter(type(each).__name__ for each in busy)
    assert kinds["Executed"] > 30
    assert {each.cause.value for each in busy if isinstance(each, Moved)} >= {"expiry", "interest", "dividend"}
