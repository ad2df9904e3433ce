"""What a person types and what the program answers, in this process: one of its own spends its time on imports."""

import io
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from functools import partial
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

from config import load_config
from gamma_scalper import cli

REPOSITORY = Path(__file__).parents[2]


class Answer(NamedTuple):
    """How it ended, and what a person sees of it."""

    code: int
    out: str
    err: str


def typed(root: Path, *words: str, **environment: str) -> Answer:
    """The command line, with the settings of this folder."""
    out, err = io.StringIO(), io.StringIO()
    with (
        patch.dict(os.environ, {**_inherited(), "COLUMNS": "160", **environment}, clear=True),
        patch.object(sys, "argv", ["main.py", *words]),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        try:
            cli.main(partial(load_config, root=root))
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
    return Answer(code, out.getvalue(), err.getvalue())


def started(root: Path, *words: str, **environment: str) -> Answer:
    """A process of its own, begun in another folder."""
    ran = subprocess.run(
        [sys.executable, root / "main.py", *words], cwd=root.parent, capture_output=True, text=True,
        env={**_inherited(), "PYTHONPATH": str(REPOSITORY), **environment},
    )  # fmt: skip
    return Answer(ran.returncode, ran.stdout, ran.stderr)


def _inherited() -> Mapping[str, str]:
    return {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "MODE", "GATEWAY", "ACCOUNT")}
