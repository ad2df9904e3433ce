"""Orders, fills and pictures that contradict themselves can't be written down."""

import pickle
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from trade import NOON, SPY, fill, intent, option, quote

from gamma_scalper.domain.fills import Commission, InferredFill, execution_key, revision
from gamma_scalper.domain.instruments import Combo, Index, Leg
from gamma_scalper.domain.journal_ports import Command
from gamma_scalper.domain.money import Money
from gamma_scalper.domain.orders import (
    Cancelled,
    Expired,
    Filled,
    GoodTill,
    ImmediateOrCancel,
    IntentId,
    Journaled,
    Limit,
    Market,
    Order,
    PartlyFilled,
    Planned,
    Rejected,
    Sent,
    Side,
    Unknown,
    Working,
)
from gamma_scalper.domain.ports import OrderReport, Standing
from gamma_scalper.domain.snapshots import Holding, MarketSnapshot, PositionSnapshot

STATES = [Planned(), Journaled(), Sent(NOON), Working(), PartlyFilled(), Unknown("no answer"), Filled(), Cancelled(),
          Rejected(201, "no money"), Expired()]  # fmt: skip


@given(st.from_regex(r"[a-z0-9_-]+", fullmatch=True), st.integers(1, 10**18 - 1))
def test_an_intent_id_comes_back_from_its_order_ref(book, number):
    assert IntentId.parse(str(IntentId(book, number))) == IntentId(book, number)


@pytest.mark.parametrize(
    "order_ref", ["", "manual", "spy/", "/7", "spy/x", "spy/-1", "spy/0", "spy/07", "spy/٣", "spy/1.5", "SPY/1",
                  "a/b/1", "spy/" + "9" * 5_000],
)  # fmt: skip
def test_an_order_ref_that_is_not_ours_is_nobody_s_intent(order_ref):
    assert IntentId.parse(order_ref) is None


@pytest.mark.parametrize(
    "wrong",
    [{"quantity": 0}, {"quantity": -5}, {"account": ""}, {"reason": ""}, {"snapshot_ids": ()},
     {"side": "buy"}, {"purpose": "hedge"}, {"pricing": 5}, {"lifetime": None}, {"id": None}, {"quantity": "1e400"},
     {"instrument": Index(con_id=1, symbol="SPX")}, {"instrument": option(), "quantity": "0.5"}, {"snapshot_ids": "12"},
     {"pricing": Limit(Decimal(0))}, {"pricing": Limit(Decimal(-1))}],
)  # fmt: skip
def test_an_intent_without_account_reason_quote_or_sense_is_refused(wrong):
    with pytest.raises((ValueError, TypeError)):
        intent(**wrong)


def test_an_account_is_in_no_repr():
    assert "DU1" not in repr(intent()) + repr(fill()) + repr(Order(intent()))


@pytest.mark.parametrize("number", [0, -1, 1.5, True])
def test_intents_are_counted_from_one(number):
    with pytest.raises(ValueError):
        IntentId("spy", number)


@pytest.mark.parametrize("state", ["Working", Working, None])
def test_what_is_no_state_is_no_state_and_never_looks_dead(state):
    with pytest.raises(TypeError):
        Order(intent(), state)


def test_a_float_never_becomes_a_quantity_or_a_price():
    with pytest.raises(TypeError):
        intent(quantity=20.0)
    with pytest.raises(TypeError):
        intent(quantity=True)
    with pytest.raises(TypeError):
        Limit(599.99)


def test_a_combo_may_be_bought_for_less_than_nothing():
    condor = Combo([Leg(option(), -1), Leg(option(con_id=2, strike=610), 1)])
    assert intent(instrument=condor, pricing=Limit(Decimal("-1.20"))).pricing == Limit(Decimal("-1.20"))
    assert intent(pricing=Market(), lifetime=ImmediateOrCancel())


def test_an_order_s_end_is_a_moment_with_a_zone():
    with pytest.raises(ValueError):
        GoodTill(datetime(2026, 1, 5))


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("filled", [0, 1, 19, 20, 21])
def test_an_order_s_state_and_its_filled_quantity_agree(state, filled):
    legal = {
        PartlyFilled: 0 < filled < 20,
        Filled: filled == 20,
        **dict.fromkeys((Planned, Journaled, Sent, Working), filled == 0),
        **dict.fromkeys((Cancelled, Rejected, Expired), filled < 20),
    }.get(type(state), filled <= 20)
    if not legal:
        with pytest.raises(ValueError):
            Order(intent(), state, filled)
        return
    order = Order(intent(), state, filled)
    assert order.alive == isinstance(state, Planned | Journaled | Sent | Working | PartlyFilled | Unknown)
    assert order.remaining == (20 - filled if order.alive else 0)
    assert order.signed_remaining == -order.remaining


def test_one_intent_may_own_several_perm_ids_in_one_order():
    assert Order(intent(), Working(), perm_ids=[9, 4, 9]).perm_ids == (4, 9)
    with pytest.raises(ValueError):
        Order(intent(), Working(), perm_ids=[0])


# -- fills -------------------------------------------------------------------------------------------------------------


def test_a_correction_has_the_key_of_the_execution_it_corrects():
    assert fill(exec_id="0000e0d5.65a1.01.02").key == fill().key == "0000e0d5.65a1.01"
    assert Commission("0000e0d5.65a1.01.02", Money(Decimal(1))).key == fill().key
    for whole in ("plain", "sim.1", "sim.2", "a.b.1", "a.b.c.x"):
        assert fill(exec_id=whole).key == whole


