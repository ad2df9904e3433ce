"""Events as lines of JSON, the same for the same events on every run and machine."""

import json
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

from attrs import asdict

from gamma_scalper.domain.quotes import Quote
from gamma_scalper.exchange.events import Event


def line_of(event: Event) -> str:
    """One event: its kind, then its fields as they are declared. Money is text, times are ISO in UTC."""
    return json.dumps({"kind": type(event).__name__, **asdict(event, value_serializer=_plain)}, separators=(",", ":"))


def number_of(event: Event) -> int:
    """Its place in the one order of all events."""
    return event.snapshot_id if isinstance(event, Quote) else event.seq


def _plain(_instance: Any, _field: Any, value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Decimal):
        return str(value)
    return value.isoformat() if isinstance(value, datetime | date) else value
