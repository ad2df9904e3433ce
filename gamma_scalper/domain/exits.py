"""How the program ends, and the one line it says then."""

import enum


class ExitCode(enum.IntEnum):
    """What a supervisor such as systemd may conclude from the end of the program."""

    OK = 0
    CONFIGURATION = 2  # a wrong setting, a wrong flag, a port in use
    BROKER_UNREACHABLE = 3
    HALTED_BY_RISK = 4
    JOURNAL_DAMAGED = 5
    NOTHING_TRADABLE = 6  # the market is closed, no straddle passes
    NEEDS_A_PERSON = 7  # a foreign position, a blocked reconciliation

    @property
    def may_restart(self) -> bool:
        """A restart by itself could help; the others wait for a person."""
        return self in (ExitCode.BROKER_UNREACHABLE, ExitCode.NOTHING_TRADABLE)


class UserError(Exception):
    """Something only a person can put right: what is wrong, where it was set, what is allowed, what to do.

    For the operator: the message is all there is to know; nothing was traded because of it.
    """

    def __init__(self, message: str, exit_code: ExitCode = ExitCode.CONFIGURATION) -> None:
        super().__init__(" ".join(message.split()))
        self.exit_code = exit_code
