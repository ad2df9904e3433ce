"""How fast a backtest is: a year of minute quotes, and quotes by the second on which nothing is decided.

    uv run python benchmarks/backtest.py [--json] [--months 12]

One book with one straddle, rolled monthly, on the lattice, one process. The baseline walks the same market in a bare
loop that prices the same kind of straddle with the same lattice at every tick and hedges it: no orders, no exchange, no
journal, no risk rules.
"""

import resource
import sys
from datetime import date, timedelta
from time import process_time

from loguru import logger
from measure import Measured, arguments, report  # first: it makes the project importable

from config import load_config
from gamma_scalper.backtest.runner import Backtest, backtest
from gamma_scalper.compiled_code import load_market_code
from gamma_scalper.domain.instruments import Index, Option, Stock
from gamma_scalper.domain.sessions import years_between
from gamma_scalper.exchange.market import Market
from gamma_scalper.exchange.specs import market_from
from gamma_scalper.pricing.lattice import Lattice
from gamma_scalper.pricing.model import MarketInputs, OptionTerms
from gamma_scalper.reports.backtest.story import Story

FIRST = date(2026, 1, 5)
MINUTES, SECONDS = "heston:step=60", "heston:step=1"
RATE, BAND_SHARES = 0.04, 10.0
A_MOVE = "spy.streamer.move=0.5"  # a fifteenth of a day's; a hedge of one straddle is due after about $3
NOTHING = ("spy.streamer.move=100000", "spy.streamer.heartbeat_s=3600")


def main() -> None:
    asked = arguments("The speed of backtests.", months="months of minute quotes, a year being 12 (12)")
    months = asked.months if "--months" in " ".join(sys.argv) else 12.0
    logger.remove()
    load_market_code()
    last = FIRST + timedelta(days=round(months * 365 / 12) - 1)
    ring_s, story = _played(MINUTES, last, A_MOVE)
    bare_s, ticks = _bare(MINUTES, last)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform == "linux" else 2**20)
    idle_s, idle = _played(SECONDS, FIRST, *NOTHING)
    quiet_s, quotes = _walked(SECONDS, FIRST)
    year_s = ring_s * 12 / months
    hedges = sum(row.kind == "Dispatched" for row in story.rows)
    report(
        "benchmark.backtest/1",
        [
            Measured(
                f"{months:g} months of minute quotes, {hedges} orders", ring_s, bare_s, "s", "20 s a year, 3 x",
                ring_s / bare_s, year_s <= 20 and ring_s <= 3 * bare_s,
            ),
            Measured("a tick of them", 1e6 * ring_s / ticks, 1e6 * bare_s / ticks, "µs", "at most 3 x",
                     ring_s / bare_s, ring_s <= 3 * bare_s),
            Measured("quotes a second, nothing decided (baseline: the market)", idle.quotes / idle_s, quotes / quiet_s,
                     "/s", "60,000 /s", quotes / quiet_s * idle_s / idle.quotes, idle.quotes / idle_s >= 60_000),
            Measured("peak memory (baseline: the most it may be)", memory, 600, "MB", "600 MB", memory / 600,
                     memory <= 600),
        ],
        as_json=asked.json,
    )  # fmt: skip


def _played(spec: str, last: date, *settings: str) -> tuple[float, Story]:
    config = load_config(["spy.sizing.straddles=1", *settings], environment={})
    asked = Backtest(
        system=config.system, books={"spy": config.books["spy"]}, market=spec, seed=1, first=FIRST, last=last
    )
    began = process_time()
    story = backtest(asked)
    return process_time() - began, story


def _bare(spec: str, last: date) -> tuple[float, int]:
    market, model = market_from(f"{spec},start={FIRST}", seed=1), Lattice()
    share, ticks, shares, vols = market.underlyings()[0], 0, 0.0, [0.2, 0.2]
    legs: list[Option] = []
    began = process_time()
    while market.now.date() <= last:
        if not legs or (legs[0].expiry - market.now.date()).days <= 10:
            legs, shares = _straddle(market, share), 0.0
        ticks += 1
        spot, *offers = market.offers([share.con_id, *(leg.con_id for leg in legs)])
        if spot.bid is not None and spot.ask is not None:
            middle, delta = (spot.bid + spot.ask) / 2, shares
            inputs = MarketInputs(middle, years_between(market.now, legs[0].expires_at), RATE)
            for i, (leg, offer) in enumerate(zip(legs, offers, strict=True)):
                terms = OptionTerms(leg.right, float(leg.strike))
                if offer.bid is not None and offer.ask is not None:
                    vols[i] = model.implied_vol(terms, inputs, (offer.bid + offer.ask) / 2, vols[i]) or vols[i]
                delta += leg.multiplier * model.greeks(terms, inputs, vols[i]).delta
            if abs(delta) > BAND_SHARES:
                shares -= round(delta)
        following = market.next_tick()
        if following is None:
            break
        market.advance(following)
    return process_time() - began, ticks


def _straddle(market: Market, share: Stock | Index) -> list[Option]:
    """At the money, three weeks away or more."""
    expiry = next(day for day in market.expiries(share.con_id) if (day - market.now.date()).days >= 21)
    offer = market.offers([share.con_id])[0]
    spot = offer.bid or 0.0
    return sorted(market.options(share.con_id, expiry), key=lambda leg: abs(float(leg.strike) - spot))[:2]


def _walked(spec: str, last: date) -> tuple[float, int]:
    """The market alone, with as many contracts to quote as the book looks at."""
    market = market_from(f"{spec},start={FIRST}", seed=1)
    share, quotes = market.underlyings()[0], 0
    con_ids = [share.con_id, *(leg.con_id for leg in _straddle(market, share))]
    began = process_time()
    while market.now.date() <= last and (following := market.next_tick()) is not None:
        quotes += len(market.offers(con_ids))
        market.advance(following)
    return process_time() - began, quotes


if __name__ == "__main__":
    main()
