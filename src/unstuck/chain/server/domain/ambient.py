"""What the server takes from outside itself: time and randomness, so that tests can give their own."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ambient:
    """``now``: Unix seconds. ``ticks``: seconds of a clock that never goes back. ``random_bytes``: unguessable."""

    now: Callable[[], float] = time.time
    ticks: Callable[[], float] = time.monotonic
    random_bytes: Callable[[int], bytes] = secrets.token_bytes
