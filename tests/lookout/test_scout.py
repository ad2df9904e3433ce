"""A look through the chain: what it looks at, within which lines, and what it says when there is nothing to find."""

import asyncio

import pytest
from attrs import evolve
from chain_at_work import (
    CHAIN,
    EXPIRIES,
    LATTICE,
    MONDAY,
    QQQ,
    SPOT,
    SPY,
    SUNDAY,
    VOL,
    World,
    at_work,
    behind_a_gateway,
    option,
    sought,
)

from gamma_scalper.domain.exits import ExitCode, UserError
from gamma_scalper.domain.instruments import Stock
from gamma_scalper.domain.ports import Condition
from gamma_scalper.domain.sessions import years_between
from gamma_scalper.pipeline.quote_board import QuoteBoard
from gamma_scalper.pipeline.scout import Scout
from gamma_scalper.pricing.lattice import Lattice
from gamma_scalper.pricing.model import MarketInputs, OptionTerms


def scout_of(world) -> Scout:
    return Scout(world.broker, world.board, world.clock)


def found(look) -> list:
    return [each.straddle for each in (*look.ranking.ranked, *look.ranking.excluded)]


async def refused(world, **changes) -> UserError:
    with pytest.raises(UserError) as error:
        await scout_of(world).look_through(sought(**changes))
    assert "\n" not in str(error.value) and str(error.value).startswith("book spy: ")
    return error.value


# -- what is looked at -------------------------------------------------------------------------------------------------


async def test_expiries_in_the_window_and_strikes_near_the_money_are_looked_at():
    async with at_work() as world:
        look = await scout_of(world).look_through(sought(min_dte=21, max_dte=32, moneyness_pct=1.0))
    options = [each.call.option for each in found(look)]
    assert {each.expiry for each in options} == set(EXPIRIES[1:3]), "by calendar days, both ends included"
    assert {int(each.strike) for each in options} == {595, 600, 605}
    assert len(options) == 6 and look.day == MONDAY.date()


async def test_of_many_strikes_and_expiries_the_nearest_are_taken():
    async with at_work() as world:
        look = await scout_of(world).look_through(sought(max_expiries=1, strikes_per_expiry=4))
    options = [each.call.option for each in found(look)]
    assert {each.expiry for each in options} == {EXPIRIES[1]}
    assert {int(each.strike) for each in options} <= {590, 595, 600, 605, 610} and len(options) == 4


async def test_lines_are_used_in_batches_and_given_back():
    async with at_work(counts=True) as world:
        await world.broker.feed.subscribe([option("C", 600)])
        told = []
        look = await scout_of(world).look_through(sought(lines=6), lambda done, of: told.append((done, of)))
        assert world.most_lines == 1 + 1 + 6, "the share, the one of somebody else, and a batch"
        assert world.lines == {option("C", 600).con_id}, "what somebody else looks at stays"
    pairs = len(found(look))
    assert told == [(done, pairs) for done in (*range(0, pairs, 3), pairs)]


async def test_greeks_are_the_model_s_at_the_volatility_the_quotes_tell():
    async with at_work() as world:
        look = await scout_of(world).look_through(sought(moneyness_pct=0.1))
        now = world.clock.now()
    best = look.ranking.best.straddle
    inputs = MarketInputs(SPOT, years_between(now, best.call.option.expires_at), LATTICE.curve.rate(0.06))
    assert best.vol == pytest.approx(VOL, abs=0.002)
    of_both = [Lattice().greeks(OptionTerms(right, 600.0), inputs, best.vol) for right in "CP"]
    assert best.greeks.gamma == pytest.approx(of_both[0].gamma + of_both[1].gamma, rel=1e-3)
    assert best.greeks.theta_per_day == pytest.approx(of_both[0].theta_per_day + of_both[1].theta_per_day, rel=1e-3)
    assert look.shortlist.best == best.combo and look.shortlist.at == look.at


# -- nothing passes ----------------------------------------------------------------------------------------------------


async def test_nothing_passes_and_the_shortlist_says_which_filter_removed_how_many():
    async with at_work(open_interest=50) as world:
        ids = [option(right, 600).con_id for right in "CP"]
        world.spreads |= dict.fromkeys(ids, 3.0)
        world.quote(ids)
        look = await scout_of(world).look_through(sought(min_open_interest=40, max_spread=0.05, moneyness_pct=1.0))
        thin = await scout_of(world).look_through(sought())
    assert look.shortlist.best is None
    assert look.shortlist.why == "no straddle passes: 5 spread wider than $0.05, 1 spread wider than 5%"
    assert thin.shortlist.why.startswith("no straddle passes: ") and "open interest below 100" in thin.shortlist.why


