"""Buys one straddle as a single order (a BAG), at what both legs ask and not a cent more.

Start `uv run main.py gateway` in another terminal, or TWS; then: uv run python examples/client_straddle.py [PORT]
"""

from client_quotes import port_asked_for, straddle
from ib_insync import IB, ComboLeg, Contract, LimitOrder, Stock

PATIENCE_S = 20


def main() -> None:
    ib = IB()
    ib.connect("127.0.0.1", port_asked_for(), clientId=22, timeout=10)
    try:
        share = Stock("SPY", "SMART", "USD")
        ib.qualifyContracts(share)
        ticker = ib.reqMktData(share)
        ib.sleep(2)
        legs = straddle(ib, share, ticker.marketPrice())
        tickers = [ib.reqMktData(leg) for leg in legs]
        ib.sleep(2)
        price = round(sum(each.ask for each in tickers) + 0.05, 2)
        order = LimitOrder("BUY", 1, price, account=ib.managedAccounts()[0], orderRef="straddle/1", tif="DAY")
        print(f"buy 1 straddle {legs[0].lastTradeDateOrContractMonth} {legs[0].strike:g} at {price} or less")
        trade = ib.placeOrder(bag(legs), order)
        for _ in range(PATIENCE_S):
            ib.sleep(1)
            if trade.isDone():
                break
        else:
            ib.cancelOrder(order)
            ib.sleep(1)
        print(trade.orderStatus.status)
        for fill in trade.fills:
            if fill.contract.secType == "OPT":
                print(f"  {fill.execution.shares:g} {fill.contract.localSymbol} at {fill.execution.price:.2f}")
        for position in ib.positions():
            print(f"  held: {position.position:g} {position.contract.localSymbol}, cost {position.avgCost:,.2f} each")
    finally:
        ib.disconnect()


def bag(legs: list[Contract]) -> Contract:
    return Contract(
        symbol=legs[0].symbol,
        secType="BAG",
        exchange="SMART",
        currency="USD",
        comboLegs=[ComboLeg(conId=leg.conId, ratio=1, action="BUY", exchange="SMART") for leg in legs],
    )


if __name__ == "__main__":
    main()
