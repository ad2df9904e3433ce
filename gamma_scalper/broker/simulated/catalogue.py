"""The contracts the exchange lists."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from gamma_scalper.domain.instruments import Index, Option, Stock
from gamma_scalper.domain.ports import Refused
from gamma_scalper.exchange.market import Market, UnknownContract

_NO_CONTRACT = 200


class SimulatedCatalogue:
    """Nothing is asked of anybody: the market knows them."""

    def __init__(self, market: Market) -> None:
        self._market = market

    async def stock(self, symbol: str, currency: str = "USD") -> Stock:
        for each in self._market.underlyings():
            if isinstance(each, Stock) and (each.symbol, each.currency) == (symbol, currency):
                return each
        raise self._none(f"stock {symbol} in {currency}")

    async def index(self, symbol: str, currency: str = "USD") -> Index:
        for each in self._market.underlyings():
            if isinstance(each, Index) and (each.symbol, each.currency) == (symbol, currency):
                return each
        raise self._none(f"index {symbol} in {currency}")

    async def expiries(self, underlying: Stock | Index) -> Sequence[date]:
        self._known(underlying.con_id)
        return self._market.expiries(underlying.con_id)

    async def options(
        self, underlying: Stock | Index, expiry: date, strikes: tuple[Decimal, Decimal] | None = None
    ) -> Sequence[Option]:
        self._known(underlying.con_id)
        found = self._market.options(underlying.con_id, expiry)
        if not found:
            raise self._none(f"option on {underlying.symbol} that expires on {expiry}")
        if strikes is None:
            return found
        lowest, highest = strikes
        return [option for option in found if lowest <= option.strike <= highest]

    async def by_con_id(self, con_id: int) -> Stock | Index | Option:
        return self._known(con_id)

    def _known(self, con_id: int) -> Stock | Index | Option:
        try:
            return self._market.instrument(con_id)
        except UnknownContract as error:
            raise Refused(str(error.args[0]), _NO_CONTRACT) from error

    def _none(self, what: str) -> Refused:
        listed = ", ".join(each.symbol for each in self._market.underlyings())
        return Refused(f"there is no {what}; underlyings listed: {listed}", _NO_CONTRACT)
