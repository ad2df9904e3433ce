"""What the broker's codes mean. The table is data, and a person may overrule each line of it in a TOML file."""

import enum
import tomllib
from collections.abc import Mapping
from pathlib import Path

from gamma_scalper.domain.exits import UserError


class Meaning(enum.StrEnum):
    """What a code says, and so what is done about it."""

    FATAL = "fatal"  # only a person can help: the connection is not tried again at start
    REJECT = "reject"  # the order was not taken
    WARNING = "warning"  # told, and nothing else: what it is about lives on
    UNKNOWN = "unknown"  # may be false: open orders and executions are asked
    CANCELLED = "cancelled"  # the order is dead
    HELD = "held"  # alive, and waits for shares to borrow
    ID_IN_USE = "id_in_use"  # another program has our client id; wait for it
    LINK_LOST = "link_lost"
    LINK_BACK_EMPTY = "link_back_empty"  # and subscriptions are gone
    LINK_BACK = "link_back"
    FARM_LOST = "farm_lost"  # quotes pause, orders go on
    FARM_BACK = "farm_back"
    COMPETING = "competing"  # somebody else has the quotes
    NO_DATA = "no_data"  # this line will not quote
    NOTE = "note"  # written to the log alone


# code -> its meaning. What is not here: about an order it is unknown, from 2100 to 2199 a warning, else a refusal.
MEANINGS: dict[int, Meaning] = {
    100: Meaning.WARNING,  # too many requests a second
    101: Meaning.NO_DATA,  # too many market-data lines
    103: Meaning.REJECT,  # duplicate order id
    104: Meaning.UNKNOWN,  # cannot modify a filled order
    105: Meaning.UNKNOWN,  # order does not match the one being modified
    106: Meaning.REJECT,  # cannot transmit
    107: Meaning.REJECT,
    109: Meaning.REJECT,  # price out of the precautionary range
    110: Meaning.REJECT,  # not a step of the market rule
    111: Meaning.REJECT,
    113: Meaning.REJECT,
    116: Meaning.REJECT,
    117: Meaning.REJECT,
    135: Meaning.UNKNOWN,  # no order with this id
    136: Meaning.UNKNOWN,
    161: Meaning.UNKNOWN,  # not in a state that can be cancelled
    162: Meaning.NO_DATA,  # historical data: none, no right to it, or too many requests
    165: Meaning.NOTE,
    200: Meaning.REJECT,  # no such contract, or several
    201: Meaning.REJECT,
    202: Meaning.CANCELLED,
    203: Meaning.REJECT,  # not allowed for this account
    321: Meaning.UNKNOWN,
    326: Meaning.ID_IN_USE,
    329: Meaning.UNKNOWN,
    354: Meaning.NO_DATA,  # not subscribed
    382: Meaning.REJECT,
    383: Meaning.REJECT,  # size above the precaution
    387: Meaning.REJECT,
    388: Meaning.REJECT,
    399: Meaning.WARNING,
    404: Meaning.HELD,
    420: Meaning.NO_DATA,
    434: Meaning.REJECT,
    435: Meaning.REJECT,  # which account?
    436: Meaning.REJECT,
    451: Meaning.REJECT,  # value above the precaution
    492: Meaning.WARNING,
    502: Meaning.WARNING,
    503: Meaning.FATAL,  # TWS is out of date
    507: Meaning.WARNING,
    1100: Meaning.LINK_LOST,
    1101: Meaning.LINK_BACK_EMPTY,
    1102: Meaning.LINK_BACK,
    1300: Meaning.FATAL,  # the port was changed
    2103: Meaning.FARM_LOST,
    2104: Meaning.FARM_BACK,
    2105: Meaning.WARNING,  # history only
    2106: Meaning.NOTE,
    2107: Meaning.NOTE,
    2108: Meaning.NOTE,
    2110: Meaning.LINK_LOST,  # the gateway has lost its server and will come back with 1101 or 1102
    2119: Meaning.NOTE,
    2158: Meaning.NOTE,
    10058: Meaning.REJECT,
    10089: Meaning.NO_DATA,
    10090: Meaning.WARNING,  # a part of the data is not subscribed
    10147: Meaning.UNKNOWN,  # the order to be cancelled is not found
    10148: Meaning.UNKNOWN,  # it cannot be cancelled
    10167: Meaning.WARNING,  # delayed data instead; the data type tells
    10168: Meaning.NO_DATA,
    10182: Meaning.WARNING,  # live bars, not the connection
    10186: Meaning.NO_DATA,
    10197: Meaning.COMPETING,
    10349: Meaning.WARNING,  # a preset changed the time in force; the order lives
}


class Codes:
    """The table in use."""

    def __init__(self, overrides: Mapping[int, Meaning] | None = None) -> None:
        self._meanings = MEANINGS | dict(overrides or {})

    def of(self, code: int) -> Meaning | None:
        """None where nobody has said what it means."""
        if code in self._meanings:
            return self._meanings[code]
        return Meaning.WARNING if 2100 <= code < 2200 else None

    def of_order(self, code: int) -> Meaning:
        """About an order, what is not known is doubted: the order may live."""
        return self.of(code) or Meaning.UNKNOWN

    def of_request(self, code: int) -> Meaning:
        return self.of(code) or Meaning.REJECT


def load_codes(path: Path | None) -> Codes:
    """The table with the lines of a file, such as `10349 = "warning"` below `[codes]`, put over it."""
    if path is None:
        return Codes()
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"{path}: cannot read the codes: {error.strerror}; name a file that can be read") from error
    except ValueError as error:  # of TOML and of UTF-8
        raise UserError(f"{path}: not valid TOML: {error}") from error
    table = given.pop("codes", {})
    if given or not isinstance(table, dict):
        wrong = ", ".join(given) or "codes"
        raise UserError(
            f'{path}: {wrong} is not understood; allowed is one table [codes] of lines like 10349 = "warning"'
        )
    return Codes({_code(path, code): _meaning(path, code, meaning) for code, meaning in table.items()})


def _code(path: Path, text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) < 100_000):
        raise UserError(f"{path}: {text!r} is no code; allowed: a whole number such as 10349")
    return int(text)


def _meaning(path: Path, code: str, text: object) -> Meaning:
    if not isinstance(text, str) or text not in list(Meaning):
        raise UserError(f"{path}: {code} = {text!r} is not allowed; allowed: {', '.join(Meaning)}")
    return Meaning(text)
