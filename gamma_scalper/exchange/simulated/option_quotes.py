"""Option quotes: the lattice at the surface's volatility, a spread around it, ticks, sizes."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gamma_scalper.exchange.market import Offer
from gamma_scalper.exchange.simulated import quote_kernel as kernel
from gamma_scalper.exchange.simulated.assets import Asset

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

Now = kernel.Now


class Rows(NamedTuple):
    """Options of one asset that somebody looks at: what of them never changes, and room for their quotes."""

    places: list[int]  # in the list that was asked for
    ids: Ints  # conIds; series
    contracts: Floats  # strikes; 1 for a call, -1 for a put
    prices: Floats
    sizes: Ints

    @classmethod
    def of(cls, places: list[int], con_ids: Ints, series: Ints, strikes: Floats, signs: Floats) -> "Rows":
        count = con_ids.size
        ids, contracts = np.array((con_ids, series)), np.array((strikes, signs))
        return cls(places, ids, contracts, np.empty((2, count)), np.empty((3, count), dtype=np.int64))


class Seen(NamedTuple):
    """The surface where the rows are."""

    years: Floats
    moneyness: Floats  # logarithm of strike over forward
    at_the_money: Floats
    vols: Floats  # per year of calendar time, which is the lattice's; of the forward
    mids: Floats  # prices before anybody adds a spread


def seen(asset: Asset, now: Now, series: Floats, rows: Rows) -> Seen:
    """`series` has three rows: when each settles, in seconds since 1970 and in variance time, and when trading ends."""
    found = np.empty((5, rows.ids.shape[1]))
    kernel.see(rows.ids, rows.contracts, series, asset.terms, asset.dues, *now, found)
    return Seen(*found)


def put_on_offer(
    asset: Asset, now: Now, series: Floats, rows: Rows, seed: int, moment: int, found: list[Offer]
) -> None:
    """Put the quotes of those that trade in their places of `found`; `moment` numbers the tick."""
    ids, contracts, prices, sizes = rows.ids, rows.contracts, rows.prices, rows.sizes
    kernel.quote(ids, contracts, series, asset.terms, asset.dues, *now, seed, moment, prices, sizes)
    bids, asks = prices.tolist()
    bid_sizes, ask_sizes, trading = sizes.tolist()
    for place, bid, ask, bid_size, ask_size, trades in zip(
        rows.places, bids, asks, bid_sizes, ask_sizes, trading, strict=True
    ):
        if trades:
            found[place] = Offer(bid, ask, bid_size, ask_size)


def open_interest(rows: Rows, at: Seen, chance: int, monthly: bool) -> Ints:
    """As of the morning: most at round strikes near the money, and in the monthlies."""
    strikes = rows.contracts[0]
    distance = at.moneyness / (2.0 * np.sqrt(at.at_the_money) + 0.05)
    usual = 4_000.0 * np.exp(-0.5 * np.minimum(distance * distance, 20.0)) * (4.0 if monthly else 1.0)
    digit = 10.0 ** np.floor(np.log10(strikes) - 1.0)
    usual *= np.where(strikes % (5 * digit) == 0, 5.0, np.where(strikes % digit == 0, 2.5, 1.0))
    luck = np.array([kernel.noise(np.uint64(chance), con_id)[0] for con_id in rows.ids[0].tolist()])
    contracts: Ints = (usual * (0.1 + 1.8 * luck * luck)).astype(np.int64)
    return contracts


def load_kernel() -> None:
    """Have the machine code loaded, or made, by quoting one option; for a `WarmUp`."""
    zero, one = np.zeros(1, dtype=np.int64), np.ones(1)
    rows = Rows.of([0], zero, zero, 100.0 * one, one)
    series, dues = np.ones((3, 1)), np.empty((3, 0))
    terms = np.array(kernel.Terms(1.0, 0.04, 0.0, 0.0, 0.0, 0.04, 1.0, 1.0, 0.06, 1.0, 1.0, 5.0, 3.0))
    now = Now(100.0, 0.04, 0.0, 0.0)
    kernel.quote(rows.ids, rows.contracts, series, terms, dues, *now, 1, 1, rows.prices, rows.sizes)
    kernel.see(rows.ids, rows.contracts, series, terms, dues, *now, np.empty((5, 1)))
    kernel.noise(np.uint64(kernel.occasion(1, 1, 1)), 1)
