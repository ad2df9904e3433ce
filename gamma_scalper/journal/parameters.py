"""What can be set about the journal."""

from attrs import frozen

from gamma_scalper.domain.settings import setting


@frozen
class JournalParameters:
    """How the journal is kept; where is `JOURNAL_URL`."""

    synchronous: str = setting(
        "full",
        "how far SQLite goes to keep a commit through a power cut; below full the last rows may be lost in one",
        one_of=("full", "extra", "normal", "off"),
    )
    flush_every_s: float = setting(
        0.25, "rows that nobody waits for are written this often", unit="s", at_least=0.01, at_most=60
    )
    flush_rows: int = setting(
        1_000, "rows that nobody waits for are written when there are so many", at_least=1, at_most=100_000
    )
    lock_wait_s: float = setting(
        5.0, "a locked database is tried for so long before trading stops", unit="s", at_least=0, at_most=60
    )
    verify_rows: int = setting(
        200_000,
        "a start checks the whole chain up to so many rows; of a longer one what follows the newest snapshot",
        at_least=0,
    )
