"""Waits for the compiled functions, and says so the first time ever, when that takes a while."""

import sys
from collections.abc import Callable, Sequence

from rich.console import Console

from gamma_scalper.pricing.warm_up import WarmUp

_SAID = "compiling for this processor, once after set-up or an update"


def load_compiled_code(also: Sequence[Callable[[], object]] = ()) -> None:
    """Return once pricing can be used without delay; `also` is what other rooms have to load."""
    warm_up = WarmUp(also)
    while warm_up.wait(0.05) == "loading":
        pass
    if warm_up.state == "compiling":
        console = Console(stderr=True)
        with console.status(f"{_SAID} ..."):
            if not console.is_terminal:
                sys.stderr.write(f"{_SAID}\n")
            warm_up.wait()


def load_market_code() -> None:
    """The same with the quotes of generated markets."""
    from gamma_scalper.exchange.simulated.option_quotes import load_kernel

    load_compiled_code(also=[load_kernel])