async def test_options_nobody_quotes_are_waited_for_only_so_long():
    async with at_work(silent=[each.con_id for each in CHAIN]) as world:
        began = world.clock.now()
        look = await scout_of(world).look_through(sought(quotes_within_s=4.0, moneyness_pct=0.1))
        assert (world.clock.now() - began).total_seconds() == pytest.approx(4.0, abs=0.3)
    assert look.shortlist.why == "no straddle passes: 2 without a quote on both sides"


class LateInterest(QuoteBoard):
    """The broker tells open interest some time after the first quotes."""

    told = False

    def tell(self) -> None:
        self.told = True

    def condition(self, con_id: int) -> Condition:
        condition = super().condition(con_id)
        return condition if self.told else evolve(condition, open_interest=None)


@pytest.mark.parametrize(("late_s", "passes"), [(2.0, True), (60.0, False)])
async def test_open_interest_is_waited_for_as_quotes_are(late_s, passes):
    async with at_work(board=LateInterest) as world:
        asyncio.get_running_loop().call_later(late_s, world.board.tell)
        look = await scout_of(world).look_through(sought(moneyness_pct=0.1))
    assert (look.ranking.best is not None) is passes
    assert passes or look.why == "no straddle passes: 2 open interest below 100"


async def test_no_expiry_in_the_window_names_the_nearest():
    async with at_work() as world:
        look = await scout_of(world).look_through(sought(min_dte=36, max_dte=44))
    assert look.shortlist.best is None
    assert look.why == (
        "no straddle passes: no expiry is 36 to 44 days away (risk.structure.min_dte, max_dte); the nearest: "
        "2026-02-06 (32 days), 2026-02-20 (46 days)"
    )


async def test_no_strike_in_the_band_is_told():
    async with at_work(chain=[option(right, strike) for strike in (570, 630) for right in "CP"]) as world:
        look = await scout_of(world).look_through(sought())
    assert look.why == "no straddle passes: there is no strike within 3% of 600.00 (risk.structure.moneyness_pct)"


async def test_a_strike_with_a_call_alone_is_no_straddle():
    async with at_work(chain=[option("C", 600), option("C", 605), option("P", 605)]) as world:
        look = await scout_of(world).look_through(sought())
    assert [int(each.call.option.strike) for each in found(look)] == [605]


# -- errors ------------------------------------------------------------------------------------------------------------


async def test_a_closed_market_is_told_with_when_it_opens():
    async with at_work(SUNDAY) as world:
        error = await refused(world)
    assert "is closed, and it opens Mon 2026-01-05 14:30 UTC" in str(error)
    assert error.exit_code is ExitCode.NOTHING_TRADABLE


async def test_a_symbol_without_options_is_told():
    async with at_work() as world:
        error = await refused(world, underlying=QQQ)
    assert "QQQ has no options; set another underlying.symbol in books/spy.toml" in str(error)
    assert error.exit_code is ExitCode.NOTHING_TRADABLE


async def test_a_share_without_a_quote_is_told():
    async with at_work(silent=[SPY.con_id]) as world:
        error = await refused(world, quotes_within_s=2.0)
    assert "no quote of SPY within 2 s" in str(error) and error.exit_code is ExitCode.NOTHING_TRADABLE


async def test_too_few_lines_are_told_with_what_to_set():
    async with at_work(lines=8) as world:
        error = await refused(world, lines=20)
        assert not world.lines, "and none stays open"
        assert (await scout_of(world).look_through(sought(lines=6))).ranking.best is not None
    assert "set selection.lines below 20" in str(error) and error.exit_code is ExitCode.NOTHING_TRADABLE


async def test_an_unknown_contract_is_told():
    async with at_work() as world:
        error = await refused(world, underlying=Stock(con_id=99, symbol="XYZ"))
    assert error.exit_code is ExitCode.NOTHING_TRADABLE


async def test_a_share_that_is_quoted_without_any_of_its_options_needs_a_person():
    async with behind_a_gateway(lines=1) as world:
        quoting = asyncio.create_task(quote_for_ever(world))
        error = await refused(world)
        quoting.cancel()
    assert "no market data for SPY or its options: 101: " in str(error)
    assert error.exit_code is ExitCode.NEEDS_A_PERSON


async def quote_for_ever(world: World) -> None:
    while True:
        world.quote([SPY.con_id])
        await world.clock.sleep(1)


@pytest.mark.parametrize(("data", "told"), [("none", "354: "), ("delayed", "10089: ")])
async def test_missing_permission_for_the_quotes_needs_a_person(data, told):
    async with behind_a_gateway(data) as world:
        error = await refused(world)
    assert f"no market data for SPY or its options: {told}" in str(error) and "buy it" in str(error)
    assert error.exit_code is ExitCode.NEEDS_A_PERSON
