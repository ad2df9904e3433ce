"""Compiling takes half a minute the first time ever, so it begins at the program's start, beside everything else."""

import threading
from collections.abc import Callable, Sequence
from typing import Any, Literal

State = Literal["loading", "compiling", "ready", "failed"]


class WarmUp:
    """A thread that has every compiled function loaded from disk, or compiled and put there.

    `state` may be read at any time; it says `compiling` only where machine code had to be made, which is once after
    set-up and after each change of the code or of the processor. `also` is what else there is to load, by rooms that
    pricing doesn't know.
    """

    def __init__(self, also: Sequence[Callable[[], object]] = ()) -> None:
        self._also = also
        self._compiled = self._ready = False
        self._thread = threading.Thread(target=self._load, name="pricing warm-up", daemon=True)
        self._thread.start()

    @property
    def state(self) -> State:
        if self._thread.is_alive():
            return "compiling" if self._compiled else "loading"
        return "ready" if self._ready else "failed"

    def wait(self, timeout_s: float | None = None) -> State:
        """The state once it is over, or when the time is up."""
        self._thread.join(timeout_s)
        return self.state

    def _load(self) -> None:
        from attrs import evolve
        from numba.core import event

        from gamma_scalper.pricing.analytic import BlackScholes
        from gamma_scalper.pricing.chain import chain_greeks, chain_prices
        from gamma_scalper.pricing.lattice import Lattice
        from gamma_scalper.pricing.model import MarketInputs, OptionTerms

        warm_up = self

        class Listener(event.Listener):
            def on_start(self, event: Any) -> None:
                warm_up._compiled = True

            def on_end(self, event: Any) -> None:
                pass

        with event.install_listener("numba:compile", Listener()):
            model, terms = Lattice(), OptionTerms("P", 100.0)
            inputs = MarketInputs(100.0, 0.1, 0.04, 0.01)
            price = model.price(terms, inputs, 0.2)
            model.implied_vol(terms, inputs, price)
            model.greeks(terms, inputs, 0.2)
            chain_greeks(model, ["P"], [100.0], 0.1, [price], inputs)
            paying = evolve(inputs, dividends=((0.05, 1.0),))
            chain_prices(model, ["P", "C"], [100.0, 100.0], 0.1, 0.2, paying, vol_of="forward")
            closed = OptionTerms("P", 100.0, "european")
            BlackScholes().implied_vol(closed, inputs, BlackScholes().price(closed, inputs, 0.2))
            BlackScholes().greeks(closed, inputs, 0.2)
            for load in self._also:
                load()
        self._ready = True
