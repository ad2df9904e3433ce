"""What a field of ours is called in ib_insync, and whether the two objects say the same."""

import dataclasses
from decimal import Decimal
from typing import Any

import attrs
from ib_insync.contract import ComboLeg, DeltaNeutralContract, TagValue
from ib_insync.objects import SoftDollarTier
from ib_insync.order import Order, OrderComboLeg, OrderCondition
from ib_insync.util import UNSET_DOUBLE, UNSET_INTEGER

# ours -> theirs, where more differs than capitals and underscores
_THEIRS = {
    "expiry": "lasttradedateorcontractmonth",
    "legs": "combolegs",
    "legsdescription": "combolegsdescrip",
    "deltaneutral": "deltaneutralcontract",
    "secids": "secidlist",
    "legprices": "ordercombolegs",
    "miscoptions": "ordermiscoptions",
    "kind": "condtype",
    "account": "acctnumber",
    "count": "barcount",
    "size": "count",
    "start": "startdatetime",
    "end": "enddatetime",
    "value": "val",
    "display": "displayname",
    "exchange": "exch",
    "listingexchange": "listingexch",
}


def _plain(name: str) -> str:
    return name.replace("_", "").lower()


def fields_of(theirs: Any) -> dict[str, Any]:
    """The fields of an object of ib_insync by their plain names; a tier's as if they were the order's own."""
    found = {_plain(field.name): getattr(theirs, field.name) for field in dataclasses.fields(theirs)}
    tier = found.pop("softdollartier", None)
    if tier is not None:
        found |= {
            "softdollarname": tier.name,
            "softdollarvalue": tier.val,
            "softdollardisplay": tier.displayName,
        }
    if "ordercombolegs" in found:
        found["ordercombolegs"] = [leg.price for leg in found["ordercombolegs"]]
    return found


def differences(ours: Any, theirs: Any, path: str = "") -> list[str]:
    """Where the two differ, of all fields of which ours has something to say."""
    if attrs.has(type(ours)):
        if not dataclasses.is_dataclass(theirs):
            return [
                found
                for field, value in zip(attrs.fields(type(ours)), theirs, strict=True)
                for found in differences(getattr(ours, field.name), value, f"{path}.{field.name}")
            ]
        there = fields_of(theirs)
        found = []
        for field in attrs.fields(type(ours)):
            value = getattr(ours, field.name)
            plain = _plain(field.name)
            name = plain if plain in there else _THEIRS.get(plain, plain)
            if name in there:
                found += differences(value, there[name], f"{path}.{field.name}")
            elif value != field.default:
                found.append(f"{path}.{field.name}: not told of {value!r}")
        return found
    if isinstance(ours, tuple):
        if len(ours) != len(theirs or ()):
            return [f"{path}: {ours!r} and {theirs!r}"]
        return [
            each
            for number, (mine, yours) in enumerate(zip(ours, theirs or (), strict=True))
            for each in differences(mine, yours, f"{path}[{number}]")
        ]
    if theirs in (UNSET_DOUBLE, UNSET_INTEGER):
        theirs = None
    both_say_nothing = not ours and not theirs  # ib_insync has no unset for some, and another one for others
    same = float(ours) == theirs if isinstance(ours, Decimal) else ours == theirs
    return [] if same or both_say_nothing else [f"{path}: {ours!r} and {theirs!r}"]


def told_to(theirs: Any, ours: Any) -> Any:
    """The object of ib_insync with everything in it that ours has."""
    there = {_plain(field.name): field.name for field in dataclasses.fields(theirs)}
    for field in attrs.fields(type(ours)):
        plain = _plain(field.name)
        name = there.get(plain) or there.get(_THEIRS.get(plain, ""))
        if name is not None and getattr(ours, field.name) is not None:
            setattr(theirs, name, _theirs(field.name, getattr(ours, field.name)))
    if isinstance(theirs, Order):
        theirs.softDollarTier = SoftDollarTier(ours.soft_dollar_name, ours.soft_dollar_value)
    return theirs


def _theirs(name: str, value: Any) -> Any:
    match name:
        case "legs":
            return [told_to(ComboLeg(), leg) for leg in value]
        case "delta_neutral":
            return told_to(DeltaNeutralContract(), value)
        case "leg_prices":
            return [OrderComboLeg(price) for price in value]
        case "conditions":
            return [told_to(OrderCondition.createClass(each.kind)(), each) for each in value]
        case "smart_combo_routing_params" | "algo_params":
            return [TagValue(each.tag, each.value) for each in value]
        case "misc_options":
            return [TagValue(*option.split("=")) for option in value.split(";") if option]
        case _:
            return float(value) if isinstance(value, Decimal) else value
