"""What the documents name is there."""

import re
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]


def test_every_test_a_document_names_exists():
    known = {
        name
        for path in (REPOSITORY / "tests").rglob("test_*.py")
        for name in re.findall(r"^\s*(?:async )?def (test_\w+)", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    }
    for page in (REPOSITORY / "docs").glob("*.md"):
        named = set(re.findall(r"`(test_\w+)`", page.read_text(encoding="utf-8")))
        assert not named - known, f"{page.name} names tests that are not there: {sorted(named - known)}"
