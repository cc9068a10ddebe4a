"""Log buffers as logcat prints them."""

from collections.abc import Iterable

from unstuck.lab.phone import times
from unstuck.lab.phone.book import Line
from unstuck.lab.phone.dumps.view import View

BUFFERS = ("main", "system", "events", "crash")
"""The buffers kept; ``default`` is main, system and crash, ``all`` every one."""


def lines(view: View, buffers: Iterable[str]) -> list[tuple[str, Line]]:
    """The lines of these buffers, one after another in time, each with its buffer."""
    rings = {"main": view.book.main, "system": view.book.system, "events": view.book.events, "crash": view.book.crash}
    found = [(name, line) for name in buffers for line in rings[name].lines]
    return sorted(found, key=lambda one: (one[1].at_s, one[1].order))


def threadtime(
    view: View, found: Iterable[tuple[str, Line]], *, uid: bool, year: bool = False, zone: bool = False
) -> str:
    """``logcat -v threadtime``, with the columns that ``-v`` adds; begins of buffers are marked."""
    seen: set[str] = set()
    out: list[str] = []
    for buffer, line in found:
        if buffer not in seen:
            seen.add(buffer)
            out.append(f"--------- beginning of {buffer}\n")
        who = f"{line.uid:>5} " if uid else ""
        moment = view.local(line.at_s)
        before = f"{moment.year}-" if year else ""
        after = f" {times.offset(line.at_s, view.state.zone)}" if zone else ""
        out.append(
            f"{before}{times.short_ms(moment)}{after} {who}{line.pid:>5} {line.tid:>5} {line.level} "
            f"{line.tag:<8}: {line.text}\n"
        )
    return "".join(out)


def brief(found: Iterable[tuple[str, Line]]) -> str:
    """``logcat -v brief``."""
    return "".join(f"{line.level}/{line.tag:<8}({line.pid:>5}): {line.text}\n" for _, line in found)


def time_only(view: View, found: Iterable[tuple[str, Line]]) -> str:
    """``logcat -v time``."""
    return "".join(
        f"{times.short_ms(view.local(line.at_s))} {line.level}/{line.tag:<8}({line.pid:>5}): {line.text}\n"
        for _, line in found
    )
