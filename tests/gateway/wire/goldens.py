"""The golden spellings: each message once full and once bare, at every version where it differs.

`python tests/gateway/wire/goldens.py` from the checkout writes them anew; what has changed is then read by eye, next to
ib_insync's client and decoder.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from made_from_tables import ANSWER_RECORDS, REQUEST_RECORDS, VERSIONS, bare, counted

from gamma_scalper.gateway.wire.codec import write_answer, write_request
from gamma_scalper.gateway.wire.shapes import Record

FOLDER = Path(__file__).parent / "golden"


def requests() -> str:
    return _spelled(REQUEST_RECORDS, write_request)


def answers() -> str:
    return _spelled(ANSWER_RECORDS, write_answer)


def _spelled(records: Mapping[str, Record], write: Callable[[Any, int], bytes]) -> str:
    blocks = []
    for name, record in records.items():
        for fill in (counted, bare):
            versions: dict[str, list[int]] = {}
            for version in VERSIONS:
                spelling = write(fill(record, version), version).decode().replace("\0", "|")
                versions.setdefault(spelling, []).append(version)
            if fill is counted:
                full = versions
            elif versions == full:  # nothing in it that could be left away
                continue
            lines = [f"  {' '.join(map(str, those))}: {spelling}" for spelling, those in versions.items()]
            blocks.append("\n".join([f"{name}, {fill.__name__}", *lines]))
    return "\n\n".join(blocks) + "\n"


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / "requests.txt").write_text(requests())
    (FOLDER / "answers.txt").write_text(answers())
