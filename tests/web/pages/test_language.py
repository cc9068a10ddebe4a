"""Languages: every text that a person sees goes through the catalogue, and German is whole on every page.

The pages are walked in a made-up language that puts every text of the catalogue in ⟦⟧: what stands outside is data, or
was forgotten.
"""

import gettext
import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from zoneinfo import ZoneInfo

import pytest

from tests.chain.server.world import NOW, World, minutes
from tests.web.pages.screen import Screen
from tests.web.pages.test_case import linked, make
from tests.web.pages.test_wrong import asked, choose, follow
from unstuck.doctor.knowledge.loader import load
from unstuck.doctor.reasoning.gate import Situation, reasons_not_now
from unstuck.doctor.telling import wording
from unstuck.model.worded import Number, capital, counted, joined, worded
from unstuck.web.pages.base import i18n
from unstuck.web.pages.base.i18n import Words, words_of
from unstuck.web.pages.base.when import When

Screens = Callable[..., Screen]

DATA = re.compile(
    r"alice|bob|Band 2|\bband\b|\bphone\b|Unstuck|[0-9a-f:]{11,}|[A-Za-z]+/[\w /-]+|UTC|English|Deutsch|REM"
    r"|\b(h|min|km|kcal|dBm|AM|PM)\b|[A-F0-9]{4}(-[A-F0-9]{4})+|https?://\S+|\[[a-z]+ \d+\]|\d+\.\d+\.\d+\S*"
    r"|Linux\S*|[a-z]+([_.][a-z]+)+"
)
"""What is no text of ours: names, addresses, zones, languages by their own names, units, versions, ids."""
SPOKEN = ("alt", "aria-label", "title", "placeholder", "data-sure", "data-failed", "data-loading", "data-done")
"""Attributes that a person reads or hears."""


class Marked(gettext.NullTranslations):
    """The made-up language: what German has is marked, nothing else."""

    def gettext(self, message: str) -> str:
        known = words_of("de").catalogue.gettext(message)
        return message if isinstance(known, i18n._Untold) else f"⟦{message}⟧"

    def ngettext(self, one: str, many: str, number: int) -> str:
        return f"⟦{one if number == 1 else many}⟧"


class Seen(HTMLParser):
    """Texts and spoken attributes of a page; code and what is marked as another language are left out."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.foreign: list[str] = []
        self._silent: list[str] = []
        self._english = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.texts += [given[name] or "" for name in SPOKEN if name in given]
        if tag in ("script", "style", "code", "defs"):
            self._silent.append(tag)
        if given.get("lang") == "en" or (self._english and tag == "span"):
            self._english += 1

    def handle_endtag(self, tag: str) -> None:
        if self._silent and self._silent[-1] == tag:
            self._silent.pop()
        if tag == "span" and self._english:
            self._english -= 1

    def handle_data(self, data: str) -> None:
        if self._english:
            self.foreign.append(data)
        elif not self._silent:
            self.texts.append(data)


def seen(page: str) -> Seen:
    found = Seen()
    found.feed(page)
    return found


def unmarked(text: str) -> str:
    """What stands outside ⟦⟧ and is no data."""
    depth, kept = 0, []
    for sign in text:
        depth += (sign == "⟦") - (sign == "⟧")
        if not depth and sign != "⟧":
            kept.append(sign)
    left = DATA.sub(" ", "".join(kept))
    return " ".join(word for word in left.split() if re.search(r"[A-Za-z]{2}", word))


def walk(screen: Screens, world: World) -> Iterator[tuple[str, str]]:
    """Every page that can be reached without a browser's scripts, by where it is."""
    guest = screen()
    for path in ("/sign-in", "/register", "/offline", "/no-such-page", "/sign-in/once/x"):
        guest.get(path)
        yield path, guest.page.text
    guest.get("/sign-in")
    guest.submit("/sign-in", name="nobody", password="wrong")
    yield "/sign-in, wrong", guest.page.text
    empty = screen("192.0.2.9").register("bob")
    yield "/ without a tracker", (empty.get("/"), empty.page.text)[1]
    person = world.person("alice")
    tracker, agent = person.tracker(), person.device()
    agent.send(tracker, minutes(1, 0, [10] * 5, start=NOW - 7200))
    agent.send(tracker, minutes(1, 20, [10] * 5, start=NOW - 7200))
    agent.tell(tracker, tracker={"now": NOW, "held": {}, "overwritten": {"1": [[5, 19]]}, "keeps_s": 604_800})
    one = screen()
    one.sign_in("alice")
    for path in ("/", "/days/2026-01-21", "/days/2020-01-01", "/settings", "/phone", "/wrong", "/case", "/mend"):
        one.get(path)
        follow(one)
        yield path, one.page.text
    one.get("/settings")
    one.submit("/settings/password", password="x", new_password="y")
    yield "/settings, wrong", one.page.text
    one.get("/wrong/ask")
    for _ in range(40):
        if 'action="/wrong/ask"' not in one.page.text:
            break
        yield f"/wrong/ask {asked(one)}", one.page.text
        kind = one.fields("/wrong/ask")["kind"]
        choose(
            one, {"symptom": "never_connects", "phone": "google", "make": "fitbit"}.get(asked(one) or kind, "unsure")
        )
    for question in load().questions:
        one.get(f"/wrong/ask?question={question}")
        yield f"/wrong/ask {question}", one.page.text
    for path in ("/wrong/found", "/mend", "/case"):
        one.get(path)
        yield path, one.page.text
    case = make(one)
    link = linked(one, case)
    yield "/case/…", one.page.text
    desk = screen("198.51.100.4")
    desk.get(link)
    yield "/desk/…", desk.page.text


