"""Journals for tests, always closed again, and how they fail."""

from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from every_kind import NOON, SAMPLES

from gamma_scalper.domain.entries import Elapsed
from gamma_scalper.domain.exits import ExitCode, UserError
from gamma_scalper.journal.failures import JournalFailed
from gamma_scalper.journal.parameters import JournalParameters
from gamma_scalper.journal.store import SqlJournal


class FixedClock:
    """Stands still until somebody sleeps."""

    def __init__(self):
        self.slept = 0.0

    def now(self):
        return NOON + timedelta(seconds=self.slept)

    def monotonic(self):
        return self.slept

    async def sleep(self, seconds):
        self.slept += seconds


@contextmanager
def journal(url, *, lock=None, clock=None, threaded=False, **parameters):
    opened = SqlJournal.open(
        url,
        lock=None if lock is None else Path(lock),
        clock=clock or FixedClock(),
        threaded=threaded,
        parameters=JournalParameters(**({"synchronous": "off"} | parameters)),
    )
    try:
        yield opened
    finally:
        opened.close()


def busy(opened, rounds=1):
    """Every sample, for two books and the house, a second apart."""
    for number in range(rounds * len(SAMPLES)):
        sample = SAMPLES[number % len(SAMPLES)]
        opened.append(("spy", "nvda", "")[number % 3], sample, NOON + timedelta(seconds=number))
    opened.flush_now()


@contextmanager
def fails(match):
    with pytest.raises(UserError, match=match) as caught:
        yield caught
    assert isinstance(caught.value, JournalFailed)
    assert caught.value.exit_code is ExitCode.JOURNAL_DAMAGED
    assert "\n" not in str(caught.value)


def stays_failed(opened, match):
    """Latched: nothing gets past the first failure, and closing is still possible."""
    for use in (
        lambda: opened.append("spy", Elapsed(), NOON),
        opened.flush_now,
        lambda: opened.save_snapshot("x", b"", 1),
        lambda: opened.snapshot("x"),
    ):
        with fails(match):
            use()
    opened.close()