def test_a_fill_moves_position_and_cash_in_opposite_directions():
    assert fill().signed_quantity == -20
    assert fill().cash == Money(Decimal("11999.80"))
    bought = fill(instrument=option(), side=Side.BUY, quantity=2, price="3.10")
    assert (bought.signed_quantity, bought.cash) == (2, Money(Decimal("-620.00")))


@pytest.mark.parametrize(
    "wrong",
    [{"quantity": 0}, {"price": "-1"}, {"exec_id": ""}, {"account": ""}, {"price": "nan"}, {"side": "buy"},
     {"instrument": option(), "quantity": "0.5"}, {"instrument": Index(con_id=1, symbol="SPX")}],
)  # fmt: skip
def test_an_impossible_fill_is_refused(wrong):
    with pytest.raises((ValueError, TypeError)):
        fill(**wrong)


def test_an_inferred_fill_names_its_evidence_and_who_accepted_it():
    facts = {"id": "spy-5", "intent": None}
    facts |= {"account": "DU1", "instrument": SPY, "side": Side.BUY, "quantity": 5, "price": "600"}
    inferred = InferredFill(**facts, concluded_at=NOON, evidence="position 5, no orders", accepted_by="only one fits")
    assert (inferred.signed_quantity, inferred.cash) == (5, Money(Decimal(-3_000)))
    with pytest.raises(ValueError):
        InferredFill(**{**facts, "price": -5}, concluded_at=NOON, evidence="e", accepted_by="a")
    for missing in ("evidence", "accepted_by"):
        with pytest.raises(ValueError):
            InferredFill(**facts, concluded_at=NOON, **{"evidence": "e", "accepted_by": "a", missing: ""})


def test_a_bill_belongs_to_an_execution():
    assert Commission("e.1", Money(Decimal("0.35"))).amount.currency == "USD"
    with pytest.raises(ValueError):
        Commission("", Money(Decimal(0)))


# -- snapshots ---------------------------------------------------------------------------------------------------------


def test_a_market_snapshot_holds_one_consistent_picture():
    spy, call = quote(), quote(con_id=1001, bid=3.0, ask=3.1)
    picture = MarketSnapshot(NOON, SPY.con_id, [spy, call])
    assert (picture.of(1001), picture.of(SPY.con_id), picture.of(5)) == (call, spy, None)
    assert pickle.loads(pickle.dumps(picture)) == picture
    assert hash(picture) == hash(MarketSnapshot(NOON, SPY.con_id, (spy, call)))


@pytest.mark.parametrize(
    "quotes", [[], [quote(con_id=5)], [quote(), quote(snapshot_id=2)], [quote(received_at=NOON + timedelta(seconds=1))]]
)
def test_a_market_snapshot_that_contradicts_itself_is_refused(quotes):
    with pytest.raises(ValueError):
        MarketSnapshot(NOON, SPY.con_id, quotes)


def test_a_position_snapshot_knows_what_is_held_and_what_lives():
    alive = Order(intent(id=IntentId("spy", 4)), Working())
    position = PositionSnapshot([Holding(SPY, -40)], [alive], settled_through=3)
    assert position.quantity(SPY.con_id) == -40
    assert position.quantity(1) == 0
    assert position.live == (alive,)


@pytest.mark.parametrize(
    ("holdings", "live", "settled_through"),
    [
        ([Holding(SPY, 1), Holding(SPY, 2)], [], 0),
        ([], [Order(intent(), Cancelled())], 0),
        ([], [Order(intent(), Working())], 1),
        ([], [Order(intent(), Working())] * 2, 0),
        ([], [Order(intent(), Working()), Order(intent(id=IntentId("nvda", 1)), Working())], 0),
        ([], [], -1),
        ([], [], 1.5),
    ],
)
def test_a_position_snapshot_that_contradicts_itself_is_refused(holdings, live, settled_through):
    with pytest.raises(ValueError):
        PositionSnapshot(holdings, live, settled_through)


def test_a_holding_of_nothing_is_refused():
    with pytest.raises(ValueError):
        Holding(SPY, 0)
    with pytest.raises(ValueError):
        Holding(option(), "0.5")
    assert Holding(SPY, "0.5").quantity == Decimal("0.5")


def test_what_crosses_a_port_has_a_moment_with_a_zone():
    naive = datetime(2026, 1, 5)
    for make in (
        lambda at: Command(1, "pause", "ada", at),
        lambda at: OrderReport(at=at, order_ref="", perm_id=1, standing=Standing.WORKING, filled=0, remaining=1),
    ):
        assert make(NOON).at == NOON
        with pytest.raises(ValueError):
            make(naive)


@pytest.mark.parametrize(
    ("exec_id", "key", "version"),
    [("0001.02.03.01", "0001.02.03", 1), ("0001.02.03.12", "0001.02.03", 12), ("1.0001.02.03.02", "1.0001.02.03", 2),
     ("", "", 0), ("7", "7", 0), ("01.02.03", "01.02.03", 0), ("01.02.03.x", "01.02.03.x", 0),
     ("01.02.03.", "01.02.03.", 0), ("01.02.03.\u0663", "01.02.03.\u0663", 0), ("01.02.03.-1", "01.02.03.-1", 0),
     ("01.02.03." + "9" * 5_000, "01.02.03." + "9" * 5_000, 0), ("." * 50_000, "." * 50_000, 0)],
)  # fmt: skip
def test_an_execution_has_a_key_and_a_version_whatever_the_broker_calls_it(exec_id, key, version):
    assert (execution_key(exec_id), revision(exec_id)) == (key, version)
