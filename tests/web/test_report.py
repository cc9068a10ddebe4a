"""One page that holds everything, loads nothing, and cannot be turned against its reader."""

import base64
import hashlib
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import sample
from unstuck.doctor.privacy.redaction import redact
from unstuck.model.diagnosis import Diagnosis, NextQuestion, TimelineEntry, Tracker
from unstuck.model.evidence import Fact
from unstuck.model.hop import Hop
from unstuck.web.report.html import FACTS_SHOWN, report, value_words

VOID = {"meta", "link", "br", "img", "input", "hr"}


class Page(HTMLParser):
    """The page as a browser sees it: elements with their attributes, text, headings, open elements."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[str] = []
        self.style = ""
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Every element, and that it is closed in order."""
        self.elements.append((tag, {key: value or "" for key, value in attrs}))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Closed at once, as in SVG."""
        self.elements.append((tag, {key: value or "" for key, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        """Must close the innermost element."""
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Text; the style sheet apart."""
        if self._open and self._open[-1] == "style":
            self.style += data
        else:
            self.texts.append(data)

    def all(self, tag: str) -> list[dict[str, str]]:
        """Attributes of every such element."""
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def text(self) -> str:
        """All text in one line."""
        return " ".join(" ".join(self.texts).split())


@pytest.mark.parametrize("make", sample.SAMPLES)
def test_page_is_whole_and_loads_nothing(make: Callable[[], Diagnosis]) -> None:
    page = Page(report(make()))
    names = {name for name, _ in page.elements}
    assert not names & {"script", "iframe", "object", "embed", "form", "img", "base", "image", "use", "foreignobject"}
    for _, attributes in page.elements:
        assert not any(key.startswith("on") or key == "style" for key in attributes)
        for key in ("href", "src", "action", "data", "xlink:href", "srcset"):
            assert attributes.get(key, "#")[:1] == "#" or attributes[key] == "data:,"
    assert "url(" not in page.style
    assert "@import" not in page.style
    assert "http" not in page.style


@pytest.mark.parametrize("make", sample.SAMPLES)
def test_policy_allows_the_one_style_sheet_and_nothing_else(make: Callable[[], Diagnosis]) -> None:
    page = Page(report(make()))
    policy = next(m["content"] for m in page.all("meta") if m.get("http-equiv") == "Content-Security-Policy")
    digest = base64.b64encode(hashlib.sha256(page.style.encode()).digest()).decode()
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"
    )


@pytest.mark.parametrize("make", sample.SAMPLES)
def test_page_can_be_read_without_seeing_it(make: Callable[[], Diagnosis]) -> None:
    page = Page(report(make()))
    levels = [int(name[1]) for name, _ in page.elements if re.fullmatch("h[1-6]", name)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels))
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    for name, attributes in page.elements:
        for label in attributes.get("aria-labelledby", "").split():
            assert label in ids
        if name == "svg":
            assert attributes.get("aria-hidden") == "true" or attributes.get("role") == "img"
    assert len(page.all("caption")) == len(page.all("table"))
    assert page.all("html")[0]["lang"] == "en"
    assert page.all("title")


def test_skip_link_leads_to_the_plan() -> None:
    page = Page(report(sample.stuck_by_range()))
    assert page.all("a")[0]["href"] == "#do"
    assert any(section.get("id") == "do" for section in page.all("section"))


def test_page_says_what_the_terminal_says() -> None:
    text = Page(report(sample.stuck_by_range())).text
    for words in (
        "Stuck at Bluetooth since 22:23 (5 min).",
        "Nothing is lost: the oldest unsynced minute is kept until about Thu 26 Mar 22:23.",
        "Fitbit Inspire 3",
        "Pixel 8, Android 16",
        "Thu 19 Mar 2026, 21:04 – 22:28 (Europe/Vienna, UTC+1)",
        "The tracker is out of the phone's reach",
        "93 %",
        "Bring phone and tracker within a few steps, no wall between",
        "It worked when: The app shows a time of last sync within the last minute.",
        "Remove and pair again – 6 minutes of data are only on the tracker",
        "Was the tracker in another room at 22:23?",
        "An Android bug report shows it (unstuck diagnose bugreport.zip)",
        "clock moved by -0.4 s",
        "2026-03-19 20:04:03 UTC",
    ):
        assert words in text


def test_proof_opens_down_to_packet_excerpt_and_fact() -> None:
    text = Page(report(sample.stuck_by_range())).text
    assert "disconnection complete, handle 0x44, reason 0x08" in text
    assert "packet 5726, packet 5729, packet 5736" in text
    assert "22:23 (2026-03-19 21:23:19 UTC)" in text
    assert "link_lost_silently" in text
    assert "handle 68, transport le, reason 8, held_s 4514.4, of e6:c0:ec:8e:de:51" in text


def test_only_the_first_facts_are_listed_and_it_says_so() -> None:
    full = sample.takeout()
    proof = replace(full.findings[0].proof[0], facts=full.facts)
    many = replace(full, findings=(replace(full.findings[0], proof=(proof,)),))
    page = Page(report(many))
    assert f"the first {FACTS_SHOWN} of {len(full.facts)}" in page.text


