"""Headers, forms that are not ours, limits, and that nobody sees another."""

import re
from collections.abc import Callable

import pytest
from fastapi.routing import APIRoute

from tests.chain.server.world import PASSWORD, World, minutes
from tests.web.pages.screen import OWN, Screen
from unstuck.chain.server.domain.limits import Rate, Rates
from unstuck.chain.server.domain.possession import code_of
from unstuck.chain.server.domain.settings import Settings
from unstuck.web.pages.base import security
from unstuck.web.pages.mount import ROUTERS, mount

Screens = Callable[..., Screen]
PAGES = [
    "/sign-in",
    "/register",
    "/offline",
    "/",
    "/days/2026-01-21",
    "/settings",
    "/wrong",
    "/wrong/ask",
    "/case",
    "/no-such-page",
]
FORMS = [
    "/sign-in", "/sign-in/code", "/register", "/sign-out", "/sync", "/settings/view", "/settings/password",
    "/settings/second-factor", "/settings/second-factor/confirm", "/settings/second-factor/remove",
    "/settings/devices", "/settings/devices/0123456789abcdef/revoke", "/settings/trackers",
    "/settings/trackers/x/release", "/settings/export", "/settings/delete",
    "/wrong/connect", "/wrong/disconnect", "/wrong/new", "/wrong/ask", "/wrong/back", "/wrong/stuck", "/wrong/files",
    "/wrong/reading/x/cancel", "/wrong/files/x/keep", "/wrong/files/x/forget",
    "/mend/do", "/mend/answer", "/mend/timer", "/mend/stop", "/mend/go-on", "/mend/again", "/mend/x/undo",
    "/break/strike", "/break/pass", "/break/undo",
    "/case", "/case/x/link", "/case/x/withdraw", "/case/x/delete", "/case/x/note", "/desk/x/look", "/desk/x/note",
    "/phone/token",
]  # fmt: skip


@pytest.mark.parametrize("path", PAGES)
def test_every_page_has_the_strict_headers_and_nothing_inline(screen: Screens, path: str) -> None:
    one = screen().register("alice")
    if path in ("/sign-in", "/register"):
        one = screen()
    answer = one.get(path)
    for name, value in security.headers().items():
        assert answer.headers[name].startswith(value), name
    assert answer.headers["cache-control"] == "no-store, private"
    assert "set-cookie" not in answer.headers or "HttpOnly" in answer.headers["set-cookie"]
    assert not re.search(r"<script(?![^>]*\bsrc=)", answer.text)
    assert not re.search(r"<style|\sstyle=|\son\w+=", answer.text)
    outside = re.findall(r'(?:src|href|action)="(?!/|#)([^"]+)"', answer.text)
    assert outside == []


def test_bluetooth_is_allowed_on_its_own_page_alone() -> None:
    assert "bluetooth=()" in security.headers()["Permissions-Policy"]
    assert "bluetooth=(self)" in security.headers(bluetooth=True)["Permissions-Policy"]


def test_every_route_that_changes_something_is_in_this_test() -> None:
    routes = [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]
    posts = {route.path for route in routes if "POST" in (route.methods or ())}
    known = {re.sub(r"/(0123456789abcdef|x)(?=/)", "/*", path) for path in FORMS}
    assert {re.sub(r"/\{[^}]+\}(?=/)", "/*", path) for path in posts} - {"/sign-in/once/{ticket}"} == known


@pytest.mark.parametrize("path", FORMS)
@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://other.server"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "none"},
        {},
    ],
    ids=["cross", "sibling", "origin", "null", "none", "silent"],
)
def test_a_form_from_elsewhere_is_refused_even_with_the_right_proof(
    screen: Screens, path: str, headers: dict[str, str]
) -> None:
    one = screen().register("alice")
    one.get("/settings")
    proof = one.fields("/settings/view")["form"]
    assert one.post(path, {"form": proof}, headers).status_code == 403
    assert "Nothing was changed." in one.text()


@pytest.mark.parametrize("path", FORMS)
def test_a_form_without_the_right_proof_is_refused(screen: Screens, path: str) -> None:
    one, other = screen().register("alice"), screen().register("bob")
    other.get("/settings")
    stolen = other.fields("/settings/view")["form"]
    for proof in ("", "x", "A" * 86, stolen):
        assert one.post(path, {"form": proof}, OWN).status_code == 403


