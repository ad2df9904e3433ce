"""Amounts of money, and the only place where float and Decimal meet."""

from decimal import ROUND_HALF_EVEN, Decimal

from attrs import field, frozen

from gamma_scalper.domain.checks import LARGEST, currency_code, exact


def to_decimal(number: float) -> Decimal:
    """The decimal a person would write for this float: 0.1 becomes 0.1, not 0.1000000000000000055."""
    if not abs(number) < LARGEST:
        raise ValueError(f"{number} is no amount")
    return Decimal(repr(float(number)))


def to_float(number: Decimal) -> float:
    return float(number)


def to_cents(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.01"), ROUND_HALF_EVEN)


@frozen(order=False)
class Money:
    """An amount in one currency; amounts in different currencies don't add."""

    amount: Decimal = field(converter=exact)
    currency: str = field(default="USD", validator=currency_code)

    def __add__(self, other: "Money") -> "Money":
        self._same_currency(other)
        return Money(self.amount + other.amount, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        self._same_currency(other)
        return Money(self.amount - other.amount, self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.amount, self.currency)

    def __mul__(self, factor: int | Decimal) -> "Money":
        return Money(self.amount * exact(factor), self.currency)

    def __lt__(self, other: "Money") -> bool:
        self._same_currency(other)
        return self.amount < other.amount

    def __le__(self, other: "Money") -> bool:
        self._same_currency(other)
        return self.amount <= other.amount

    def __str__(self) -> str:
        return f"{to_cents(self.amount)} {self.currency}"

    def _same_currency(self, other: "Money") -> None:
        if self.currency != other.currency:
            raise ValueError(f"{self} and {other} are in different currencies")
