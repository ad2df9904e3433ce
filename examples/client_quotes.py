"""Quotes of a share and of the straddle nearest the money, as any program on ib_insync reads them.

Start `uv run main.py gateway` in another terminal, or TWS; then: uv run python examples/client_quotes.py [PORT]
"""

import sys

from ib_insync import IB, Contract, Option, Stock, Ticker

SECONDS = 5


def main() -> None:
    ib = IB()
    ib.connect("127.0.0.1", port_asked_for(), clientId=21, timeout=10)
    try:
        share = Stock("SPY", "SMART", "USD")
        ib.qualifyContracts(share)
        ticker = ib.reqMktData(share)
        ib.sleep(2)
        contracts = straddle(ib, share, ticker.marketPrice())
        tickers = [ticker, *(ib.reqMktData(contract) for contract in contracts)]
        for _ in range(SECONDS):
            ib.sleep(1)
            print("  ".join(shown(each) for each in tickers))
    finally:
        ib.disconnect()


def straddle(ib: IB, share: Stock, spot: float) -> list[Contract]:
    """The call and the put at the money, of the first expiry a month away or later."""
    chain = next(each for each in ib.reqSecDefOptParams(share.symbol, "", share.secType, share.conId))
    now = ib.reqCurrentTime()
    expiry = next(day for day in sorted(chain.expirations) if day > f"{now:%Y%m%d}")
    later = [day for day in sorted(chain.expirations) if int(day) >= int(f"{now:%Y%m}") * 100 + 100]
    strike = min(chain.strikes, key=lambda strike: abs(strike - spot))
    legs = [Option(share.symbol, (later or [expiry])[0], strike, right, "SMART") for right in "CP"]
    return ib.qualifyContracts(*legs)


def shown(ticker: Ticker) -> str:
    contract = ticker.contract or Contract()
    name = contract.symbol if contract.secType == "STK" else f"{contract.right}{contract.strike:g}"
    greeks = ticker.modelGreeks
    delta = f" delta {greeks.delta:+.2f}" if greeks and greeks.delta is not None else ""
    return f"{name} {ticker.bidSize:g} x {ticker.bid:.2f} / {ticker.ask:.2f} x {ticker.askSize:g}{delta}"


def port_asked_for() -> int:
    return int(sys.argv[1]) if len(sys.argv) > 1 else 7497


if __name__ == "__main__":
    main()