def test_every_text_of_every_page_goes_through_the_catalogue(
    screen: Screens, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    marked = Words("qps", Marked())
    monkeypatch.setattr(i18n, "words_of", lambda language: marked)
    forgotten = [
        f"{place}: {unmarked(text)}"
        for place, page in walk(screen, world)
        for text in seen(page).texts
        if unmarked(text)
    ]
    assert list(dict.fromkeys(forgotten)) == []


def test_german_pages_have_nothing_english(screen: Screens, world: World) -> None:
    german = lambda *given, **more: screen(*given, **{"Accept_Language": "de-DE,de;q=0.9", **more})  # noqa: E731
    for place, page in walk(german, world):
        assert '<html lang="de"' in page, place
        assert [text for text in seen(page).foreign if not DATA.fullmatch(text)] == [], place


def test_a_person_chooses_german_in_the_settings(screen: Screens) -> None:
    one = screen().register("alice")
    assert "Settings" in one.read("/settings")
    one.submit("/settings/view", language="de", zone="Europe/Berlin", clock="24", theme="")
    follow(one)
    assert "Gespeichert." in one.text()
    assert "Noch kein Tracker." in one.read("/")
    assert '<html lang="de"' in one.page.text


def test_what_one_types_to_delete_everything_is_in_ones_language(screen: Screens) -> None:
    one = screen(Accept_Language="de").register("alice")
    assert "alles löschen" in one.read("/settings")


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("en-GB,de;q=0.9", "en"),
        ("fr,de;q=0.5", "de"),
        ("fr", "en"),
        ("de;q=0, en", "en"),
    ],
)
def test_browser_decides_until_the_account_does(header: str, expected: str) -> None:
    assert i18n.choose("", i18n.wanted(header)) == expected
    assert i18n.choose("en", i18n.wanted(header)) == "en"


def test_german_writes_numbers_dates_and_plurals_its_own_way() -> None:
    german = words_of("de")
    assert german.number(1234567) == "1.234.567"
    assert german.number(3.14159, 2) == "3,14"
    when = When(german, ZoneInfo("Europe/Berlin"), "24", 1_768_999_400.0)
    assert when.long_date(when.today) == "21. Januar 2026"
    assert when.moment(1_768_999_400.0 - 86_400) == "Dienstag 13:43"
    assert when.lasting(2 * 86_400) == "2 Tage"
    assert german.ngettext("%(n)s record", "%(n)s records", 1) == "1 Datensatz"
    assert german.ngettext("%(n)s record", "%(n)s records", 2000) == "2.000 Datensätze"


def test_sentence_of_the_doctor_is_put_together_anew_in_german() -> None:
    german = words_of("de")
    told = worded("Stuck at {where} since {since} ({lasting}).", where=worded("the tracker"), since="22:23",
                  lasting=wording.duration(3 * 3600 + 600))  # fmt: skip
    assert told == "Stuck at the tracker since 22:23 (3 h 10 min)."
    assert german.told(told) == "Stillstand (Tracker) seit 22:23 (3 h 10 min)."
    reason = reasons_not_now(load().fixes["repair_bond"], Situation(undrained=True, undrained_minutes=90))[0]
    assert reason.text == "90 minutes are only on the tracker; sync first"
    assert german.told(reason.text) == "90 Minuten liegen nur auf dem Tracker; synchronisieren Sie zuerst"


def test_names_in_a_sentence_are_not_translated_and_are_escaped() -> None:
    german = words_of("de")
    told = worded("{kind}, nothing used", kind="Friday <b>")
    assert german.told(told) == "Friday &lt;b&gt;, nichts verwendet"


def test_joined_capital_and_numbers_follow_the_language() -> None:
    german = words_of("de")
    told = joined([capital(worded("the server")), counted("{n} day", "{n} days", 1200)], ": ")
    assert (told, german.told(told)) == ("The server: 1,200 days", "Server: 1.200 Tage")
    told = worded("clock moved by {sign}{seconds} s", sign="+", seconds=Number(1.5, 1))
    assert (told, german.told(told)) == ("clock moved by +1.5 s", "Uhr verschoben um +1,5 s")


def test_what_german_has_not_is_marked_as_english_for_who_listens() -> None:
    german = words_of("de")
    assert german.marked("Bluetooth was on") == "Bluetooth war eingeschaltet"
    assert german.marked("Nobody translated this.") == '<span lang="en">Nobody translated this.</span>'
    assert words_of("en").marked("Nobody translated this.") == "Nobody translated this."


def test_page_leaves_out_what_is_typed_into_a_terminal() -> None:
    gate = load().fixes["repair_bond"].safe_part
    assert "unstuck explain" in gate
    unread = "a.log: is none of the kinds Unstuck can read; run 'unstuck diagnose' without a source for the list."
    for language in ("en", "de"):
        marked = words_of(language).marked
        for text in (gate, unread, worded("a Takeout export shows it (unstuck diagnose takeout.zip)")):
            assert "unstuck " not in marked(text), "a page has no terminal"
        assert str(marked(gate)).endswith(".")
