"""One Chromium for the machines of the page."""

from collections.abc import Iterator

import pytest

from tests.web.pages.phone.machines import Machines
from tests.web.pages.phone.machines import machines as running


@pytest.fixture(scope="module")
def machines() -> Iterator[Machines]:
    with running() as found:
        yield found
