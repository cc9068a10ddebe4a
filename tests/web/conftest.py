"""One Chromium for all tests of what people see."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tools import screenshots


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium. Started once: Playwright does not run twice in one thread."""
    if not screenshots.CHROMIUM.exists():
        pytest.skip("Debian's Chromium is not installed")
    with screenshots.chromium() as chromium:
        yield chromium
