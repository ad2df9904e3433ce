"""What a person gets wrong with `backtest` is told in one line, before or instead of a run; nothing half is left."""

import json
import os
import signal
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rich.progress import Progress
from typed import REPOSITORY, typed

OPEN = datetime(2026, 1, 8, 14, 30, tzinfo=UTC)  # Thursday; then Friday and Monday
HEADER = "time,symbol,expiry,strike,right,bid,ask,bid_size,ask_size"
COLUMNS = {
    "time": pa.string(), "symbol": pa.string(), "expiry": pa.string(), "strike": pa.float64(), "right": pa.string(),
    "bid": pa.float64(), "ask": pa.float64(), "bid_size": pa.int64(), "ask_size": pa.int64(),
}  # fmt: skip


def rows(*days):
    """An hourly quote of a share that goes nowhere."""
    moments = [OPEN + timedelta(days=day, hours=hour) for day in days for hour in range(7)]
    return [f"{moment.isoformat()},SPY,,,,600,600.02,500,500" for moment in moments]


def csv(path, *days, header=HEADER):
    path.write_text("\n".join([header, *rows(*days)]) + "\n")
    return path


def parquet(path):
    quotes = [(row.split(",")[0], "SPY", None, None, None, 600.0, 600.02, 500, 500) for row in rows(0, 1, 4)]
    named = [dict(zip(COLUMNS, quote, strict=True)) for quote in quotes]
    pq.write_table(pa.Table.from_pylist(named, pa.schema(COLUMNS)), path)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder of small sources, good and bad."""
    folder = tmp_path_factory.mktemp("sources")
    csv(folder / "good.csv", 0, 1, 4)
    csv(folder / "hole.csv", 0, 4)
    csv(folder / "wrong.csv", 0, header=HEADER.replace("bid_size", "bidsize"))
    pq.write_table(pa.table({"time": ["2026-01-08"], "price": [600.0]}), folder / "wrong.parquet")
    (folder / "some").mkdir()
    parquet(folder / "some" / "a.parquet")
    (folder / "some" / "b.parquet").write_bytes((folder / "some" / "a.parquet").read_bytes()[:-20])
    return folder


def asked(folder, *words):
    """The words with the folder's name in place of @; what is said with @ again in its place."""
    given = [word.replace("@", f"{folder}") for word in words]
    answer = typed(REPOSITORY, "backtest", *given)
    return answer._replace(err=answer.err.replace(f"{folder}", "@"))


