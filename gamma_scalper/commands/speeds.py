"""The flag --speed: how fast the offline market runs."""

from gamma_scalper.domain.exits import UserError
from gamma_scalper.system import SystemParameters


def parsed_speed(text: str, system: SystemParameters) -> float | None:
    """Times the wall clock; None is as fast as it can."""
    if system.gateway != "embedded":
        if text != "1":
            raise UserError("--speed: only the offline market can be hurried; GATEWAY is a broker's")
        return 1.0
    if text == "max":
        return None
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0.1 <= speed <= 100_000:
        raise UserError(f"--speed {text} is not allowed; allowed: 0.1 to 100000 times the wall clock, or max")
    return speed
