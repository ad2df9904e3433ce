"""The pure parts: what an order gets from the quotes, and double entry."""

from datetime import UTC, datetime
from decimal import Decimal

from attrs import evolve
from hypothesis import assume, given
from hypothesis import strategies as st

from gamma_scalper.domain.instruments import PENNY_NICKEL_TICKS, PENNY_TICKS
from gamma_scalper.domain.orders import Side
from gamma_scalper.domain.quotes import Quote
from gamma_scalper.exchange.accounts import Accounts
from gamma_scalper.exchange.matching import LegQuote, chance, combo_takes, net_price, rests, takes
from gamma_scalper.exchange.parameters import FRICTIONLESS, HARSH, VenueParameters

sides = st.sampled_from(Side)
venues = st.builds(
    VenueParameters,
    slippage_bps=st.floats(0, 50),
    participation_pct=st.floats(1, 100),
    partial_fill_pct=st.floats(0, 100),
    levels=st.integers(1, 5),
)
cents = st.integers(1, 100_000)


@st.composite
def quotes(draw) -> Quote:
    bid, spread = draw(cents), draw(st.integers(0, 50))
    sizes = draw(st.tuples(st.integers(0, 500), st.integers(0, 500)))
    return quote(bid / 100, (bid + spread) / 100, sizes)


def quote(bid: float, ask: float, sizes: tuple[int, int] = (100, 100), con_id: int = 1) -> Quote:
    return Quote(
        con_id=con_id,
        snapshot_id=1,
        bid=bid,
        ask=ask,
        bid_size=sizes[0],
        ask_size=sizes[1],
        received_at=datetime(2026, 1, 5, tzinfo=UTC),
    )


@given(sides, st.integers(1, 2_000), st.none() | cents, quotes(), st.integers(0, 600), venues, st.floats(0, 0.999))
def test_a_taker_gets_no_more_than_is_there_and_never_better_than_the_touch(
    side, wanted, limit, offered, taken, venue, draw
) -> None:
    at = None if limit is None else Decimal(limit) / 100
    found = takes(side, wanted, at, offered, taken, PENNY_TICKS, venue, draw)
    size = int((offered.ask_size if side is Side.BUY else offered.bid_size) * venue.participation_pct / 100)
    touch = Decimal(repr(offered.ask if side is Side.BUY else offered.bid))
    assert sum(each.quantity for each in found) <= min(wanted, max(size * venue.levels - taken, 0))
    for each in found:
        assert each.quantity > 0
        assert (each.price - touch) * side.sign >= 0
        assert at is None or (at - each.price) * side.sign >= 0
        assert PENNY_TICKS.allows(each.price)


@given(sides, st.integers(1, 500), st.integers(1, 500), quotes(), venues)
def test_a_larger_order_fills_at_least_as_much(side, wanted, more, offered, venue) -> None:
    venue = evolve(venue, partial_fill_pct=0)
    small = takes(side, wanted, None, offered, 0, PENNY_TICKS, venue, 1.0)
    large = takes(side, wanted + more, None, offered, 0, PENNY_TICKS, venue, 1.0)
    assert sum(each.quantity for each in large) >= sum(each.quantity for each in small)


@given(sides, st.integers(1, 500), cents, quotes(), st.floats(0, 0.999))
def test_a_resting_order_fills_at_its_limit_and_only_once_the_other_side_is_there(
    side, wanted, limit, offered, draw
) -> None:
    at = Decimal(limit) / 100
    found = rests(side, wanted, at, offered, 0, HARSH, draw)
    reached = offered.ask <= limit / 100 if side is Side.BUY else offered.bid >= limit / 100
    assert all(each.price == at and each.quantity <= wanted for each in found)
    assert reached or not found


@given(
    st.lists(st.tuples(sides, st.integers(1, 3), quotes()), min_size=2, max_size=4), sides, st.integers(1, 50), venues
)
def test_a_combos_legs_add_up_to_its_net_price_and_to_no_more_than_each_has(drawn, side, wanted, venue) -> None:
    venue = evolve(venue, partial_fill_pct=0)
    legs = [LegQuote(of, ratio, offered, 0, PENNY_TICKS) for of, ratio, offered in drawn]
    natural, prices = combo_takes(wanted, None, side, legs, venue, 1.0)
    assume(natural)
    paid = sum(leg.side.sign * leg.ratio * price for leg, price in zip(legs, prices, strict=True))
    assert net_price(side, legs, prices) == side.sign * paid
    for leg in legs:
        size = leg.quote.ask_size if leg.side is Side.BUY else leg.quote.bid_size
        assert natural * leg.ratio <= size
    none, _ = combo_takes(wanted, net_price(side, legs, prices) - side.sign * 100_000, side, legs, venue, 1.0)
    assert none == 0


def test_worse_levels_lie_at_the_instruments_own_steps() -> None:
    found = takes(Side.BUY, 30, None, quote(2.90, 2.98, (10, 10)), 0, PENNY_NICKEL_TICKS, FRICTIONLESS, 1.0)
    assert [each.price for each in found] == [Decimal("2.98"), Decimal("2.99"), Decimal("3.00")]
    found = takes(Side.BUY, 30, None, quote(3.00, 3.05, (10, 10)), 0, PENNY_NICKEL_TICKS, FRICTIONLESS, 1.0)
    assert [each.price for each in found] == [Decimal("3.05"), Decimal("3.10"), Decimal("3.15")]


def test_chance_is_evenly_spread_and_the_same_every_time() -> None:
    drawn = [chance(7, 1, order, quote) for order in range(100) for quote in range(100)]
    assert abs(sum(drawn) / len(drawn) - 0.5) < 4 * (1 / 12 / len(drawn)) ** 0.5
    assert abs(sum(each < 0.2 for each in drawn) / len(drawn) - 0.2) < 0.016
    assert chance(7, 1, 5, 5) == drawn[505]


trades = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(1, 50), cents), max_size=30)


@given(trades)
def test_double_entry_makes_and_loses_nothing_and_realises_what_closing_earned(done) -> None:
    accounts = Accounts()
    names = ["A", "B", "C"]
    for name in names:
        accounts.open(name)
    for buyer, seller, quantity, price in done:
        if buyer != seller:
            accounts.trade(names[buyer], names[seller], 1, Decimal(quantity), Decimal(quantity * price) / 100)
    parties = list(accounts.all())
    assert sum(each.cash for each in parties) == sum(each.quantity(1) for each in parties) == 0
    for name in names:
        account = accounts[name]
        held = account.held.get(1)
        cost = held.cost if held else Decimal(0)
        # What it has paid is what the rest cost, less what closing the others earned.
        assert abs(-account.cash - (cost - account.realised)) < Decimal("1e-15")
        assert not held or (held.cost > 0) == (held.quantity > 0)


def test_a_position_turned_round_realises_the_old_and_begins_anew_with_the_new() -> None:
    accounts = Accounts()
    accounts.open("A")
    accounts.trade("A", "(street)", 1, Decimal(10), Decimal(1_000))
    _, realised = accounts.trade("(street)", "A", 1, Decimal(15), Decimal(1_650))
    assert realised == 100
    assert (accounts["A"].quantity(1), accounts["A"].held[1].average_cost) == (-5, 110)
