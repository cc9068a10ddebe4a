"""Walks to the pages of finding and mending: what a person does on a page before it is photographed or looked at."""

import tempfile
from functools import cache
from pathlib import Path

from examples.make_evidence import write
from playwright.sync_api import FilePayload, Page

from tools.pages_world import PASSWORD


def anew(page: Page) -> None:
    """Nothing was said yet."""
    _open(page, "/mend")
    if page.get_by_role("button", name="Stop here").count():
        page.get_by_role("button", name="Stop here").click()
        page.get_by_role("button", name="Go on", exact=True).wait_for()
    if page.get_by_role("button", name="Go on", exact=True).count():
        page.get_by_role("button", name="Go on", exact=True).click()
        page.get_by_role("button", name="Go on", exact=True).wait_for(state="detached")
    _open(page, "/wrong")
    begin = page.get_by_role("button", name="Begin anew and forget that")
    if begin.count():
        begin.click()


def first_question(page: Page) -> None:
    """What do you notice?"""
    anew(page)
    _open(page, "/wrong/ask")


def question(page: Page) -> None:
    """The first question about this phone, with its picture."""
    first_question(page)
    for choice in ("never_connects", "google", "fitbit"):
        _choose(page, choice)
    _open(page, "/wrong/ask?question=bluetooth_on")


def found(page: Page) -> None:
    """A diagnosis from answers."""
    question(page)
    _choose(page, "off")
    _open(page, "/wrong/found")


def proof(page: Page) -> None:
    """A diagnosis from a phone's own files (synthetic), with a sentence of its proof opened."""
    anew(page)
    page.locator("#file").set_input_files(_evidence())
    page.get_by_role("button", name="Send and read it").click()
    page.wait_for_url("**/wrong/found")
    page.locator("details.proof > summary").first.click()


@cache
def _evidence() -> list[FilePayload]:
    """The files of the example in which somebody walks away."""
    with tempfile.TemporaryDirectory() as folder:
        made = sorted(write("walked-away", Path(folder)).iterdir())
        kind = "application/octet-stream"
        return [FilePayload(name=one.name, mimeType=kind, buffer=one.read_bytes()) for one in made]


def plan(page: Page) -> None:
    """The plan."""
    found(page)
    _open(page, "/mend")


def steps(page: Page) -> None:
    """A fix by hand that has a timer, started."""
    question(page)
    _choose(page, "on")
    _open(page, "/mend")
    page.get_by_role("button", name="Turn the phone really off").click()
    page.get_by_role("button", name="Start the timer").first.click()
    page.get_by_text("Wait until").wait_for()


def helped(page: Page) -> None:
    """Did it help?"""
    found(page)
    _open(page, "/mend")
    page.get_by_role("button", name="Show me the steps").first.click()
    page.get_by_role("button", name="Done").click()
    page.get_by_role("heading", name="Did it help?").wait_for()


def case(page: Page) -> None:
    """What may go into a case."""
    found(page)
    _open(page, "/case")


def own_case(page: Page) -> None:
    """A case with a link, as its owner sees it."""
    case(page)
    page.get_by_role("button", name="Make it and look at it").click()
    page.get_by_label("What has arrived at the server").check()
    page.get_by_role("button", name="Make a link").click()


def desk(page: Page) -> None:
    """The same as a desk sees it, which has looked again and left a note."""
    own_case(page)
    address = page.locator("#link").inner_text()
    page.goto(address)
    page.get_by_label("A note to the owner").fill("Please keep both within a step of each other for ten minutes.")
    page.get_by_role("button", name="Leave the note").click()
    page.get_by_role("button", name="Look again").click()


def second_factor(page: Page) -> None:
    """The picture that an authenticator app scans."""
    form = page.locator("form[action$=second-factor]")
    form.get_by_label("Password").fill(PASSWORD)
    form.get_by_role("button", name="Set up a second factor").click()
    page.get_by_role("heading", name="Second factor").wait_for()


def device(page: Page) -> None:
    """A token for a new device, which is shown once."""
    form = page.locator("form[action='/settings/devices']")
    form.get_by_label("Name of the device").fill("Phone in the hall")
    form.get_by_role("button", name="Make a token").click()
    page.get_by_role("heading", level=1).wait_for()


def _choose(page: Page, choice: str) -> None:
    page.locator(f"button[value='{choice}']").click()


def _open(page: Page, path: str) -> None:
    base = page.evaluate("location.origin")
    page.goto(f"{base}{path}")
