"""A real server with the pages."""

from collections.abc import Iterator

import pytest
from tools.pages_world import World

from tools import screenshots


@pytest.fixture(scope="module")
def door() -> screenshots.PictureDoor:
    """An agent that stands as it is told."""
    return screenshots.PictureDoor()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, door: screenshots.PictureDoor) -> Iterator[World]:
    """alex has a tracker with eight days, nobody has nothing."""
    with screenshots.furnished(tmp_path_factory.mktemp("house"), door) as found:
        yield found
