"""The broker's echo of an order against what was sent."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import ib_insync as ib

from gamma_scalper.broker.ib.numbers import amount

_FORMS = ("%Y%m%d-%H:%M:%S", "%Y%m%d %H:%M:%S")


def differences(
    sent: ib.Order, sent_contract: ib.Contract, echoed: ib.Order, contract: ib.Contract, zone: str
) -> tuple[str, ...]:
    """Each "tif: sent IOC, echoed DAY". Other spellings of the same, and what neither says, don't count."""
    return tuple(
        f"{name}: sent {was}, echoed {came}"
        for name, was, came in (*_of_order(sent, echoed, zone), *_of_contract(sent_contract, contract))
        if was != came
    )


def _of_order(sent: ib.Order, echoed: ib.Order, zone: str) -> Iterator[tuple[str, object, object]]:
    def both(name: str, read: Callable[[ib.Order], object]) -> tuple[str, object, object]:
        return name, read(sent), read(echoed)

    yield both("action", lambda order: order.action)
    yield both("quantity", lambda order: amount(order.totalQuantity))
    yield both("type", lambda order: order.orderType)
    if sent.orderType == "LMT":
        yield both("limit", lambda order: amount(order.lmtPrice))
    yield both("tif", lambda order: order.tif)
    if sent.goodTillDate or sent.tif == "GTD":
        yield both("good till", lambda order: good_till(order.goodTillDate, zone))
    yield both("outside regular hours", lambda order: bool(order.outsideRth))
    yield both("order ref", lambda order: order.orderRef)
    yield "account", "ours", "ours" if echoed.account == sent.account else "another"  # an id is never told in clear


def _of_contract(sent: ib.Contract, echoed: ib.Contract) -> Iterator[tuple[str, object, object]]:
    if sent.secType != "BAG":
        yield "contract", sent.conId, echoed.conId
        return
    yield "legs", _legs(sent), _legs(echoed)


def _legs(contract: ib.Contract) -> list[tuple[int, int, str]]:
    return sorted((leg.conId, leg.ratio, leg.action) for leg in contract.comboLegs or [])


def good_till(text: str, zone: str) -> datetime | str:
    """The moment meant, in UTC; the text itself where it can't be read, which then is a difference."""
    words = text.strip().split(" ")
    bare, named = (" ".join(words[:-1]), words[-1]) if len(words) == 3 else (" ".join(words), "")
    for form in _FORMS:
        try:
            moment = datetime.strptime(f"{bare} +0000", f"{form} %z")
            where = ZoneInfo(named or ("UTC" if "-" in form else zone))
        except (ValueError, ZoneInfoNotFoundError):
            continue
        return moment.replace(tzinfo=where).astimezone(UTC)
    return text
