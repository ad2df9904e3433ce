"""An order as far as the broker has told of it."""

from datetime import datetime
from decimal import Decimal

import ib_insync as ib
from attrs import Factory, define

from gamma_scalper.broker.ib.order_mapping import DEAD
from gamma_scalper.domain.instruments import Tradable
from gamma_scalper.domain.orders import Side
from gamma_scalper.domain.ports import Standing


@define(eq=False)
class Life:
    """One permId. An amendment on a bad line may have made a second, and both are alive."""

    perm_id: int
    standing: Standing = Standing.PENDING
    filled: Decimal = Decimal(0)
    remaining: Decimal = Decimal(0)
    told: bool = False

    @property
    def dead(self) -> bool:
        return self.standing in DEAD


@define(eq=False)
class Tracked:
    """One order id of one client: what was sent under it, and its lives."""

    client_id: int
    order_id: int
    order_ref: str
    quantity: Decimal
    contract: ib.Contract
    sent: ib.Order  # as it was sent last, or as it stands where an amendment was not taken
    side: Side
    instrument: Tradable | None = None  # None: it was placed before this program began
    earlier: list[ib.Order] = Factory(list)  # sent before `sent` was; until that is echoed, these may be too
    shown: ib.Order | None = None  # which of the earlier ones was echoed last
    echo_due: bool = False
    taken: bool = False  # it worked once, or was amended: an error may mean less than all of the order
    refused: bool = False  # a code said that it, or its amendment, was not taken
    code: int | None = None  # newest of its errors
    why: str = ""
    reported_at: datetime | None = None  # when something was last told of it
    lives: dict[int, Life] = Factory(dict)  # by permId; 0 until the broker has named one

    @property
    def combo(self) -> bool:
        return self.contract.secType == "BAG"

    @property
    def dead(self) -> bool:
        return bool(self.lives) and all(life.dead for life in self.lives.values())

    @property
    def acknowledged(self) -> bool:
        """The broker has named it, and so has it on record."""
        return any(life.perm_id for life in self.lives.values())

    def life(self, perm_id: int) -> Life:
        """The life of this permId; the first to be named is the one that was nameless so far."""
        if perm_id and 0 in self.lives and perm_id not in self.lives:
            self.lives[perm_id] = self.lives.pop(0)
            self.lives[perm_id].perm_id = perm_id
        if not perm_id and self.lives:
            return self.newest
        if perm_id not in self.lives:
            self.lives[perm_id] = Life(perm_id, remaining=self.quantity)
        return self.lives[perm_id]

    @property
    def newest(self) -> Life:
        return self.life(0) if not self.lives else self.lives[next(reversed(self.lives))]
