"""Photograph every page: ``python -m tools.screenshots OUT [NAME ...]``, in both themes and three widths.

``--docs`` instead of OUT makes the pictures of the documentation anew; ``--theme`` and ``--width`` leave some out.

Each entry of SHOTS opens one page of a real server in a real Chromium; a new page adds its entry there.
"""

import argparse
import base64
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tools import walks
from tools.pages_world import CODE, PASSWORD, World, furnish, world
from unstuck.chain.phone.agent import Snapshot, Underway
from unstuck.chain.phone.engine import Status
from unstuck.chain.phone.entries import Attempt, Ledger
from unstuck.chain.phone.reasons import Outcome, Side
from unstuck.chain.phone.rhythm import Because, Next
from unstuck.chain.records import Ranges
from unstuck.chain.server.domain.possession import tracker_id
from unstuck.web.pages.door import Door, Seen

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")
WIDTHS = {"phone": (360, 740), "tablet": (820, 1100), "desk": (1280, 860)}
THEMES = ("light", "dark")


@dataclass(frozen=True, slots=True)
class Shot:
    """One page. ``who``: who is signed in, empty: nobody. ``act``: what is done on it before it is photographed."""

    name: str
    path: str
    who: str = "alex"
    act: Callable[[Page], object] = lambda page: None
    door: str = ""
    """How the agent in the server's process stands; empty: there is none."""
    later_s: float = 0.0
    """How much later it is than in the other pictures: to see what is stale."""


def _drawn(page: Page) -> None:
    page.wait_for_selector(".charts .uplot canvas")


def _ready(page: Page) -> None:
    page.wait_for_selector("body[data-ready]")


SHOTS = (
    Shot("sign-in", "/sign-in", who=""),
    Shot("register", "/register", who=""),
    Shot("offline", "/offline", who=""),
    Shot("home", "/"),
    Shot("home-stuck", "/", door="stuck"),
    Shot("home-syncing", "/", door="syncing"),
    Shot("home-stale", "/", later_s=5 * 3600),
    Shot("home-empty", "/", who="nobody"),
    Shot("day", "/days/2026-11-27", act=_drawn),
    Shot("day-workout", "/days/2026-11-26", act=_drawn),
    Shot("day-lost", "/days/2026-11-25", act=_drawn),
    Shot("day-empty", "/days/2026-01-01"),
    Shot("phone", "/phone", act=_ready),
    Shot("phone-stranger", "/phone", who="", act=_ready),
    Shot("settings", "/settings"),
    Shot("settings-second-factor", "/settings", who="nobody", act=walks.second_factor),
    Shot("settings-device", "/settings", who="nobody", act=walks.device),
    Shot("wrong", "/wrong", act=walks.anew),
    Shot("wrong-first", "/wrong", act=walks.first_question),
    Shot("wrong-question", "/wrong", act=walks.question),
    Shot("wrong-found", "/wrong", act=walks.found),
    Shot("wrong-proof", "/wrong", act=walks.proof),
    Shot("mend", "/mend", act=walks.plan),
    Shot("mend-steps", "/mend", act=walks.steps),
    Shot("mend-helped", "/mend", act=walks.helped),
    Shot("case", "/case", act=walks.case),
    Shot("case-own", "/case", act=walks.own_case),
    Shot("case-desk", "/case", act=walks.desk),
    Shot("error", "/no-such-page"),
)


