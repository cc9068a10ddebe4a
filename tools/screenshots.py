"""Photograph every page: ``python -m tools.screenshots OUT [NAME ...]``, in both themes and three widths.

Each entry of SHOTS opens one page of a real server in a real Chromium; a new page adds its entry there.
"""

import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tools.pages_world import PASSWORD, World, furnish, world
from unstuck.web.pages.door import Door

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")
WIDTHS = {"phone": (360, 740), "tablet": (820, 1100), "desk": (1280, 860)}
THEMES = ("light", "dark")


@dataclass(frozen=True, slots=True)
class Shot:
    """One page. ``who``: who is signed in, empty: nobody. ``act``: what is done on the page before it is photographed."""

    name: str
    path: str
    who: str = "alex"
    act: Callable[[Page], object] = lambda page: None
    later_s: float = 0.0
    """How much later it is than in the other pictures: to see what is stale."""


def _drawn(page: Page) -> None:
    page.wait_for_selector(".charts .uplot canvas")


SHOTS = (
    Shot("sign-in", "/sign-in", who=""),
    Shot("register", "/register", who=""),
    Shot("offline", "/offline", who=""),
    Shot("home", "/"),
    Shot("home-stale", "/", later_s=5 * 3600),
    Shot("home-empty", "/", who="nobody"),
    Shot("day", "/days/2026-11-27", act=_drawn),
    Shot("day-lost", "/days/2026-11-25", act=_drawn),
    Shot("day-empty", "/days/2026-01-01"),
    Shot("settings", "/settings"),
    Shot("error", "/no-such-page"),
)


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


def main() -> None:
    """Write OUT/NAME-THEME-WIDTH.png."""
    out, wanted = Path(sys.argv[1]), set(sys.argv[2:])
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, furnished(Path(folder)) as house, chromium() as browser:
        begin_s = house.clock[0]
        for theme in THEMES:
            for width_name, (width, height) in WIDTHS.items():
                people = contexts(browser, house, theme, width, height)
                for shot in SHOTS:
                    if wanted and shot.name not in wanted:
                        continue
                    house.clock[0] = begin_s + shot.later_s
                    page = people[shot.who].new_page()
                    page.goto(f"{house.address}{shot.path}")
                    shot.act(page)
                    page.screenshot(path=out / f"{shot.name}-{theme}-{width_name}.png", full_page=True)
                    page.close()
                house.clock[0] = begin_s
                for context in people.values():
                    context.close()
    print(f"{len(list(out.glob('*.png')))} pictures in {out}")


if __name__ == "__main__":
    main()
