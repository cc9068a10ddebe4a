"""The pages on a slow phone: when something is seen first, when the largest thing is seen, and bytes over the wire.

Chromium plays the phone as Lighthouse does for "mobile": 1.6 Mbit/s, 150 ms there and back, a processor four times as
slow. Every visit has an empty cache. The server is a real one on this machine, with eight days of records.
"""

import statistics
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext
from tools.pages_world import World
from tools.screenshots import CHROMIUM, PictureDoor, chromium, contexts, furnished

from benchmarks.scale import SMOKE

_RUNS = 1 if SMOKE else 7
"""Seven visits: the median shrugs off three disturbed ones."""
_DOWN_BYTES_S, _UP_BYTES_S, _ROUND_MS = 1_600_000 / 8, 750_000 / 8, 150
_SLOWER = 4
_SETTLED_MS = 700
"""Milliseconds after the page has loaded in which the largest thing may still be painted and the last byte may come."""
_FIRST_LIMIT_S = 1.0
_WEIGHT_LIMIT_KB = 100
_PAGES = (
    ("the page to sign in", "", "/sign-in"),
    ("the first page", "alex", "/"),
    ("a day with its charts", "alex", "/days/2026-11-25"),
    ("what is wrong", "alex", "/wrong"),
)


@dataclass(frozen=True, slots=True)
class _Visit:
    first_s: float
    largest_s: float
    kilobytes: float


def run() -> list[dict[str, object]]:
    """Rows for each page; none where there is no Chromium."""
    if not CHROMIUM.exists():
        print(f"no {CHROMIUM}: the pages are not measured", file=sys.stderr)
        return []
    rows: list[dict[str, object]] = []
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        door = PictureDoor()
        with furnished(Path(folder), door) as house:
            door.stand("stuck", house.clock[0])
            people = contexts(browser, house, "light", 360, 740)
            for name, who, path in _PAGES:
                visits = [_visit(browser, people[who], house, path) for _ in range(_RUNS + 1)][1:]
                first_s = statistics.median(one.first_s for one in visits)
                largest_s = statistics.median(one.largest_s for one in visits)
                kilobytes = statistics.median(one.kilobytes for one in visits)
                rows.append(_row(f"{name}: first paint, slow phone, empty cache", first_s, "s", _FIRST_LIMIT_S))
                rows.append(_row(f"{name}: largest paint", largest_s, "s", None))
                rows.append(_row(f"{name}: over the wire, compressed", kilobytes, "kB", _WEIGHT_LIMIT_KB))
            for context in people.values():
                context.close()
    return rows


def _visit(browser: Browser, person: BrowserContext, house: World, path: str) -> _Visit:
    """One visit of somebody who has only the cookies."""
    context = browser.new_context(
        storage_state=person.storage_state(), viewport={"width": 360, "height": 740}, service_workers="block"
    )
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    session.send(
        "Network.emulateNetworkConditions",
        {
            "offline": False,
            "latency": _ROUND_MS,
            "downloadThroughput": _DOWN_BYTES_S,
            "uploadThroughput": _UP_BYTES_S,
        },
    )
    session.send("Emulation.setCPUThrottlingRate", {"rate": _SLOWER})
    sizes: list[float] = []
    session.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    page.goto(f"{house.address}{path}")
    page.wait_for_load_state("load")
    page.wait_for_timeout(_SETTLED_MS)
    first_ms = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    largest_ms = page.evaluate(
        "new Promise(done => new PerformanceObserver(list => done(list.getEntries().at(-1).startTime))"
        ".observe({type: 'largest-contentful-paint', buffered: true}))"
    )
    context.close()
    return _Visit(first_ms / 1000, largest_ms / 1000, sum(sizes) / 1000)


def _row(name: str, value: float, unit: str, limit: float | None) -> dict[str, object]:
    return {
        "name": name,
        "value": value,
        "unit": unit,
        "limit": None if limit is None else f"<= {limit}",
        "peer": None,
        "peer_value": None,
        "ratio": None,
    }
