"""How long to wait before the next attempt to connect."""

import hashlib

from gamma_scalper.broker.ib.parameters import BackoffParameters


def wait_s(parameters: BackoffParameters, attempt: int, client_id: int) -> float:
    """After the attempt of this number, from 1: doubling, with a jitter that differs between clients, not between runs.

    So that a dozen programs cut off at one moment do not come back at one moment.
    """
    doubled = parameters.first_s * 2.0 ** min(attempt - 1, 30)
    digest = hashlib.sha256(f"{client_id}/{attempt}".encode()).digest()
    stretch = 1 + parameters.jitter_pct / 100 * int.from_bytes(digest[:4], "big") / 2**32
    return min(doubled, parameters.longest_s) * stretch
