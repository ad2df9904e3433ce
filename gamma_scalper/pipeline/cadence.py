"""How often the house looks around although nothing has happened."""

from attrs import frozen


@frozen(kw_only=True)
class Cadence:
    """Of a market that is quoted all the time; one that stands still between its ticks needs fewer looks."""

    look_s: float = 1.0  # after which it is looked at what was rung for
    lookout_s: float = 10.0  # between two looks of the lookout at most
    rest_s: float = 10.0  # between two of the governor, where nothing happens that is seen at once
    rest_closed_s: float = 60.0  # the same while the market is closed: time brings little until it opens
    rest_red_s: float = 1.0  # the same while the lamp is red
    silent_s: float = 30.0  # without a thought, after which the state space is made without one
