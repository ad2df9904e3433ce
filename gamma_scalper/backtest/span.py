"""The market of a backtest, and the days it is played for."""

import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta

from attrs import frozen

from gamma_scalper.domain.exits import UserError
from gamma_scalper.domain.sessions import Session
from gamma_scalper.exchange.market import Market
from gamma_scalper.exchange.replay import Replayed
from gamma_scalper.exchange.replay.hours import moment_of
from gamma_scalper.exchange.simulated.market import SimulatedMarket
from gamma_scalper.exchange.specs import GENERATED, market_from
from gamma_scalper.reports.backtest.story import SourceRows

_CARRIED = timedelta(minutes=1)  # what was quoted last
_GENERATED_FOR = timedelta(days=30)  # where nobody says how long


@frozen(kw_only=True, eq=False)
class Span:
    """Where it is played, and from when to when."""

    market: Market
    sessions: Sequence[Session]  # of the first underlying's shares
    ends: datetime  # the latest close of the last day, or where the source ends before it
    step_s: float  # from one tick to the next
    source: Sequence[SourceRows]
    missing: Sequence[date] = ()  # trading days in between, or asked for, of which the source has nothing


def span_of(spec: str, seed: int, first: date | None, last: date | None) -> Span:
    """Raises `UserError` where the days hold no session, or the market no past."""
    if first is not None and last is not None and first > last:
        raise UserError(f"--from {first} is after --to {last}; name the earlier day first")
    market = market_from(_within(spec, first, last), seed=seed)
    if isinstance(market, SimulatedMarket):
        return _generated(market, last or market.now.date() + _GENERATED_FOR)
    if isinstance(market, Replayed):
        return _replayed(market, first, last)
    raise UserError(f"{market.name} has no past to be played; give a generated market, or csv, parquet, lean or rec")


def _generated(market: SimulatedMarket, last: date) -> Span:
    sessions = [each for each in _sessions(market) if each.opens >= market.now and each.day <= last]
    if not sessions:
        raise UserError(f"there is no session from {market.now:%Y-%m-%d} to {last}; give other days to --from and --to")
    return Span(market=market, sessions=sessions, ends=_ends(market, sessions[-1]), step_s=market.step_s, source=())


def _replayed(market: Replayed, first: date | None, last: date | None) -> Span:
    days = {each.day for each in market.tape.days}
    sessions = [each for each in _sessions(market) if each.day in days]
    source = [SourceRows(name=each.source, rows=each.rows, used=each.used, rejected=each.rejected)
              for each in market.tape.accounts]  # fmt: skip
    begin, end = first or min(days), last or max(days)
    missing = [each.day for each in _sessions(market) if begin <= each.day <= end and each.day not in days]
    ends = min(_ends(market, sessions[-1]), _last_row(market) + _CARRIED)
    return Span(
        market=market, sessions=sessions, ends=ends, step_s=market.step_s, source=source, missing=missing
    )  # fmt: skip


def _last_row(market: Replayed) -> datetime:
    """A recording may end long before the close, and nothing is known of the market after that."""
    return moment_of(max(columns.time.item(-1) for columns in market.tape.quotes.values() if len(columns.time)))


def _within(spec: str, first: date | None, last: date | None) -> str:
    """The same market with its days."""
    kind = spec.strip().partition(":")[0]
    if kind in GENERATED:
        start = first or date.fromisoformat(_said(spec, "start") or "2026-01-05")
        days = None if last is None else (last - start).days + 1
        given = {"start": first and str(first), "days": days and str(days)}
    else:
        given = {"first": first and str(first), "last": last and str(last)}
    for name, value in given.items():
        if value and _said(spec, name):
            raise UserError(f"{spec}: {name} is said there, and by --from or --to as well; say it once")
    parts = [f"{name}={value}" for name, value in given.items() if value]
    if not parts:
        return spec
    head, semicolon, rest = spec.strip().partition(";") if kind in GENERATED else (spec.strip(), "", "")
    return head + ("" if head.endswith(":") else ",") + ",".join(parts) + semicolon + rest


def _said(spec: str, name: str) -> str:
    found = re.search(rf"[:,]\s*{name}\s*=\s*([^,;]*)", spec)
    return found[1].strip() if found else ""


def _sessions(market: Market) -> Sequence[Session]:
    return market.sessions(market.underlyings()[0].con_id).sessions


def _ends(market: Market, last: Session) -> datetime:
    """Options may trade on after the shares."""
    closes = [last.closes]
    for share in market.underlyings():
        for expiry in market.expiries(share.con_id)[-1:]:
            options = market.options(share.con_id, expiry)
            closes += [each.closes for each in market.sessions(options[0].con_id).on(last.day)] if options else []
    return max(closes)
