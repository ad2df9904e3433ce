"""The sessions that were played, line by line in a file, so that a campaign can be interrupted and go on."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from attrs import frozen

from proving.outcome import Outcome

REPOSITORY = Path(__file__).parents[3]
FOLDER = REPOSITORY / "state" / "campaign"
_CODE = (
    "gamma_scalper/**/*.py",
    "books/*.toml",
    "config.py",
    "tests/campaigns/staging/*.py",
    "tests/campaigns/judging/*.py",
    "tests/campaigns/proving/outcome.py",
    "tests/scenarios/theatre.py",
)
SWITCHES = "tests/campaigns/proving/protections.py"


def fingerprint(*more: str) -> str:
    """Of all code that a session's outcome may depend on."""
    found = hashlib.sha256()
    for file in sorted(file for pattern in (*_CODE, *more) for file in REPOSITORY.glob(pattern)):
        found.update(f"{file.relative_to(REPOSITORY)}\0{file.stat().st_size}\0".encode() + file.read_bytes())
    return found.hexdigest()[:12]


@frozen
class Results:
    """Of one state of the code. A session played again replaces what was known of it."""

    folder: Path
    code: str

    @property
    def file(self) -> Path:
        return self.folder / f"sessions-{self.code}.jsonl"

    def read(self) -> Mapping[int, Outcome]:
        """By seed."""
        return {outcome.seed: outcome for outcome in self._lines()}

    def _lines(self) -> Iterator[Outcome]:
        if not self.file.exists():
            return
        for line in self.file.read_text().splitlines():
            try:
                yield Outcome.of_json(json.loads(line))
            except ValueError:  # its process was stopped in the middle of the line
                continue

    def keep(self, outcome: Outcome) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        with self.file.open("a") as file:
            file.write(json.dumps(outcome.as_json(), separators=(",", ":")) + "\n")

    def others(self) -> list[str]:
        """Other states of the code that there are results of."""
        found = (file.stem.removeprefix("sessions-") for file in self.folder.glob("sessions-*.jsonl"))
        return sorted(code for code in found if code != self.code)
