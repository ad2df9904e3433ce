"""The cells of a sweep: a book with some of its settings changed, checked before anything is played."""

import difflib
from collections.abc import Callable, Mapping, Sequence
from datetime import date

from attrs import frozen

from gamma_scalper.backtest.sweep.fingerprint import code_fingerprint, digest_of
from gamma_scalper.backtest.sweep.grid import Axis
from gamma_scalper.domain.exits import UserError
from gamma_scalper.domain.settings import keys_of, value_at
from gamma_scalper.exchange.specs import GENERATED
from gamma_scalper.pipeline.book import BookParameters
from gamma_scalper.system import Config, SystemParameters

Loader = Callable[[Sequence[str]], Config]

AS_IT_IS = "the book as it is"
_BOOK_KEYS = tuple(key.path for key in keys_of(BookParameters))
_SYSTEM_KEYS = {key.path: key for key in keys_of(SystemParameters)}
# Of the program around a backtest, not of what is played in it.
_AROUND = ("mode", "gateway", "paper_fills", "client_id", "market", "seed", "state_dir", "log_level", "error_codes")
_AROUND_SECTIONS = ("ib.", "journal.")


@frozen
class Ground:
    """What all cells of a sweep are played on."""

    market: str
    files: str  # fingerprint of what the market is read from; "" for a generated one
    first: date | None
    last: date | None

    @property
    def one_path(self) -> bool:
        """A replayed market goes the same way on every seed; only what the exchange leaves to chance is another."""
        return self.market.strip().partition(":")[0] not in GENERATED


@frozen
class Cell:
    """A book with settings of its own. Its digest stands for everything its results depend on, but the seed."""

    name: str
    given: Mapping[str, str]  # key -> value, as written
    book: BookParameters
    digest: str


@frozen
class Cells:
    """Makes cells by the loader that reads `--set`, so that a value means the same in both places."""

    load: Loader
    overrides: Sequence[str]
    ground: Ground
    system: SystemParameters
    named: str  # the book

    def as_it_is(self) -> Cell:
        return self._cell(AS_IT_IS, {}, self.load(self.overrides))

    def cell(self, given: Mapping[str, str]) -> Cell:
        """Raises `UserError` where the values are not allowed, or not together."""
        name = ", ".join(f"{key}={value}" for key, value in given.items())
        changed = [f"{self.named}.{key}={value}" for key, value in given.items()]
        try:
            config = self.load([*self.overrides, *changed])
        except UserError as error:
            reason = str(error).removeprefix("--set: ").removeprefix(f"{self.named}.")
            raise UserError(f"--grid {name}: {reason}") from error
        return self._cell(name, given, config)

    def _cell(self, name: str, given: Mapping[str, str], config: Config) -> Cell:
        book = config.books[self.named]
        return Cell(name, given, book, self._digest(book))

    def _digest(self, book: BookParameters) -> str:
        lines = [f"code {code_fingerprint()}", f"book {self.named}", f"ground {self.ground}"]
        lines += [f"{path}={value_at(self.system, path)!r}" for path, key in _SYSTEM_KEYS.items() if _plays_in(path)]
        lines += [f"book.{path}={value_at(book, path)!r}" for path in _BOOK_KEYS]
        return digest_of(lines)


def _plays_in(path: str) -> bool:
    return not (_SYSTEM_KEYS[path].about.private or path in _AROUND or path.startswith(_AROUND_SECTIONS))


def check_keys(axes: Sequence[Axis]) -> None:
    """Every key of the grid is one of the book's."""
    for axis in axes:
        if axis.key in _SYSTEM_KEYS:
            raise UserError(f"--grid: {axis.key} is of the whole program; a grid is of a book's settings")
        if axis.key not in _BOOK_KEYS:
            small = {path.lower(): path for path in _BOOK_KEYS}
            near = [small[name] for name in difflib.get_close_matches(axis.key.lower(), small, n=3, cutoff=0.5)]
            hint = f"did you mean {' or '.join(near)}?" if near else "docs/config.md lists them all"
            raise UserError(f"--grid: unknown key {axis.key[:80]}; {hint}")


def without_repeats(cells: Sequence[Cell]) -> tuple[Cell, ...]:
    """One of each digest, the first: 1 and 1.0 are one cell."""
    return tuple({cell.digest: cell for cell in reversed(cells)}.values())[::-1]
