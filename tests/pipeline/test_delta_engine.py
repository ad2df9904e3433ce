"""Pictures: the legs' figures as the model gives them, the deltas they come to, and what makes one unusable."""

import asyncio
from datetime import date, timedelta
from decimal import Decimal

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from ring_parts import (
    BOOK,
    CALL,
    EXPIRES,
    MODEL,
    NOON,
    PRICING,
    PUT,
    SPY,
    STRADDLE,
    broker_greeks,
    inputs,
    market,
    option,
    position,
    priced,
    quote,
    working,
)

from gamma_scalper.domain.exits import UserError
from gamma_scalper.domain.instruments import Combo, Leg, Stock
from gamma_scalper.domain.orders import PartlyFilled, Side, Unknown
from gamma_scalper.kernel import Channel, Conflate, LoopClock, Unbounded, together
from gamma_scalper.pipeline.delta_engine import DeltaEngine
from gamma_scalper.pipeline.messages import DeltaUpdate, Reason, Trigger, merged
from gamma_scalper.pipeline.picturing import Strike, picture
from gamma_scalper.pricing import MarketInputs, NoValidTree, OptionTerms
from gamma_scalper.pricing.leg_volatility import LegVolatility
from gamma_scalper.pricing.parameters import PricingParameters

LONG = position((CALL, 1), (PUT, 1))
EMPTY = position()


def drawn(market_, position_=LONG, *, now=NOON, model=MODEL, pricing=PRICING, remembered=()):
    return picture(model, pricing, market_, position_, now, dict(remembered))


def shown(*what, **more):
    return drawn(*what, **more)[0]


def greeks(leg, spot, vol, now=NOON):
    return MODEL.greeks(OptionTerms(leg.right, float(leg.strike)), inputs(spot, now, leg.expires_at), vol)


# -- figures -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("spot", [585.0, 600.0, 612.5])
def test_a_straddle_s_figures_are_the_model_s_at_the_quoted_volatility(spot):
    found = shown(market(spot, 0.17))
    for leg in STRADDLE:
        figures, expected = found.leg(leg.con_id), greeks(leg, spot, 0.17)
        assert figures.vol == pytest.approx(0.17, abs=1e-6)
        assert figures.greeks.delta == pytest.approx(expected.delta, abs=1e-6)
        assert figures.greeks.gamma == pytest.approx(expected.gamma, rel=1e-5)
        assert figures.greeks.theta_per_day == pytest.approx(expected.theta_per_day, rel=1e-5)
    call, put = greeks(CALL, spot, 0.17), greeks(PUT, spot, 0.17)
    assert found.options.price == pytest.approx(100 * (call.price + put.price), rel=1e-6)
    assert found.options.gamma == pytest.approx(100 * (call.gamma + put.gamma), rel=1e-5)
    assert found.options.theta_per_day == pytest.approx(100 * (call.theta_per_day + put.theta_per_day), rel=1e-5)
    assert found.options.vega == pytest.approx(100 * (call.vega + put.vega), rel=1e-4)
    assert found.filled == found.projected == pytest.approx(100 * (call.delta + put.delta), abs=1e-3)


def test_shares_count_one_each_and_only_those_of_the_underlying():
    held = position((CALL, 1), (PUT, 1), (SPY, -7), (Stock(con_id=99, symbol="SPUN"), 50))
    assert shown(market(), held).filled == pytest.approx(shown(market()).filled - 7)


def test_short_options_count_the_other_way():
    long, short = shown(market()), shown(market(), position((CALL, -1), (PUT, -1)))
    assert (short.filled, short.options.gamma) == pytest.approx((-long.filled, -long.options.gamma))


@given(st.integers(1, 20), st.integers(-500, 500), st.floats(570, 630))
def test_so_many_straddles_are_so_many_times_one(lots, shares, spot):
    told = market(spot)
    one = shown(told)
    held = [(CALL, lots), (PUT, lots)] + [(SPY, shares)] * bool(shares)
    found = shown(told, position(*held))
    assert found.filled == pytest.approx(lots * one.filled + shares)
    assert found.options.gamma == pytest.approx(lots * one.options.gamma)
    assert found.options.vega == pytest.approx(lots * one.options.vega)


def test_the_contract_s_own_multiplier_counts():
    mini = option(13, "C", multiplier=10)
    held = position((mini, 1))
    assert shown(market(options=(mini,)), held).filled == pytest.approx(10 * greeks(mini, 600, 0.15).delta, abs=1e-3)


