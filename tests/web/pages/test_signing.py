"""Signing in and out without any script."""

from collections.abc import Callable

import pyotp
import pytest

from tests.chain.server.world import PASSWORD, World
from tests.web.pages.screen import Screen
from unstuck.web.pages.base.tickets import Tickets

Screens = Callable[..., Screen]


def enrolled(screen: Screen) -> tuple[str, list[str]]:
    """The secret of a second factor that is on now, and its recovery codes."""
    screen.get("/settings")
    screen.submit("/settings/second-factor", password=PASSWORD)
    secret = screen.page.text.split('<code class="secret">')[1].split("<")[0]
    screen.submit("/settings/second-factor/confirm", code=code(screen.world, secret))
    assert "The second factor is on." in screen.text()
    return secret, [part.split("<")[0] for part in screen.page.text.split("<li>")[1:]][-10:]


def code(world: World, secret: str) -> str:
    return pyotp.TOTP(secret).at(int(world.time.now))


def test_who_is_not_signed_in_is_sent_to_sign_in_and_comes_back_to_where_they_wanted_to_go(screen: Screens) -> None:
    one = screen()
    one.register("alice")
    one.get("/")
    one.submit("/sign-out")
    assert one.get("/days/2026-01-21?tracker=x").status_code == 303
    assert one.page.headers["location"] == "/sign-in?next=/days/2026-01-21%3Ftracker%3Dx"
    one.get(one.page.headers["location"])
    assert one.submit("/sign-in", name="alice", password=PASSWORD).headers["location"] == "/days/2026-01-21?tracker=x"


@pytest.mark.parametrize(
    "wanted",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "/\t/evil.example", "evil", "javascript:x", "/ /x"],
)
def test_sign_in_never_leads_to_another_site(screen: Screens, wanted: str) -> None:
    one = screen()
    one.register("alice")
    other = screen()
    other.get("/sign-in")
    answer = other.post("/sign-in", {**other.fields("/sign-in"), "name": "alice", "password": PASSWORD, "next": wanted})
    assert answer.headers["location"] == "/"


def test_a_wrong_password_and_an_unknown_name_are_answered_alike_and_never_repeat_the_password(screen: Screens) -> None:
    screen().register("alice")
    one = screen()
    texts = []
    for name in ("alice", "nobody"):
        assert one.sign_in(name, "not the password").status_code == 401
        assert "not the password" not in one.page.text
        texts.append(one.text().replace(name, "NAME"))
    assert texts[0] == texts[1]
    assert "Name or password is wrong." in texts[0]


def test_second_factor_is_asked_for_after_the_password_and_a_code_works_once(screen: Screens, world: World) -> None:
    one = screen().register("alice")
    secret, _ = enrolled(one)
    world.time.pass_(60)
    other = screen()
    assert other.sign_in("alice").status_code == 200
    assert "The password is right." in other.text()
    assert PASSWORD not in other.page.text
    assert other.get("/").status_code == 303, "the password alone is no session"
    other.sign_in("alice")
    assert other.submit("/sign-in/code", code="000000").status_code == 401
    good = code(world, secret)
    assert other.submit("/sign-in/code", code=good).headers["location"] == "/"
    assert other.get("/").status_code == 200
    third = screen()
    third.sign_in("alice")
    assert third.submit("/sign-in/code", code=good).status_code == 401


def test_recovery_code_opens_the_account_once(screen: Screens, world: World) -> None:
    _, codes = enrolled(screen().register("alice"))
    for expected in (303, 401):
        other = screen()
        other.sign_in("alice")
        assert other.submit("/sign-in/code", code=codes[0]).status_code == expected


def test_sign_out_ends_the_session_and_takes_what_the_browser_kept(screen: Screens) -> None:
    one = screen().register("alice")
    token = one.token()
    one.get("/")
    answer = one.submit("/sign-out")
    assert answer.headers["clear-site-data"] == '"cache"'
    assert one.get("/").status_code == 303
    one.http.cookies.set("unstuck-80", token)
    assert one.get("/").status_code == 303, "the token itself is good no more"


def test_session_cookie_is_kept_from_scripts_and_other_sites_and_bound_to_the_host_over_tls(
    screen: Screens, world: World
) -> None:
    one = screen()
    one.register("alice")
    assert "HttpOnly" in one.page.headers["set-cookie"]
    assert "SameSite=lax" in one.page.headers["set-cookie"]
    safe = screen()
    safe.http.base_url = "https://server"
    safe.get("/sign-in")
    answer = safe.post(
        "/sign-in",
        {**safe.fields("/sign-in"), "name": "alice", "password": PASSWORD},
        {"Sec-Fetch-Site": "same-origin", "Origin": "https://server"},
    )
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-unstuck=")
    assert "Secure" in cookie
    assert "Path=/" in cookie


def test_closed_registration_says_so(worlds: Callable[..., World], screen: Screens) -> None:
    one = screen()
    object.__setattr__(one.world.settings, "registration_open", False)
    assert "takes no new accounts" in one.read("/register")
    assert "/register" not in one.get("/sign-in").text


def link_for(links: Tickets[int]) -> str:
    return f"/sign-in/once/{links.make(1)}"


def test_one_time_link_signs_in_once_after_a_click(screen: Screens, links: Tickets[int]) -> None:
    screen().register("owner")
    here = screen("127.0.0.1", Host="127.0.0.1:80")
    link = link_for(links)
    for _ in range(2):
        assert here.get(link).status_code == 200, "looking at the link does not use it up"
    own = {"Sec-Fetch-Site": "same-origin", "Origin": "http://127.0.0.1:80"}
    assert here.post(link, here.fields(link), own).headers["location"] == "/"
    assert here.get("/").status_code == 200
    again = screen("127.0.0.1", Host="127.0.0.1:80")
    assert again.get(link).status_code == 410


def test_one_time_link_ends_after_ten_minutes(screen: Screens, links: Tickets[int], world: World) -> None:
    screen().register("owner")
    here = screen("127.0.0.1", Host="localhost")
    link = link_for(links)
    world.time.pass_(599)
    assert here.get(link).status_code == 200
    world.time.pass_(1)
    assert here.get(link).status_code == 410


@pytest.mark.parametrize(
    ("address", "headers"),
    [
        ("192.0.2.9", {"Host": "127.0.0.1"}),
        ("127.0.0.1", {"Host": "evil.example"}),
        ("127.0.0.1", {"Host": "localhost", "X_Forwarded_For": "192.0.2.9"}),
        ("127.0.0.1", {"Host": "localhost", "Forwarded": "for=192.0.2.9"}),
    ],
)
def test_one_time_link_is_for_this_machine_alone(
    screen: Screens, links: Tickets[int], address: str, headers: dict[str, str]
) -> None:
    screen().register("owner")
    assert screen(address, **headers).get(link_for(links)).status_code == 410


def test_a_server_without_links_has_none(world: World) -> None:
    from unstuck.web.pages.mount import mount

    mount(world.app)
    assert Screen(world, "127.0.0.1", {"Host": "localhost"}).get("/sign-in/once/x").status_code == 410
