"""A whole program: how soon it is there, how long a day of the SPY book takes, what memory it needs, how fast it ends.

    uv run python benchmarks/trading_day.py [--json] [--days 0.1]

One day is a session of 6.5 hours at `--speed max`. The baseline is the same market through the same client with nobody
trading: three contracts looked at, in a process of its own. --days 5 is a week, with its nights.
"""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter, sleep

from measure import Measured, arguments, report  # first: it makes the project importable

ROOT = Path(__file__).parents[1]
HOURS = 6.5
LOOKS = """
import asyncio, sys
sys.path.insert(0, {root!r})
from gamma_scalper.compiled_code import load_market_code
from gamma_scalper.market_access import with_broker
from gamma_scalper.system import SystemParameters

async def look(broker, clock):
    await broker.start()
    share = await broker.catalogue.stock("SPY")
    expiry = [day for day in await broker.catalogue.expiries(share) if (day - clock.now().date()).days > 20][0]
    options = await broker.catalogue.options(share, expiry, (590, 590))
    await broker.feed.subscribe([share, *options])
    async def read():
        async for _ in broker.feed.quotes():
            pass
    reading = asyncio.create_task(read())
    await clock.sleep({seconds})
    reading.cancel()

load_market_code()
with_broker(SystemParameters(market="heston:"), look, pace=None)
"""


def main() -> None:
    asked = arguments("The program as a whole.", days="sessions to trade (0.5)")
    with tempfile.TemporaryDirectory() as folder:
        rows = [*there_and_gone(Path(folder) / "once"), *days(asked.days, Path(folder) / "days")]
    report("benchmark.trading_day/1", rows, as_json=asked.json)


def started(folder: Path, *arguments: str, told: int = subprocess.PIPE) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, ROOT / "main.py", *arguments],
        env=os.environ | {"STATE_DIR": str(folder), "LOG_LEVEL": "INFO"},
        stdout=told,
        stderr=subprocess.STDOUT,
        text=True,
    )


def there_and_gone(folder: Path) -> list[Measured]:
    """Once more than needed, so that machine code is there: the first time ever it is made, which takes longer."""
    bare = _took([sys.executable, "-c", "import ib_insync, numba, QuantLib"])
    there = gone = 0.0
    for _ in range(2):
        began = perf_counter()
        with started(folder) as process:
            assert process.stdout is not None
            for line in process.stdout:
                if "figures again" in line:
                    break
            there = perf_counter() - began
            process.send_signal(signal.SIGINT)
            asked = perf_counter()
            process.communicate()
            gone = perf_counter() - asked
    return [
        Measured("panel alive (baseline: its libraries alone)", there, bare, "s", "10 s", there / bare, there <= 10),
        Measured("Ctrl+C to the end", gone, bare, "s", "3 s", gone / bare, gone <= 3),
    ]


def days(count: float, folder: Path) -> list[Measured]:
    """In hours of the market where it is less than a day."""
    minutes = int(count * HOURS * 60)
    base = _took([sys.executable, "-c", LOOKS.format(root=str(ROOT), seconds=minutes * 60)])
    lasts = f"{minutes}m" if count < 1 else f"{int(count)}d"
    began, memory = perf_counter(), []
    with started(folder, "--for", lasts, "--speed", "max", told=subprocess.DEVNULL) as process:
        while process.poll() is None:
            memory.append(_resident_mb(process.pid))
            sleep(0.5)
        took = perf_counter() - began
    a_day = took / max(count, 1e-9)
    sessions = int(count) if count >= 1 else count
    quarter = max(len(memory) // 4, 1)
    late, early = max(memory[-quarter:]), max(memory[quarter : 2 * quarter] or memory)
    return [
        Measured(f"{sessions:g} days of the SPY book", took, base, "s", "20 s a day", took / base, a_day <= 20),
        Measured("peak memory (baseline: its second quarter)", late, early, "MB", "450 MB, flat", late / early,
                 late <= 450 and late <= 1.1 * early),
    ]  # fmt: skip


def _took(command: list[str]) -> float:
    began = perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=ROOT)
    return perf_counter() - began


def _resident_mb(pid: int) -> float:
    kept = Path(f"/proc/{pid}/statm")
    if kept.exists():
        return int(kept.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
    told = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True).stdout.strip()
    return int(told) / 1024 if told else 0.0


if __name__ == "__main__":
    main()
