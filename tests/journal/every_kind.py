"""One entry of every kind, and entries made by hypothesis; as a script it adds what golden.jsonl lacks."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from hypothesis import strategies as st

from gamma_scalper.domain import entries as e
from gamma_scalper.domain.fills import Commission, Fill, InferredFill
from gamma_scalper.domain.instruments import Combo, Leg, Option, Stock
from gamma_scalper.domain.money import Money
from gamma_scalper.domain.orders import GoodTill, ImmediateOrCancel, Intent, IntentId, Limit, Market, Purpose, Side
from gamma_scalper.domain.ports import (
    Altered,
    BrokerHolding,
    Link,
    LinkReport,
    OrderReport,
    Recap,
    Standing,
    Warned,
)
from gamma_scalper.domain.proposals import Refusal
from gamma_scalper.domain.quotes import DataType, Quote
from gamma_scalper.domain.snapshots import Holding
from gamma_scalper.domain.strategy_entries import Attributed, Decided, Instructed, Noted, StateChanged
from gamma_scalper.journal.codec import KINDS, encode

GOLDEN = Path(__file__).with_name("golden.jsonl")

NOON = datetime(2026, 1, 5, 17, 0, tzinfo=UTC)
SPY = Stock(con_id=756733, symbol="SPY")


def option(right="C", con_id=1001, **changes):
    known = {
        "underlying_con_id": SPY.con_id,
        "symbol": "SPY",
        "strike": "600",
        "expiry": date(2026, 2, 20),
        "expires_at": datetime(2026, 2, 20, 21, 15, tzinfo=UTC),
        "trading_class": "SPY",
    }
    return Option(right=right, con_id=con_id, **(known | changes))


CALL, PUT = option(), option("P", 1002)
STRADDLE = Combo((Leg(CALL, 1), Leg(PUT, 1)))
HEDGE = IntentId("spy", 1)
ENTRY = IntentId("spy", 2)


def intent(id=HEDGE, instrument=SPY, **changes):
    known = {
        "purpose": Purpose.HEDGE,
        "side": Side.SELL,
        "quantity": 20,
        "pricing": Limit("599.99"),
        "lifetime": GoodTill(NOON + timedelta(seconds=30)),
        "account": "DU1234567",
        "snapshot_ids": (1,),
        "reason": "projected delta 20 above the band",
    }
    return Intent(id=id, instrument=instrument, **(known | changes))


def quote(con_id=SPY.con_id, **changes):
    known = {"snapshot_id": 1, "bid": 599.98, "ask": 600.0, "bid_size": 300, "ask_size": 200, "received_at": NOON}
    return Quote(con_id=con_id, **(known | changes))


def ordered(*intents, **changes):
    intents = intents or (intent(),)
    known = {
        "reserved": [Money("120")] * len(intents),
        "patience_s": 15.0,
        "good_for_s": 2.0,
        "quotes": [quote(), quote(1001, bid=None, ask=3.1, data_type=DataType.DELAYED)],
    }
    return e.Ordered(intents=intents, **(known | changes))


def report(id=HEDGE, standing=Standing.WORKING, **changes):
    known = {"at": NOON, "order_ref": str(id), "perm_id": 77, "filled": 0, "remaining": 20}
    return OrderReport(standing=standing, **(known | changes))


def fill(id=HEDGE, exec_id="0001.0002.0003.01", **changes):
    known = {
        "account": "DU1234567",
        "instrument": SPY,
        "side": Side.SELL,
        "quantity": 20,
        "price": "599.97",
        "perm_id": 77,
        "at": NOON,
    }
    return Fill(intent=id, exec_id=exec_id, **(known | changes))


NO = Refusal("quote age", "SPY's quote is 3 s old, 2 s are allowed")
DIFFERENCE = e.Difference(id="d41d8c", instrument=SPY, ours="100", theirs="80", explanations=("a trade by hand",))
ACCEPTED = {"evidence": "gone after its expiry", "accepted_by": "only one explanation fits"}

# Every kind at least once, and every shape its fields may have. What golden.jsonl holds is written as of version 1.
SAMPLES: tuple[e.Entry, ...] = (
    ordered(),
    ordered(
        intent(ENTRY, STRADDLE, purpose=Purpose.ENTRY, side=Side.BUY, quantity=2, pricing=Limit("-1.25")),
        intent(IntentId("spy", 3), pricing=Market(), lifetime=ImmediateOrCancel(), outside_rth=True),
        together=False,
        spacing_s=1.5,
        structure="straddle 2026-02-20 600",
    ),
    e.Dispatched(HEDGE),
    e.NotSent(HEDGE, "older than 2 s", 7),
    e.AmendAsked(HEDGE, Limit("599.95"), "the market moved"),
    e.AmendFailed(HEDGE, "104: cannot modify a filled order", in_doubt=True),
    e.CancelAsked(HEDGE, "patience is over"),
    e.CancelFailed(HEDGE, "not connected"),
    e.Elapsed(),
    e.Restarted(),
    e.Restarted([("ack_s", 5.0), ("flatten.collar_pct", 1)]),
    e.RecordsRead(open_orders=[report()], completed=(report(standing=Standing.FILLED, filled=20, remaining=0),)),
    e.RecordsRead(open_orders=[], completed=None, complete=False),
    e.FlattenAsked(why="close for the day", by="ada", within_s=120.0),
    e.FlattenStopped("changed my mind", "ada"),
    e.Looked([quote(last=599.99, carried=True)]),
    e.PlanRefused("repair", [NO]),
    report(code=202, why="Order Canceled - reason: größer"),
    Altered(at=NOON, order_ref="spy/1", perm_id=77, differences=["tif: sent IOC, echoed DAY"]),
    Recap(
        at=NOON,
        why="connected",
        holdings=[BrokerHolding(Holding(CALL, 2), "310.50"), BrokerHolding(Holding(SPY, -40), "600")],
        open_orders=[report()],
    ),
    LinkReport(NOON + timedelta(microseconds=1), Link.BLIND, "1100"),
    Warned(at=NOON, code=2104, text="farm is OK", order_ref="spy/1"),
    fill(snapshot_id=9),
    fill(None, "odd", instrument=PUT, side=Side.BUY, quantity=1, price="0"),
    InferredFill(
        intent=HEDGE, account="DU1234567", instrument=SPY, side=Side.SELL, quantity="0.5", price="599.97",
        id="a1b2", concluded_at=NOON, evidence="position and average cost", accepted_by="only one explanation fits",
    ),
    Commission("0001.0002.0003.01", Money("1.0125")),
    e.Delivered(
        id="x1", how="exercise", option=CALL, contracts=2, was_long=True, underlying=SPY, **ACCEPTED
    ),
    e.Delivered(
        id="x2", how="settlement", option=option("P", 1003, settlement="cash_pm", exercise="european"), contracts=1,
        was_long=False, settled_per_share=Decimal("3.25"), **ACCEPTED,
    ),
    e.Lapsed(id="x3", option=PUT, contracts=-2, **ACCEPTED),
    e.Replaced(id="x4", before=SPY, after=SPY, ratio=2, cash=Money("-0.37"), **ACCEPTED),
    e.Paid(id="x5", amount=Money("-12.40", "EUR"), what="interest", con_id=None, accepted_by="ada"),
    e.TakenOver(id="x6", instrument=CALL, quantity=-1, price="3.10", why="adopted", accepted_by="ada"),
    e.BooksClosed(NOON),
    e.SessionBegan("paper", "0.1.0", "9f3c"),
    e.SessionEnded("stopped by ada", 0),
    e.ModeChanged(e.Mode.DEGRADED, "Greeks are missing", "governor"),
    e.Paused("lunch", "ada"),
    e.Unpaused("ada"),
    e.Halted("daily loss", "-512.00 USD today, -500 are allowed"),
    e.HaltLifted("daily loss", "ada"),
    e.DayBegan(date(2026, 1, 5)),
    e.Marked(profit_today="-12.5", equity="100000"),
    e.PermitChanged(["exit", "flatten"], [NO]),
    e.PlanNotPermitted(purpose="hedge", reason="delta 31 above the band", refusals=[NO]),
    e.Reconciled(explained=["missed fill spy/1"], unexplained=[DIFFERENCE]),
    e.Accepted(difference="d41d8c", by="ada", how="as baseline"),
    e.CommandTaken(number=3, name="pause", by="ada", argument="spy", outcome="paused"),
    e.BaselineDeclared([Holding(SPY, "500")]),
    Decided("inside the band", "projected delta 3.2, and the band is -10 to 10"),
    Noted('{"began":"2026-01-05T17:00:00+00:00"}'),
    StateChanged(["long gamma", "in band", "normal", "normal", "idle", "ok"]),
    Instructed(option=CALL, contracts=2, why="a dividend of 1.80 tomorrow"),
    Instructed(option=CALL, contracts=2, why="a dividend of 1.80 tomorrow", refused="not connected"),
    Attributed(
        since=NOON, until=NOON + timedelta(minutes=5), total="-1.25", delta="0.10", gamma="4.30", theta="-3.20",
        vega="-1.50", vanna="0.02", volga="0", zomma="0.01", carry="0", costs="-1.00", unexplained="0.02",
        spot_from=600.0, spot_to=600.5, implied_from=0.15, implied_to=0.149,
    ),
)  # fmt: skip

# -- by hypothesis -----------------------------------------------------------------------------------------------------

moments = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))
amounts = st.decimals(Decimal("0.0001"), Decimal(10**9), places=4)
prices = st.none() | st.floats(0, 1e9, allow_subnormal=False)
texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)
ids = st.builds(IntentId, st.sampled_from(["spy", "nvda-2"]), st.integers(1, 10**17))
contracts = st.sampled_from([SPY, CALL, PUT, option("C", 1001, strike="600.00"), option("C", 1001, multiplier=10)])
quotes = st.builds(
    Quote, con_id=st.integers(1, 2**31), snapshot_id=st.integers(0, 2**53), bid=prices, ask=prices, last=prices,
    data_type=st.sampled_from(DataType), received_at=moments, carried=st.booleans(),
)  # fmt: skip
intents = st.builds(
    Intent, id=ids, purpose=st.sampled_from(Purpose), instrument=contracts | st.just(STRADDLE),
    side=st.sampled_from(Side), quantity=st.integers(1, 10**6).map(Decimal),
    pricing=st.just(Market()) | amounts.map(Limit), lifetime=st.just(ImmediateOrCancel()) | moments.map(GoodTill),
    account=texts, outside_rth=st.booleans(), snapshot_ids=st.lists(st.integers(0, 2**53), min_size=1, max_size=3),
    reason=texts,
)  # fmt: skip
entries = st.one_of(
    st.sampled_from(SAMPLES),
    st.builds(
        Fill, intent=st.none() | ids, account=texts, instrument=contracts, side=st.sampled_from(Side),
        quantity=st.integers(1, 10**6).map(Decimal), price=amounts, exec_id=texts, perm_id=st.integers(0, 2**62),
        at=moments, snapshot_id=st.none() | st.integers(0, 2**53),
    ),
    st.builds(
        OrderReport, at=moments, order_ref=st.text(max_size=9), perm_id=st.integers(0, 2**62),
        standing=st.sampled_from(Standing), filled=amounts, remaining=amounts,
        code=st.none() | st.integers(0, 99_999), why=texts,
    ),
    st.builds(Commission, texts, st.builds(Money, amounts, st.sampled_from(["USD", "EUR"]))),
    st.builds(
        lambda wanted, **rest: e.Ordered(intents=wanted, reserved=[Money("1")] * len(wanted), **rest),
        st.lists(intents, min_size=1, max_size=3), patience_s=st.floats(0, 1e6), good_for_s=st.floats(0, 1e6),
        quotes=st.lists(quotes, max_size=2), structure=st.just("") | texts,
    ),
)  # fmt: skip


def add_missing() -> None:
    """What stands there already is never written anew: it is what old journals hold."""
    known = {json.loads(line)["kind"] for line in GOLDEN.read_text().splitlines()} if GOLDEN.exists() else set()
    with GOLDEN.open("a") as golden:
        for sample in SAMPLES:
            kind, version, payload = encode(sample)
            if kind not in known:
                golden.write(json.dumps({"kind": kind, "version": version, "payload": payload.decode()}) + "\n")


if __name__ == "__main__":
    add_missing()
    missing = sorted(KINDS.keys() - {type(sample).__name__ for sample in SAMPLES})
    print(f"no sample of {missing}" if missing else "every kind has a sample")
