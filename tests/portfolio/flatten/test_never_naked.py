"""Whatever part of whichever orders fills: never naked, never more than held, and flat in the end."""

from decimal import Decimal

from hypothesis import event, given
from hypothesis import strategies as st
from selling import CONTRACTS, NOON, held, ordered, quotes, step, up_and_down

from gamma_scalper.domain.snapshots import Holding
from gamma_scalper.portfolio.steps import Done, Orders

contracts = st.integers(-12, 12)
any_book = st.fixed_dictionaries(
    {
        "shares": st.integers(-1_500, 1_500),
        "call": contracts,
        "put": contracts,
        "high_call": contracts,
        "low_put": contracts,
    }
)
straddles = st.integers(1, 20).flatmap(
    lambda size: st.fixed_dictionaries(
        {"shares": st.integers(-100 * size, 100 * size), "call": st.just(size), "put": st.just(size)}
    )
)


def _holdings(quantities: dict[int, Decimal]) -> tuple[Holding, ...]:
    return tuple(Holding(CONTRACTS[con_id], quantities[con_id]) for con_id in sorted(quantities) if quantities[con_id])


def _check_worst(quantities: dict[int, Decimal], orders: dict[int, Decimal]) -> None:
    """Each sum, when only those orders fill that lower it."""
    before = up_and_down(quantities)
    for side in (0, 1):
        moves = [up_and_down({con_id: change})[side] for con_id, change in orders.items()]
        assert before[side] + sum(move for move in moves if move < 0) >= min(before[side], 0)


def _check_sizes(quantities: dict[int, Decimal], orders: dict[int, Decimal]) -> None:
    for con_id, change in orders.items():
        assert change * quantities[con_id] < 0
        assert abs(change) <= abs(quantities[con_id])


@given(st.one_of(any_book, straddles), st.data())
def test_any_part_of_any_orders_may_fill(sizes: dict[str, int], data: st.DataObject) -> None:
    began = held(**sizes)
    quantities = {each.instrument.con_id: each.quantity for each in began}
    for attempt in range(200):
        planned = step(_holdings(quantities), began_with=began)
        if isinstance(planned, Done):
            event(f"flat after {10 * (attempt // 10)}+")
            return
        assert isinstance(planned, Orders)
        orders = ordered(planned)
        _check_worst(quantities, orders)
        _check_sizes(quantities, orders)
        lucky = attempt >= 3  # some time or other, everything fills
        for con_id, change in orders.items():
            part = Decimal(1) if lucky else Decimal(data.draw(st.integers(0, 4))) / 4
            quantities[con_id] += int(change * part)
    raise AssertionError(f"not flat: {quantities}")


@given(straddles, st.integers(0, 5))
def test_a_hedge_is_never_worth_more_than_its_part_while_options_do_not_fill(sizes: dict[str, int], tries: int) -> None:
    began = held(**sizes)
    quantities = {each.instrument.con_id: each.quantity for each in began}
    for _ in range(tries):
        orders = ordered(step(_holdings(quantities), began_with=began))
        quantities[1] = quantities.get(1, Decimal(0)) + orders.get(1, Decimal(0))
    lost = abs(sizes["shares"]) - abs(quantities.get(1, Decimal(0)))
    assert 0 <= lost <= max(100, 25 * sizes["call"])


@given(straddles)
def test_a_hedge_stays_whole_while_options_have_no_quote(sizes: dict[str, int]) -> None:
    began = held(**sizes)
    planned = step(began, quotes(call=None, put=None))
    assert not isinstance(planned, Orders)


@given(any_book, st.lists(st.sampled_from(["shares", "call", "put", "high_call", "low_put"]), unique=True))
def test_no_missing_quote_makes_a_book_naked(sizes: dict[str, int], missing: list[str]) -> None:
    began = held(**sizes)
    quantities = {each.instrument.con_id: each.quantity for each in began}
    planned = step(began, quotes(NOON, **dict.fromkeys(missing)))
    if isinstance(planned, Orders):
        _check_worst(quantities, ordered(planned))
        _check_sizes(quantities, ordered(planned))
