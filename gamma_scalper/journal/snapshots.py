"""States kept beside the chain to shorten a start. The chain alone is the truth: what doesn't fit it is ignored."""

from hashlib import sha256

from loguru import logger
from sqlalchemy import Connection, Row, delete, insert, select

from gamma_scalper.journal.chain import Head
from gamma_scalper.journal.tables import EVENTS, SNAPSHOTS


def save(connection: Connection, name: str, payload: bytes, seq: int) -> None:
    with connection.begin():
        hash = connection.scalar(select(EVENTS.c.hash).where(EVENTS.c.seq == seq))
        connection.execute(delete(SNAPSHOTS).where(SNAPSHOTS.c.name == name))
        connection.execute(
            insert(SNAPSHOTS).values(name=name, seq=seq, hash=hash, digest=sha256(payload).hexdigest(), payload=payload)
        )


def load(connection: Connection, name: str) -> tuple[int, bytes] | None:
    """The row it stands on, and the state."""
    with connection.begin():
        kept = connection.execute(_STANDING.where(SNAPSHOTS.c.name == name)).first()
    if kept is None:
        return None
    if not _fits(kept):
        logger.warning(f"the snapshot {name!r} does not fit the chain at row {kept.seq}; it is ignored")
        return None
    return kept.seq, kept.payload


def newest(connection: Connection) -> Head | None:
    """The last row a sound snapshot stands on."""
    with connection.execute(_STANDING.order_by(SNAPSHOTS.c.seq.desc())) as kept:  # large ones: one at a time
        return next(((each.seq, each.hash) for each in kept if _fits(each)), None)


def _fits(kept: Row[tuple[object, ...]]) -> bool:
    is_whole = isinstance(kept.payload, bytes) and kept.digest == sha256(kept.payload).hexdigest()
    fits: bool = is_whole and kept.hash == kept.row_hash
    return fits


_STANDING = select(SNAPSHOTS, EVENTS.c.hash.label("row_hash")).outerjoin(EVENTS, EVENTS.c.seq == SNAPSHOTS.c.seq)
