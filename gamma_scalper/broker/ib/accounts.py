"""Which account is ours, and whether it is of the kind that is wanted."""

import re
from collections.abc import Sequence
from typing import Literal

from gamma_scalper.domain.exits import UserError

Kind = Literal["paper", "live"]

_IDS = re.compile(r"\b(?:D?[UFI])\d{5,}\b")


def kind_of(account: str) -> Kind:
    """By its name, which is all there is to go by: paper accounts begin with a D."""
    return "paper" if account.startswith("D") else "live"


def masked(account: str) -> str:
    """Enough to tell a person which one, and no more."""
    return f"{account[:2]}…{account[-2:]}" if len(account) > 5 else f"{account[:2]}…"


def without_ids(text: str) -> str:
    """The broker's words, with the accounts that it names in them masked."""
    return _IDS.sub(lambda found: masked(found[0]), text)


def chosen(wanted: str, managed: Sequence[str], require: Kind | None, *, reads_only: bool = False) -> str:
    """The account to trade in; raises `UserError` where only a person can choose. To read the market any will do."""
    setting = "LIVE_ACCOUNT" if require == "live" else "ACCOUNT"
    shown = ", ".join(masked(each) for each in managed)
    if wanted and wanted not in managed:
        raise UserError(f"this login has no account {masked(wanted)}, it has {shown}; correct {setting} in .env")
    if not wanted and len(managed) > 1 and not reads_only:
        raise UserError(f"this login has several accounts ({shown}); name the one to trade in: {setting} in .env")
    account = wanted or managed[0]
    if require is not None and kind_of(account) != require:
        remedy = (
            "log in to the paper account" if require == "paper" else "log in to the live account, or use MODE=paper"
        )
        raise UserError(f"account {masked(account)} is a {kind_of(account)} account and {require} is wanted; {remedy}")
    return account
