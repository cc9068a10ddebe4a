"""The ledger as a page: told in words too, safe against names made to harm, nothing loaded from anywhere."""

import re
import xml.etree.ElementTree as ET
from typing import Any

from tests.cli.test_ledger_map import every_state
from tests.web.ledger.test_grid import MIDNIGHT, ledger
from unstuck.web.ledger.grid import DAY_S, WORDS, Slot, grid
from unstuck.web.ledger.page import describe, draw, headline, page
from unstuck.web.report.chart import NARROW, WIDE


def whole(*, at_risk: bool = False, **bounds: int) -> dict[str, Any]:
    document = every_state(**bounds)
    for hole in document["holes"]:
        hole.update(boot=None, first=None, last=None)
    document["holes"][0].update(boot=3, first=10, last=40)
    document["at_risk"] = {"since": MIDNIGHT, "lost_at": MIDNIGHT + 7 * DAY_S} if at_risk else None
    return document


def test_the_picture_is_sound_markup_with_title_description_and_each_shape_named() -> None:
    shown = grid(whole())
    for canvas in (WIDE, NARROW):
        drawn = ET.fromstring(str(draw(shown, canvas)))
        assert drawn.get("role") == "img"
        named = {part.get("id"): part.text for part in drawn if part.tag in ("title", "desc")}
        assert set((drawn.get("aria-labelledby") or "").split()) == set(named)
        titles = [part.text or "" for part in drawn.findall("g/title")]
        for slot in shown.used:
            if slot is not Slot.UNTOLD:
                assert any(text.endswith(WORDS[slot]) for text in titles), slot
        fills = {part.get("fill") for part in drawn.iter("rect") if part.get("fill")}
        assert fills == {f"url(#{part.get('id')})" for part in drawn.iter("pattern")}, "told apart without colour"


def test_the_description_gives_days_and_hours() -> None:
    told = describe(grid(whole(as_of=MIDNIGHT + 2 * DAY_S)))
    assert told.startswith("2 days from 2026-03-28 to 2026-03-29 (UTC): at the server 36 h")
    assert "lost: overwritten before it was drained 2 h" in told


def test_the_page_tells_every_hole_and_what_is_at_risk_in_words() -> None:
    told = page(whole(at_risk=True), "Band", "abcd")
    assert told.startswith("<!doctype html>")
    assert "boot 3: 10 to 40" in told
    assert "overwriting begins 2026-04-04 00:00Z" in told
    for slot in Slot:
        assert (WORDS[slot] in told) == (slot is not Slot.UNTOLD), slot
    assert WORDS[Slot.UNTOLD] in page(whole(as_of=MIDNIGHT + DAY_S - 3600), "Band", "abcd")


def test_a_hostile_name_stays_text_and_nothing_is_loaded_or_run() -> None:
    told = page(whole(), "<script>alert(1)</script>\x1b[31m", "abcd")
    assert "<script" not in told
    assert "\x1b" not in told
    assert not re.search(r"(?:src|href)=[\"'](?!#|data:,)", told)
    assert "default-src &#39;none&#39;" in told


def test_the_headline_says_loss_before_what_waits_before_all_is_well() -> None:
    def said(*reasons: str) -> str:
        document = ledger(*((reason, MIDNIGHT, MIDNIGHT + 60) for reason in reasons))
        return headline(grid(document), document["holes"])

    assert "overwritten" in said("lost", "not_drained")
    assert said("not_drained", "not_uploaded") == (
        "Nothing is lost; some records are still on the tracker only and some on the phone and not uploaded."
    )
    assert said("not_worn", "not_recorded") == "Everything the tracker recorded is at the server."
    assert headline(grid(ledger(since=0, as_of=0)), []) == "The server holds no record of this tracker yet."


def test_a_tracker_without_records_has_a_page_too() -> None:
    told = page({"since": 0, "as_of": 0, "holes": [], "at_risk": None}, "", "abcd")
    assert "The server holds no record of this tracker yet." in told
    assert '<svg class="chart' not in told
