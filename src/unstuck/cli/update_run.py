"""What ``unstuck agent --update-firmware`` shows: progress on standard error, what became of it on standard output."""

import json
import time
from pathlib import Path

import typer

from unstuck.chain.phone.agent import Agent, Ways
from unstuck.chain.phone.reasons import sentence
from unstuck.chain.phone.server import Server
from unstuck.chain.phone.tracker import Link, TrackerApi
from unstuck.chain.phone.update import Progress, Update
from unstuck.cli.progress import Progress as Line
from unstuck.cli.status import ExitStatus

TOLD_EVERY_S = 1.0
"""Seconds between two lines of JSON: a chunk on a quick link takes milliseconds."""

_WORDS = {"fetch": "from the server", "push": "to the tracker", "restart": "starts on the tracker"}


async def update_firmware(
    agent: Agent, link: Link, server: Server, folder: Path, ways: Ways, *, as_json: bool
) -> ExitStatus:
    """Update the tracker's firmware, then upload what was drained on the way. 0: it is new, or was."""
    with Line() as line:
        shown = _Json() if as_json else _Line(line)
        done = await Update(agent, TrackerApi(link), server, folder, ways, shown).run()
    text = sentence(done.outcome, done.detail)
    if as_json:
        typer.echo(json.dumps({"outcome": done.outcome, "detail": done.detail, "text": text}))
    else:
        typer.echo(text)
    await agent.upload_once()
    return ExitStatus.HEALTHY if done.outcome.good else ExitStatus.STUCK


class _Line:
    """On the terminal."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def __call__(self, progress: Progress) -> None:
        words = f"firmware {progress.version} {_WORDS[progress.stage]}{_left(progress.left_s)}"
        self._line(words, progress.done_bytes, progress.total_bytes)


class _Json:
    """One object a line."""

    def __init__(self) -> None:
        self._told = ("", 0.0)

    def __call__(self, progress: Progress) -> None:
        stage, told_s = self._told
        now_s = time.monotonic()
        if stage == progress.stage and now_s - told_s < TOLD_EVERY_S and progress.done_bytes < progress.total_bytes:
            return
        self._told = (progress.stage, now_s)
        line = {
            "stage": progress.stage,
            "version": progress.version,
            "done_bytes": progress.done_bytes,
            "total_bytes": progress.total_bytes,
            "left_s": None if progress.left_s is None else round(progress.left_s, 1),
        }
        typer.echo(json.dumps(line))


def _left(left_s: float | None) -> str:
    if not left_s:
        return ""
    return f", about {left_s / 60:.0f} min left" if left_s >= 90 else f", about {left_s:.0f} s left"
