"""What orders cost, by the rows in which they were given: seen while a journal is read for something else."""

from collections.abc import Iterable, Iterator

from attrs import define, field

from gamma_scalper.domain.entries import Ordered
from gamma_scalper.domain.orders import IntentId
from gamma_scalper.journal.chain import Row
from gamma_scalper.portfolio.trade_costs import OrderCost, TradeCosts


@define
class OrdersSeen:
    """Fed from the journal's first row on."""

    _costs: TradeCosts = field(factory=TradeCosts, init=False)
    _rows: dict[IntentId, int] = field(factory=dict, init=False)  # in which it was given

    def followed(self, rows: Iterable[Row]) -> Iterator[Row]:
        """The same rows."""
        for row in rows:
            self._costs.take(row.entry, row.at)
            if isinstance(row.entry, Ordered):
                self._rows |= {intent.id: row.seq for intent in row.entry.intents}
            yield row

    def by_row(self, wanted: Iterable[int]) -> dict[int, list[OrderCost]]:
        """Of those given in these rows, if anything of them filled."""
        found: dict[int, list[OrderCost]] = {row: [] for row in wanted}
        for cost in self._costs.orders():
            row = self._rows[cost.intent.id]
            if row in found:
                found[row].append(cost)
        return found
