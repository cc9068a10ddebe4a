"""What a phone writes down as things happen, in rings of bounded size, the way real logs forget.

Times are those of the phone's own clock when the thing happened, Unix seconds.
"""

from collections import deque
from copy import copy, deepcopy
from dataclasses import dataclass, field, fields

RING_BYTES = 256 * 1024
"""Size of one log buffer as phones ship it (logd's default; four such buffers)."""

_LINE_OVERHEAD_BYTES = 28
"""What logd adds to each message: the header of an entry."""

ENABLE_LOG_LINES = 20
"""BluetoothManagerService.ACTIVE_LOG_MAX_SIZE."""

CRASHES = 100
"""BluetoothManagerService.CRASH_LOG_MAX_SIZE."""

EXITS = 16
"""Records that Android keeps of an app (AppExitInfoTracker.APP_EXIT_INFO_HISTORY_LIST_SIZE)."""

HISTORY_ENTRIES = 20_000
"""What 4 MB of battery history hold at some 200 bytes an entry."""


@dataclass(frozen=True, slots=True)
class Line:
    """One log line; ``order`` keeps lines of one moment as they came."""

    at_s: float
    uid: int
    pid: int
    tid: int
    level: str
    tag: str
    text: str
    order: int


class Ring:
    """One log buffer."""

    def __init__(self, limit_bytes: int = RING_BYTES) -> None:
        self._limit = limit_bytes
        self._size = 0
        self._lines: deque[Line] = deque()

    def add(self, line: Line) -> None:
        """Write a line; the oldest go when the ring is full."""
        self._lines.append(line)
        self._size += _bytes(line)
        while self._size > self._limit:
            self._size -= _bytes(self._lines.popleft())

    def clear(self) -> None:
        """Forget all of it, as ``logcat -c`` and a boot do."""
        self._lines.clear()
        self._size = 0

    @property
    def lines(self) -> list[Line]:
        """All that is left, the oldest first."""
        return list(self._lines)

    def __deepcopy__(self, memo: dict[int, object]) -> "Ring":
        # What is written is never changed, and there are thousands of lines: only what holds them is copied.
        found = copy(self)
        found._lines = copy(self._lines)
        return found


def _bytes(line: Line) -> int:
    return _LINE_OVERHEAD_BYTES + len(line.tag) + len(line.text)


@dataclass(frozen=True, slots=True)
class Switched:
    """One line of Bluetooth's enable log."""

    at_s: float
    on: bool
    reason: str
    by: str


@dataclass(frozen=True, slots=True)
class Exit:
    """One record of why a process ended (ApplicationExitInfo)."""

    at_s: float
    pid: int
    reason: int
    reason_text: str
    subreason: int
    subreason_text: str
    importance: int
    description: str
    status: int = 0


@dataclass(frozen=True, slots=True)
class Used:
    """One usage event of an app, as usagestats lists those of a day."""

    at_s: float
    text: str


@dataclass(frozen=True, slots=True)
class Dropped:
    """One entry of the drop box: crashes and boots."""

    at_s: float
    tag: str
    size_bytes: int
    text: str


@dataclass(frozen=True, slots=True)
class Charged:
    """One entry of the battery history: seconds since its beginning, level, words."""

    at_s: float
    percent: int
    text: str


@dataclass(slots=True)
class Book:
    """All of a phone's records. ``history_from_s``: when the battery history was begun anew."""

    main: Ring = field(default_factory=Ring)
    system: Ring = field(default_factory=Ring)
    events: Ring = field(default_factory=Ring)
    crash: Ring = field(default_factory=Ring)
    switched: deque[Switched] = field(default_factory=lambda: deque(maxlen=ENABLE_LOG_LINES))
    bluetooth_crashes: deque[float] = field(default_factory=lambda: deque(maxlen=CRASHES))
    exits: deque[Exit] = field(default_factory=lambda: deque(maxlen=EXITS))
    used: deque[Used] = field(default_factory=lambda: deque(maxlen=500))
    dropped: deque[Dropped] = field(default_factory=lambda: deque(maxlen=200))
    history: deque[Charged] = field(default_factory=lambda: deque(maxlen=HISTORY_ENTRIES))
    history_from_s: float = 0.0
    history_percent: int = 100
    saver_on_s: float | None = None
    saver_off_s: float | None = None
    saver_times: int = 0
    scans: int = 0
    scan_s: float = 0.0
    bluetooth_on_s: float = 0.0
    _order: int = 0

    def log(self, ring: Ring, at_s: float, who: tuple[int, int, int], level: str, tag: str, text: str) -> None:
        """Write a line. ``who``: user id, process, thread."""
        self._order += 1
        ring.add(Line(at_s, *who, level, tag, text, self._order))

    def __deepcopy__(self, memo: dict[int, object]) -> "Book":
        # As in a ring: no entry is ever changed.
        found = copy(self)
        for one in fields(self):
            held = getattr(self, one.name)
            setattr(found, one.name, deepcopy(held, memo) if isinstance(held, Ring) else copy(held))
        return found
