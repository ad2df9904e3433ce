"""What an order may tie up at worst."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from bookkeeping import CALL, NOON, PUT, SPY, option

from gamma_scalper.domain.instruments import Combo, Leg, Tradable
from gamma_scalper.domain.money import Money
from gamma_scalper.domain.orders import Limit, Market, Pricing, Purpose, Side
from gamma_scalper.domain.proposals import Proposal
from gamma_scalper.domain.quotes import Quote
from gamma_scalper.portfolio.worst_cost import CostParameters, worst_cost

FEES = Money(Decimal(1))
QUOTE = Quote(con_id=SPY.con_id, snapshot_id=1, bid=599.0, ask=600.0, received_at=NOON)
ONE_SIDED = Quote(con_id=SPY.con_id, snapshot_id=1, bid=599.0, ask=None, received_at=NOON)
STRADDLE = Combo((Leg(CALL, 1), Leg(PUT, 1)))
CONDOR = Combo(
    (
        Leg(option(1, "P", "550"), 1),
        Leg(option(2, "P", "560"), -1),
        Leg(option(3, "C", "640"), -1),
        Leg(option(4, "C", "655"), 1),
    )
)
MARCH = {"expiry": date(2026, 3, 20), "expires_at": datetime(2026, 3, 20, 20, 15, tzinfo=UTC)}


def cost(
    instrument: Tradable,
    quantity: int,
    price: str | None,
    *,
    held: dict[int, int] | None = None,
    quote: Quote | None = None,
) -> Decimal | None:
    """Of buying so many, selling where negative, at a limit or else at the market; the dollar of fees is left out."""
    pricing: Pricing = Market() if price is None else Limit(Decimal(price))
    proposal = Proposal(
        purpose=Purpose.ENTRY,
        instrument=instrument,
        side=Side.BUY if quantity > 0 else Side.SELL,
        quantity=abs(quantity),
        pricing=pricing,
        patience_s=5,
        snapshot_ids=(1,),
        reason="a test",
    )
    before = {con_id: Decimal(many) for con_id, many in (held or {}).items()}
    worst = worst_cost(proposal, quote, before, FEES, CostParameters())
    return None if worst is None else (worst - FEES).amount


@pytest.mark.parametrize(
    ("instrument", "quantity", "price", "expected"),
    [
        (SPY, 10, "600", "6000"),
        (CALL, 2, "5.10", "1020"),
        (STRADDLE, 2, "11.50", "2300"),
        (SPY, -10, "600", "3000"),
        (PUT, -1, "5", "59500"),
    ],
    ids=["shares", "options", "straddle", "short shares", "a short put"],
)
def test_opening_costs_the_price_or_what_may_be_lost(
    instrument: Tradable, quantity: int, price: str, expected: str
) -> None:
    assert cost(instrument, quantity, price) == Decimal(expected)


def test_a_market_order_is_reckoned_above_the_ask() -> None:
    assert cost(SPY, 10, None, quote=QUOTE) == Decimal(6_120)


@pytest.mark.parametrize("quote", [None, ONE_SIDED], ids=["no quote", "no ask"])
@pytest.mark.parametrize("quantity", [10, -10])
def test_without_an_ask_a_market_order_s_cost_can_t_be_said(quote: Quote | None, quantity: int) -> None:
    assert cost(SPY, quantity, None, quote=quote) is None


@pytest.mark.parametrize(("instrument", "price"), [(SPY, "600"), (CALL, "5"), (CALL, None)])
def test_selling_what_is_held_costs_the_fees_alone(instrument: Tradable, price: str | None) -> None:
    assert cost(instrument, -3, price, held={SPY.con_id: 3, CALL.con_id: 4}) == 0


def test_only_what_goes_beyond_the_holding_is_sold_short() -> None:
    assert cost(SPY, -10, "600", held={SPY.con_id: 4}) == Decimal(1_800)


def test_more_of_what_is_short_ties_up_the_new_shares_alone() -> None:
    assert cost(SPY, -10, "600", held={SPY.con_id: -50}) == Decimal(3_000)


def test_buying_back_costs_its_price() -> None:
    assert cost(SPY, 10, "600", held={SPY.con_id: -10}) == Decimal(6_000)
    assert cost(CALL, 1, "5", held={CALL.con_id: -1}) == Decimal(500)


def test_a_condor_ties_up_its_wider_wing_less_the_credit() -> None:
    assert cost(CONDOR, 2, "-1.50") == Decimal(2 * (1_500 - 150))


def test_a_condor_turned_round_costs_what_is_paid_for_it() -> None:
    assert cost(CONDOR, -2, "-1.50") == Decimal(300)


def test_closing_a_held_straddle_costs_the_fees_alone() -> None:
    assert cost(STRADDLE, -1, "12", held={CALL.con_id: 1, PUT.con_id: 1}) == 0


def test_closing_a_combo_that_must_be_paid_for_costs_what_is_paid() -> None:
    assert cost(CONDOR, -1, "-1.50", held={1: 1, 2: -1, 3: -1, 4: 1}) == Decimal(150)


def test_there_is_no_end_to_what_a_bare_call_may_lose() -> None:
    assert cost(CALL, -1, "5") is None
    assert cost(STRADDLE, -1, "12") is None


def test_a_put_sold_against_one_that_ends_earlier_is_secured_on_its_own() -> None:
    near, far = option(1, "P", "600"), option(2, "P", "600", **MARCH)
    assert cost(Combo((Leg(near, 1), Leg(far, -1))), 1, "-2") == Decimal(60_000 - 200)


def test_a_call_sold_with_its_shares_is_covered() -> None:
    covered = Combo((Leg(SPY, 100), Leg(CALL, -1)))
    assert cost(covered, 1, "595") == Decimal(59_500)
