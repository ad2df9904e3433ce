"""A trading day through the real client is the same to the last bit, wherever and whenever it runs."""

import os
import re
import subprocess
import sys
from pathlib import Path

from trading_day import Day


def told(seed: int, **environment: str) -> str:
    ran = subprocess.run(
        [sys.executable, Path(__file__).with_name("trading_day.py"), str(seed)],
        env={**os.environ, **environment}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return ran.stdout.strip()


def test_ticks_orders_fills_and_positions_are_the_same_under_any_hash_seed_and_time_zone():
    here = Day(1).run()
    ticks, fills = map(int, re.findall(r"(\d+) (?:ticks|fills)", here))
    assert ticks > 3_000 and fills > 6, "a day with something in it"
    assert told(1, PYTHONHASHSEED="77", TZ="Asia/Tokyo") == here
    assert Day(2).run() != here, "another seed is another day"