def test_proof_looks_different_each_time_and_fits_its_own_cookie_only() -> None:
    first, second = (security.form_token("key", bytes([n]) * 32) for n in (1, 2))
    assert first != second
    assert security.form_token_fits("key", first)
    assert security.form_token_fits("key", second)
    assert not security.form_token_fits("other", first)
    assert not security.form_token_fits("", security.form_token("", bytes(32)))
    assert not security.form_token_fits("key", "ü")


def test_the_session_cookie_opens_no_door_of_the_api(screen: Screens) -> None:
    one = screen().register("alice")
    assert one.get("/v1/account").status_code == 401
    assert one.post("/v1/tokens", {"name": "x"}).status_code in (401, 422)


def test_a_device_token_is_no_session(screen: Screens, world: World) -> None:
    one = screen()
    agent = world.person("alice").device()
    one.http.cookies.set("unstuck-80", agent.token)
    assert one.get("/").status_code == 303


def test_two_people_cannot_see_each_other(screen: Screens, world: World) -> None:
    one, other = screen().register("alice"), screen().register("mallory")
    alice = world.person("alice-2")
    tracker = alice.tracker()
    alice.device().send(tracker, minutes(1, 0, [31] * 50))
    for path in (
        f"/?tracker={tracker}", f"/days/2026-01-21?tracker={tracker}", f"/days/2026-01-21/chart.json?tracker={tracker}",
    ):  # fmt: skip
        answers = [one.get(path), one.get(path.replace(tracker, "0" * 16))]
        assert [answer.status_code for answer in answers] == [403, 403]
        assert answers[0].text.replace(tracker, "") == answers[1].text.replace("0" * 16, "")
    other.get("/settings")
    assert other.post(f"/settings/trackers/{tracker}/release", other.fields("/settings/view")).status_code == 403
    token = alice.ask("GET", "/v1/tokens").json()["tokens"][0]["id"]
    other.get("/settings")
    assert other.post(f"/settings/devices/{token}/revoke", other.fields("/settings/view")).status_code == 404
    assert tracker not in other.get("/settings").text


def test_wrong_passwords_are_slowed_down_here_too(worlds: Callable[..., World]) -> None:
    free = Rate(0.0, 1_000_000)
    base = worlds().settings
    rates = Rates(free, free, Rate(20.0, 3), free, free, free)
    world = worlds(settings=Settings(rates=rates, password_cost=base.password_cost))
    mount(world.app)
    one = Screen(world, "192.0.2.1", {})
    codes = [one.sign_in("alice", "wrong").status_code for _ in range(4)]
    assert codes == [401, 401, 401, 429]
    assert "too often" in one.text()


def test_strangers_are_counted_by_address_and_people_by_session(worlds: Callable[..., World]) -> None:
    free = Rate(0.0, 1_000_000)
    base = worlds().settings
    rates = Rates(free, Rate(10.0, 6), free, free, free, Rate(10.0, 3))
    world = worlds(settings=Settings(rates=rates, password_cost=base.password_cost))
    mount(world.app)
    one = Screen(world, "192.0.2.1", {}).register("alice")
    assert [one.get("/settings").status_code for _ in range(4)] == [200, 200, 200, 429]
    assert one.page.headers["retry-after"]
    stranger = Screen(world, "192.0.2.1", {})
    assert [stranger.get("/sign-in").status_code for _ in range(5)][-1] == 429


def test_errors_are_pages_for_people_and_json_for_programs(screen: Screens) -> None:
    one = screen().register("alice")
    assert one.get("/no-such-page").headers["content-type"].startswith("text/html")
    assert "There is no such page." in one.text()
    assert one.get("/v1/nothing").headers["content-type"] == "application/json"
    assert one.get("/days/not-a-date").status_code == 404
    assert one.get("/days/0001-01-01").status_code == 404
    assert PASSWORD not in one.page.text


def test_maintenance_is_said_with_its_message(screen: Screens, world: World) -> None:
    one = screen().register("alice")
    world.maintenance = "Back at ten <b>"
    assert one.get("/").status_code == 503
    assert "Back at ten <b>" in one.text()
    assert "<b>" not in one.page.text.split("<main")[1]


def test_hostile_names_stay_words(screen: Screens, world: World) -> None:
    one = screen().register("alice")
    name = '"><script>alert(1)</script>\u202e'
    one.get("/settings")
    one.submit("/settings/trackers", code=code_of(b"0123456789"), name=name)
    one.get("/")
    assert "<script>alert" not in one.page.text
    assert "\u202e" not in one.page.text
