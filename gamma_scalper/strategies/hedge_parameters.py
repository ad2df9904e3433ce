"""When and how the delta is hedged. How often and how much at most is said in `risk.hedging` and `risk.size`."""

from attrs import frozen

from gamma_scalper.domain.settings import setting

_OWN_TARGET = ("fee_aware", "time", "move")


@frozen
class HedgeParameters:
    """Which policy, its figures, and how its orders are worked."""

    policy: str = setting(
        "fee_aware",
        "what makes a hedge due: so many shares, one of three bands by cost and risk, time, or a move",
        one_of=("fixed", "whalley_wilmott", "zakamouline", "fee_aware", "time", "move"),
    )
    band_shares: float = setting(25.0, "policy fixed: delta left alone", unit="shares", at_least=0)
    band_per_straddle: float = setting(0.0, "the same per straddle; 0: not given", unit="shares", at_least=0)
    to: str = setting(
        "best",
        "where in its band a hedge ends; best: fixed at the centre, the bands by cost where they are cheapest",
        one_of=("best", "centre", "half", "edge"),
    )
    risk_aversion: float = setting(
        0.005, "of the bands by cost, per $ of profit; more is narrower", above=0, at_most=1_000
    )
    risk_aversion_per_straddle: float = setting(
        0.0, "of a book with one straddle; with n of them an n-th; 0: not given", at_least=0, at_most=1_000
    )
    every_s: float = setting(1_800.0, "policy time: from one hedge to the next", unit="s", above=0)
    move: float = setting(
        0.0, "policy move: of the underlying since the last hedge; 0: not given", unit="$", at_least=0
    )
    move_pct: float = setting(0.0, "the same in percent; 0: not given", unit="%", at_least=0, at_most=100)
    move_sigmas: float = setting(
        0.5, "the same in a day's implied deviations; 0: not given; the least of those given counts", at_least=0
    )
    trend_factor: float = setting(
        1.0,
        "let it run: the band is so many times as wide on the side a trend drives the delta to; 1: off",
        at_least=1,
        at_most=10,
    )
    trend_ratio: float = setting(0.6, "efficiency ratio of 30 minutes from which on it is a trend", above=0, at_most=1)
    execution: str = setting(
        "limit",
        "at the market, by a limit through the touch, or joining the near side first",
        one_of=("market", "limit", "passive"),
    )
    collar_bp: float = setting(
        2.0, "how far through the touch a limit that is to fill goes", unit="bp", at_least=0, at_most=50
    )
    work_s: float = setting(
        5.0, "how long such a limit may work; 0: at once or not at all", unit="s", at_least=0, at_most=600
    )
    patience_s: float = setting(
        5.0, "execution passive: on the near side, before it steps across", unit="s", above=0, at_most=600
    )
    steps: int = setting(1, "steps from there to a limit that is to fill", unit="steps", at_least=1, at_most=20)
    step_s: float = setting(2.0, "from one step to the next", unit="s", above=0, at_most=60)
    good_for_s: float = setting(5.0, "a command that is not sent by then is discarded", unit="s", above=0, at_most=60)
    spacing_s: float = setting(
        2.0, "between the parts of a hedge larger than one order may be", unit="s", at_least=0, at_most=600
    )

    def __attrs_post_init__(self) -> None:
        if self.policy in _OWN_TARGET and self.to != "best":
            raise ValueError(
                f"to = {self.to!r} is not allowed; allowed: best, since policy = {self.policy!r} has its own target"
            )
        if self.policy == "move" and not (self.move or self.move_pct or self.move_sigmas):
            raise ValueError(
                "move_sigmas = 0 is not allowed; allowed: one of move, move_pct, move_sigmas above 0, "
                "since policy = 'move'"
            )

    @property
    def passive_s(self) -> float:
        """How long a passive order works at the most."""
        return self.patience_s + self.steps * self.step_s + self.work_s
