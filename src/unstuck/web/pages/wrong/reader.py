"""The process that reads what strangers made: ``python -m unstuck.web.pages.wrong.reader``, one upload, then its end.

It takes limits upon itself before it opens anything: processor, memory, no file written, no further process. Names of
files in its folder come on standard input, progress and in the end readings leave on standard output, as lines of JSON.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

PROGRESS_EVERY_S = 0.25
"""Seconds between two lines of progress."""


def main() -> int:
    """Exit status 0: the last line holds the readings; 3: out of memory."""
    asked = json.loads(sys.stdin.readline())
    _limit(int(asked["memory_bytes"]), int(asked["cpu_s"]))
    try:
        rows = _read([Path(name) for name in asked["files"]], int(asked["inflated_bytes"]))
    except MemoryError:
        return 3
    _say({"read": rows})
    return 0


def _limit(memory_bytes: int, cpu_s: int) -> None:
    try:
        import resource
    except ImportError:  # Windows has none; there the parent's clock alone bounds this process
        return
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _read(paths: list[Path], inflated_bytes: int) -> list[Any]:
    from unstuck.evidence.clocks import join
    from unstuck.evidence.intake import Limits, collect
    from unstuck.evidence.profiles import packages
    from unstuck.model.evidence import ReaderOptions
    from unstuck.web.pages.wrong.packing import to_rows

    said_s = 0.0

    def progress(text: str, done_bytes: int, total_bytes: int) -> None:
        nonlocal said_s
        if time.monotonic() - said_s >= PROGRESS_EVERY_S:
            said_s = time.monotonic()
            _say({"doing": text, "done": done_bytes, "total": total_bytes})

    limits = Limits(member_bytes=min(4 * 2**30, inflated_bytes), total_inflated_bytes=inflated_bytes)
    return to_rows(join(collect(paths, ReaderOptions(packages()), progress, limits)))


def _say(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
