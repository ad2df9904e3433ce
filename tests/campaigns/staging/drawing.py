"""A session drawn from a seed: a market, books that do a lot in it, and troubles, many of them at a bad moment."""

from collections.abc import Callable, Sequence
from random import Random

from attrs import frozen

from gamma_scalper.exchange.faults import ABOUT, Kind, Shape
from staging.plan import (
    AMPLE,
    AT_ORDER,
    BEFORE_A_NIGHT,
    CALM,
    FRIDAY,
    MINUTES,
    MONDAY,
    NIGHTS,
    SYMBOL,
    Mishap,
    Plan,
    Trouble,
)

POLICIES = ("fixed", "fixed", "fee_aware", "whalley_wilmott", "zakamouline", "time", "move")
EXECUTIONS = ("limit", "passive", "market")
POINTS, POINTS_AT_ORDER = 40, 12  # a death is at one of so many moments
LASTS = {  # seconds, drawn from
    Mishap.DEATH: (1.0, 90.0),  # until somebody starts it again
    Mishap.TORN_DEATH: (1.0, 90.0),
    Mishap.DISK_FULL: (5.0, 120.0),
    Mishap.GATEWAY_RESTART: (2.0, 150.0),
    Mishap.PERSON_PAUSES: (20.0, 240.0),
    Mishap.PERSON_PANICS: (20.0, 120.0),
    Mishap.PERSON_STOPS: (5.0, 60.0),
}
_ENDS = (Mishap.DEATH, Mishap.TORN_DEATH, Mishap.PERSON_STOPS)
_UNTOLD = (Kind.LOST_ACK, Kind.LOST_ORDER, Kind.LOST_EXECUTION, Kind.STATUS_LOST, Kind.FALSE_CANCEL_10349)
_KINDS = [each for each in (*Kind, *Mishap) if each is not Kind.ASSIGNMENT]  # which needs a short option
_A_STRADDLE = 2_400  # dollars, about
_LAST = MINUTES - CALM  # minute in which something new may go wrong

Jump = tuple[float, float]  # minute, percent


def drawn(seed: int) -> Plan:
    """Each seed is another session; every kind of trouble comes as often as any other."""
    chance = Random(seed)
    start = chance.choices((MONDAY, BEFORE_A_NIGHT, FRIDAY), (24, 2, 1))[0]
    books = [_settings(chance) for _ in range(chance.choices((1, 2), (4, 1))[0])]
    jumps = [(chance.uniform(2, MINUTES - 2), chance.uniform(-1.2, 1.2)) for _ in range(chance.randint(0, 2))]
    troubles: list[Trouble] = []
    for _ in range(chance.choice((0, 1, 1, 2, 2, 3, 4))):
        occasion = drawn_occasion(chance) if chance.random() < 0.6 else ALONE
        troubles += occasion.leads
        troubles += (_within(chance, occasion) for _ in range(occasion.followers))
        jumps += occasion.jumps
    asleep = chance.random() < 0.97  # a night awake costs as much as ten sessions
    short_call = chance.random() < (0.3 if start in NIGHTS else 0.1)
    if short_call and start in NIGHTS:
        troubles.append(Trouble(1.0, Kind.ASSIGNMENT))
    if start in NIGHTS and not asleep:
        troubles += (_at_night(chance) for _ in range(4))
    return Plan(
        seed=seed,
        start=start,
        vol=chance.choice((0.2, 0.5, 1.0)),
        jumps=tuple(jumps),
        books=tuple(books),
        cash=AMPLE if short_call else _cash(chance, books),
        short_call=short_call,
        asleep=asleep,
        minded=chance.random() < 0.5,
        troubles=troubles,
    )


# -- the books ---------------------------------------------------------------------------------------------------------


