"""All guards, in the order in which they are asked, printed and reported."""

from collections.abc import Mapping

from gamma_scalper.domain.proposals import Refusal
from gamma_scalper.risk.facts import Facts
from gamma_scalper.risk.guard import Guard, MomentGuard, OrderGuard
from gamma_scalper.risk.guards import hedging, hours, house, money, prices, quotes, records, shorts, size, structure
from gamma_scalper.risk.parameters import RiskParameters

MOMENT_GUARDS: tuple[MomentGuard, ...] = (
    house.mode_of_entries,
    house.mode_of_going_on,
    house.mode_of_flattening,
    house.panic_file,
    house.pause,
    house.halt,
    house.daily_loss,
    house.drawdown,
    records.link,
    records.reconciled,
    records.unknown_order,
    records.one_thing_at_a_time,
    hours.entry_hours,
    hours.hedging_hours,
    hours.restart_blackout,
    hours.event_of_entries,
    hours.event_of_hedges,
    quotes.stale_market,
    quotes.true_market,
    quotes.gap,
    quotes.liquidity,
    quotes.data_lag,
    hedging.greeks,
    hedging.something_to_hedge,
    hedging.hedge_needed,
    hedging.cooldown,
    hedging.hedges_a_day,
    hedging.price_move,
    structure.leg_imbalance,
    structure.orphan_entry,
)

ORDER_GUARDS: tuple[OrderGuard, ...] = (
    records.too_old,
    records.old_position,
    records.reconciled_in_these,
    records.unknown_order_in_these,
    records.self_cross,
    records.order_rate,
    structure.own_underlying,
    structure.reduces,
    structure.nothing_naked,
    structure.mending,
    structure.orphan,
    structure.bought_options,
    structure.days_to_expiry,
    structure.moneyness,
    hedging.smallest_hedge,
    hedging.towards_the_target,
    hours.in_session,
    hours.trading_halt,
    quotes.quote_age,
    quotes.quote_age_of_flattening,
    quotes.old_greeks,
    quotes.true_quotes,
    quotes.spread,
    prices.price_collar,
    prices.price_collar_of_flattening,
    prices.market_order,
    prices.conformance,
    size.order_size,
    size.share_limit,
    size.notional_limit,
    size.contract_limit,
    shorts.shares_to_borrow,
    shorts.short_sale_restriction,
    money.buying_power,
    money.budget,
    money.what_if,
)

GUARDS: tuple[Guard, ...] = (*MOMENT_GUARDS, *ORDER_GUARDS)

Said = Mapping[str, Refusal]
"""What the guards of the moment say: name of a guard that refuses -> why."""


def said_now(facts: Facts, parameters: RiskParameters) -> Said:
    """Each asked once. Permit, health and state space are views of it, and cheap where they share one."""
    answers = (guard.refusal(facts, parameters) for guard in MOMENT_GUARDS)
    return {refusal.guard: refusal for refusal in answers if refusal is not None}
