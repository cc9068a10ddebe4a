"""What ``unstuck tracker`` does, apart from its options so that help stays quick."""

import asyncio
import gzip
import os
import time
from dataclasses import dataclass
from pathlib import Path

import typer

from unstuck import __version__
from unstuck.chain.tracker.device import Tracker
from unstuck.chain.tracker.files import Folder
from unstuck.chain.tracker.generator import Generator
from unstuck.chain.tracker.replay import Replay, ReplayError, read_wide_minutes
from unstuck.chain.tracker.resources import Identity
from unstuck.chain.tracker.serve import accelerated, serve
from unstuck.chain.tracker.source import Source
from unstuck.cli.keys import read_public
from unstuck.model.errors import ErrorCode, UsageError


@dataclass(frozen=True, slots=True)
class Settings:
    """The options of the command."""

    replay: Path | None
    user: str
    seed: int
    identity: str
    name: str
    memory: Path | None
    host: str
    port: int
    speed: float
    drift_ppm: float
    release_keys: tuple[Path, ...] = ()


def load_replay(path: Path, user: str) -> tuple[str, Replay]:
    """(user, their minutes) of a wide minute file; it repeats for ever. UsageError when that cannot be had."""
    try:
        with gzip.open(path, "rt", newline="") if path.suffix == ".gz" else path.open(newline="") as lines:
            users = read_wide_minutes(lines)
    except (OSError, EOFError, UnicodeDecodeError, ReplayError) as error:
        raise UsageError(ErrorCode.USAGE_SOURCE, given=str(path), reason=str(error)) from error
    chosen = user or next(iter(users), "")
    if chosen not in users:
        reason = f"has no user {chosen}; it has {', '.join(users) or 'none'}"
        raise UsageError(ErrorCode.USAGE_SOURCE, given=str(path), reason=reason)
    return chosen, Replay(users[chosen], loop=True)


def state_folder() -> Path:
    """Where what must survive a restart is kept, as the XDG base directories say."""
    base = os.environ.get("XDG_STATE_HOME", "")
    return (Path(base) if base else Path.home() / ".local" / "state") / "unstuck"


def run(settings: Settings) -> None:
    """Run the tracker until Ctrl-C. UsageError when the port, the memory or the replay cannot be used."""
    source: Source
    if settings.replay:
        user, source = load_replay(settings.replay, settings.user)
        identity = settings.identity or f"replay-{user}"
    else:
        source, identity = Generator(settings.seed), settings.identity or f"virtual-{settings.seed}"
    folder = settings.memory or state_folder() / "trackers" / identity
    now_s = time.time()
    keys = [read_public(file) for file in settings.release_keys]

    def ready(address: tuple[str, int]) -> None:
        typer.echo(f"tracker {identity} listens on UDP {address[0]}:{address[1]}; memory in {folder}")

    try:
        device = Tracker(
            Identity(identity, settings.name, __version__),
            Folder(folder),
            source,
            now_s,
            drift_ppm=settings.drift_ppm,
            release_keys=keys,
        )
        # A tracker that has lived faster than real time goes on where it was, not in its own past.
        start_s = max(now_s, device.notes.recorded_until_s) if settings.speed != 1 else now_s
        true_time = accelerated(start_s, settings.speed) if settings.speed != 1 else time.time
        asyncio.run(serve(device, (settings.host, settings.port), true_time, ready=ready))
    except KeyboardInterrupt:
        typer.echo(f"tracker {identity} stopped; all it recorded is in its memory")
    except OSError as error:
        reason = error.strerror or str(error)
        given = f"port {settings.port} or folder {folder}"
        raise UsageError(ErrorCode.USAGE_SOURCE, given=given, reason=reason) from error
