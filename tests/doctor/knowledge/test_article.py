"""The help article the project began with: its advice is covered, its sentences are not copied."""

import re
from importlib.resources import files
from pathlib import Path

import pytest

from tests.data import DATA
from unstuck.doctor.knowledge.loader import load

ROOT = Path(__file__).parents[3]
MAP = ROOT / "docs" / "why" / "article-map.md"
ARTICLE = DATA.parent / "article.txt"
SHARED_WORDS = 8
"""A run of this many words in common is a copied sentence rather than common speech."""


def runs(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"[a-z0-9]+", text.lower().replace("’", "").replace("'", ""))
    return {tuple(words[i : i + SHARED_WORDS]) for i in range(len(words) - SHARED_WORDS + 1)}


def texts() -> dict[str, str]:
    folder = Path(str(files("unstuck.doctor.knowledge")))
    paths = [*folder.rglob("*.toml"), MAP]
    return {path.name: path.read_text(encoding="utf-8") for path in paths}


@pytest.mark.skipif(not ARTICLE.is_file(), reason="the shared folder is not here")
def test_no_sentence_of_the_article_is_copied() -> None:
    article = runs(ARTICLE.read_text(encoding="utf-8"))
    assert len(article) > 1000
    assert {name: runs(text) & article for name, text in texts().items() if runs(text) & article} == {}


def test_map_names_only_rows_of_the_catalogue() -> None:
    knowledge = load()
    known = {*knowledge.causes, *knowledge.fixes, *knowledge.symptoms, "unstuck explain ID"}
    named = set(re.findall(r"`([^`]+)`", MAP.read_text(encoding="utf-8")))
    assert named - known == set()


def test_map_covers_the_catalogue() -> None:
    knowledge = load()
    named = set(re.findall(r"`([^`]+)`", MAP.read_text(encoding="utf-8")))
    assert set(knowledge.causes) - named == set()
    assert set(knowledge.fixes) - named == set()


def test_every_row_of_the_map_says_what_became_of_it() -> None:
    rows = [line.split("|")[1:-1] for line in MAP.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    rows = [row for row in rows if row[1].strip() != "ours"]
    assert len(rows) > 40
    for article, ours, better in rows:
        assert article.strip()
        assert "`" in ours or ours.strip() in {"the plan", "every fix", "all causes"}, article
        assert len(better.split()) >= 5, article
