"""What the exchange does of its own accord, when it is due: ticks, openings and closes, nights, ends of orders."""

from datetime import date, datetime, time, timedelta

from gamma_scalper.domain.checks import utc
from gamma_scalper.exchange import mishaps, overnight, trading
from gamma_scalper.exchange.agenda import Due, Duty
from gamma_scalper.exchange.events import Phase
from gamma_scalper.exchange.filling import at_close
from gamma_scalper.exchange.floor import NEW_YORK, Floor
from gamma_scalper.exchange.halts import ShareWatch

SLICE = 64
"""Lines quoted, or orders that meet them, in one step, so that no step holds an event loop for long."""

_NIGHT = time(2, 30)
_DAY = timedelta(days=1)


def begin(floor: Floor) -> None:
    """The first day's agenda, and the first prices, which the market stands at already."""
    _plan_nights(floor, floor.today())
    watch_underlyings(floor)
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
        case Duty.MEET:
            _meet(floor, int(due.arguments[0]))
        case Duty.MIDNIGHT:
            overnight.midnight(floor)
            _plan_nights(floor, floor.today())
            for con_id in floor.watches:
                floor.plan(con_id)
        case Duty.OVERNIGHT:
            overnight.overnight(floor, floor.today())
        case Duty.OPEN:
            floor.tell_phase(int(due.arguments[0]), Phase.OPEN)
        case Duty.MARK:
            overnight.closing_marks(floor)
        case Duty.CLOSE:
            _close(floor, int(due.arguments[0]))
        case Duty.RESUME:
            con_id = int(due.arguments[0])
            floor.enter(con_id, floor.watches[con_id].resume(floor.now))
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
            at_close(floor, order)
        case Duty.EXPIRE:
            trading.expire(floor, order)


# -- days --------------------------------------------------------------------------------------------------------------


def _plan_nights(floor: Floor, day: date) -> None:
    """Put down the night, if it is still to come, and the day's end."""
    night = _local(day, _NIGHT)
    if night >= floor.now:
        floor.agenda.put(night, Duty.OVERNIGHT)
    floor.agenda.put(_local(day + _DAY, time(0)), Duty.MIDNIGHT)


def _local(day: date, clock: time) -> datetime:
    return utc(datetime.combine(day, clock, NEW_YORK))


def _close(floor: Floor, con_id: int) -> None:
    floor.enter(con_id, floor.watches[con_id].end_of_session(floor.today()))


# -- ticks -------------------------------------------------------------------------------------------------------------


def watch_underlyings(floor: Floor) -> None:
    """Those listed since, too."""
    for underlying in floor.market.underlyings():
        floor.watch(underlying.con_id)


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
    if bid is None or ask is None or not 0 < bid <= ask:
        return
    window = floor.window(watch.con_id)
    if not window.open:
        return

    def next_day() -> date:
        return floor.market.sessions(watch.con_id).after(window.ends).day

    phases = watch.see((bid + ask) / 2, floor.now, window.begins, window.ends, next_day, floor.parameters.bands)
    if phases:
        floor.enter(watch.con_id, phases)


def _requote(floor: Floor, start: int) -> None:
    """Quote a slice of the lines; once all are quoted, orders meet them, so that none sees half a tick."""
    part = floor.lines[start : start + SLICE]
    if part:
        floor.tell_offers(part, floor.market.offers(part))
    if start + SLICE < len(floor.lines):
        floor.agenda.put(floor.now, Duty.REQUOTE, start + SLICE)
    else:
        _meet(floor, 0)


def _meet(floor: Floor, after: int) -> None:
    """The next slice of the orders in the book meets the quotes in force."""
    waiting = floor.orders.waiting(floor.orders.awaited(), after)
    for order in waiting[:SLICE]:
        trading.attempt(floor, order)
    if len(waiting) > SLICE:
        floor.agenda.put(floor.now, Duty.MEET, waiting[SLICE - 1].perm_id)
