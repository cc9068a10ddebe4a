"""The catalogue of texts is what the pages show, and each language is compiled from what is written."""

import pytest

from tools import catalogue
from unstuck.web.pages.base.i18n import DOMAIN, LOCALE


def test_the_list_of_texts_is_fresh() -> None:
    on_disk = (LOCALE / f"{DOMAIN}.pot").read_text("utf-8")
    assert on_disk == catalogue.pot(), "run: python -m tools.catalogue"


def test_texts_of_templates_code_and_tables_are_in_it() -> None:
    found = {str(one.id) for one in catalogue.collected() if not isinstance(one.id, tuple)}
    assert {"Sign in", "Everything is moving.", "The tracker was not heard", "Name or password is wrong."} <= found
    assert {"not worn", "Friday", "Stuck at Bluetooth since %(since)s."} <= found


@pytest.mark.parametrize("language", catalogue.kept())
def test_a_language_is_whole_and_compiled(language: str) -> None:
    own = catalogue.updated(language, catalogue.collected())
    assert catalogue.missing(own) == []
    faults = [f"{message.id}: {fault}" for message, found in own.check() for fault in found]
    assert faults == [], "a value is missing in a text, or one too many"
    folder = LOCALE / language / "LC_MESSAGES"
    assert (folder / f"{DOMAIN}.po").read_text("utf-8") == catalogue.written(own, header=True)
    assert (folder / f"{DOMAIN}.mo").read_bytes() == catalogue.compiled(own)
