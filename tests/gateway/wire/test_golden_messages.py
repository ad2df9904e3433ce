"""No message changes its spelling at any version without somebody having read the change."""

import goldens
from made_from_tables import VERSIONS

from gamma_scalper.gateway.wire.codec import read_answer, read_request


def test_requests_are_spelled_as_they_always_were():
    assert goldens.requests() == (goldens.FOLDER / "requests.txt").read_text()


def test_answers_are_spelled_as_they_always_were():
    assert goldens.answers() == (goldens.FOLDER / "answers.txt").read_text()


def test_every_golden_can_be_read():
    for name, read in (("requests", read_request), ("answers", read_answer)):
        for line in (goldens.FOLDER / f"{name}.txt").read_text().splitlines():
            versions, _, spelling = line.strip().partition(": ")
            if line.startswith("  "):
                for version in map(int, versions.split()):
                    assert version in VERSIONS
                    read(spelling.replace("|", "\0").encode(), version)
