"""Small drawings of where a setting is: kinds of places on a phone or a tracker, none of them a maker's own. Pure."""

from collections.abc import Mapping

from markupsafe import Markup

from unstuck.doctor.guide.screen import Screen
from unstuck.doctor.guide.state import Kind
from unstuck.web.base.svg import element, joined

_OF: Mapping[str, str] = {
    "bluetooth_on": "tile",
    "airplane_mode": "tile",
    "location_switch": "tile",
    "battery_saver": "battery",
    "background_setting": "app",
    "permissions": "app",
    "background_data": "app",
    "force_stopped": "app",
    "app_crashes": "open",
    "sync_by_hand": "pull",
    "close_helps": "side",
    "where": "side",
    "tracker_time": "side",
    "sender_near": "side",
    "tracker_screen": "wrist",
    "own_count": "wrist",
    "restarts": "wrist",
    "battery_half": "wrist",
    "in_bluetooth_list": "list",
    "connected_devices": "list",
    "others_connect": "list",
    "free_space": "list",
    "phone_maker": "list",
    "system_update": "list",
    "firmware": "open",
    "last_sync": "open",
    "arrived": "open",
    "tracker_listed": "open",
    "asks_login": "open",
    "app_update": "open",
    "pairing_message": "window",
    "web_page": "page",
    "status_page": "page",
    "login_known": "page",
}
"""Which drawing goes with a question. What only the person can know has none."""


def of(screen: Screen, phone: str) -> Markup:
    """The drawing for a screen of questions, empty where there is none. It says nothing that the text does not."""
    name = _OF.get(screen.id, "") if screen.kind is Kind.QUESTION else ""
    if name == "tile" and phone == "iphone":
        name = "list"
    return drawing(name) if name else Markup("")


def drawing(name: str) -> Markup:
    """By name. KeyError: there is none."""
    return element("svg", *_DRAWN[name], class_="where", view_box="0 0 120 150", aria_hidden="true")


def _box(x: float, y: float, width: float, height: float, kind: str = "line", radius: float = 3) -> Markup:
    return element("rect", x=x, y=y, width=width, height=height, rx=radius, class_=kind)


def _row(y: float, kind: str = "soft") -> Markup:
    return joined([element("circle", cx=38.0, cy=y, r=4, class_=kind), _box(47, y - 2, 34, 4, kind, 2)])


def _finger(x: float, y: float) -> Markup:
    """Where to tap: two rings."""
    return joined([element("circle", cx=x, cy=y, r=r, class_="tap") for r in (7.0, 12.0)])


_PHONE = _box(25, 8, 70, 134, "frame", 10)
_TRACKER = joined([_box(22, 16, 26, 118, "band", 8), _box(18, 50, 34, 50, "frame", 8)])

_DRAWN: Mapping[str, tuple[Markup, ...]] = {
    "tile": (
        _PHONE,
        *(_box(33 + 20 * (n % 3), 22 + 18 * (n // 3), 14, 12, "own" if n == 1 else "soft", 4) for n in range(6)),
        element("path", d="M60 128V92m-6 6 6-6 6 6", class_="arrow back"),
        element("path", d="M60 70v36m-6-6 6 6 6-6", class_="arrow"),
        _finger(60, 28),
    ),
    "battery": (
        _PHONE,
        *(_row(y) for y in (30, 48, 102, 120)),
        _box(42, 64, 32, 18, "own-line", 4),
        _box(76, 69, 3, 8, "own", 1),
        _box(45, 67, 8, 12, "own", 2),
        _finger(49, 73),
    ),
    "app": (
        _PHONE,
        _box(48, 22, 24, 24, "own", 6),
        _box(45, 50, 30, 4, "soft", 2),
        *(_row(y) for y in (70, 102, 118)),
        _row(86, "own"),
        _finger(60, 86),
    ),
    "list": (_PHONE, *(_row(y) for y in (28, 44, 76, 92, 108, 124)), _row(60, "own"), _finger(60, 60)),
    "open": (
        _PHONE,
        *(_box(34 + 18 * (n % 3), 24 + 22 * (n // 3), 14, 14, "own" if n == 7 else "soft", 4) for n in range(12)),
        _finger(59, 75),
    ),
    "pull": (
        _PHONE,
        _box(33, 20, 54, 20, "soft", 4),
        *(_box(33, y, 54, 8, "soft", 3) for y in (112, 124)),
        element("path", d="M60 50v44m-9-9 9 9 9-9", class_="arrow"),
        element("circle", cx=60.0, cy=30.0, r=6, class_="own-line"),
    ),
    "side": (
        _box(62, 14, 48, 122, "frame", 8),
        _TRACKER,
        element("path", d="M52 75h8", class_="arrow"),
        _box(70, 30, 32, 6, "soft", 3),
        _box(70, 42, 22, 6, "soft", 3),
    ),
    "wrist": (
        _box(44, 6, 32, 138, "band", 10),
        _box(36, 44, 48, 62, "frame", 12),
        _box(46, 58, 28, 7, "own", 3),
        _box(46, 72, 18, 5, "soft", 2),
        element("path", d="M88 62v26", class_="arrow"),
        _finger(60, 75),
    ),
    "window": (
        _PHONE,
        *(_row(y) for y in (28, 120)),
        _box(32, 46, 56, 52, "frame", 6),
        _box(38, 54, 44, 5, "own", 2),
        _box(38, 64, 34, 4, "soft", 2),
        _box(38, 80, 18, 10, "soft", 3),
        _box(64, 80, 18, 10, "own", 3),
    ),
    "page": (
        _PHONE,
        _box(32, 20, 56, 11, "own-line", 5),
        _box(32, 40, 56, 26, "soft", 3),
        *(_box(32, y, 52, 4, "soft", 2) for y in (74, 83, 92, 101)),
        _finger(60, 25),
    ),
}
DRAWINGS = tuple(_DRAWN)
"""Names of all."""
