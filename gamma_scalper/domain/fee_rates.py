"""What trading in the United States costs through Interactive Brokers (Pro), as dated data.

Sources: the broker's public price list, the fee orders of the SEC, the schedules of FINRA, the OCC and the option
exchanges. A rate is in force from its date until the next one. Where a fee depends on the venue and the venue is not
known in advance, the figure is the usual one for taking liquidity, so that a bill seldom exceeds the estimate.
"""

from bisect import bisect_right
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any, Generic, TypeVar

from attrs import frozen

T = TypeVar("T")


@frozen(eq=False)
class Dated(Generic[T]):
    """A figure that changes: `((from, value), ...)`, rising."""

    name: str
    rates: tuple[tuple[date, T], ...]

    def on(self, day: date) -> T:
        return self.rates[_in_force(self, day)][1]


@lru_cache(maxsize=1_024)
def _in_force(dated: Dated[Any], day: date) -> int:
    """Remembered: a busy day asks for the same few figures with every fill."""
    index = bisect_right(dated.rates, day, key=lambda rate: rate[0]) - 1
    if index < 0:
        raise ValueError(f"{dated.name} is not known before {dated.rates[0][0]}, so not for {day}")
    return index


def _dated(name: str, *rates: tuple[str, str]) -> Dated[Decimal]:
    return Dated(name, tuple((date.fromisoformat(day), Decimal(value)) for day, value in rates))


@frozen
class Tier:
    """A price that holds up to so many shares or contracts in a calendar month, as the month stood before the order."""

    up_to: int | None  # None: without end
    price: Decimal


def _tiers(*tiers: tuple[int | None, str]) -> tuple[Tier, ...]:
    return tuple(Tier(up_to, Decimal(price)) for up_to, price in tiers)


FIRST_DAY = "2014-03-18"

# -- shares ----------------------------------------------------------------------------------------------------------

STOCK_TIERS = {
    "fixed": _tiers((None, "0.005")),
    "tiered": _tiers(
        (300_000, "0.0035"), (3_000_000, "0.0020"), (20_000_000, "0.0015"), (100_000_000, "0.0010"), (None, "0.0005")
    ),
}
STOCK_MINIMUM = {"fixed": Decimal("1.00"), "tiered": Decimal("0.35")}
# The commission never exceeds this share of the trade's value; where that is below the minimum, it wins.
STOCK_CAP = _dated("the commission's cap", (FIRST_DAY, "0.005"), ("2019-01-01", "0.01"))

# Tiered only: the fixed price includes them.
STOCK_EXCHANGE_TAKE = Decimal("0.0030")  # per share
STOCK_EXCHANGE_ADD = Decimal("-0.0020")
STOCK_EXCHANGE_BELOW_ONE_DOLLAR = Decimal("0.0030")  # of the value, taking; adding is free
STOCK_CLEARING = Decimal("0.00020")  # per share
STOCK_CLEARING_CAP = Decimal("0.005")  # of the value
NYSE_PASS_THROUGH = Decimal("0.000175")  # of the commission
FINRA_PASS_THROUGH = Decimal("0.00056")  # of the commission

# -- options ---------------------------------------------------------------------------------------------------------


@frozen
class PremiumBand:
    """Commission per contract for options that trade at `premium_from` or more."""

    premium_from: Decimal
    tiers: tuple[Tier, ...]


def _bands(top: str) -> tuple[PremiumBand, ...]:
    high = ((50_000, "0.50"), (100_000, "0.25"), (None, "0.15"))
    return (
        PremiumBand(Decimal("0.10"), _tiers((10_000, top), *high)),
        PremiumBand(Decimal("0.05"), _tiers((10_000, "0.50"), *high)),
        PremiumBand(Decimal("0"), _tiers((50_000, "0.25"), (100_000, "0.25"), (None, "0.15"))),
    )


# The broker has one price list for US options, whichever list the shares are on.
OPTION_BANDS = Dated(
    "the option commission",
    ((date.fromisoformat(FIRST_DAY), _bands("0.70")), (date(2019, 10, 1), _bands("0.65"))),
)
OPTION_MINIMUM = Decimal("1.00")  # per order, and per leg of a combo

