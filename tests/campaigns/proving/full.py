"""All that is to be shown besides the campaign itself: that it can fail, and real processes really killed."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from attrs import define, field

KILLS = Path(__file__).parents[1] / "kill_nine.py"
TO_FIND = 200  # sessions in which a missing protection must show


class Found(NamedTuple):
    """The first violation without a protection."""

    seed: int
    sessions: int  # played until then
    violation: str


@define
class Shown:
    """Kept beside the sessions of the same code."""

    file: Path
    found: dict[str, Found] = field(factory=dict)  # protection -> what its absence led to
    kills: dict[str, int] | None = None  # kills, in_the_air, violations

    @classmethod
    def read(cls, file: Path) -> "Shown":
        if not file.exists():
            return cls(file)
        told = json.loads(file.read_text())
        return cls(file, {name: Found(*each) for name, each in told["found"].items()}, told["kills"])

    def keep(self) -> None:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.file.write_text(json.dumps({"found": self.found, "kills": self.kills}, indent=2) + "\n")


def killed(kills: int, seed: int = 1) -> dict[str, int]:
    """By the campaign of real processes; its progress is seen."""
    command = [sys.executable, str(KILLS), "--kills", str(kills), "--seed", str(seed), "--json"]
    told: Mapping[str, Any] = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=False).stdout or "{}")
    if not told:
        return {"kills": 0, "in_the_air": 0, "violations": 1}
    strikes: Sequence[Mapping[str, Any]] = told["strikes"]
    in_the_air = sum(strike["in_the_air"] > 0 for strike in strikes)
    return {"kills": told["kills"], "in_the_air": in_the_air, "violations": len(told["violations"])}