def test_hostile_names_stay_text() -> None:
    text = report(sample.hostile())
    assert "<script" not in text
    assert "{{7*7}}" in text
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert text.encode("utf-8")


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60))
def test_no_name_whatever_adds_an_element(name: str) -> None:
    def elements(word: str) -> list[str]:
        tracker = Tracker(sample.TRACKER, word, word)
        diagnosis = replace(sample.healthy(), tracker=tracker, phone=word, headline=word, notes=(word,))
        return [element for element, _ in Page(report(diagnosis)).elements]

    assert elements("x" + name) == elements("x")


def test_answer_says_what_to_type() -> None:
    question = NextQuestion("bluetooth_on", "Is Bluetooth on?", ("Yes, it is", "No"), "", ("yes", "no"))
    text = Page(report(replace(sample.healthy(), next_question=question))).text
    assert "Yes, it is --answer bluetooth_on=yes" in text
    assert "No --answer bluetooth_on=no" in text
    assert "--answer" not in Page(report(sample.inconclusive())).text


def test_row_of_the_plan_shows_its_id_and_that_steps_are_inside() -> None:
    page = Page(report(sample.stuck_by_range()))
    fix = sample.stuck_by_range().plan[0]
    assert f"{fix.title} {fix.fix} " in page.text
    assert f"· {len(fix.steps)} steps" in page.text


def test_list_without_a_picture_is_not_called_the_same() -> None:
    full = sample.stuck_by_range()
    assert "The same as a list" in Page(report(full)).text
    bare = Page(report(replace(full, facts=()))).text
    assert "The same as a list" not in bare
    assert "so there is nothing to draw. What happened" in bare


def test_proof_from_a_member_names_its_file() -> None:
    full = sample.stuck_by_range()
    line = replace(full.causes[0].evidence[0], source="takeout/Takeout/Fitbit/events.json", locator="$[3]", also=())
    cause = replace(full.causes[0], evidence=(line,))
    assert "events.json, $[3]" in Page(report(replace(full, causes=(cause,)))).text


def test_sentence_under_several_causes_is_shown_once_and_referred_to() -> None:
    full = sample.stuck_by_range()
    first, second = full.causes[0], replace(full.causes[1], evidence=full.causes[0].evidence[:1], probability=0.4)
    page = Page(report(replace(full, causes=(first, second))))
    assert page.text.count(f"{first.evidence[0].text} ") == 1 + page.text.count(
        f"Facts behind: {first.evidence[0].text} "
    )
    assert "The same as under 1, sentence 1" in page.text
    link = next(a["href"] for a in page.all("a") if a["href"].startswith("#proof"))
    assert link[1:] in [details.get("id") for details in page.all("details")]


def test_notes_are_shown() -> None:
    assert "A note." in Page(report(replace(sample.healthy(), notes=("A note.",)))).text


def test_device_has_one_label_on_a_redacted_page() -> None:
    def fact(name: str, value: dict[str, str | int], second: int) -> Fact:
        return Fact(name, value, sample.at(second), "x.log", f"line {second}", "", "40:f9:57:6d:0c:14")

    facts = (
        fact("device.name", {"name": "Anns Uhr"}, 1),
        fact("device.name", {"name": "40F9576D0C14"}, 2),
        fact("device.name", {"name": "Anns andere Uhr"}, 3),
        fact("link.opened", {"handle": 1}, 4),
    )
    entry = TimelineEntry(sample.at(4), Hop.BLUETOOTH, "Anns andere Uhr connected")
    full = replace(sample.healthy(), tracker=None, facts=facts, timeline=(entry,), causes=(), findings=())
    text = Page(report(redact(full))).text
    assert "[address 1] connected" in text
    assert "[name " not in text
    assert "[address 2]" not in text


def test_pseudonyms_are_explained_only_where_there_are_any() -> None:
    note = "stand for identifiers that were replaced"
    assert note in report(redact(sample.stuck_by_range()))
    assert note not in report(sample.stuck_by_range())


@pytest.mark.parametrize("make", [sample.inconclusive, sample.nothing_readable])
def test_nothing_to_draw_is_said(make: Callable[[], Diagnosis]) -> None:
    text = Page(report(make())).text
    assert "so there is nothing to draw" in text
    assert "Inconclusive" in text


def test_ten_thousand_happenings_make_a_page_of_bounded_size() -> None:
    few, many = report(sample.crowded(10_000)), report(sample.crowded(40_000))
    assert len(many) < 1.2 * len(few)
    assert len(many) < 600_000


def test_one_happening_is_enough_to_draw() -> None:
    one = replace(sample.healthy(), facts=sample.healthy().facts[1:2])
    page = Page(report(one))
    assert any(svg.get("class", "").startswith("chart") for svg in page.all("svg"))


def test_radio_days_are_drawn_with_their_legend() -> None:
    page = Page(report(sample.takeout()))
    assert "The tracker's own radio log" in page.text
    assert "no phone connected" in page.text
    assert sum(rect.get("class") == "mode mode-advertise_h" for rect in page.all("rect")) >= 2 * 58


def test_value_in_words_leaves_out_what_is_not_known() -> None:
    fact = sample.hci("link.lost", {"reason": 8, "last_rssi": None, "held_s": 1.50, "ok": True}, 1, 1, "aa:bb")
    assert value_words(fact) == "reason 8, held_s 1.5, ok yes, of aa:bb"
