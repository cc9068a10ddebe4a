"""The link that the terminal of ``unstuck up`` shows."""

from unstuck.cli.up_door import OnceLink, UpDoor
from unstuck.web.pages.base.tickets import Tickets


def test_the_terminal_shows_one_link_until_it_was_used_or_is_too_old() -> None:
    now = [0.0]
    links: Tickets[int] = Tickets(good_s=600.0, ticks=lambda: now[0])
    link = OnceLink(links, "http://127.0.0.1:1", 5)
    first = link()
    assert first.startswith("http://127.0.0.1:1/sign-in/once/")
    assert link() == first
    assert links.take(first.rsplit("/", 1)[1]) == 5
    second = link()
    assert second != first
    now[0] = 600.0
    assert link() != second
    assert links.look(second.rsplit("/", 1)[1]) is None


def test_a_door_without_an_agent_shows_nothing_and_does_nothing() -> None:
    door = UpDoor()
    door.moved(at_once=True)
    door.sync_now()
    assert door.snapshot() is None
