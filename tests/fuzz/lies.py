"""What a liar of a broker would say: well-formed, and about orders, fills, holdings and codes that never were."""

from collections.abc import Sequence
from random import Random

from oddities import spelled

_ACCOUNTS = ("DU1000001", "DU1234567", "DU1000002", "", "U7654321")
_PERM_IDS = (0, 1, 77, 2**31, 2**40, -1)
_CON_IDS = (1, 2, 11, 1_000, 555, 0, -1, 2**40)
_QUANTITIES = ("1", "-1", "0", "nan", "1e308", "0.5", "1e15")
_PRICES = ("600.5", "nan", "-1", "1e308", "0", "", "inf")
_STATUSES = ("Filled", "Cancelled", "Submitted", "Inactive", "PendingCancel", "ApiCancelled", "?", "")
_TIMES = ("20260105 10:00:07 US/Eastern", "20260105  10:00:07", "", "x", "99991231 23:59:59 UTC")
_TAGS = ("NetLiquidation", "CashBalance", "InitMarginReq", "x")
_CODES = (
    *(100, 103, 104, 105, 161, 200, 201, 202, 321, 326, 354, 383, 399, 404, 502, 503),
    *(1100, 1101, 1102, 1300, 2103, 2104, 2110, 10147, 10148, 10197, 10349),
)


def forged(chance: Random, ids: Sequence[int]) -> bytes:
    """One message, framed; it names requests and orders that may be in use."""
    account, number, perm_id = chance.choice(_ACCOUNTS), chance.choice(ids[-40:]), chance.choice(_PERM_IDS)
    con_id, quantity = chance.choice(_CON_IDS), chance.choice(_QUANTITIES)
    price, status = chance.choice(_PRICES), chance.choice(_STATUSES)
    contract = [con_id, "SPY", "STK", "", 0, "", "", "SMART", "USD", "SPY", "SPY"]
    match chance.randrange(9):
        case 0:
            when = chance.choice(_TIMES)
            about = [11, number, chance.choice((number, 0, -1, 2**31, 10**20)), *contract, _exec_id(chance), when]
            filled = [account, "NYSE", chance.choice(("BOT", "SLD", "?")), quantity, price, perm_id, 17, 0]
            return spelled([*about, *filled, quantity, price, "", "", "", "", 1])
        case 1:
            about = [3, number, status, quantity, quantity, price, perm_id, 0, price]
            return spelled([*about, chance.choice((17, 0, -1)), "", 0])
        case 2:
            about = [4, 2, chance.choice((number, -1))]
            return spelled([*about, chance.choice((*_CODES, chance.randrange(20_000))), "it says so", ""])
        case 3:
            held = [con_id, "SPY", "STK", "", 0, "", "", "", "USD", "SPY", "SPY", quantity, price]
            return spelled([61, 3, account, *held])
        case 4:
            return spelled([59, 1, _exec_id(chance), price, "USD", price, "", ""])
        case 5:
            return spelled([9, 1, chance.choice((0, -5, 1, 2**31 - 1, 2**31, 10**30))])
        case 6:
            return spelled([15, 1, chance.choice((account, f"{account},X", ""))])
        case 7:
            times = [49, 1, quantity], [49, 1, 10**18], [49, 1, 0]
            ends = [53, 1], [62, 1], [54, 1, account], [55, 1, number], [52, 1, number], [102]
            return spelled(chance.choice((*times, *ends)))
        case _:
            return spelled([6, 2, chance.choice(_TAGS), quantity, chance.choice(("USD", "", "EUR")), account])


def _exec_id(chance: Random) -> str:
    return f"0001.{chance.randrange(50)}.01.01"
