"""Keeps whatever options the account holds neutral: sells or buys shares until the deltas add up to nothing.

Start `uv run main.py gateway` in another terminal, run client_straddle.py, then: uv run python examples/client_hedge.py
"""

from client_quotes import port_asked_for
from ib_insync import IB, MarketOrder, Stock, Ticker

ROUNDS, EVERY_S = 4, 3


def main() -> None:
    ib = IB()
    ib.connect("127.0.0.1", port_asked_for(), clientId=23, timeout=10)
    try:
        share = Stock("SPY", "SMART", "USD")
        ib.qualifyContracts(share)
        options = [position.contract for position in ib.positions() if position.contract.secType == "OPT"]
        ib.qualifyContracts(*options)
        tickers = {option.conId: ib.reqMktData(option, "") for option in options}
        for _ in range(ROUNDS):
            ib.sleep(EVERY_S)
            hedge(ib, share, tickers)
    finally:
        ib.disconnect()


def hedge(ib: IB, share: Stock, tickers: dict[int, Ticker]) -> None:
    """One look, and one order where a share or more is missing."""
    delta = 0.0
    for position in ib.positions():
        if position.contract.conId == share.conId:
            delta += position.position
        elif position.contract.conId in tickers:
            greeks = tickers[position.contract.conId].modelGreeks
            if greeks is None or greeks.delta is None or greeks.delta != greeks.delta:
                print("a leg has no delta: nothing is traded on half a picture")
                return
            delta += position.position * greeks.delta * float(position.contract.multiplier)
    shares = round(delta)
    print(f"delta {delta:+.1f} shares", end="")
    if not shares:
        print(": neutral")
        return
    order = MarketOrder("SELL" if shares > 0 else "BUY", abs(shares), account=ib.managedAccounts()[0], tif="IOC")
    trade = ib.placeOrder(share, order)
    ib.sleep(2)
    print(f": {order.action.lower()} {order.totalQuantity:g}, {trade.orderStatus.status.lower()}", end="")
    print(f" at {trade.orderStatus.avgFillPrice:.2f}" if trade.fills else "")


if __name__ == "__main__":
    main()