DOCS = Path(__file__).parents[1] / "docs" / "pictures"
DOCS_SCALE = {"phone": 2, "tablet": 1, "desk": 1}
"""Pixels of the file for one of CSS: what is shown small must be sharp."""
DOCS_QUALITY = 82
"""Of WebP, 0 to 100: below it the small type is ringed."""
IN_DOCS = (
    ("home-stuck", "light", "desk", 760),
    ("home-stuck", "dark", "desk", 760),
    ("wrong-proof", "light", "desk", 960),
    ("wrong-proof", "dark", "desk", 960),
    ("day-lost", "light", "desk", 960),
    ("case-own", "light", "desk", 960),
    ("home-syncing", "dark", "phone", 740),
    ("wrong-question", "light", "phone", 740),
    ("mend", "light", "phone", 740),
    ("mend-steps", "light", "phone", 740),
)
"""Pictures of the documentation: name, theme, width, and how much of the page is shown, CSS pixels; 0: all."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(FLAGS))
        yield browser
        browser.close()


def sign_in(page: Page, address: str, name: str) -> None:
    """As a person does it."""
    page.goto(f"{address}/sign-in")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{address}/")


class PictureDoor:
    """An agent that stands still as it is told, for pictures alone."""

    def __init__(self, tracker: str = "") -> None:
        self.tracker = tracker or tracker_id(CODE)
        self.seen: Seen | None = None
        self.asked = 0

    def snapshot(self) -> Seen | None:
        """How it stands."""
        return self.seen

    def sync_now(self) -> None:
        """Nothing moves in a picture; that it was asked for is counted."""
        self.asked += 1

    async def changes(self) -> AsyncIterator[None]:
        """None."""
        for _ in ():
            yield

    def stand(self, how: str, now_s: float) -> None:
        """``stuck``: the link was lost 22 minutes ago. ``syncing``: both sides are at work. Empty: no agent."""
        if not how:
            self.seen = None
            return
        stuck = how == "stuck"
        lost_s, last_s = int(now_s) - 1320, int(now_s) - 60
        drained = Outcome.TRACKER_NOT_HEARD if stuck else Outcome.SYNCED
        last = {
            Side.DRAIN: Attempt(Side.DRAIN, last_s - 20, last_s, drained, "", 0 if stuck else 1204),
            Side.UPLOAD: Attempt(Side.UPLOAD, last_s - 1, last_s, Outcome.NOTHING_NEW, "", 0),
        }
        following = {
            Side.DRAIN: Next(now_s + 240, Because.BACK_OFF if stuck else Because.RHYTHM),
            Side.UPLOAD: Next(now_s + 600, Because.RHYTHM),
        }
        underway = {} if stuck else {Side.DRAIN: Underway(last_s, 820, 384), Side.UPLOAD: Underway(last_s, 480, 340)}
        first = 11_645
        held = {3: Ranges.span(first, first + (21 if stuck else 383))}
        status = Status(self.tracker, "Band 2", 3, first + 22, 1, int(now_s), held, {}, 64, keeps_s=7 * 86_400)
        ledger = Ledger({}, {}, {}, {}, {}, {}, {})
        usual_s = dict.fromkeys(Side, 900.0)
        agent = Snapshot(self.tracker, status, ledger, last, following, usual_s, (), underway)
        signal_dbm = None if stuck else -61
        self.seen = Seen("Band 2", now_s, not stuck, lost_s, signal_dbm, 41_200, agent)


@contextmanager
def furnished(folder: Path, door: Door | None = None) -> Iterator[World]:
    """The server of the pictures: alex has a tracker with eight days, nobody has nothing."""
    with world(folder, door) as house:
        alex = house.person("alex")
        alex.claim()
        furnish(alex)
        house.person("nobody")
        yield house


def contexts(browser: Browser, house: World, theme: str, width: int, height: int) -> dict[str, BrowserContext]:
    """A browser of each person, by name."""
    made = {}
    for who in ("", "alex", "nobody"):
        made[who] = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if theme == "dark" else "light",
            timezone_id="Europe/Berlin",
            locale="en-GB",
            service_workers="block",
        )
        if who:
            page = made[who].new_page()
            sign_in(page, house.address, who)
            page.close()
    return made


@dataclass(frozen=True, slots=True)
class Picture:
    """One shot in one theme and width, and the file it becomes. ``tall``: CSS pixels of it, 0: the whole page."""

    shot: Shot
    theme: str
    width: str
    file: Path
    tall: int = 0


def photograph(browser: Browser, house: World, door: PictureDoor, pictures: Sequence[Picture]) -> None:
    """Take them."""
    begin_s = house.clock[0]
    order = sorted(pictures, key=lambda one: (THEMES.index(one.theme), list(WIDTHS).index(one.width)))
    for (theme, width), some in groupby(order, key=lambda one: (one.theme, one.width)):
        people = contexts(browser, house, theme, *WIDTHS[width])
        for picture in some:
            house.clock[0] = begin_s + picture.shot.later_s
            door.stand(picture.shot.door, house.clock[0])
            page = people[picture.shot.who].new_page()
            page.goto(f"{house.address}{picture.shot.path}")
            picture.shot.act(page)
            _take(page, picture)
            page.close()
        house.clock[0] = begin_s
        for context in people.values():
            context.close()


def _take(page: Page, picture: Picture) -> None:
    """A PNG, or a WebP, which Chromium itself writes: a third of the size."""
    page.evaluate("document.activeElement.blur()")
    if picture.file.suffix == ".png":
        page.screenshot(path=picture.file, full_page=True)
        return
    wide, high = page.evaluate("[innerWidth, document.documentElement.scrollHeight]")
    clip = {"x": 0, "y": 0, "width": wide, "height": min(high, picture.tall or high)}
    asked = {
        "format": "webp",
        "quality": DOCS_QUALITY,
        "clip": {**clip, "scale": DOCS_SCALE[picture.width]},
        "captureBeyondViewport": True,
    }
    answer = page.context.new_cdp_session(page).send("Page.captureScreenshot", asked)
    picture.file.write_bytes(base64.b64decode(answer["data"]))


def _asked() -> list[Picture]:
    """What the command line wants. It ends the program where that is nothing."""
    parser = argparse.ArgumentParser(prog="python -m tools.screenshots", description=__doc__)
    parser.add_argument("out", nargs="?", type=Path, help="folder for OUT/NAME-THEME-WIDTH.png")
    parser.add_argument("names", nargs="*", help=f"some of: {' '.join(shot.name for shot in SHOTS)}; none: all")
    parser.add_argument("--docs", action="store_true", help=f"write {DOCS}/*.webp instead")
    parser.add_argument("--theme", choices=THEMES)
    parser.add_argument("--width", choices=tuple(WIDTHS))
    given = parser.parse_args()
    by_name = {shot.name: shot for shot in SHOTS}
    if given.docs:
        return [
            Picture(by_name[name], theme, width, DOCS / f"{name}-{theme}-{width}.webp", tall)
            for name, theme, width, tall in IN_DOCS
        ]
    if given.out is None or not set(given.names) <= set(by_name):
        parser.error("where to? And are all of the names among the shots?")
    themes = [given.theme] if given.theme else THEMES
    widths = [given.width] if given.width else list(WIDTHS)
    return [
        Picture(shot, theme, width, given.out / f"{shot.name}-{theme}-{width}.png")
        for shot in SHOTS if not given.names or shot.name in given.names
        for theme in themes for width in widths
    ]  # fmt: skip


def main() -> None:
    """Take what the command line asks for."""
    pictures = _asked()
    pictures[0].file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        door = PictureDoor()
        with furnished(Path(folder), door) as house:
            photograph(browser, house, door, pictures)
    size = sum(one.file.stat().st_size for one in pictures)
    print(f"{len(pictures)} pictures in {pictures[0].file.parent}, {size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
