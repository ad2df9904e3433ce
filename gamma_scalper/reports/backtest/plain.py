"""A backtest for a machine: money as strings, moments in UTC, what is not known null; the same story, the same text."""

import math
from decimal import Decimal
from typing import Any

from attrs import fields

from gamma_scalper.domain.money import to_cents
from gamma_scalper.portfolio.attribution import PARTS
from gamma_scalper.reports.backtest.answer import QUESTIONS
from gamma_scalper.reports.backtest.book_runs import Told as Happened
from gamma_scalper.reports.backtest.figures import Figures
from gamma_scalper.reports.backtest.series import Hedge, hedges
from gamma_scalper.reports.backtest.told import Chapter, Told
from gamma_scalper.reports.trade_costs_shown import plain_costs

SCHEMA = "backtest/1"
_COUNTS = {"hedged_shares", "straddles_bought", "straddles_closed"}  # exact, and no money
_SUMS = ("movement_less_time", "hedged", "hedge_cost")


def as_plain(told: Told) -> dict[str, Any]:
    story = told.story
    return {
        "market": story.market,
        "world": story.world or story.market,
        "seed": story.seed,
        "first": story.first.isoformat(),
        "last": story.last.isoformat(),
        "cash": str(story.cash),
        "settings": dict(sorted(story.settings.items())),
        "source": [
            {"name": each.name, "rows": each.rows, "used": each.used, "rejected": dict(sorted(each.rejected.items()))}
            for each in story.source
        ],
        "missing": [each.isoformat() for each in story.missing],
        "whole": _figures(told.whole.figures),
        "answers": dict(zip(QUESTIONS, told.whole.answers, strict=True)),
        "books": [_book(chapter) for chapter in told.books],
        "other_bands": [{"band": each.label, "figures": _figures(each.figures)} for each in told.others],
    }


def _book(chapter: Chapter) -> dict[str, Any]:
    run = chapter.run
    return {
        "book": run.book,
        "figures": _figures(chapter.figures),
        "answers": dict(zip(QUESTIONS, chapter.answers, strict=True)),
        "trade_costs": plain_costs(run.orders),
        "hedges": [_hedge(each) for each in hedges(run).rows],
        "refusals": [
            {"at": each.at.isoformat(), "purpose": each.purpose, "guard": each.guard, "why": each.why}
            for each in run.refusals
        ],
        "rejected": [_happened(each) for each in run.rejected.values()],
        "halts": [_happened(each) for each in run.halts],
    }


def _happened(each: Happened) -> dict[str, str]:
    return {"at": each.at.isoformat(), "what": each.what}


def _figures(figures: Figures) -> dict[str, Any]:
    named = {each.name: getattr(figures, each.name) for each in fields(Figures)}
    named |= {name: getattr(figures, name) for name in _SUMS}
    parts = {part: _cents(named.pop(part)) for part in PARTS}
    return {name: _plain(name, value) for name, value in named.items()} | {"attribution": parts}


def _plain(name: str, value: object) -> object:
    if isinstance(value, Decimal):
        return str(value) if name in _COUNTS else _cents(value)
    return None if isinstance(value, float) and math.isnan(value) else value


def _hedge(each: Hedge) -> dict[str, Any]:
    return {
        "at": each.at.isoformat(),
        "side": each.side,
        "shares": str(each.shares),
        "price": None if each.price is None else str(each.price),
        "reason": each.reason,
        "delta_before": _known(each.delta_before),
        "delta_after": _known(each.delta_after),
        "commission": _cents(each.commission),
        "slippage": _cents(each.slippage),
        "gamma_since": _cents(each.since.gamma),
        "theta_since": _cents(each.since.theta),
        "move_since": _known(each.since.move),
        "break_even": _known(each.break_even),
    }


def _known(number: float) -> float | None:
    return None if math.isnan(number) else round(number, 6)


def _cents(amount: Decimal) -> str:
    return str(to_cents(amount) + Decimal(0))
