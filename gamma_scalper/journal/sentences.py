"""Each entry as one plain sentence: what was done, and why."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import assert_never

from gamma_scalper.domain import entries as e
from gamma_scalper.domain.fills import Commission, Fill, InferredFill
from gamma_scalper.domain.instruments import Combo, Option, Tradable
from gamma_scalper.domain.orders import Intent, IntentId, Limit, Pricing
from gamma_scalper.domain.ports import Altered, LinkReport, OrderReport, Recap, Warned
from gamma_scalper.domain.proposals import Refusal
from gamma_scalper.domain.strategy_entries import Attributed, Decided, Instructed, Noted, StateChanged, StrategyEntry

Intents = Mapping[IntentId, Intent]  # those ordered so far

_Doing = (
    e.Ordered | e.Dispatched | e.NotSent | e.AmendAsked | e.AmendFailed | e.CancelAsked | e.CancelFailed | e.PlanRefused
)
_Telling = OrderReport | Altered | Recap | LinkReport | Warned | e.RecordsRead
_Desk = e.Elapsed | e.Restarted | e.FlattenAsked | e.FlattenStopped | e.Looked | e.BooksClosed


def sentence(entry: e.Entry, intents: Intents) -> str:
    """What the row says, for a person who knows trading and not this program."""
    if isinstance(entry, _Doing):
        return _doing(entry, intents)
    if isinstance(entry, _Telling):
        return _telling(entry, intents)
    if isinstance(entry, _Desk):
        return _desk(entry)
    if isinstance(entry, e.LedgerEntry):
        return _ledger(entry, intents)
    if isinstance(entry, StrategyEntry):
        return _strategy(entry)
    return _house(entry)


# -- in words ----------------------------------------------------------------------------------------------------------


def named(instrument: Tradable) -> str:
    """SPY; SPY 2026-02-20 600 C; for a combo each leg with its ratio."""
    if isinstance(instrument, Combo):
        return " ".join(f"{leg.ratio:+d} {named(leg.instrument)}" for leg in instrument.legs)
    if isinstance(instrument, Option):
        return f"{instrument.symbol} {instrument.expiry} {plain(instrument.strike)} {instrument.right}"
    return instrument.symbol


def plain(number: Decimal) -> str:
    """Without an exponent and without idle zeros."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def refused(refusals: Sequence[Refusal]) -> str:
    return "; ".join(f"{refusal.guard}: {refusal.why}" for refusal in refusals)


def _priced(pricing: Pricing) -> str:
    return f"at {plain(pricing.price)} or better" if isinstance(pricing, Limit) else "at the market"


def _order(intent: Intent) -> str:
    wanted = f"{intent.side.value} {plain(intent.quantity)} {named(intent.instrument)} {_priced(intent.pricing)}"
    return f"ordered {intent.id} ({intent.purpose.value}): {wanted}, because {intent.reason}"


def _of(id: IntentId | None, intents: Intents) -> str:
    """The order, with what it is for where that is known."""
    if id is None:
        return "no order of ours"
    known = intents.get(id)
    return f"{id} ({known.purpose.value})" if known else str(id)


def _because(why: str) -> str:
    return f": {why}" if why else ""


# -- what the house did ------------------------------------------------------------------------------------------------


def _doing(entry: _Doing, intents: Intents) -> str:
    match entry:
        case e.Ordered():
            return "; ".join(_order(intent) for intent in entry.intents)
        case e.Dispatched():
            return f"handed {_of(entry.intent, intents)} to the broker"
        case e.NotSent():
            return f"did not send {_of(entry.intent, intents)}: {entry.why}"
        case e.AmendAsked():
            return f"asked to change {_of(entry.intent, intents)}, {_priced(entry.pricing)}: {entry.why}"
        case e.AmendFailed():
            left = "whether it changed is not known" if entry.in_doubt else "it stands as it stood"
            return f"{_of(entry.intent, intents)} was not changed, {left}{_because(entry.why)}"
        case e.CancelAsked():
            return f"asked to cancel {_of(entry.intent, intents)}: {entry.why}"
        case e.CancelFailed():
            return f"the cancel of {_of(entry.intent, intents)} failed{_because(entry.why)}"
        case e.PlanRefused():
            return f"the desk wanted an order ({entry.purpose}) and was refused: {refused(entry.refusals)}"
    assert_never(entry)


