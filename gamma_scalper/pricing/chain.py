"""A whole chain at once: implied volatility and Greeks of every contract."""

import enum
from collections.abc import Sequence
from contextlib import suppress
from typing import Literal, NamedTuple, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
from attrs import evolve

from gamma_scalper.domain.instruments import Exercise, Right
from gamma_scalper.pricing.model import MarketInputs, NoValidTree, OptionTerms, PricingModel

Floats = npt.NDArray[np.float64]
VolOf = Literal["spot", "forward"]


class Reason(enum.IntEnum):
    """Why a row has no volatility; 0 where it has one."""

    SOLVED = 0
    BAD_RIGHT = 1  # neither C nor P
    BAD_STRIKE = 2  # not a positive number
    BAD_TIME = 3  # negative, or not a number
    BAD_PRICE = 4  # negative, or not a number
    EXPIRED = 5
    NO_TIME_VALUE = 6  # no dearer than it would be without any volatility
    TOO_DEAR = 7  # dearer than any volatility explains
    NO_TREE = 8  # at its volatility no tree has valid probabilities


class ChainGreeks(NamedTuple):
    """One entry for each contract, NaN where `reason` is not 0. Per share; theta per calendar day."""

    implied_vol: Floats
    price: Floats
    delta: Floats
    gamma: Floats
    theta_per_day: Floats
    vega: Floats
    reason: npt.NDArray[np.int8]


@runtime_checkable
class ChainModel(Protocol):
    """A model that works through many sound rows by itself: six rows of results, NaN where there is no volatility."""

    def chain(
        self, signs: Floats, strikes: Floats, prices: Floats, years: Floats, inputs: MarketInputs, exercise: Exercise,
        cores: int,
    ) -> Floats: ...  # fmt: skip


@runtime_checkable
class BulkPricing(Protocol):
    """A model that prices many sound rows by itself."""

    def prices(
        self, signs: Floats, strikes: Floats, years: Floats, vols: Floats, inputs: MarketInputs, exercise: Exercise,
        of_forward: bool,
    ) -> Floats: ...  # fmt: skip


def chain_greeks(
    model: PricingModel,
    rights: Sequence[Right] | npt.NDArray[np.str_],
    strikes: npt.ArrayLike,
    years: npt.ArrayLike,
    prices: npt.ArrayLike,
    inputs: MarketInputs,
    *,
    exercise: Exercise = "american",
    cores: int = 1,
) -> ChainGreeks:
    """Solve each contract's volatility on the model, and take its Greeks there.

    `years` and `prices` go with `strikes`; one number serves all. `inputs.years` counts for nothing. A trading process
    keeps to one core, the default, since it shares the machine with its own event loop; scans and sweeps name more.
    """
    if type(cores) is not int or not 1 <= cores <= 256:
        raise ValueError(f"cores must be a whole number from 1 to 256, not {cores!r}")
    OptionTerms("C", inputs.spot, exercise)  # refuses what is no exercise, even for no rows
    signs, strike, time, price = _columns(rights, strikes, years, prices)
    reason = _faults(signs, strike, time, price)
    sound = np.flatnonzero(reason == Reason.SOLVED)
    found = np.full((6, signs.size), np.nan)
    if isinstance(model, ChainModel):
        found[:, sound] = model.chain(signs[sound], strike[sound], price[sound], time[sound], inputs, exercise, cores)
    else:
        for i in sound:
            terms = OptionTerms("C" if signs[i] > 0 else "P", float(strike[i]), exercise)
            found[:, i] = _one(model, terms, evolve(inputs, years=float(time[i])), float(price[i]))
    unsolved = sound[np.isnan(found[0, sound])]
    growth = -np.where(signs > 0, inputs.dividend_yield, inputs.rate) * time
    most = np.where(signs > 0, inputs.spot, strike) * np.exp(
        np.maximum(growth, 0) if exercise == "american" else growth
    )
    reason[unsolved] = np.where(price[unsolved] >= most[unsolved], Reason.TOO_DEAR, Reason.NO_TIME_VALUE)
    reason[np.isnan(found[5]) & ~np.isnan(found[0])] = Reason.NO_TREE
    found[:, reason != Reason.SOLVED] = np.nan
    return ChainGreeks(found[0], found[1], found[2], found[3], found[4], found[5], reason)


