"""A session that trades writes down every quote its board sees, and the recording plays as a market."""

import asyncio
import errno
from contextlib import suppress
from datetime import date

from config import load_config
from gamma_scalper.backtest.history.recorded import RecordedBroker, RecordedFeed
from gamma_scalper.commands.run import Asked, run
from gamma_scalper.domain.exits import ExitCode
from gamma_scalper.domain.instruments import Option
from gamma_scalper.exchange.replay import Recorder, Replayed, read_rec, read_recording
from gamma_scalper.market_access import with_broker
from gamma_scalper.pipeline.quote_board import QuoteBoard

MARKET = "gbm:sigma=0.4,implied=0.4,spot=100,step=5"
QUICK = ("entry.step_s=1", "entry.step_pct=50", "selection.max_expiries=1", "selection.strikes_per_expiry=3")


def settings(folder, *overrides):
    return load_config([f"state_dir={folder}", f"market={MARKET}", "log_level=ERROR", *overrides], environment={})


def recorded(folder, path, look_s, also=lambda feed: None):
    """What a board saw of the shares and one call in so many seconds, and the feed that recorded it."""
    seen = []

    async def look(broker, clock):
        await broker.start()
        with Recorder(path) as recorder:
            feed = RecordedFeed(broker, recorder)
            also(feed)
            board = QuoteBoard(feed)
            stock = await broker.catalogue.stock("SPY")
            expiry = (await broker.catalogue.expiries(stock))[0]
            chain = await broker.catalogue.options(stock, expiry)
            call = chain[len(chain) // 2]
            following = asyncio.create_task(board.follow())
            await feed.subscribe([call])  # before what it is on
            await feed.subscribe([stock])
            until = clock.monotonic() + look_s
            while clock.monotonic() < until:
                await clock.sleep(1)
                seen.extend(quote for quote in (board.quote(call.con_id), board.quote(stock.con_id)) if quote)
            following.cancel()
            with suppress(asyncio.CancelledError):
                await following
        return feed

    feed = with_broker(settings(folder).system, look, reads_only=True, pace=None)
    return {quote.snapshot_id: quote for quote in seen}, feed


def test_every_quote_of_the_board_is_in_the_recording_exactly_as_it_was(tmp_path):
    seen, feed = recorded(tmp_path, tmp_path / "session.rec", 60)
    written = read_recording(tmp_path / "session.rec")
    assert len(seen) > 10 and len(written.quotes) == feed.recorded >= len(seen)
    by_name = {quote.snapshot_id: quote for quote in written.quotes}
    assert all(by_name[name] == quote for name, quote in seen.items())
    assert [type(each) is Option for each in written.contracts.values()] == [False, True], "what it is on comes first"


class FullDisk:
    def write(self, text):
        raise OSError(errno.ENOSPC, "No space left on device")

    def flush(self):
        pass

    def close(self):
        pass


def test_a_full_disk_ends_the_recording_and_not_the_session(tmp_path):
    def fill(feed):
        feed._recorder._file.close()
        feed._recorder._file = FullDisk()

    seen, feed = recorded(tmp_path, tmp_path / "session.rec", 30, also=fill)
    assert feed.failure == "No space left on device" and feed.recorded == 0
    assert len(seen) > 4, "the board goes on"


def test_the_program_records_while_it_trades(tmp_path):
    config = settings(tmp_path, *QUICK)
    path = tmp_path / "traded.rec"
    asked = Asked(books={"spy": config.books["spy"]}, speed=None, lasts="3m", record=path)
    assert run(config, asked) is ExitCode.OK
    tape = read_rec(path)
    options = [each for each in tape.contracts.values() if isinstance(each, Option)]
    assert options and tape.account.rejected == {} and tape.days[0].day == date(2026, 1, 6)
    market = Replayed(tape, "rec:")
    assert market.next_tick() is not None


def test_a_recorded_broker_is_the_broker_in_all_else(tmp_path):
    async def look(broker, clock):
        await broker.start()
        with Recorder(tmp_path / "session.rec") as recorder:
            wrapped = RecordedBroker(broker, recorder)
            same = ("account", "catalogue", "orders", "link", "reads_only", "clock_skew_s")
            assert all(getattr(wrapped, name) == getattr(broker, name) for name in same)
            assert wrapped.feed is not broker.feed

    with_broker(settings(tmp_path).system, look, reads_only=True, pace=None)
