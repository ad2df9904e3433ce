"""The floor as JSON text and back, so that account, orders and market time go on from one run to the next."""

import json
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeVar, get_type_hints

from cattrs import Converter
from cattrs.strategies import configure_tagged_union

from gamma_scalper.domain.checks import utc
from gamma_scalper.domain.fees import Bill, FeeParameters, Fees
from gamma_scalper.domain.instruments import Option, Stock
from gamma_scalper.domain.orders import Side
from gamma_scalper.domain.quotes import Quote
from gamma_scalper.exchange.accounts import Accounts
from gamma_scalper.exchange.agenda import Agenda
from gamma_scalper.exchange.events import Charged, Executed
from gamma_scalper.exchange.floor import Floor, Mark, Numbers
from gamma_scalper.exchange.halts import ShareWatch
from gamma_scalper.exchange.market import Market
from gamma_scalper.exchange.orders import Order, Pending
from gamma_scalper.exchange.tickets import (
    Cancel,
    CancelAll,
    ComboLeg,
    Deposit,
    Exercise,
    Halt,
    Kind,
    Look,
    LookAway,
    Modify,
    Place,
    SetShortable,
    Tick,
    Ticket,
)

VERSION = 1

E = TypeVar("E", Executed, Charged)


class NotThisMarket(ValueError):
    """What is remembered belongs to another market, seed or version.

    For the operator: start with the market it was made with, or in another state folder.
    """


def _converter() -> Converter:
    converter = Converter()
    converter.register_unstructure_hook(Decimal, str)
    converter.register_structure_hook(Decimal, lambda text, _: Decimal(text))
    converter.register_unstructure_hook(datetime, datetime.isoformat)
    converter.register_structure_hook(datetime, lambda text, _: utc(datetime.fromisoformat(text)))
    converter.register_unstructure_hook(date, date.isoformat)
    converter.register_structure_hook(date, lambda text, _: date.fromisoformat(text))
    configure_tagged_union(Kind, converter)
    converter.register_structure_hook(
        int | tuple[ComboLeg, ...],
        lambda what, _: what if isinstance(what, int) else tuple(ComboLeg(**leg) for leg in what),
    )
    return converter


_CONVERTER = _converter()


def remembered(floor: Floor) -> str:
    """Everything the exchange needs to go on as if it had never stopped."""
    plain = _CONVERTER.unstructure
    return json.dumps(
        {
            "version": VERSION,
            "market": floor.market.name,
            "seed": floor.seed,
            "now": floor.now.isoformat(),
            "at": floor.market.state(),
            "accounts": floor.accounts.state(),
            "orders": [_plain_order(order) for order in floor.orders.all()],
            "agenda": floor.agenda.state(),
            "numbers": plain(floor.numbers),
            "quotes": [plain(quote) for quote in floor.quotes.values()],
            "taken": [
                [con_id, [[side.value, size] for side, size in of.items()]] for con_id, of in floor.taken.items()
            ],
            "looked": list(floor.looked.items()),
            "lines": floor.lines,
            "watches": [plain(watch) for watch in floor.watches.values()],
            "shortable": list(floor.shortable.items()),
            "instructions": [plain(each) for each in floor.instructions],
            "marks": [[con_id, mark.at.isoformat(), mark.price] for con_id, mark in floor.marks.items()],
            "to_assign": floor.to_assign,
            "executions": [_plain_event(each) for each in floor.executions],
            "charges": [_plain_event(each) for each in floor.charges.values()],
            "faults": floor.faults.state(),
        },
        separators=(",", ":"),
    )


