"""Which options of a day are worth having: those near the money, and those that were near it before."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from attrs import frozen

from gamma_scalper.domain.exits import UserError
from gamma_scalper.domain.instruments import Option
from gamma_scalper.domain.money import to_decimal
from gamma_scalper.exchange.market import Market


@frozen(kw_only=True)
class NearTheMoney:
    """So many strikes of so many expiries, counted in days from the day that is quoted."""

    strikes: int
    expiries: int
    min_dte: int = 0
    max_dte: int = 60

    def __attrs_post_init__(self) -> None:
        for name, given, most in (("strikes", self.strikes, 200), ("expiries", self.expiries, 50)):
            if not 1 <= given <= most:
                raise UserError(f"--{name} {given} is not allowed; allowed: 1 to {most}")

    def chosen_expiries(self, expiries: Iterable[date], day: date) -> list[date]:
        within = sorted(each for each in expiries if self.min_dte <= (each - day).days <= self.max_dte)
        return within[: self.expiries]

    def chosen(self, options: Iterable[Option], spot: float) -> list[Option]:
        """Of one expiry: calls and puts of the strikes nearest to the price, the lower of two as near."""
        options = list(options)
        strikes = sorted({option.strike for option in options}, key=lambda strike: _distance(strike, spot))
        near = set(strikes[: self.strikes])
        return [option for option in options if option.strike in near]


def near_on(market: Market, symbol: str, near: NearTheMoney) -> list[int]:
    """conIds a download of this moment's day would choose, of a market that is at hand."""
    found: list[int] = []
    for underlying in market.underlyings():
        offer = market.offers([underlying.con_id])[0]
        if underlying.symbol != symbol or offer.bid is None or offer.ask is None:
            continue
        for expiry in near.chosen_expiries(market.expiries(underlying.con_id), market.now.date()):
            options = market.options(underlying.con_id, expiry)
            found += [option.con_id for option in near.chosen(options, (offer.bid + offer.ask) / 2)]
    return found


def still_trading(options: Iterable[Option], day: date) -> list[Option]:
    return [option for option in options if option.expiry >= day]


def _distance(strike: Decimal, spot: float) -> tuple[Decimal, Decimal]:
    return abs(strike - to_decimal(spot)), strike
