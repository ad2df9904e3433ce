"""The system: any number of books over one gateway, one journal and one risk governor."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import unquote, unquote_plus

from attrs import frozen
from sqlalchemy import URL

from gamma_scalper.broker.ib.parameters import IbParameters
from gamma_scalper.domain.settings import keys_of, section, setting, value_at
from gamma_scalper.exchange.parameters import VenueParameters
from gamma_scalper.journal.parameters import JournalParameters
from gamma_scalper.pipeline.book import BookParameters
from gamma_scalper.pipeline.caretaker import CaretakerParameters
from gamma_scalper.pipeline.reconciling import ReconcileParameters

SIMULATED_ACCOUNT = "DU1234567"
"""Of every exchange of our own; its name begins like a broker's paper account."""


# Of a database's URL: before its host, or among its options.
_PASSWORDS = (r"://[^/@]*:([^/]*)@", r"[?&](?:ssl)?password=([^&]*)")


def _is_gateway(text: str) -> bool:
    address = re.fullmatch(r"[A-Za-z0-9._-]+:([0-9]{1,5})", text)
    return text == "embedded" or (address is not None and 0 < int(address[1]) < 65_536)


@frozen
class SystemParameters:
    """What holds for the whole program; `.env` and the process environment name these in capitals."""

    mode: str = setting("paper", "whether real money is at stake", one_of=("paper", "live"))
    gateway: str = setting(
        "embedded",
        "the offline market on this machine, or the address of TWS or IB Gateway",
        form="embedded or HOST:PORT",
        check=_is_gateway,
    )
    paper_fills: str = setting(
        "simulated",
        "who fills paper orders: our exchange (the broker's connection is read-only), or the broker's paper account",
        one_of=("simulated", "broker"),
    )
    client_id: int = setting(
        17,
        "API client id, the same on every start; 0 would bind orders entered by hand and is refused",
        at_least=1,
        at_most=999_999,
    )
    market: str = setting("heston:", "the offline market of GATEWAY=embedded", form="a market such as heston:spot=600")
    seed: int = setting(1, "the number all chance of the offline market is drawn from", at_least=0, at_most=999_999)
    paper_cash: int = setting(100_000, "what a simulated account starts with", unit="$", at_least=1, at_most=10**12)
    account: str = setting("", "account to trade in, where a login has several", private=True)
    live_account: str = setting("", "account that live mode may trade in; asked for again at start", private=True)
    state_dir: Path = setting(Path("state"), "folder of journal, market, logs and lock, one below it for each mode")
    journal_url: str = setting("", "SQLAlchemy address of the journal; empty: SQLite in the state folder", private=True)
    log_level: str = setting(
        "INFO", "least severe message that is shown", one_of=("TRACE", "DEBUG", "INFO", "WARNING", "ERROR")
    )
    error_codes: str = setting("", "TOML file whose lines overrule what the broker's error codes mean", form="a path")
    ib: IbParameters = section(IbParameters)
    venue: VenueParameters = section(VenueParameters)
    journal: JournalParameters = section(JournalParameters)
    reconcile: ReconcileParameters = section(ReconcileParameters)
    caretaker: CaretakerParameters = section(CaretakerParameters)

    def __attrs_post_init__(self) -> None:
        if self.mode == "live" and self.gateway == "embedded":
            raise ValueError("mode = 'live' needs a broker: set GATEWAY to the HOST:PORT of TWS or IB Gateway")
        if self.mode == "live" and not self.live_account:
            raise ValueError("mode = 'live' needs the account id in LIVE_ACCOUNT")
        if self.mode == "live" and self.account not in ("", self.live_account):
            raise ValueError("account is not live_account, and live mode trades in that one; leave ACCOUNT empty")
        if self.mode == "paper" and self.paper_fills == "broker" and self.gateway == "embedded":
            raise ValueError("paper_fills = 'broker' needs a broker: set GATEWAY to the HOST:PORT of TWS or IB Gateway")

    @property
    def mode_dir(self) -> Path:
        """Everything this mode keeps; paper and live never share a file."""
        return self.state_dir / self.mode

    @property
    def journal_address(self) -> str:
        """Where the journal is; paper and live are apart in the folder, and in a database of their own."""
        path = str((self.mode_dir / "journal.db").absolute())
        return self.journal_url or URL.create("sqlite", database=path).render_as_string(hide_password=False)

    @property
    def inbox_path(self) -> Path:
        return self.mode_dir / "inbox.db"

    @property
    def exchange_path(self) -> Path:
        return self.mode_dir / "exchange.db"

    @property
    def lock_path(self) -> Path:
        return self.mode_dir / "lock"

    @property
    def panic_files(self) -> tuple[Path, ...]:
        """One in the mode's folder stops that mode, one in STATE_DIR itself both."""
        return tuple(folder / "panic.flag" for folder in (self.mode_dir, self.state_dir))

    def panic(self) -> bool:
        return any(path.exists() for path in self.panic_files)

    def panic_watch(self) -> Callable[[], bool | None]:
        """The same for whoever asks all day; None where nobody can tell."""
        files = self.panic_files

        def seen() -> bool | None:
            try:
                return any(map(_is_there, files))
            except OSError:
                return None

        return seen


def _is_there(path: Path) -> bool:
    """Raises `OSError` where nobody can tell."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


@frozen
class Config:
    """Every setting in force and where it was set; `origins` is key path, or `book:key path`, -> origin."""

    system: SystemParameters
    books: Mapping[str, BookParameters]
    origins: Mapping[str, str]

    def secrets(self) -> tuple[str, ...]:
        """What must not stand in any log."""
        private = [value_at(self.system, key.path) for key in keys_of(SystemParameters) if key.about.private]
        for where in _PASSWORDS:
            for password in re.findall(where, self.system.journal_url):
                private += [password, unquote(password), unquote_plus(password)]
        return tuple(dict.fromkeys(value for value in private if value))
