"""The catalogue of texts is what the pages show, and each language is compiled from what is written."""

import pytest
from babel.messages.catalog import Catalog

from tools import catalogue
from unstuck.doctor.knowledge.loader import all_steps, load
from unstuck.doctor.reasoning.gate import Situation, reasons_not_now
from unstuck.web.pages.base.i18n import DOMAIN, LOCALE


def test_the_list_of_texts_is_fresh() -> None:
    on_disk = (LOCALE / f"{DOMAIN}.pot").read_text("utf-8")
    assert on_disk == catalogue.pot(), "run: make messages"


def test_texts_of_templates_code_and_tables_are_in_it() -> None:
    found = {str(one.id) for one in catalogue.collected() if not isinstance(one.id, tuple)}
    assert {"Sign in", "Everything is moving.", "The tracker was not heard", "Name or password is wrong."} <= found
    assert {"not worn", "Friday", "Stuck at Bluetooth since %(since)s."} <= found


def test_texts_of_the_knowledge_and_the_doctor_are_in_it() -> None:
    found = {str(one.id) for one in catalogue.collected() if not isinstance(one.id, tuple)}
    for cause in load().causes.values():
        assert {cause.title, cause.explanation, cause.how_to_check} <= found
    for fix in load().fixes:
        assert {line for steps in all_steps(fix) for line in steps.lines} <= found
    assert {"Stuck at {where} since {since}.", "Try this: {fix}", "turns Bluetooth on"} <= found
    assert reasons_not_now(load().fixes["sign_in_again"], Situation(vendor_down=True))[0].text in found


def test_a_translation_that_loses_a_value_or_a_command_is_a_fault() -> None:
    own = Catalog(locale="de")
    own.add("Open {app}, see %(n)s", "Öffnen Sie %(n)s")
    own.add("Run 'unstuck up --virtual'.", "Starten Sie es.")
    own.add(("%(n)s day", "%(n)s days"), ("%(n)s Tag", "Tage"))
    own.add("Good", " Gut")
    own.add("Sound {app}", "Gut {app}")
    assert [fault.split(" |")[0] for fault in catalogue.faults(own)] == [
        "Open {app}, see %(n)s", "Run 'unstuck up --virtual'.", "%(n)s days", "' Gut': space around it",
    ]  # fmt: skip


@pytest.mark.parametrize("language", catalogue.kept())
def test_a_language_is_whole_and_compiled(language: str) -> None:
    own = catalogue.updated(language, catalogue.collected())
    assert catalogue.missing(own) == []
    assert catalogue.faults(own) == []
    folder = LOCALE / language / "LC_MESSAGES"
    assert (folder / f"{DOMAIN}.po").read_text("utf-8") == catalogue.written(own, header=True)
    assert (folder / f"{DOMAIN}.mo").read_bytes() == catalogue.compiled(own)