def _settings(chance: Random) -> tuple[str, ...]:
    return (
        f"sizing.straddles={chance.choice((1, 1, 2, 3))}",
        f"hedge.policy={chance.choice(POLICIES)}",
        f"hedge.band_shares={chance.choice((2, 4, 8))}",
        f"hedge.execution={chance.choice(EXECUTIONS)}",
        f"entry.form={chance.choice(('combo', 'legs'))}",
        f"nights.overnight={chance.choice(('hold', 'hold', 'tighten', 'flatten'))}",
        *chance.choice(((), (), (), (), _OUT_AND_IN_AGAIN)),
    )


_OUT_AND_IN_AGAIN = ("exits.max_hold_days=0.006", "exits.reentry_after_s=90")  # after nine minutes


def _cash(chance: Random, books: Sequence[tuple[str, ...]]) -> int:
    """Sometimes just enough for either of two books to enter, and not for both."""
    if len(books) == 1:
        return AMPLE
    settings = [setting.partition("=") for book in books for setting in book]
    straddles = [int(value) for name, _, value in settings if name == "sizing.straddles"]
    return chance.choice((AMPLE, _A_STRADDLE * max(straddles) + _A_STRADDLE * min(straddles) // 2))


# -- bad moments -------------------------------------------------------------------------------------------------------


@frozen
class Occasion:
    """Something that keeps the books busy for some seconds, in which more goes wrong."""

    minute: float = 0.0
    window_s: float = 60 * _LAST
    followers: int = 1
    leads: Sequence[Trouble] = ()
    jumps: Sequence[Jump] = ()


ALONE = Occasion()


def _begins(_: Random) -> Occasion:
    """The books connect, compare, and enter."""
    return Occasion(0.0, 20.0)


def _hedges(chance: Random) -> Occasion:
    minute = _any_minute(chance)
    return Occasion(minute, 12.0, 1, (), [_large(chance, minute)])


def _waits(chance: Random) -> Occasion:
    """Trading stops just as a hedge is sent, so that it has to be called off."""
    minute = _any_minute(chance)
    after_s = chance.uniform(1.0, 7.0)
    halt = trouble(chance, Kind.HALT, minute + after_s / 60)
    return Occasion(minute, after_s + 25.0, 1, [halt], [_large(chance, minute)])


def _doubts(chance: Random) -> Occasion:
    minute = _any_minute(chance)
    kind = chance.choice(
        (Kind.LOST_ACK, Kind.LOST_ORDER, Kind.LOST_EXECUTION, Kind.STATUS_LOST, Kind.FALSE_CANCEL_10349)
    )
    return Occasion(minute, 60.0, 1, [trouble(chance, kind, minute)], [_large(chance, minute)])


def _is_away(chance: Random) -> Occasion:
    """Dead or stopped, and then starting."""
    minute = _any_minute(chance)
    lead = trouble(chance, chance.choice(_ENDS), minute)
    return Occasion(minute, lead.duration_s + 15.0, 2, [lead], [_large(chance, minute)] if lead.target else [])


def _is_cut_off(chance: Random) -> Occasion:
    minute = _any_minute(chance)
    kind = chance.choice((Mishap.GATEWAY_RESTART, Kind.SOCKET_DROP, Kind.DISCONNECT_1101, Kind.DISCONNECT_1102))
    lead = trouble(chance, kind, minute)
    return Occasion(minute, lead.duration_s + 15.0, 2, [lead])


def _flattens(chance: Random) -> Occasion:
    minute = _any_minute(chance)
    lead = trouble(chance, chance.choice((Mishap.PERSON_FLATTENS, Mishap.PERSON_PANICS)), minute)
    return Occasion(minute, 20.0, 1, [lead])


def _repairs(chance: Random) -> Occasion:
    """One of the first orders fails; of two legs that leaves one."""
    lead = trouble(chance, chance.choice((Kind.REJECT_201, Kind.INACTIVE, Kind.PRECAUTION_383, Kind.LOST_ORDER)), 0.0)
    return Occasion(0.05, 60.0, 1, [lead])


def _is_orphaned(chance: Random) -> Occasion:
    minute = _any_minute(chance)
    return Occasion(minute, 40.0, 1, [Trouble(minute, Kind.LIQUIDATION)])


def _is_halted(chance: Random) -> Occasion:
    """By a rule of the risk, and must still be so after a restart."""
    minute = _any_minute(chance)
    altered = trouble(chance, Kind.PRESET_CHANGE, minute)
    again = trouble(chance, chance.choice(_ENDS), min(minute + chance.uniform(0.2, 3.0), _LAST))
    return Occasion(minute, 120.0, 1, [altered, again], [_large(chance, minute)])


def _is_traded_by_hand(chance: Random) -> Occasion:
    """What somebody says of it must still be so after a restart."""
    minute = _any_minute(chance)
    by_hand = trouble(chance, Kind.MANUAL_TRADE, minute)
    again = trouble(chance, chance.choice(_ENDS), min(minute + chance.uniform(1.0, 5.0), _LAST))
    return Occasion(minute, 120.0, 1, [by_hand, again])


_OCCASIONS: Sequence[Callable[[Random], Occasion]] = (
    _begins,
    _hedges,
    _waits,
    _doubts,
    _is_away,
    _is_cut_off,
    _flattens,
    _repairs,
    _is_orphaned,
    _is_halted,
    _is_traded_by_hand,
)


def drawn_occasion(chance: Random) -> Occasion:
    return chance.choice(_OCCASIONS)(chance)


def _within(chance: Random, occasion: Occasion) -> Trouble:
    kind = chance.choice(_KINDS)
    return trouble(chance, kind, min(occasion.minute + chance.uniform(0, occasion.window_s) / 60, _LAST))


def _at_night(chance: Random) -> Trouble:
    """While the market is closed and the program is not."""
    found = trouble(chance, chance.choice(_KINDS), _LAST)
    return Trouble(0.0, found.kind, found.duration_s, found.amount, found.target, round(chance.uniform(0.1, 17.0), 2))


def _any_minute(chance: Random) -> float:
    return round(chance.uniform(0.5, _LAST), 2)


def _large(chance: Random, minute: float) -> Jump:
    """Enough for every policy to hedge."""
    return minute, chance.choice((-1, 1)) * chance.uniform(0.3, 0.8)


# -- one trouble -------------------------------------------------------------------------------------------------------


def any_trouble(chance: Random) -> Trouble:
    """Of any kind, in the first minutes of a session."""
    return trouble(chance, chance.choice(_KINDS), chance.uniform(0.0, _LAST))


def trouble(chance: Random, kind: Kind | Mishap, minute: float) -> Trouble:
    """It ends before the session does."""
    minute = round(minute, 3)
    if isinstance(kind, Mishap):
        return _mishap(chance, kind, minute)
    about = ABOUT[kind]
    duration = round(min(chance.uniform(*about.lasts), 60 * (MINUTES - CALM / 2 - minute)), 1)
    if kind is Kind.SOCKET_DROP:
        duration = round(chance.uniform(0, 60), 1)
    if about.shape is Shape.NEXT:
        duration = 0.0
    return Trouble(minute, kind, duration, _amount_of_fault(chance, kind), SYMBOL if about.needs_target else "")


def _mishap(chance: Random, kind: Mishap, minute: float) -> Trouble:
    lasts = round(chance.uniform(*LASTS[kind]), 1) if kind in LASTS else 0.0
    if kind in (Mishap.DEATH, Mishap.TORN_DEATH):
        where = chance.choice(("", AT_ORDER))
        return Trouble(minute, kind, lasts, float(chance.randint(1, POINTS_AT_ORDER if where else POINTS)), where)
    return Trouble(minute, kind, lasts, round(chance.uniform(0.5, 40), 1) if kind is Mishap.CLOCK_JUMP else 0.0)


def _amount_of_fault(chance: Random, kind: Kind) -> float:
    amount = ABOUT[kind].amount
    if amount is None or amount.low == amount.high:
        return 0.0
    drawn = chance.uniform(amount.low, amount.high)
    return float(round(drawn)) if amount.whole else round(drawn, 2)
