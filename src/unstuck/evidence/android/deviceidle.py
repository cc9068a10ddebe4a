"""Doze: the state and the exemption lists of ``dumpsys deviceidle`` and ``dumpsys deviceidle whitelist``.

A heading is absent when its list is empty (seen on 9 and 14), so an app that stands in no list is
not exempt as soon as the state was read.
"""

import re

from unstuck.evidence.android.apps import parse_uid
from unstuck.evidence.android.context import Context
from unstuck.evidence.android.page import Page, text

_LIST = re.compile(rb"\s{0,4}(?:White|Allow)list (\(except idle\) )?(system|user|all) app(s| ids):")
_STATE = re.compile(rb"mState=(\w+)(?:\s+mLightState=(\w+))?")
_LIGHT = re.compile(rb"\s*mLightState=(\w+)")
_ROW = re.compile(rb"(system-excidle|system|user),([\w.]+),(\d+)\s*$")
_PACKAGE = re.compile(rb"\s{2,}([A-Za-z][\w.]*)\s*$")


def read(page: Page, context: Context) -> None:
    """State ``power.doze`` and, for each app of interest, ``app.doze_exempt``."""
    exempt: dict[str, int] = {}
    listed = rows = False
    state = -1
    for index, line in page.lines():
        if line.startswith((b"user,", b"system,", b"system-excidle,")):
            if row := _ROW.match(line):
                rows = True
                package = text(row[2])
                context.apps.learn(package, parse_uid(text(row[3])))
                if row[1] != b"system-excidle":
                    exempt.setdefault(package, index)
            continue
        if heading := _LIST.match(line):
            # "except idle" exempts from app standby but not from deep sleep; ids repeat the names.
            listed = heading[1] is None and heading[3] == b"s"
            continue
        if listed:
            if name := _PACKAGE.match(line):
                exempt.setdefault(text(name[1]), index)
                continue
            listed = False
        if b"mState=" in line and (found := _STATE.search(line)):
            light = found[2] or _next_light(page, index)
            value = {"deep": text(found[1]), "light": text(light)}
            context.notes.state("power.doze", value, page, index)
            state = index
    for package, index in exempt.items():
        if package in context.apps.packages:
            context.apps.learn(package, None)
            context.notes.state("app.doze_exempt", True, page, index, package)
    if state >= 0 or rows:
        for package in context.apps.present():
            if package not in exempt:
                note = f"not in the exemption list; {'list' if rows else 'state'}: "
                context.notes.state("app.doze_exempt", False, page, max(state, 0), package, note)


def _next_light(page: Page, index: int) -> bytes:
    if index + 1 < len(page.starts) and (found := _LIGHT.match(page.line(index + 1))):
        return found[1]
    return b""
