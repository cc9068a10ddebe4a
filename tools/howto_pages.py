"""How to get evidence, a page for each kind of phone, drawn from the same knowledge that the command shows."""

from collections.abc import Sequence

from unstuck.doctor.knowledge.loader import makers, obtainable
from unstuck.doctor.knowledge.schema import Obtain

_GENERATED = "Steps on this page are generated from the knowledge by `make docs`; do not edit by hand."

_ANDROID_INTRO = """\
Start with the bug report: it holds the state of the whole phone. If a Bluetooth log runs while the trouble happens,
the bug report holds that too, and the two together say most. Take it soon: a phone keeps its log for hours, not days.

On a maker's phone the menus differ. Where we know the maker's own way, it stands below the general one.
"""
_IPHONE_INTRO = """\
An iPhone gives less than an Android phone. There is no bug report that says why an app was stopped. What it gives is
a Bluetooth log. Settings of the app (background refresh, permissions, mobile data) are asked as questions: `unstuck
diagnose` says which answer is worth most.
"""
_TAKEOUT_INTRO = """\
A Takeout export says what the service has received. For some Fitbit trackers it also holds the tracker's own log of
its radio, battery and wrist. It works with any phone. It takes minutes to hours to arrive, so it is no help in a
hurry.
"""
_NOT_TRIED = """\
Not proven: these steps were put together from public documents and threads. Nobody of ours has walked through each of
them on a real phone. If a menu is called something else on yours, please tell us.
"""


def android_page() -> str:
    """Every way on Android, with makers' own ways below the general one."""
    parts = [_page("Get evidence from an Android phone", _ANDROID_INTRO)]
    for way in obtainable("android"):
        if way.platform == "any":
            continue
        parts.append(_section(way))
        own = (_own_way(way.id, maker) for maker in sorted(set(makers().values())))
        parts += [_section(special, level=3) for special in own if special is not None]
    return "\n".join([*parts, _NOT_TRIED])


def iphone_page() -> str:
    """Every way on an iPhone."""
    ways = [way for way in obtainable("iphone") if way.platform != "any"]
    return "\n".join([_page("Get evidence from an iPhone", _IPHONE_INTRO), *map(_section, ways), _NOT_TRIED])


def takeout_page() -> str:
    """The way that is the same on every phone."""
    ways = [way for way in obtainable() if way.platform == "any"]
    return "\n".join([_page("Get a Takeout export", _TAKEOUT_INTRO), *map(_section, ways)])


def _own_way(kind: str, maker: str) -> Obtain | None:
    return next((way for way in obtainable(maker) if way.id == kind and way.platform == maker), None)


def _page(title: str, intro: str) -> str:
    return f"# {title}\n\n{_GENERATED}\n\n{intro}"


def _section(way: Obtain, level: int = 2) -> str:
    title = f"On {way.platform.capitalize()} phones" if level > 2 else way.title
    return f"{'#' * level} {title}\n\n{_numbered(way.lines)}\n\n{way.note}\n"


def _numbered(lines: Sequence[str]) -> str:
    return "\n".join(f"{number}. {line}" for number, line in enumerate(lines, 1))