def chain_prices(
    model: PricingModel,
    rights: Sequence[Right] | npt.NDArray[np.str_],
    strikes: npt.ArrayLike,
    years: npt.ArrayLike,
    vols: npt.ArrayLike,
    inputs: MarketInputs,
    *,
    exercise: Exercise = "american",
    vol_of: VolOf = "spot",
) -> Floats:
    """Each contract's price at its own volatility; NaN where the row is unsound or no tree has valid probabilities.

    `vol_of="forward"` takes the volatility for that of the spot without the cash dividends in the contract's life (the
    escrowed model), which the lattice works through as fast as it does without dividends.
    """
    if vol_of not in ("spot", "forward"):
        raise ValueError(f"vol_of must be spot or forward, not {vol_of!r}")
    OptionTerms("C", inputs.spot, exercise)  # refuses what is no exercise, even for no rows
    signs, strike, time, vol = _columns(rights, strikes, years, vols, "vols")
    if not isinstance(model, BulkPricing) and vol_of == "forward" and inputs.dividends:
        raise ValueError(f"vol_of must be spot for {model!r}; only the lattice knows the forward's volatility")
    sound = np.flatnonzero(np.isin(_faults(signs, strike, time, vol), (Reason.SOLVED, Reason.EXPIRED)) & (vol > 0))
    found = np.full(signs.size, np.nan)
    if isinstance(model, BulkPricing):
        rows = (signs[sound], strike[sound], time[sound], vol[sound])
        found[sound] = model.prices(*rows, inputs, exercise, vol_of == "forward")
        return found
    for i in sound:
        terms = OptionTerms("C" if signs[i] > 0 else "P", float(strike[i]), exercise)
        with suppress(NoValidTree):
            found[i] = model.price(terms, evolve(inputs, years=float(time[i])), float(vol[i]))
    return found


def _columns(
    rights: Sequence[Right] | npt.NDArray[np.str_], strikes: npt.ArrayLike, years: npt.ArrayLike, values: npt.ArrayLike,
    valued: str = "prices",
) -> tuple[Floats, Floats, Floats, Floats]:  # fmt: skip
    right = np.asarray(rights, dtype=np.str_)
    signs = np.select([right == "C", right == "P"], [1.0, -1.0], np.nan)
    columns = []
    for name, given in (("rights", signs), ("strikes", strikes), ("years", years), (valued, values)):
        try:
            column = np.asarray(given, dtype=np.float64)
            columns.append(np.array(np.broadcast_to(column, np.shape(strikes)), order="C"))
        except (TypeError, ValueError) as error:
            raise ValueError(f"{name} must be numbers, one for each of the {np.size(strikes)} strikes") from error
    if columns[1].ndim != 1:
        raise ValueError(f"strikes must be one list, not {columns[1].ndim}-dimensional")
    return columns[0], columns[1], columns[2], columns[3]


def _faults(signs: Floats, strike: Floats, years: Floats, price: Floats) -> npt.NDArray[np.int8]:
    """What is wrong with a row as it was given; the first fault counts."""
    faults = [
        (np.isnan(signs), Reason.BAD_RIGHT),
        (~(np.isfinite(strike) & (strike > 0)), Reason.BAD_STRIKE),
        (~(np.isfinite(years) & (years >= 0)), Reason.BAD_TIME),
        (~(np.isfinite(price) & (price >= 0)), Reason.BAD_PRICE),
        (years == 0, Reason.EXPIRED),
    ]
    return np.select([bad for bad, _ in faults], [code for _, code in faults], Reason.SOLVED).astype(np.int8)


def _one(model: PricingModel, terms: OptionTerms, inputs: MarketInputs, price: float) -> tuple[float, ...]:
    nothing = (np.nan,) * 6
    vol = model.implied_vol(terms, inputs, price)
    if vol is None:
        return nothing
    try:
        greeks = model.greeks(terms, inputs, vol)
    except NoValidTree:
        return (vol, *nothing[1:])
    return vol, greeks.price, greeks.delta, greeks.gamma, greeks.theta_per_day, greeks.vega