# -- what the broker told ----------------------------------------------------------------------------------------------


def _telling(entry: _Telling, intents: Intents) -> str:
    match entry:
        case OrderReport():
            code = f" (code {entry.code})" if entry.code is not None else ""
            amounts = f"{plain(entry.filled)} filled, {plain(entry.remaining)} left"
            return f"the broker says {_ref(entry.order_ref, intents)} is {entry.standing.value}, {amounts}{code}" + (
                _because(entry.why)
            )
        case Altered():
            return f"the broker changed {_ref(entry.order_ref, intents)} on the way: {'; '.join(entry.differences)}"
        case Recap():
            return f"the account was confirmed, {_counted(entry.holdings, entry.open_orders)}{_because(entry.why)}"
        case LinkReport():
            return f"the connection is {entry.link.value}{_because(entry.why)}"
        case Warned():
            about = f" about {_ref(entry.order_ref, intents)}" if entry.order_ref else ""
            return f"the broker warned{about}, code {entry.code}: {entry.text}"
        case e.RecordsRead():
            ended = "no list of ended ones" if entry.completed is None else f"{len(entry.completed)} ended ones"
            return f"read the broker's records: {len(entry.open_orders)} open orders, {ended}" + (
                "" if entry.complete else "; its executions did not come"
            )
    assert_never(entry)


def _ref(order_ref: str, intents: Intents) -> str:
    id = IntentId.parse(order_ref)
    return _of(id, intents) if id else f"an order that is not ours ({order_ref or 'no name'})"


def _counted(holdings: Sequence[object], open_orders: Sequence[object]) -> str:
    return f"{len(holdings)} holdings and {len(open_orders)} open orders"


# -- the desk's own course ---------------------------------------------------------------------------------------------


def _desk(entry: _Desk) -> str:
    match entry:
        case e.Elapsed():
            return "a waiting time was over"
        case e.Restarted():
            return "the process began anew; what was on its way is in doubt until the broker's records tell"
        case e.FlattenAsked():
            return f"{entry.by} asked to flatten within {entry.within_s:g} s: {entry.why}"
        case e.FlattenStopped():
            return f"{entry.by} stopped the flattening{_because(entry.why)}"
        case e.Looked():
            return f"looked at {len(entry.quotes)} quotes"
        case e.BooksClosed():
            return f"closed the books on all that ended before {entry.before:%Y-%m-%d %H:%M} UTC"
    assert_never(entry)


# -- what changed the holdings -----------------------------------------------------------------------------------------


def _ledger(entry: e.LedgerEntry, intents: Intents) -> str:
    match entry:
        case Fill() | InferredFill():
            did = f"{_DONE[entry.side.value]} {plain(entry.quantity)} {named(entry.instrument)} at {plain(entry.price)}"
            how = f"; inferred from {entry.evidence} ({entry.accepted_by})" if isinstance(entry, InferredFill) else ""
            known = intents.get(entry.intent) if entry.intent else None
            return f"{did} for {_of(entry.intent, intents)}{_because(known.reason if known else '')}{how}"
        case Commission():
            return f"a commission of {entry.amount} for execution {entry.exec_id}"
        case e.Delivered():
            against = named(entry.underlying) if entry.underlying else "cash"
            what = f"{plain(entry.contracts)} {'long' if entry.was_long else 'short'} {named(entry.option)}"
            return f"{what} ended by {entry.how} against {against}: {entry.evidence} ({entry.accepted_by})"
        case e.Lapsed():
            return f"{plain(entry.contracts)} {named(entry.option)} lapsed: {entry.evidence} ({entry.accepted_by})"
        case e.Replaced():
            change = f"each {named(entry.before)} became {plain(entry.ratio)} {named(entry.after)}"
            cash = f" and {entry.cash} in all" if entry.cash else ""
            return f"{change}{cash}: {entry.evidence} ({entry.accepted_by})"
        case e.Paid():
            return f"{entry.amount} without a trade: {entry.what} ({entry.accepted_by})"
        case e.TakenOver():
            change = f"{entry.quantity:+f} {named(entry.instrument)} at {plain(entry.price)}"
            return f"took over {change}: {entry.why} ({entry.accepted_by})"
    assert_never(entry)


