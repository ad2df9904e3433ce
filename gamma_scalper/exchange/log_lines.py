"""Events as lines of JSON, the same for the same events on every run and machine."""

import json
from datetime import datetime
from typing import Any

from attrs import asdict

from gamma_scalper.domain.fees import Fees
from gamma_scalper.domain.orders import Side
from gamma_scalper.domain.quotes import Quote
from gamma_scalper.exchange.events import Event


def line_of(event: Event) -> str:
    """One event: its kind, then its fields as they are declared. Money is text, times are ISO in UTC."""
    fields = asdict(event) if isinstance(event, Quote) else event._asdict()
    return json.dumps({"kind": type(event).__name__, **fields}, default=_plain, separators=(",", ":"))


def number_of(event: Event) -> int:
    """Its place in the one order of all events."""
    return event.snapshot_id if isinstance(event, Quote) else event.seq


def _plain(value: Any) -> Any:
    if isinstance(value, Side):
        return value.value
    if isinstance(value, Fees):
        return asdict(value)
    return value.isoformat() if isinstance(value, datetime) else str(value)
