"""Facts about the questions, held to the shipped data."""

from unstuck.doctor.knowledge.loader import load
from unstuck.evidence.profiles import profiles


def test_every_status_page_that_is_known_is_named_where_it_is_asked_about() -> None:
    hints = load().questions["status_page"].look_up.values()
    pages = [one.status_page.removeprefix("https://").rstrip("/") for one in profiles().values() if one.status_page]
    assert len(pages) >= 5
    assert [page for page in pages if not all(page in hint for hint in hints)] == []