_DONE = {"buy": "bought", "sell": "sold"}


# -- the strategy ------------------------------------------------------------------------------------------------------


def _strategy(entry: StrategyEntry) -> str:
    match entry:
        case Decided():
            return f"decided, {entry.rule}: {entry.why}"
        case Noted():
            return "the strategy noted what it must remember"
        case StateChanged():
            return f"the book is at {', '.join(entry.states)}" + (", shares without options" if entry.orphan else "")
        case Instructed():
            what = f"exercise {plain(entry.contracts)} {named(entry.option)}: {entry.why}"
            return (
                f"could not {what}; a person has to: {entry.refused}" if entry.refused else f"told the broker to {what}"
            )
        case Attributed():
            earned = f"earned {plain(entry.total)} since {entry.since:%H:%M:%S}"
            return f"{earned}: gamma {plain(entry.gamma)}, theta {plain(entry.theta)}, costs {plain(entry.costs)}"
    assert_never(entry)


# -- the house ---------------------------------------------------------------------------------------------------------


def _house(entry: e.HouseEntry) -> str:
    match entry:
        case e.SessionBegan():
            return f"a {entry.mode} session of version {entry.version} began, settings {entry.settings}"
        case e.SessionEnded():
            return f"the session ended with exit code {entry.exit_code}: {entry.why}"
        case e.ModeChanged():
            return f"{entry.by} changed the mode to {entry.mode.value}: {entry.why}"
        case e.Paused():
            return f"{entry.by} paused trading: {entry.why}"
        case e.Unpaused():
            return f"{entry.by} let trading go on"
        case e.Halted():
            return f"halted, {entry.breaker}: {entry.why}"
        case e.HaltLifted():
            return f"{entry.by} lifted the halt {entry.breaker}"
        case e.DayBegan():
            return f"the trading day {entry.day} began"
        case e.Marked():
            return f"profit today {plain(entry.profit_today)}, equity {plain(entry.equity)}"
        case e.PermitChanged():
            allowed = ", ".join(entry.purposes) or "nothing"
            return f"allowed now: {allowed}" + (f"; because {refused(entry.refusals)}" if entry.refusals else "")
        case _:
            return _settling(entry)


def _settling(
    entry: e.PlanNotPermitted | e.Reconciled | e.Accepted | e.CommandTaken | e.BaselineDeclared,
) -> str:
    match entry:
        case e.PlanNotPermitted():
            return f"wanted an order ({entry.purpose}: {entry.reason}), not permitted: {refused(entry.refusals)}"
        case e.Reconciled():
            left = "; ".join(_difference(each) for each in entry.unexplained) or "nothing is left unexplained"
            return "books and account compared: " + "; ".join([*entry.explained, left])
        case e.Accepted():
            return f"{entry.by} settled the difference {entry.difference}: {entry.how}"
        case e.CommandTaken():
            argument = f" {entry.argument}" if entry.argument else ""
            return f"{entry.by} asked: {entry.name}{argument} (command {entry.number}); {entry.outcome}"
        case e.BaselineDeclared():
            own = ", ".join(f"{plain(held.quantity)} {named(held.instrument)}" for held in entry.holdings)
            return f"the owner's own holdings, never touched: {own or 'none'}"
    assert_never(entry)


def _difference(difference: e.Difference) -> str:
    return (
        f"{named(difference.instrument)}: the books hold {plain(difference.ours)}, the account "
        f"{plain(difference.theirs)} (difference {difference.id})"
    )
