"""One writer for a journal, and who it is."""

import fcntl
import os
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, text

from gamma_scalper.domain.exits import UserError

_KEY = 740_413_976  # of PostgreSQL's advisory lock; any number will do, so long as it stays the same
_HOLDER = text(
    "select a.pid, coalesce(host(a.client_addr), 'this machine') as host, a.backend_start as since "
    "from pg_locks l join pg_stat_activity a using (pid) "
    "where l.locktype = 'advisory' and l.granted and l.objid = :key "
    "and l.database = (select oid from pg_database where datname = current_database())"
)


class FileLock:
    """Held as long as the process lives, however it ends; the file says whose it is."""

    def __init__(self, path: Path, now: datetime, why: str = "one journal has one writer") -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("a+", encoding="utf-8")
        except OSError as error:
            raise UserError(
                f"{path} can't be written: {error.strerror}; set STATE_DIR to a folder this user may write to"
            ) from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self._file.seek(0)
            holder = self._file.read().strip() or "a process that did not say which"
            self._file.close()
            raise UserError(f"{path} is held by {holder}; {why}: stop that one, or set another STATE_DIR") from error
        self._file.truncate(0)
        self._file.write(f"process {os.getpid()} since {now:%Y-%m-%d %H:%M:%S} UTC\n")
        self._file.flush()

    def release(self) -> None:
        self._file.close()


def lock_database(connection: Connection) -> None:
    """PostgreSQL's own lock, held as long as this connection."""
    if connection.scalar(text("select pg_try_advisory_lock(:key)"), {"key": _KEY}):
        connection.commit()
        return
    holder = connection.execute(_HOLDER, {"key": _KEY}).first()
    connection.rollback()
    who = f"process {holder.pid} from {holder.host} since {holder.since:%Y-%m-%d %H:%M:%S}" if holder else "somebody"
    raise UserError(f"the journal's database is held by {who}; one journal has one writer: stop that one first")
