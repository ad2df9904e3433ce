"""A ring of three stages lives through a trading day in a moment, and ends when its market does.

uv run python examples/ring_in_a_minute.py
"""

import asyncio
import random
import sys
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # the project is not installed

from gamma_scalper import logs
from gamma_scalper.kernel import Block, Channel, Conflate, LoopClock, Recoverable, Stage, Supervisor, VirtualLoop

SESSION_S = int(6.5 * 3_600)


async def main() -> None:
    clock = LoopClock(asyncio.get_running_loop(), datetime(2026, 1, 5, 14, 30, tzinfo=UTC))
    logs.configure(clock)
    market = random.Random(1)
    prices = Channel[float]("prices", Conflate(lambda older, newer: newer))
    trades = Channel[int]("trades", Block(10))
    held = 0

    async def streamer() -> None:
        price = 600.0
        for _ in range(SESSION_S):
            await clock.sleep(1)
            price *= 1 + market.gauss(0, 0.0001)
            await prices.put(price)

    async def strategy() -> None:
        anchor = 600.0
        async for price in prices:
            if abs(price - anchor) > 0.5:
                await trades.put(-1 if price > anchor else 1)  # sell what rose, buy what fell
                anchor = price

    async def desk() -> None:
        nonlocal held
        async for shares in trades:
            if market.random() < 0.01:
                raise Recoverable("the exchange hiccuped; this one trade is lost")
            held += shares

    ring = Supervisor(
        "toy", [Stage("desk", desk, trades), Stage("strategy", strategy, prices), Stage("market", streamer)]
    )
    end = await ring.run()
    print(f"{clock.now():%H:%M:%S} UTC: {end}, holding {held} shares")
    print(f"prices read {prices.stats().read:,}, trades {trades.stats().read}, lost {ring.recovered['desk']}")


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(main())