GOOD = ("--market", "csv:@/good.csv,step=3600")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((*GOOD, "--from", "2026-01-12", "--to", "2026-01-08"), 2,
         "--from 2026-01-12 is after --to 2026-01-08; name the earlier day first"),
        ((*GOOD, "--from", "yesterday"), 2, "--from yesterday: expected an ISO date such as 2026-01-05"),
        ((*GOOD, "--to", "9999-12-31"), 2, "--to 9999-12-31: allowed are 2000-01-01 to 2099-12-31"),
        ((*GOOD, "--from", "2027-01-04"), 2, "its quotes are of 2026-01-08 to 2026-01-12; give days of these"),
        ((*GOOD, "--from", "2026-01-10", "--to", "2026-01-11"), 2, "its quotes are of 2026-01-08 to 2026-01-12"),
        (("--market", "gbm:step=60", "--from", "2026-01-10", "--to", "2026-01-11"), 2, "there is no session in"),
        (("--market", "csv:@/good.csv,first=2026-01-08", "--from", "2026-01-09"), 2, "first is said there, and by --"),
        (("--market", "csv:@/wrong.csv"), 2, "@/wrong.csv line 1: unknown column 'bidsize', did you mean bid_size?"),
        (("--market", "parquet:@/wrong.parquet"), 2, "@/wrong.parquet: unknown column 'price'; allowed: time, symbol"),
        (("--market", "csv:@/none.csv"), 2, "@/none.csv: cannot be read (No such file or directory)"),
        (("--market", "parquet:@/none"), 2, "@/none: no such file or folder; give one that is there"),
        (("--market", "lean:@"), 2, "@: nothing in equity/usa/minute; give the folder of LEAN's data"),
        (("--market", "rec:@/none.rec"), 2, "@/none.rec: cannot be read (No such file or directory)"),
        (("--market", "csv:" + 300 * "x"), 2, "cannot be read (File name too long)"),
        (("--market", "parquet:" + 300 * "x"), 2, "cannot be read (File name too long)"),
        (("--market", "lean:" + 300 * "x"), 2, "cannot be read (File name too long)"),
        (("--market", "parquet:@/some"), 2, "@/some/b.parquet: no readable parquet file"),
        (("--market", "push:start=2026-01-05"), 2, "has no past to be played; give a generated market, or csv, parq"),
        (("--market", "gbm:sigmma=0.2"), 2, "gbm:sigmma=0.2: there is no sigmma; did you mean sigma?"),
        (("--market", "gbm:sigma=much"), 2, "gbm:sigma=much: sigma can't be 'much'; allowed: 0.01 to 3"),
        (("--market", "gmb:"), 2, "there is no market 'gmb'; did you mean gbm?"),
        ((*GOOD, "--set", "spy.underlying.symbol=QQQ"), 6,
         "book spy: QQQ: 200: there is no stock QQQ in USD; underlyings listed: SPY; look at [underlying] in books/"),
        ((*GOOD, "--book", "spx"), 2, "--book spx: there is no books/spx.toml; there are: nvda, spy, spy_classic"),
        ((*GOOD, "--book", "spy", "--book", "spy_classic", "--set", "spy_classic.fees.schedule=fixed"), 2,
         "--book: spy and spy_classic differ in [fees], and one account is billed by one price list; give both the"),
        ((*GOOD, "--set", "hedge.bandshares=3"), 2, "unknown key hedge.bandshares; did you mean hedge.band_shares?"),
        ((*GOOD, "--set", "hedge.band_shares=-3"), 2, "'-3' is not allowed; allowed: at least 0 shares"),
        ((*GOOD, "--seed", "-1"), 2, "seed = '-1' is not allowed"),
        ((*GOOD, "--report", "@/none/out.html"), 2, "--report @/none/out.html: there is no folder @/none"),
        ((*GOOD, "--report", "@/out.pdf"), 2, "--report @/out.pdf: a page's name ends in .html"),
        ((*GOOD, "--report", 300 * "x" + ".html"), 2, "can't be written: File name too long"),
        ((*GOOD, "--pngs", "@/good.csv"), 2, "--pngs @/good.csv: is a file; name a folder"),
        ((*GOOD, "--pngs", "@/none/deep"), 2, "--pngs @/none/deep: there is no folder @/none"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line_and_its_exit_code(place, words, code, said):
    answer = asked(place, *words)
    assert said in answer.err
    assert (answer.code, answer.out, answer.err.count("\n")) == (code, "", 1)


def test_days_that_are_missing_in_the_middle_are_told_and_the_others_played(place, tmp_path):
    page = tmp_path / "out.html"
    answer = asked(place, "--market", "csv:@/hole.csv,step=3600", "--report", f"{page}", "--no-bands", "--json")
    assert answer.code == 0
    assert "the source has nothing of 1 of the trading days, the first 2026-01-09" in answer.err
    assert "1 trading day: 2026-01-09" in page.read_text()
    told = json.loads(answer.out)
    assert (told["first"], told["last"], told["missing"]) == ("2026-01-08", "2026-01-12", ["2026-01-09"])


def test_a_page_that_can_not_be_written_after_all_is_one_line_too_and_the_old_one_stays(place, tmp_path):
    page = tmp_path / "out.html"
    page.write_text("the old one")
    (tmp_path / "out.html.part").mkdir()  # where it would be put together
    answer = asked(place, *GOOD, "--to", "2026-01-08", "--report", f"{page}", "--no-bands")
    assert answer.code == 2 and f"{page}: can't be written: Is a directory" in answer.err
    assert page.read_text() == "the old one"


def test_ctrl_c_in_the_middle_leaves_nothing_and_says_so(place, tmp_path):
    def first_session_is_over(*_, **__):
        os.kill(os.getpid(), signal.SIGINT)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with patch.object(Progress, "update", first_session_is_over):
            answer = asked(place, *GOOD, "--report", f"{tmp_path}/out.html")
    finally:
        signal.signal(signal.SIGINT, before)
    assert (answer.code, answer.out, answer.err) == (130, "", "stopped before the end: nothing was written\n")
    assert not list(tmp_path.iterdir())