def test_each_strike_and_expiry_has_a_volatility_of_its_own():
    later = option(13, "C", expiry=date(2026, 3, 20), expires_at=EXPIRES + timedelta(days=28))
    higher = option(14, "C", strike="620")
    quotes = {13: priced(later, 600, 0.18), 14: priced(higher, 600, 0.13)}
    found = shown(market(vol=0.15, options=(*STRADDLE, later, higher), quotes=quotes))
    vols = [found.leg(con_id).vol for con_id in (11, 12, 13, 14)]
    assert vols == pytest.approx([0.15, 0.15, 0.18, 0.13], abs=1e-6)


def test_a_dividend_in_an_option_s_life_is_priced_and_one_beyond_is_not():
    near, far = date(2026, 2, 6), date(2026, 3, 20)
    plain = shown(market())
    due = shown(market(), pricing=PricingParameters(model="lattice", dividends=f"{near} 2.50"))
    beyond = shown(market(), pricing=PricingParameters(model="lattice", dividends=f"{far} 2.50"))
    assert abs(due.filled - plain.filled) > 1
    assert beyond.filled == pytest.approx(plain.filled)


def test_the_rate_is_the_curve_s_at_the_expiry():
    curve = PricingParameters(model="lattice", rates_pct="1m 1.0, 1y 9.0")
    low = PricingParameters(model="lattice", rates_pct=str(100 * curve.curve.rate(inputs(600, NOON).years)))
    assert shown(market(), pricing=curve).filled == pytest.approx(shown(market(), pricing=low).filled, abs=1e-6)
    assert abs(shown(market(), pricing=curve).filled - shown(market()).filled) > 0.1


def test_the_broker_s_figures_stand_beside_ours():
    found = shown(market(brokers=((CALL.con_id, broker_greeks(0.61)),)))
    assert (found.leg(CALL.con_id).broker, found.leg(PUT.con_id).broker) == (broker_greeks(0.61), None)


def test_expired_options_are_worth_their_exercise_value_and_nothing_else():
    found = shown(market(610.0, now=EXPIRES), now=EXPIRES + timedelta(seconds=1))
    assert (found.options.price, found.filled, found.options.gamma) == (pytest.approx(1000), 100, 0)
    assert [leg.vol for leg in found.legs] == [None, None]


# -- what is working ---------------------------------------------------------------------------------------------------


def test_orders_count_by_what_is_left_of_them():
    sold = working(SPY, Side.SELL, 40, 1, state=PartlyFilled(), filled=Decimal(15))
    doubtful = working(SPY, Side.BUY, 10, 2, state=Unknown("who knows"))
    found = shown(market(), position((CALL, 1), (PUT, 1), (SPY, -15), live=[sold, doubtful]))
    assert found.projected == pytest.approx(found.filled - 25 + 10)


def test_working_options_count_by_their_deltas_although_nobody_holds_them():
    found = shown(market(options=()), position(live=[working(CALL, Side.BUY, 3)]), remembered=())
    assert found.unusable, "no quote of it, and it may fill: there is no delta to be known"
    found = shown(market(), position(live=[working(CALL, Side.BUY, 3)]))
    assert (found.filled, found.projected) == (0, pytest.approx(300 * greeks(CALL, 600, 0.15).delta, abs=1e-2))


def test_combos_count_by_their_legs():
    straddle = Combo([Leg(CALL, 1), Leg(PUT, 1)])
    covered = Combo([Leg(CALL, 1), Leg(SPY, -100)])
    ratio = Combo([Leg(CALL, 1), Leg(PUT, -2)])
    one = shown(market())
    found = shown(market(), position((CALL, 1), (PUT, 1), live=[working(straddle, Side.BUY, 2)]))
    assert found.projected == pytest.approx(3 * one.filled)
    found = shown(market(), position(live=[working(ratio, Side.SELL, 3)]))
    call, put = (greeks(leg, 600, 0.15).delta for leg in STRADDLE)
    assert found.projected == pytest.approx(-300 * (call - 2 * put), abs=1e-2)
    found = shown(market(), position(live=[working(covered, Side.SELL, 1)]))
    assert found.projected == pytest.approx(-100 * greeks(CALL, 600, 0.15).delta + 100, abs=1e-2)


# -- a bad market ------------------------------------------------------------------------------------------------------


def one_sided(leg, now=NOON):
    return quote(leg, None, 80.0, now)


def test_a_crash_in_which_nobody_bids_leaves_the_picture_usable_and_the_delta_near_the_truth():
    before, remembered = drawn(market(600.0, 0.15))
    now = NOON + timedelta(minutes=5)
    spot = 540.0
    falling = market(spot, now=now, quotes={leg.con_id: one_sided(leg, now) for leg in STRADDLE})
    found, remembered = drawn(falling, now=now, remembered=remembered)
    assert not found.unusable
    assert all(leg.carried for leg in found.legs)
    assert found.filled == pytest.approx(100 * sum(greeks(leg, spot, 0.15, now).delta for leg in STRADDLE), abs=0.01)
    assert found.filled < -90 < before.filled
    late = now + timedelta(seconds=PRICING.volatility_max_age_s)
    found, _ = drawn(evolve(falling, at=late), now=late, remembered=remembered)
    assert "has no price" in found.unusable, "carrying does not make a volatility younger"


