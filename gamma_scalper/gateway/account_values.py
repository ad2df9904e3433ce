"""An account's values by the broker's names for them."""

from typing import NamedTuple

from gamma_scalper.domain.instruments import Option, Stock
from gamma_scalper.exchange.engine import Engine
from gamma_scalper.gateway.worth import Worth

USD, BASE = "USD", "BASE"


class Value(NamedTuple):
    """One of them; the currency is empty where it is no money."""

    key: str
    value: str
    currency: str


def values_of(engine: Engine, worth: Worth, account: str) -> list[Value]:
    """Everything an account update carries."""
    ledger = ledger_of(engine, worth, account)
    return [
        Value("AccountCode", account, ""),
        Value("AccountReady", "true", ""),
        Value("AccountType", "INDIVIDUAL", ""),
        Value("Currency", USD, USD),
        *summary_of(engine, worth, account),
        *ledger,
        *(each._replace(currency=BASE) for each in ledger),
    ]


def summary_of(engine: Engine, worth: Worth, account: str) -> list[Value]:
    """The figures of margin; those looking ahead are today's, since nothing here knows tomorrow's."""
    margin, cash = engine.margin(account), float(engine.account(account).cash)
    net, gross = margin.net_liquidation, sum(abs(line.value) for line in worth.lines(account))
    amounts = {
        "NetLiquidation": net,
        "TotalCashValue": cash,
        "SettledCash": cash,
        "AccruedCash": 0.0,
        "BuyingPower": margin.buying_power,
        "EquityWithLoanValue": margin.loan_value,
        "PreviousDayEquityWithLoanValue": worth.prior_loan_value.get(account, 0.0),
        "GrossPositionValue": gross,
        "RegTEquity": margin.loan_value,
        "RegTMargin": margin.initial,
        "SMA": margin.available,
    }
    for prefix in ("", "Full", "LookAhead"):
        amounts |= {
            f"{prefix}InitMarginReq": margin.initial,
            f"{prefix}MaintMarginReq": margin.maintenance,
            f"{prefix}AvailableFunds": margin.available,
            f"{prefix}ExcessLiquidity": margin.excess,
        }
    plain = {
        "Cushion": f"{margin.excess / net:.6f}" if net > 0 else "0",
        "Leverage": f"{gross / net:.4f}" if net > 0 else "0",
        "DayTradesRemaining": "-1",
        "LookAheadNextChange": "0",
    }
    money = [Value(key, f"{amount:.2f}", USD) for key, amount in amounts.items()]
    return [*(Value(key, value, "") for key, value in plain.items()), *money]


def ledger_of(engine: Engine, worth: Worth, account: str) -> list[Value]:
    """By currency; there is one."""
    held = engine.account(account)
    lines = [(engine.market.instrument(line.con_id), line) for line in worth.lines(account)]
    amounts = {
        "CashBalance": float(held.cash),
        "TotalCashBalance": float(held.cash),
        "AccruedCash": 0.0,
        "StockMarketValue": sum(line.value for instrument, line in lines if isinstance(instrument, Stock)),
        "OptionMarketValue": sum(line.value for instrument, line in lines if isinstance(instrument, Option)),
        "UnrealizedPnL": sum(line.unrealised for _, line in lines),
        "RealizedPnL": worth.realised(account),
        "NetLiquidationByCurrency": engine.margin(account).net_liquidation,
    }
    return [
        *(Value(key, f"{amount:.2f}", USD) for key, amount in amounts.items()),
        Value("ExchangeRate", "1.00", USD),
        Value("RealCurrency", USD, USD),
    ]


def summary_tags(engine: Engine, worth: Worth, account: str, tags: str) -> list[Value]:
    """Those a client names, `$LEDGER` for the ledger; one that doesn't exist has no value."""
    wanted = [tag.strip() for tag in tags.split(",") if tag.strip()]
    known = {"AccountType": Value("AccountType", "INDIVIDUAL", "")}
    known |= {value.key: value for value in summary_of(engine, worth, account)}
    found = [known[tag] for tag in wanted if tag in known]
    for tag in wanted:
        if tag.startswith("$LEDGER"):
            currency = BASE if tag in ("$LEDGER:ALL", "$LEDGER") else tag.partition(":")[2]
            ledger = ledger_of(engine, worth, account) if currency in (USD, BASE) else []
            found += [value._replace(currency=currency) for value in ledger]
            if tag == "$LEDGER:ALL":
                found += ledger
    return found
