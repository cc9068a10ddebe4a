"""Pages drawn from the code are fresh, and the table of causes leaves nothing out."""

import re

import pytest
from tools.causes_page import causes_page
from tools.generate_docs import DOCS, PAGES

from unstuck.doctor.knowledge.loader import load


@pytest.mark.parametrize("name", PAGES)
def test_the_page_on_disk_is_fresh(name: str) -> None:
    assert (DOCS / name).read_text() == PAGES[name](), "stale: run make docs"


def test_no_cause_is_without_a_finding() -> None:
    rows = re.findall(r"^\| \[`([a-z_.]+)`\]\(#[a-z_]+\) \| (.+) \|$", causes_page(), re.MULTILINE)
    assert {cause for cause, _ in rows} == set(load().causes)
    assert [cause for cause, counts in rows if not re.search(r"\d", counts)] == []


def test_every_finding_stands_under_some_cause() -> None:
    page = causes_page()
    assert [finding for finding in load().findings if f"| `{finding}` |" not in page] == []
