"""The bill for one order: the broker's commission, and what exchanges, clearing houses and regulators add."""

from datetime import date
from decimal import Decimal

from attrs import frozen

from gamma_scalper.domain import fee_rates as rates
from gamma_scalper.domain.checks import exact
from gamma_scalper.domain.instruments import Option, Stock
from gamma_scalper.domain.orders import Side
from gamma_scalper.domain.settings import setting

_ZERO = Decimal(0)


@frozen
class FeeParameters:
    """Which price list applies, and where on it the account stands."""

    schedule: str = setting("fixed", "the broker's price list for shares", one_of=("fixed", "tiered"))
    monthly_shares: int = setting(0, "shares traded so far this month, for the tier", unit="shares", at_least=0)
    monthly_contracts: int = setting(
        0, "option contracts traded so far this month, for the tier", unit="contracts", at_least=0
    )
    adds_liquidity: bool = setting(False, "charge as if orders rested in the book instead of taking from it")


@frozen
class Fees:
    """Positive is paid, negative is a rebate; in US dollars."""

    commission: Decimal = _ZERO
    exchange: Decimal = _ZERO
    clearing: Decimal = _ZERO
    regulatory: Decimal = _ZERO

    @property
    def total(self) -> Decimal:
        return self.commission + self.exchange + self.clearing + self.regulatory

    def __add__(self, other: "Fees") -> "Fees":
        return Fees(
            self.commission + other.commission,
            self.exchange + other.exchange,
            self.clearing + other.clearing,
            self.regulatory + other.regulatory,
        )


@frozen
class Bill:
    """The running bill of one order on one day. The minimum comes with the first fill, later ones pay the excess."""

    parameters: FeeParameters
    instrument: Stock | Option
    side: Side
    day: date
    fees: Fees = Fees()  # charged so far
    value: Decimal = _ZERO  # traded so far
    uncorrected: Decimal = _ZERO  # commission before minimum and cap

    def __attrs_post_init__(self) -> None:
        if self.instrument.currency != "USD":
            raise ValueError(f"no fees are known for trading in {self.instrument.currency}")
        if isinstance(self.instrument, Option) and (self.instrument.settlement != "physical") != _on_index(
            self.instrument
        ):
            raise ValueError(f"no fees are known for {self.instrument.trading_class} options that settle in cash")

    def after(self, quantity: int | Decimal, price: Decimal) -> "Bill":
        """The bill once this much more has filled at this price."""
        quantity, price = exact(quantity), exact(price)
        if quantity <= 0 or price < 0:
            raise ValueError(f"a fill of {quantity} at {price}")
        value = quantity * price * self.instrument.multiplier
        if isinstance(self.instrument, Stock):
            uncorrected = self.uncorrected + quantity * _stock_rate(self.parameters)
            charged = _stock_commission(self.parameters, self.day, uncorrected, self.value + value)
            added = _stock_extras(self, quantity, price, value, charged - self.fees.commission)
        else:
            uncorrected = self.uncorrected + quantity * _option_rate(self.parameters, self.day, price)
            charged = max(rates.OPTION_MINIMUM, uncorrected)
            added = _option_extras(self, self.instrument, quantity, price, value)
        fees = Fees(
            charged,
            self.fees.exchange + added.exchange,
            self.fees.clearing + added.clearing,
            self.fees.regulatory + added.regulatory,
        )
        return Bill(self.parameters, self.instrument, self.side, self.day, fees, self.value + value, uncorrected)


def order_fees(
    parameters: FeeParameters,
    instrument: Stock | Option,
    side: Side,
    day: date,
    quantity: int | Decimal,
    price: Decimal,
) -> Fees:
    """What an order costs that fills at one price."""
    return Bill(parameters, instrument, side, day).after(quantity, price).fees


def _stock_rate(parameters: FeeParameters) -> Decimal:
    return _tier(rates.STOCK_TIERS[parameters.schedule], parameters.monthly_shares)


def _stock_commission(parameters: FeeParameters, day: date, uncorrected: Decimal, value: Decimal) -> Decimal:
    return min(max(rates.STOCK_MINIMUM[parameters.schedule], uncorrected), rates.STOCK_CAP.on(day) * value)


def _stock_extras(bill: Bill, quantity: Decimal, price: Decimal, value: Decimal, commission: Decimal) -> Fees:
    regulatory = _regulatory(bill, value, quantity)
    if bill.side is Side.SELL:
        taf = quantity * rates.TAF_PER_SHARE_SOLD.on(bill.day)
        regulatory += min(taf, rates.TAF_CAP_PER_TRADE.on(bill.day))
    if bill.parameters.schedule == "fixed":
        return Fees(regulatory=regulatory)
    passed_through = commission * (rates.NYSE_PASS_THROUGH + rates.FINRA_PASS_THROUGH)
    return Fees(
        exchange=_stock_exchange(bill.parameters, quantity, price, value),
        clearing=min(quantity * rates.STOCK_CLEARING, value * rates.STOCK_CLEARING_CAP),
        regulatory=regulatory + passed_through,
    )


def _stock_exchange(parameters: FeeParameters, quantity: Decimal, price: Decimal, value: Decimal) -> Decimal:
    if price < 1:
        return _ZERO if parameters.adds_liquidity else value * rates.STOCK_EXCHANGE_BELOW_ONE_DOLLAR
    return quantity * (rates.STOCK_EXCHANGE_ADD if parameters.adds_liquidity else rates.STOCK_EXCHANGE_TAKE)


def _option_rate(parameters: FeeParameters, day: date, premium: Decimal) -> Decimal:
    band = next(band for band in rates.OPTION_BANDS.on(day) if premium >= band.premium_from)
    return _tier(band.tiers, parameters.monthly_contracts)


def _option_extras(bill: Bill, option: Option, quantity: Decimal, premium: Decimal, value: Decimal) -> Fees:
    exempt = _on_index(option)
    regulatory = quantity * rates.OPTION_REGULATORY.on(bill.day)
    regulatory += _regulatory(bill, _ZERO if exempt else value, quantity * option.multiplier)
    if bill.side is Side.SELL and not exempt:
        regulatory += quantity * rates.TAF_PER_OPTION_SOLD.on(bill.day)
    if exempt:
        low, high = rates.INDEX_OPTION_EXCHANGE[option.trading_class]
        exchange = high if premium >= 1 else low
    else:
        exchange = rates.OPTION_EXCHANGE_ADD if bill.parameters.adds_liquidity else rates.OPTION_EXCHANGE_TAKE
    clearing = min(quantity * rates.OPTION_CLEARING.on(bill.day), rates.OPTION_CLEARING_CAP.on(bill.day))
    return Fees(exchange=quantity * exchange, clearing=clearing, regulatory=regulatory)


def _on_index(option: Option) -> bool:
    """On a broad index: exempt from the SEC's and FINRA's fees, and the index's owner takes one of its own."""
    return option.trading_class in rates.INDEX_OPTION_EXCHANGE


def _regulatory(bill: Bill, value_under_sec: Decimal, shares: Decimal) -> Decimal:
    """What shares and options have in common: the SEC's fee on sales, the audit trail's on everything."""
    sec = value_under_sec * rates.SEC_PER_MILLION_SOLD.on(bill.day) / 1_000_000 if bill.side is Side.SELL else _ZERO
    return sec + shares * rates.CAT_PER_SHARE.on(bill.day)


def _tier(tiers: tuple[rates.Tier, ...], volume: int) -> Decimal:
    return next(tier.price for tier in tiers if tier.up_to is None or volume < tier.up_to)
