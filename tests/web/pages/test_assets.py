"""Files of the pages: vendored as written down, kept by browsers for ever, small."""

import hashlib
import re
from collections.abc import Callable
from importlib.resources import files

from tests.web.pages.screen import Screen
from tools import icons
from unstuck.web.pages.base import assets

STATIC = files("unstuck.web.pages").joinpath("static")


def test_vendored_files_are_those_that_were_published() -> None:
    told = dict(
        re.findall(r"^\| `([^`]+)` .* ([0-9a-f]{64}) \|$", STATIC.joinpath("VENDORED.md").read_text(), re.MULTILINE)
    )
    own = {"app.js", "charts.js", "mend.js", "mend.css"}
    there = {one.name for one in STATIC.iterdir() if one.name.endswith((".js", ".css"))} - own
    assert there == set(told)
    for name, digest in told.items():
        assert hashlib.sha256(STATIC.joinpath(name).read_bytes()).hexdigest() == digest, name


def test_icons_are_those_that_are_drawn() -> None:
    assert STATIC.joinpath("icon.svg").read_text() == icons.svg()


def test_a_file_is_kept_for_ever_under_its_own_address_and_asked_for_again_under_another(
    screen: Callable[..., Screen],
) -> None:
    one = screen()
    address = assets.load().address("unstuck.css")
    answer = one.get(address, **{"Accept-Encoding": "gzip"})
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-encoding"] == "gzip"
    assert one.get("/static/unstuck.css").headers["cache-control"] == "no-cache"
    assert one.get("/static/unstuck.css", **{"If-None-Match": answer.headers["etag"]}).status_code == 304
    for wrong in ("/static/nothing.css", "/static/..%2fpages.css", "/static/VENDORED.md"):
        assert one.get(wrong).status_code == 404


def test_the_manifest_names_icons_that_are_there(screen: Callable[..., Screen]) -> None:
    one = screen()
    told = one.get("/manifest.webmanifest").json()
    assert [one.get(icon["src"]).status_code for icon in told["icons"]] == [200] * 4
    assert told["start_url"] == "/"


def test_the_service_worker_keeps_what_there_is(screen: Callable[..., Screen]) -> None:
    one = screen()
    script = one.get("/worker.js").text
    kept = re.findall(r'"(/[^"]+\?v=[^"]+)"', script)
    assert len(kept) == 5
    assert [one.get(path).status_code for path in kept] == [200] * 5
    assert "{{" not in script
