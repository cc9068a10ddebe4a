"""``unstuck diagnose --watch``: looks again and again, says what changed, and ends with the last diagnosis."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

from unstuck.doctor.telling.wording import Clock, clean, percent, verdict_sentence
from unstuck.doctor.watching import Notice, NoticeKind, Watch, next_look_s
from unstuck.model.diagnosis import Diagnosis

_WORDS = {
    NoticeKind.FIRST: "now",
    NoticeKind.STOPPED: "data stopped",
    NoticeKind.MOVED: "changed",
    NoticeKind.FLOWS: "data moves",
    NoticeKind.UNCLEAR: "unclear",
    NoticeKind.SILENT: "nothing to read",
}


def watch(
    look: Callable[[], Diagnosis],
    tell: Callable[[Notice], None],
    every_s: float,
    wait: Callable[[float], None] = time.sleep,
) -> Diagnosis | None:
    """Look until the person presses Ctrl-C; the last diagnosis that rested on something, None where there was none.

    ``tell`` is called for every change, ``wait`` between two looks.
    """
    watching = Watch()
    try:
        while True:
            began_s = time.monotonic()
            diagnosis = look()
            notice = watching.see(diagnosis, datetime.now(UTC))
            if notice is not None:
                tell(notice)
            wait(next_look_s(every_s, time.monotonic() - began_s))
    except KeyboardInterrupt:
        return watching.last


def line(notice: Notice) -> str:
    """One line for a person: time, what changed, verdict with hop and since when, first cause."""
    clock = Clock(notice.diagnosis.zone, notice.at)
    said = verdict_sentence(notice.diagnosis).rstrip(".")
    if notice.kind is NoticeKind.SILENT:
        problems = [problem for source in notice.diagnosis.sources for problem in source.problems]
        said = problems[0] if problems else "no source gave anything"
    cause = f": {notice.cause.title} ({percent(notice.cause.probability)})" if notice.cause else ""
    return f"{clock.local(notice.at):%H:%M:%S}  {_WORDS[notice.kind]}: {clean(said + cause)}"