def test_one_leg_that_is_still_quoted_tells_for_both():
    found = shown(market(540.0, 0.35, quotes={PUT.con_id: one_sided(PUT)}))
    assert not found.unusable
    assert [leg.vol for leg in found.legs] == pytest.approx([0.35, 0.35], abs=1e-4)


UNKNOWN = {
    "no quotes yet": (None, LONG),
    "no position yet": (market(), None),
    "nobody makes a market in the underlying": (market(quotes={SPY.con_id: quote(SPY, None, 600.01)}), LONG),
    "SPY 2026-02-20 600 C has no price: nothing tells its volatility": (
        market(quotes={leg.con_id: None for leg in STRADDLE}),
        LONG,
    ),
}


@pytest.mark.parametrize("why", UNKNOWN)
def test_what_is_not_known_never_looks_flat(why):
    found = shown(*UNKNOWN[why])
    assert found.unusable == why
    assert (found.filled, found.projected, found.options, found.legs) == (None, None, None, ())


def test_flat_is_what_an_empty_book_is():
    found = shown(market(), EMPTY)
    assert (found.unusable, found.filled, found.projected) == ("", 0, 0)
    assert [leg.option for leg in found.legs] == list(STRADDLE), "and what it wants has its figures"


def test_a_leg_that_is_merely_wanted_and_has_no_price_is_left_out():
    other = option(13, "C", strike="650")
    found = shown(market(options=(*STRADDLE, other), quotes={13: quote(13, None, None)}))
    assert not found.unusable
    assert found.leg(13) is None


def test_a_held_leg_that_is_not_looked_at_can_still_be_priced_by_the_other_of_its_strike():
    found = shown(market(options=(CALL,)), position((PUT, 1)))
    assert found.filled == pytest.approx(100 * greeks(PUT, 600, 0.15).delta, abs=1e-2)


class Treeless:
    """A model that can solve and not price, as a tree at a tiny volatility."""

    def price(self, terms: OptionTerms, inputs: MarketInputs, vol: float) -> float:
        raise NoValidTree("no tree")

    def greeks(self, terms: OptionTerms, inputs: MarketInputs, vol: float):
        raise NoValidTree("vol 0.001: no valid probabilities")

    def implied_vol(self, terms, inputs, price, guess=None):
        return 0.001


def test_a_failure_to_price_is_an_unusable_picture_with_its_reason():
    found = shown(market(), model=Treeless())
    assert found.unusable == "SPY 2026-02-20 600 C has no price: vol 0.001: no valid probabilities"
    assert found.projected is None
    assert not shown(market(), EMPTY, model=Treeless()).unusable, "nobody needs it"


def test_a_volatility_is_the_start_of_the_next_search_and_forgotten_with_its_strike():
    asked = []

    class Asked(type(MODEL)):
        def implied_vol(self, terms, inputs, price, guess=None):
            asked.append(guess)
            return super().implied_vol(terms, inputs, price, guess)

    _, remembered = drawn(market(vol=0.2), model=Asked())
    assert set(remembered) == {Strike(600.0, EXPIRES, "american", "SPY")}
    drawn(market(vol=0.2), model=Asked(), remembered=remembered)
    assert asked == [None, pytest.approx(0.2)]
    _, remembered = drawn(market(options=()), EMPTY, remembered=remembered)
    assert remembered == {}


def test_a_strike_that_can_not_be_priced_makes_no_other_forget_its_volatility():
    later = option(13, "C", expiry=date(2026, 3, 20), expires_at=EXPIRES + timedelta(days=28))
    held, options = position((CALL, 1), (later, 1)), (*STRADDLE, later)
    _, remembered = drawn(market(options=options), held)
    dark = market(options=options, quotes={each.con_id: None for each in options})
    young = {strike: vol for strike, vol in remembered.items() if strike.expires_at != EXPIRES}
    found, remembered = drawn(dark, held, remembered=young)
    assert found.unusable.startswith("SPY 2026-02-20")
    assert remembered == young


def test_contracts_of_another_class_tell_a_volatility_of_their_own():
    adjusted = option(13, "C", trading_class="SPY1")
    found = shown(market(vol=0.15, options=(*STRADDLE, adjusted), quotes={13: priced(adjusted, 600, 0.25)}))
    assert [found.leg(con_id).vol for con_id in (11, 13)] == pytest.approx([0.15, 0.25], abs=1e-6)