def recall(floor: Floor, text: str) -> None:
    """Bring a fresh floor over the same market to where the remembered one was."""
    kept: Mapping[str, Any] = json.loads(text)
    if kept.get("version") != VERSION:
        raise NotThisMarket(f"remembered in version {kept.get('version')}; this program reads version {VERSION}")
    if (kept["market"], kept["seed"]) != (floor.market.name, floor.seed):
        raise NotThisMarket(
            f"remembered of the market {kept['market']} with seed {kept['seed']}, "
            f"not of {floor.market.name} with seed {floor.seed}"
        )
    made = _CONVERTER.structure
    floor.market.restore(kept["at"])
    floor.now = utc(datetime.fromisoformat(kept["now"]))
    floor.accounts = Accounts.of(kept["accounts"])
    floor.orders.restore([_order(floor.market, plain) for plain in kept["orders"]])
    floor.agenda = Agenda.of(kept["agenda"])
    floor.numbers = made(kept["numbers"], Numbers)
    floor.quotes = {plain["con_id"]: made(plain, Quote) for plain in kept["quotes"]}
    floor.taken = {con_id: {Side(side): size for side, size in of} for con_id, of in kept["taken"]}
    floor.looked = dict(kept["looked"])
    floor.lines = list(kept["lines"])
    floor.watches = {plain["con_id"]: made(plain, ShareWatch) for plain in kept["watches"]}
    floor.shortable = dict(kept["shortable"])
    floor.instructions = [made(plain, Exercise) for plain in kept["instructions"]]
    floor.marks = {con_id: Mark(utc(datetime.fromisoformat(at)), price) for con_id, at, price in kept["marks"]}
    floor.to_assign = list(kept["to_assign"])
    floor.executions = [_event(plain, Executed) for plain in kept["executions"]]
    floor.charges = {plain["exec_id"]: _event(plain, Charged) for plain in kept["charges"]}
    floor.faults.restore(kept["faults"])
    floor.out.clear()


# -- instructions ------------------------------------------------------------------------------------------------------

_TOLD = (Place, Modify, Cancel, CancelAll, Exercise, Deposit, Halt, SetShortable, Look, LookAway, Tick)
_KINDS: Mapping[str, type[Any]] = {kind.__name__: kind for kind in _TOLD}


def written(instruction: Any) -> Any:
    """As plain JSON data; quotes from outside are no instruction that can be given again."""
    if type(instruction) not in _TOLD:
        raise TypeError(f"{type(instruction).__name__} is nothing that is written down")
    return _CONVERTER.unstructure(instruction)


def instruction(kind: str, plain: Any) -> Any:
    return _CONVERTER.structure(plain, _KINDS[kind])


# -- parts of the floor ------------------------------------------------------------------------------------------------


def _plain_event(event: Executed | Charged) -> dict[str, Any]:
    return {name: _CONVERTER.unstructure(value) for name, value in event._asdict().items()}


def _event(plain: Mapping[str, Any], kind: type[E]) -> E:
    types = get_type_hints(kind)
    return kind(**{name: _CONVERTER.structure(value, types[name]) for name, value in plain.items()})


def _plain_order(order: Order) -> dict[str, Any]:
    """Bills without their instrument, which the market knows."""
    plain: dict[str, Any] = _CONVERTER.unstructure_attrs_asdict(order)
    plain["ticket"] = _CONVERTER.unstructure(order.ticket)
    plain["pending"] = [[_CONVERTER.unstructure(each.ticket), each.quantity] for each in order.pending]
    plain["bills"] = [
        [con_id, bill.side.value, bill.day.isoformat(), *map(str, (bill.value, bill.uncorrected)),
         _CONVERTER.unstructure(bill.fees), _CONVERTER.unstructure(bill.parameters)]
        for con_id, bill in order.bills.items()
    ]  # fmt: skip
    return plain


def _order(market: Market, plain: Mapping[str, Any]) -> Order:
    order = _CONVERTER.structure({**plain, "bills": {}, "pending": []}, Order)
    order.pending = [Pending(_CONVERTER.structure(ticket, Ticket), quantity) for ticket, quantity in plain["pending"]]
    for con_id, side, day, value, uncorrected, fees, parameters in plain["bills"]:
        instrument = market.instrument(con_id)
        if isinstance(instrument, Stock | Option):
            order.bills[con_id] = Bill(
                _CONVERTER.structure(parameters, FeeParameters),
                instrument,
                Side(side),
                date.fromisoformat(day),
                _CONVERTER.structure(fees, Fees),
                Decimal(value),
                Decimal(uncorrected),
            )
    return order
