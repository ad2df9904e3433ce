"""When nothing is sent: outside the session, around restarts and events, while trading is halted."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from gamma_scalper.domain.instruments import Stock
from gamma_scalper.domain.orders import Limit
from gamma_scalper.domain.proposals import Plan, Proposal
from gamma_scalper.risk.facts import Facts
from gamma_scalper.risk.guard import (
    ALL_BUT_FLATTEN,
    ENTRY,
    EVERYTHING,
    HEDGE,
    of_the_moment,
    of_the_order,
)
from gamma_scalper.risk.measures import condition, contracts_of, is_open, legs_of, missing, name_of, session
from gamma_scalper.risk.parameters import RiskParameters, event_dates

_SESSIONS = ("market.contracts", "market.contracts.*.session")
_DAY = timedelta(days=1)


@of_the_moment(
    "entry hours",
    "no entry in the noise of the open, and none that would have to be hedged after the close, early ones too",
    applies=(ENTRY,),
    needs=_SESSIONS,
    reads=("hours.after_open_s", "hours.before_close_s"),
)
def entry_hours(facts: Facts, parameters: RiskParameters) -> str | None:
    if not is_open(facts, facts.book.underlying.con_id):
        return _closed(facts, facts.book.underlying.con_id)
    now_open, hours = session(facts, facts.book.underlying.con_id), parameters.hours
    if (facts.now - now_open.opens).total_seconds() < hours.after_open_s:
        return f"entries begin {hours.after_open_s:g} s after the open"
    if (now_open.closes - facts.now).total_seconds() < hours.before_close_s:
        return f"entries end {hours.before_close_s:g} s before the close, which is at {now_open.closes:%H:%M} UTC"
    return None


@of_the_moment(
    "hedging hours",
    "no hedge while the shares don't trade",
    applies=(HEDGE,),
    needs=_SESSIONS,
    reads=("hours.outside",),
)
def hedging_hours(facts: Facts, parameters: RiskParameters) -> str | None:
    shares = facts.book.underlying.con_id
    return None if is_open(facts, shares) or parameters.hours.outside else _closed(facts, shares)


@of_the_order(
    "session",
    "nothing is sent to a market that is closed",
    applies=EVERYTHING,
    needs=_SESSIONS,
    reads=("hours.outside",),
)
def in_session(facts: Facts, plan: Plan, parameters: RiskParameters) -> str | None:
    for proposal in plan.proposals:
        for leg in legs_of(proposal.instrument):
            con_id = leg.instrument.con_id
            if not is_open(facts, con_id) and not (parameters.hours.outside and _may_trade_outside(proposal)):
                return _closed(facts, con_id)
    return None


def _may_trade_outside(proposal: Proposal) -> bool:
    """A broker drops the wish silently on market orders, and options have no such hours."""
    return proposal.outside_rth and isinstance(proposal.instrument, Stock) and isinstance(proposal.pricing, Limit)


def _closed(facts: Facts, con_id: int) -> str:
    following = session(facts, con_id)
    opens = f"; it opens {following.opens:%Y-%m-%d %H:%M} UTC" if following.opens > facts.now else ""
    return f"the market of {name_of(facts, con_id)} is closed{opens}"


@of_the_moment(
    "restart blackout",
    "nothing is sent around the gateway's daily restart, since it might never be answered",
    applies=ALL_BUT_FLATTEN,
    reads=("hours.restart_at", "hours.restart_zone", "hours.restart_min"),
)
def restart_blackout(facts: Facts, parameters: RiskParameters) -> str | None:
    hours = parameters.hours
    if not hours.restart_at:
        return None
    there = facts.now.astimezone(ZoneInfo(hours.restart_zone))
    hour, minute = map(int, hours.restart_at.split(":"))
    away = abs(there - there.replace(hour=hour, minute=minute, second=0, microsecond=0))
    if min(away, _DAY - away) > timedelta(minutes=hours.restart_min):
        return None
    return f"the gateway restarts at {hours.restart_at} {hours.restart_zone}"


@of_the_order(
    "trading halt",
    "no order waits in a market that is halted and fills at whatever it reopens with",
    applies=ALL_BUT_FLATTEN,
    needs=("market.contracts", "market.contracts.*.condition", "market.contracts.*.condition.halted"),
)
def trading_halt(facts: Facts, plan: Plan, parameters: RiskParameters) -> str | None:
    shares = facts.book.underlying.con_id
    for con_id in dict.fromkeys((shares, *contracts_of(plan))):
        halted = condition(facts, con_id).halted
        if halted is None and con_id == shares:  # of options it is seldom told; they are halted with their underlying
            missing(facts, con_id, "a trading halt of")
        if halted:
            return f"trading in {name_of(facts, con_id)} is halted"
    return None


# -- events ------------------------------------------------------------------------------------------------------------


@of_the_moment(
    "event: entries",
    "no volatility is bought just before earnings, nor in their wake",
    applies=(ENTRY,),
    needs=_SESSIONS,
    reads=("events.dates", "events.days_before", "events.days_after"),
)
def event_of_entries(facts: Facts, parameters: RiskParameters) -> str | None:
    return _event(facts, parameters)


@of_the_moment(
    "event: hedges",
    "hedges stop around events, where a book wants it so",
    applies=(HEDGE,),
    spares=(HEDGE,),
    needs=_SESSIONS,
    reads=("events.stop_hedges", "events.dates", "events.days_before", "events.days_after"),
)
def event_of_hedges(facts: Facts, parameters: RiskParameters) -> str | None:
    found = _event(facts, parameters)
    return found if parameters.events.stop_hedges else None


def _event(facts: Facts, parameters: RiskParameters) -> str | None:
    events = parameters.events
    today = session(facts, facts.book.underlying.con_id).day
    for day in event_dates(events.dates):
        if -events.days_after <= (day - today).days <= events.days_before:
            return f"an event on {day}, and nothing from {events.days_before} days before to {events.days_after} after"
    return None
