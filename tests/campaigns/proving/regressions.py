"""Sessions that once broke a rule, as they are kept in found/: the plan, and what was wrong."""

import json
from collections.abc import Mapping
from pathlib import Path

from attrs import frozen
from staging.plan import Plan

FOLDER = Path(__file__).parent / "found"


@frozen
class Regression:
    was: str  # wrong, in words
    plan: Plan
    ends: str  # how it must end; empty: as it likes


def regressions() -> Mapping[str, Regression]:
    """By name: the file's."""
    return {file.stem: _read(file) for file in sorted(FOLDER.glob("*.json"))}


def _read(file: Path) -> Regression:
    told = json.loads(file.read_text())
    return Regression(told["was"], Plan.of_json(told["plan"]), told.get("ends", ""))
