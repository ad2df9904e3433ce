"""One session alone, with the program's log in the market's time."""

import argparse
import asyncio
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from loguru import logger
from staging.drawing import drawn
from staging.plan import Plan

from gamma_scalper.compiled_code import load_compiled_code
from gamma_scalper.kernel import VirtualLoop
from proving.outcome import Outcome, outcome_of
from proving.protections import without
from proving.words import schedule

if TYPE_CHECKING:
    from loguru import Record


class Unplayable(Exception):
    """What was asked for is no session; the message says why."""


def plan_of(asked: argparse.Namespace) -> Plan:
    plan = _read(asked.plan) if asked.plan is not None else drawn(asked.replay)
    if asked.only is None:
        return plan
    if any(number >= len(plan.troubles) for number in asked.only):
        raise Unplayable(f"--only: the session has {len(plan.troubles)} troubles, numbered from 0")
    return plan.only(asked.only)


def _read(file: Path) -> Plan:
    try:
        return Plan.of_json(json.loads(file.read_text()))
    except OSError as error:
        raise Unplayable(f"--plan {file}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise Unplayable(f"--plan {file}: not a plan: {error}") from error


def replayed(asked: argparse.Namespace) -> bool:
    """True: it breaks a rule."""
    plan = plan_of(asked)
    load_compiled_code()
    _log()
    if not asked.json:
        print("\n".join(f"{number}: {each}" for number, each in enumerate(plan.troubles)), file=sys.stderr)
        print("\n".join(schedule(plan)), file=sys.stderr)
    with without(asked.without):
        outcome = outcome_of(plan)
    _show(outcome, as_json=asked.json)
    return bool(outcome.violations)


def _log() -> None:
    def line(record: "Record") -> str:
        try:
            loop = asyncio.get_running_loop()
            passed = loop.time() if isinstance(loop, VirtualLoop) else 0.0
        except RuntimeError:
            passed = 0.0
        record["extra"]["passed"] = f"{passed // 60:3.0f}:{passed % 60:06.3f}"
        return "{extra[passed]} {level: <7} {message}\n"

    logger.remove()
    logger.add(sys.stderr, level="INFO", format=line)


def _show(outcome: Outcome, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(outcome.as_json(), indent=2))
        return
    print(
        f"seed {outcome.seed}: {outcome.lives} lives, {outcome.rows} rows, {outcome.orders} orders, "
        f"{outcome.fills} fills; ended: {outcome.end}"
    )
    for violation in outcome.violations:
        print(f"VIOLATION: {violation}")
    if not outcome.violations:
        print("all holds")
