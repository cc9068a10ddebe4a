"""The server of the chain's tests, with its pages."""

from collections.abc import Callable

import pytest

from tests.chain.server.conftest import database, migrated, postgres, world, worlds
from tests.chain.server.world import World
from tests.web.pages.screen import Screen
from unstuck.web.pages.base.tickets import Tickets
from unstuck.web.pages.mount import mount

__all__ = ["database", "migrated", "postgres", "world", "worlds"]


@pytest.fixture
def links(world: World) -> Tickets[int]:
    """One-time links, on the server's clock."""
    return Tickets(ticks=lambda: world.time.ticks)


@pytest.fixture
def screen(world: World, links: Tickets[int]) -> Callable[..., Screen]:
    """Makes browsers without scripts."""
    mount(world.app, links=links)
    return lambda address="192.0.2.1", **headers: Screen(world, address, headers)
