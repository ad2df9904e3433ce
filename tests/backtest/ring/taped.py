"""A generated market written down as a table of quotes, so that a test can change what comes later."""

from pathlib import Path

from gamma_scalper.domain.instruments import Option
from gamma_scalper.exchange.specs import market_from

HEADER = "time,symbol,expiry,strike,right,bid,ask,bid_size,ask_size"


def taped(spec: str, seed: int, ticks: int, strikes: int = 5, dte: int = 30) -> list[tuple[str, str]]:
    """(time, row) tick by tick: the shares, and the options nearest the money of one expiry."""
    market = market_from(spec, seed=seed)
    share = market.underlyings()[0]
    expiry = next(each for each in market.expiries(share.con_id) if (each - market.now.date()).days >= dte)
    spot = market.offers([share.con_id])[0].bid
    chain = sorted(market.options(share.con_id, expiry), key=lambda option: abs(float(option.strike) - spot))
    contracts = [share, *chain[: 2 * strikes]]
    rows = []
    for _ in range(ticks):
        moment = market.now.isoformat()
        for contract, offer in zip(contracts, market.offers([each.con_id for each in contracts]), strict=True):
            if offer.bid is not None and offer.ask is not None:
                named = (
                    f"{contract.expiry},{contract.strike},{contract.right}" if isinstance(contract, Option) else ",,"
                )
                sizes = f"{offer.bid_size},{offer.ask_size}"
                rows.append((moment, f"{moment},{share.symbol},{named},{offer.bid},{offer.ask},{sizes}"))
        market.advance(market.next_tick())
    return rows


def written(path: Path, rows: list[tuple[str, str]]) -> Path:
    path.write_text("\n".join([HEADER, *(row for _, row in rows)]) + "\n")
    return path
