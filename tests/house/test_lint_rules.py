"""The linter refuses what the house forbids, wherever it is written."""

import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
RUFF = Path(sys.executable).parent / "ruff"

READS_THE_TIME = [
    "import time\nnow = time.time()\n",
    "import time as t\nnow = t.monotonic()\n",
    "from time import perf_counter\n",
    "import time\ntime.sleep(1)\n",
    "import time\nclock = time\n",
    "from time import strftime\n",
    "from threading import Timer\n",
    "import datetime\nnow = datetime.datetime.now(datetime.UTC)\n",
    "from datetime import UTC, datetime\nnow = datetime.now(UTC)\n",
    "from datetime import date\ntoday = date.today()\n",
]


def ruff_codes(source: str, pretended_path: str) -> set[str]:
    ran = subprocess.run(
        [RUFF, "check", "--no-cache", "--output-format=concise", "--stdin-filename", pretended_path, "-"],
        input=source, capture_output=True, text=True, cwd=REPOSITORY,
    )  # fmt: skip
    return {word for line in ran.stdout.splitlines() for word in line.split() if word.isalnum() and word[-1].isdigit()}


@pytest.mark.parametrize("source", READS_THE_TIME)
@pytest.mark.parametrize("place", ["gamma_scalper/pipeline/delta_engine.py", "config.py", "examples/quotes.py"])
def test_only_the_clock_reads_the_time(source, place):
    assert "TID251" in ruff_codes(source, place)
    assert "TID251" not in ruff_codes(source, "gamma_scalper/kernel/clock.py")


def test_nobody_has_silenced_the_ban():
    for path in REPOSITORY.glob("gamma_scalper/**/*.py"):
        assert "TID251" not in path.read_text(encoding="utf-8"), path


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("from decimal import Decimal\nprice = Decimal.from_float(0.1)\n", "TID251"),
        ("import uuid\nname = uuid.uuid4()\n", "TID251"),
        ("import importlib\nhidden = importlib.import_module('os')\n", "TID251"),
        ("import asyncio\nawaitables = asyncio.as_completed([])\n", "TID251"),
        ("import numpy as np\nnoise = np.random.normal()\n", "NPY002"),
        ("try:\n    price = 1\nexcept Exception:\n    pass\n", "BLE001"),
        ("from datetime import datetime\nmoment = datetime(2026, 1, 1)\n", "DTZ001"),
        ("print('hello')\n", "T201"),
    ],
)
def test_what_loses_money_quietly_is_refused(source, code):
    assert code in ruff_codes(source, "gamma_scalper/portfolio/desk.py")