OPTION_EXCHANGE_TAKE = Decimal("0.50")  # per contract, penny names
OPTION_EXCHANGE_ADD = Decimal("0.00")
# trading class -> fee per contract of the exchange that owns the index, below and from a premium of 1.00
INDEX_OPTION_EXCHANGE = {
    "SPX": (Decimal("0.57"), Decimal("0.66")),
    "SPXW": (Decimal("0.50"), Decimal("0.59")),
    "XSP": (Decimal("0.07"), Decimal("0.07")),
}
OPTION_CLEARING = _dated(
    "the OCC's clearing fee",
    (FIRST_DAY, "0.05"),
    ("2020-01-01", "0.055"),
    ("2020-09-01", "0.045"),
    ("2021-06-01", "0.02"),
    ("2025-01-01", "0.025"),
    ("2025-12-01", "0"),
    ("2026-01-01", "0.025"),
)
# Per trade; without end since 2025.
OPTION_CLEARING_CAP = _dated("the cap of the OCC's clearing fee", (FIRST_DAY, "55"), ("2025-01-01", "Infinity"))
# Until June 2026 the sum of all exchanges' fees; since then the executing exchange's alone (a usual one).
OPTION_REGULATORY = _dated(
    "the options regulatory fee",
    (FIRST_DAY, "0.0404"),
    ("2017-07-01", "0.0378"),
    ("2019-01-01", "0.0379"),
    ("2020-01-01", "0.0388"),
    ("2021-07-01", "0.0330"),
    ("2024-01-01", "0.02685"),
    ("2024-10-01", "0.01915"),
    ("2025-03-03", "0.02815"),
    ("2026-07-01", "0.012"),
)

# -- what the regulators take -----------------------------------------------------------------------------------------

SEC_PER_MILLION_SOLD = _dated(
    "the SEC's fee",
    (FIRST_DAY, "22.10"),
    ("2015-02-14", "18.40"),
    ("2016-02-16", "21.80"),
    ("2017-07-04", "23.10"),
    ("2018-05-22", "13.00"),
    ("2019-04-16", "20.70"),
    ("2020-02-18", "22.10"),
    ("2021-02-25", "5.10"),
    ("2022-05-14", "22.90"),
    ("2023-02-27", "8.00"),
    ("2024-05-22", "27.80"),
    ("2025-05-14", "0"),
    ("2026-04-04", "20.60"),
)
TAF_PER_SHARE_SOLD = _dated(
    "FINRA's trading activity fee",
    (FIRST_DAY, "0.000119"),
    ("2022-01-01", "0.000130"),
    ("2023-01-01", "0.000145"),
    ("2024-01-01", "0.000166"),
    ("2026-01-01", "0.000195"),
    ("2026-10-01", "0"),
    ("2027-01-01", "0.000232"),
    ("2028-01-01", "0.000240"),
)
TAF_CAP_PER_TRADE = _dated(
    "the cap of FINRA's trading activity fee",
    (FIRST_DAY, "5.95"),
    ("2022-01-01", "6.49"),
    ("2023-01-01", "7.27"),
    ("2024-01-01", "8.30"),
    ("2026-01-01", "9.79"),
    ("2027-01-01", "11.61"),
    ("2028-01-01", "12.05"),
)
TAF_PER_OPTION_SOLD = _dated(
    "FINRA's trading activity fee",
    (FIRST_DAY, "0.002"),
    ("2022-01-01", "0.00218"),
    ("2023-01-01", "0.00244"),
    ("2024-01-01", "0.00279"),
    ("2026-01-01", "0.00329"),
    ("2026-10-01", "0"),
    ("2027-01-01", "0.00390"),
    ("2028-01-01", "0.00404"),
)
# Per share, or per share behind an option, bought or sold.
CAT_PER_SHARE = _dated(
    "the audit trail's fee",
    (FIRST_DAY, "0"),
    ("2024-09-01", "0.000035"),
    ("2024-10-01", "0.000048"),
    ("2025-01-01", "0.000046"),
    ("2025-07-01", "0.0000265"),
    ("2025-12-01", "0"),
    ("2026-05-01", "0.000003"),
)
