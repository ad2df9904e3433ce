"""The databases a journal is tested on: SQLite always, PostgreSQL where there is one or its programs are."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from gamma_scalper.journal.tables import address

SERVER = Path(__file__).parents[2] / ".ci" / "postgres"
ROOM = "/dev/shm" if Path("/dev/shm").is_dir() else "/tmp"  # a socket needs a short path, and a test no disk
INSTALLED = bool(shutil.which("initdb") or list(Path("/usr/lib/postgresql").glob("*/bin/initdb")))
AVAILABLE = ["sqlite", *(["postgresql"] if INSTALLED or "TEST_POSTGRES_URL" in os.environ else [])]


@pytest.fixture(scope="session")
def postgres_url():
    """Of the server that is given, or else of one that lives as long as the tests."""
    if "TEST_POSTGRES_URL" in os.environ:
        yield os.environ["TEST_POSTGRES_URL"]
        return
    folder = tempfile.mkdtemp(prefix="pg", dir=ROOM)
    try:
        yield subprocess.run([SERVER, "start", folder], check=True, capture_output=True, text=True).stdout.strip()
    finally:
        subprocess.run([SERVER, "stop", folder], check=True)
        shutil.rmtree(folder)


@pytest.fixture
def sqlite_url(tmp_path):
    return f"sqlite:///{tmp_path / 'journal.db'}"


@pytest.fixture(params=AVAILABLE)
def url(request):
    """An empty database."""
    if request.param == "sqlite":
        return request.getfixturevalue("sqlite_url")
    return _emptied(request.getfixturevalue("postgres_url"))


def _emptied(url):
    engine = create_engine(address(url))
    with engine.begin() as connection:
        connection.execute(text("drop table if exists event, head, snapshot, command"))
    engine.dispose()
    return url


@pytest.fixture(params=AVAILABLE[1:])
def emptied_postgres_url(request):
    """An empty database on PostgreSQL; what needs it is not collected where there is none."""
    return _emptied(request.getfixturevalue("postgres_url"))