def test_what_is_remembered_is_never_changed_in_place():
    before = {Strike(600.0, EXPIRES, "american", "SPY"): LegVolatility(0.3, "C", NOON)}
    kept = dict(before)
    drawn(market(), remembered=before)
    assert before == kept


# -- the stage ---------------------------------------------------------------------------------------------------------


async def updates(*triggers, pricing=PRICING, conflated=False):
    """What the engine makes of these, one by one or all at once."""
    clock = LoopClock(asyncio.get_running_loop(), NOON)
    inbox: Channel[Trigger] = Channel("triggers", Conflate(merged) if conflated else Unbounded(100, print))
    deltas: Channel[DeltaUpdate] = Channel("deltas", Unbounded(100, print))
    engine = DeltaEngine(BOOK, inbox, deltas, clock, pricing)

    async def push():
        for trigger in triggers:
            inbox.put_nowait(trigger)
        await clock.sleep(1)

    await together(works=engine.run(), pushes=push())
    return [deltas.get_nowait() for _ in range(deltas.qsize())]


def trigger(*reasons, seq=1, **carried):
    return Trigger(book=BOOK, seq=seq, reasons=reasons, **carried)


async def test_what_a_trigger_does_not_carry_has_not_changed():
    found = await updates(
        trigger(Reason.HEARTBEAT, market=market()),
        trigger(Reason.ORDER, position=LONG),
        trigger(Reason.PRICE_MOVE, market=market(610.0)),
        trigger(Reason.FILL, position=position((CALL, 1), (PUT, 1), (SPY, -20))),
        trigger(Reason.CONTROL),
    )
    assert [update.reasons[0] for update in found] == [
        Reason.HEARTBEAT, Reason.ORDER, Reason.PRICE_MOVE, Reason.FILL, Reason.CONTROL,
    ]  # fmt: skip
    assert [update.seq for update in found] == [1, 2, 3, 4, 5]
    first, *usable = [update.picture for update in found]
    assert first.unusable == "no position yet"
    assert [bool(each.unusable) for each in usable] == [False] * 4
    assert usable[2].filled == pytest.approx(usable[1].filled - 20)
    assert usable[3].filled == pytest.approx(usable[2].filled)


async def test_an_unusable_update_still_carries_its_acknowledgements():
    (found,) = await updates(
        trigger(Reason.ORDER, position=LONG), trigger(Reason.HEARTBEAT), trigger(Reason.FILL), conflated=True
    )
    assert found.picture.unusable == "no quotes yet"
    assert found.reasons == (Reason.HEARTBEAT, Reason.FILL, Reason.ORDER)


async def test_a_burst_is_one_picture_of_the_newest_market():
    prices = [600.0 + i for i in range(20)]
    burst = [trigger(Reason.PRICE_MOVE, seq=i + 1, market=market(price)) for i, price in enumerate(prices)]
    (found,) = await updates(trigger(Reason.ORDER, position=LONG), *burst, conflated=True)
    assert found.picture.market.of(SPY.con_id).mid == pytest.approx(619.0)
    assert Reason.ORDER in found.reasons


async def test_after_a_failure_the_next_market_is_priced_again():
    good, bad = market(), market(quotes={leg.con_id: None for leg in STRADDLE})
    found = await updates(
        trigger(Reason.ORDER, position=LONG, market=bad), trigger(Reason.HEARTBEAT, market=good),
    )  # fmt: skip
    assert [bool(update.picture.unusable) for update in found] == [True, False]


async def test_a_model_that_can_not_price_the_options_makes_unusable_pictures_and_lives_on():
    closed = PricingParameters(model="black_scholes")
    found = await updates(
        trigger(Reason.ORDER, position=LONG, market=market()), trigger(Reason.HEARTBEAT), pricing=closed
    )
    assert [update.picture.unusable for update in found] == [
        "SPY 2026-02-20 600 C has no price: exercise: BlackScholes prices European options only; use QuantLibCRR or "
        "Lattice"
    ] * 2


async def test_an_engine_is_not_made_of_a_model_that_would_not_see_a_dividend():
    blind = PricingParameters(model="lattice", dividends="2026-02-06 1.80")
    object.__setattr__(blind, "model", "quantlib_crr")  # as a file that was read by other rules might say
    with pytest.raises(UserError, match=r"book spy.*1.8 per share.*set pricing.model = 'lattice'"):
        await updates(pricing=blind)


async def test_quantlib_s_tree_and_ours_tell_one_delta():
    told = trigger(Reason.ORDER, position=LONG, market=market())
    (ours,), (theirs,) = await updates(told), await updates(told, pricing=PricingParameters())
    assert theirs.picture.filled == pytest.approx(ours.picture.filled, abs=0.2)
