"""The pictures of the documentation."""

import re
from pathlib import Path

from tools.screenshots import DOCS, IN_DOCS

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "README.md", *(ROOT / "docs").rglob("*.md"))
MOST_BYTES = 1_000_000


def shown() -> set[Path]:
    found = ((page, name) for page in PAGES for name in re.findall(r'(?:src|srcset)="([^"]+)"', page.read_text()))
    return {(page.parent / name).resolve() for page, name in found}


def test_every_picture_is_made_by_the_command_and_shown_on_a_page() -> None:
    made = {(DOCS / f"{name}-{theme}-{width}.webp").resolve() for name, theme, width, _ in IN_DOCS}
    there = {path.resolve() for path in DOCS.iterdir()}
    assert made == there == shown()


def test_pictures_are_small_all_together() -> None:
    assert sum(path.stat().st_size for path in DOCS.iterdir()) <= MOST_BYTES


def test_every_picture_says_in_words_what_it_shows() -> None:
    for page in PAGES:
        for image in re.findall(r"<img [^>]*>", page.read_text()):
            assert re.search(r'alt="[^"]{20,}"', image), f"{page.name}: {image}"
