"""One journal has one writer, whoever else tries and however the first one ended."""

import os
import subprocess
import sys

import pytest
from every_kind import NOON
from journals import FixedClock, journal

from gamma_scalper.domain.entries import Elapsed
from gamma_scalper.domain.exits import UserError
from gamma_scalper.journal.store import SqlJournal

# What a trader does with the file, without the second it takes one to start.
DIES_WITH_THE_LOCK = """
import fcntl, os, sys
lock = open(sys.argv[1], "a+")
fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
lock.write(f"process {os.getpid()} since 2026-01-05 09:00:00 UTC")
lock.flush()
print("held", flush=True)
sys.stdin.readline()
os.kill(os.getpid(), 9)
"""


def test_the_second_is_told_who_holds_it_and_what_to_do(sqlite_url, tmp_path):
    lock = tmp_path / "lock"
    with journal(sqlite_url, lock=lock) as first:
        with pytest.raises(UserError) as caught:
            SqlJournal.open(sqlite_url, lock=lock, clock=FixedClock())
        assert f"{lock} is held by process {os.getpid()} since 2026-01-05 17:00:00 UTC" in str(caught.value)
        assert "stop that one" in str(caught.value) and "\n" not in str(caught.value)
        assert caught.value.exit_code == 2
        first.append("spy", Elapsed(), NOON)
    with journal(sqlite_url, lock=lock) as again:
        assert again.head[0] == 1


def test_a_start_that_failed_holds_nothing(tmp_path):
    lock = tmp_path / "lock"
    (tmp_path / "journal.db").write_bytes(b"x" * 5_000)
    with pytest.raises(UserError, match="no journal"):
        SqlJournal.open(f"sqlite:///{tmp_path}/journal.db", lock=lock, clock=FixedClock())
    with journal(f"sqlite:///{tmp_path}/other.db", lock=lock) as opened:
        assert opened.head[0] == 0


def test_a_lock_that_can_not_be_written_is_one_line(sqlite_url, tmp_path):
    (tmp_path / "state").write_text("a file where a folder should be")
    with pytest.raises(UserError, match=r"state/lock can't be written: .*; set STATE_DIR") as caught:
        SqlJournal.open(sqlite_url, lock=tmp_path / "state" / "lock", clock=FixedClock())
    assert caught.value.exit_code == 2


def test_a_process_that_is_killed_holds_nothing_any_more(sqlite_url, tmp_path):
    lock = tmp_path / "lock"
    command = [sys.executable, "-I", "-c", DIES_WITH_THE_LOCK, str(lock)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(UserError, match=f"process {other.pid} since"):
            SqlJournal.open(sqlite_url, lock=lock, clock=FixedClock())
        other.communicate(b"\n")
    assert other.returncode == -9
    with journal(sqlite_url, lock=lock) as opened:
        assert opened.head[0] == 0
        assert f"process {os.getpid()} since" in lock.read_text()
