"""What the exchange does of its own accord, when it is due: ticks, openings and closes, nights, ends of orders."""

from datetime import date, datetime, time, timedelta

from gamma_scalper.domain.checks import utc
from gamma_scalper.domain.instruments import Stock
from gamma_scalper.domain.sessions import OutsideCalendar
from gamma_scalper.exchange import mishaps, overnight, trading
from gamma_scalper.exchange.agenda import Due, Duty
from gamma_scalper.exchange.events import Phase
from gamma_scalper.exchange.floor import NEW_YORK, Floor
from gamma_scalper.exchange.halts import ShareWatch

SLICE = 64
"""Lines quoted in one step, so that no step holds an event loop for long."""

_NIGHT = time(2, 30)
_DAY = timedelta(days=1)
_BEFORE_CLOSE = timedelta(microseconds=1)


def begin(floor: Floor) -> None:
    """The first day's agenda, and the first prices, which the market stands at already."""
    watch_underlyings(floor)
    _plan(floor, floor.today())
    for number, fault in floor.faults.self_acting():
        floor.agenda.put(max(fault.at, floor.now), Duty.FAULT, number)
    _next_tick(floor)
    _see_underlyings(floor)


def do(floor: Floor, due: Due) -> None:
    """One thing that was put down."""
    match due.duty:
        case Duty.TICK:
            floor.market.advance(due.at)
            _next_tick(floor)
            _see_underlyings(floor)
            _requote(floor, 0)
        case Duty.REQUOTE:
            _requote(floor, int(due.arguments[0]))
        case Duty.MIDNIGHT:
            overnight.midnight(floor)
            _plan(floor, floor.today())
        case Duty.OVERNIGHT:
            overnight.overnight(floor, floor.today())
        case Duty.OPEN:
            floor.tell_phase(int(due.arguments[0]), Phase.OPEN)
        case Duty.MARK:
            overnight.closing_marks(floor)
        case Duty.CLOSE:
            _close(floor, int(due.arguments[0]))
        case Duty.FAULT:
            mishaps.strike(floor, int(due.arguments[0]))
        case Duty.CORRECT:
            mishaps.correct(floor, str(due.arguments[0]), str(due.arguments[1]))
        case _:
            _of_order(floor, due.duty, int(due.arguments[0]))


def _of_order(floor: Floor, duty: Duty, perm_id: int) -> None:
    order = floor.orders.find(perm_id)
    if order is None:
        return
    match duty:
        case Duty.ARRIVE:
            trading.arrive(floor, order)
        case Duty.AMEND:
            trading.amend(floor, order)
        case Duty.CANCEL:
            trading.cancel(floor, order)
        case Duty.AT_CLOSE:
            trading.at_close(floor, order)
        case Duty.EXPIRE:
            trading.expire(floor, order)


# -- days --------------------------------------------------------------------------------------------------------------


def _plan(floor: Floor, day: date) -> None:
    """Put down what that day brings, as far as it is still to come."""
    _put(floor, _local(day, _NIGHT), Duty.OVERNIGHT)
    _put(floor, _local(day + _DAY, time(0)), Duty.MIDNIGHT)
    closes = set()
    for con_id in floor.watches:
        try:
            sessions = floor.market.sessions(con_id).on(day)
        except OutsideCalendar:
            continue
        for session in sessions:
            _put(floor, session.opens, Duty.OPEN, con_id)
        if sessions:
            closes.add(sessions[-1].closes)
            _put(floor, sessions[-1].closes, Duty.CLOSE, con_id)
    for moment in sorted(closes):
        _put(floor, moment - _BEFORE_CLOSE, Duty.MARK)


def _put(floor: Floor, at: datetime, duty: Duty, *arguments: int) -> None:
    if at >= floor.now:
        floor.agenda.put(at, duty, *arguments)


def _local(day: date, clock: time) -> datetime:
    return utc(datetime.combine(day, clock, NEW_YORK))


def _close(floor: Floor, con_id: int) -> None:
    phases = floor.watches[con_id].end_of_session(floor.today())
    for phase in (Phase.CLOSED, *phases):
        floor.tell_phase(con_id, phase)


# -- ticks -------------------------------------------------------------------------------------------------------------


def watch_underlyings(floor: Floor) -> None:
    """Those listed since, too. Where quotes come from outside, so does word of halts."""
    for underlying in floor.market.underlyings():
        if underlying.con_id not in floor.watches:
            banded = isinstance(underlying, Stock) and floor.push is None
            floor.watches[underlying.con_id] = ShareWatch(underlying.con_id, banded)


def _next_tick(floor: Floor) -> None:
    tick = floor.market.next_tick()
    if tick is not None:
        floor.agenda.put(tick, Duty.TICK)


def _see_underlyings(floor: Floor) -> None:
    watches = list(floor.watches.values())
    for watch, offer in zip(watches, floor.market.offers([watch.con_id for watch in watches]), strict=True):
        see(floor, watch, offer.bid, offer.ask)


def see(floor: Floor, watch: ShareWatch, bid: float | None, ask: float | None) -> None:
    """A price of an underlying: what trading in it does because of that."""
    if watch.halted_until is not None:
        for phase in watch.resume(floor.now):
            floor.tell_phase(watch.con_id, phase)
    if bid is None or ask is None or not 0 < bid <= ask or not floor.is_open(watch.con_id):
        return
    window = floor.window(watch.con_id)

    def next_day() -> date:
        return floor.market.sessions(watch.con_id).after(window.ends).day

    for phase in watch.see((bid + ask) / 2, floor.now, window.begins, window.ends, next_day, floor.parameters.bands):
        floor.tell_phase(watch.con_id, phase)


def _requote(floor: Floor, start: int) -> None:
    """Quote a slice of the lines; once all are quoted, orders meet them, so that none sees half a tick."""
    part = floor.lines[start : start + SLICE]
    if part:
        floor.tell_offers(part, floor.market.offers(part))
    if start + SLICE < len(floor.lines):
        floor.agenda.put(floor.now, Duty.REQUOTE, start + SLICE)
    else:
        trading.quoted(floor, floor.orders.awaited())
