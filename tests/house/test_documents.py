"""What the documents name is there."""

import re
from pathlib import Path

from gamma_scalper.portfolio.order_table import printed

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


def test_the_page_on_reliability_shows_the_table_of_transitions_that_is_in_force():
    page = (REPOSITORY / "docs" / "reliability.md").read_text(encoding="utf-8")
    assert page.split("order_table.py -->\n")[1].split("<!-- end")[0].strip() == printed().strip()
