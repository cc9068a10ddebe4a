"""What ``unstuck tracker`` does, apart from its options so that help stays quick."""

import asyncio
import gzip
import os
import signal
import sys
import time
import zlib
from dataclasses import dataclass
from pathlib import Path

import typer

from unstuck import __version__
from unstuck.chain.link.udp import Address, open_port
from unstuck.chain.server.domain.possession import tracker_id
from unstuck.chain.tracker.bluetooth.peripheral import PAIRING_OPEN_S, Peripheral, Told, static_address
from unstuck.chain.tracker.bluetooth.real import RealHost, RealRadioError
from unstuck.chain.tracker.device import Tracker
from unstuck.chain.tracker.files import Folder, UsedMemoryError, one_tracker
from unstuck.chain.tracker.generator import Generator
from unstuck.chain.tracker.replay import Replay, ReplayError, read_wide_minutes
from unstuck.chain.tracker.resources import Identity
from unstuck.chain.tracker.serve import TrueTime, accelerated, serve
from unstuck.chain.tracker.source import Source
from unstuck.cli.keys import read_public
from unstuck.cli.state import private_folder, state_folder, tracker_code
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
    radio: str
    speed: float
    drift_ppm: float
    release_keys: tuple[Path, ...] = ()


def load_replay(path: Path, user: str) -> tuple[str, Replay]:
    """(user, their minutes) of a wide minute file; it repeats for ever. UsageError when that cannot be had."""
    try:
        with gzip.open(path, "rt", newline="") if path.suffix == ".gz" else path.open(newline="") as lines:
            users = read_wide_minutes(lines)
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, ReplayError) as error:
        raise UsageError(ErrorCode.USAGE_SOURCE, given=str(path), reason=str(error)) from error
    chosen = user or next(iter(users), "")
    if chosen not in users:
        reason = f"has no user {chosen}; it has {', '.join(users) or 'none'}"
        raise UsageError(ErrorCode.USAGE_SOURCE, given=str(path), reason=reason)
    return chosen, Replay(users[chosen], loop=True)


def run(settings: Settings) -> None:
    """Run the tracker until Ctrl-C. UsageError when the port, the memory or the replay cannot be used."""
    source: Source
    on_udp = settings.radio == "udp"
    if not on_udp and settings.speed != 1:
        raise UsageError(ErrorCode.USAGE_SOURCE, given="--speed", reason="goes with UDP: a real radio keeps real time")
    if settings.replay:
        user, source = load_replay(settings.replay, settings.user)
        wearer = f"replay-{user}"
    else:
        source, wearer = Generator(settings.seed), f"virtual-{settings.seed}"
    folder = settings.memory or state_folder() / "trackers" / (settings.identity or wearer)
    if settings.identity:
        identity, code = settings.identity, ""
    else:
        # Only who holds the code may claim it: the id follows from it. Over a bond the tracker tells it to the agent.
        code = tracker_code(private_folder(folder))
        identity = tracker_id(code)
    now_s = time.time()
    keys = [read_public(file) for file in settings.release_keys]

    def ready(address: tuple[str, int]) -> None:
        typer.echo(f"tracker {identity} listens on UDP {address[0]}:{address[1]}; memory in {folder}")
        typer.echo(f"to claim it: unstuck account claim {identity} {code}" if code else "no account can claim this id")

    try:
        if on_udp:
            asyncio.run(_look_at_port((settings.host, settings.port)))
        with one_tracker(folder):
            device = Tracker(
                Identity(identity, settings.name, __version__),
                Folder(folder),
                source,
                now_s,
                drift_ppm=settings.drift_ppm,
                release_keys=keys,
                real_time=settings.speed == 1,
            )
            # A tracker that has lived faster than real time goes on where it was, not in its own past.
            ahead_s = max(0.0, device.notes.recorded_until_s - now_s)
            if ahead_s:
                typer.echo(f"it has lived faster than real time: its time is {ahead_s / 3600:.1f} hours ahead of now")
            true_time = (
                accelerated(now_s + ahead_s, settings.speed) if settings.speed != 1 else lambda: time.time() + ahead_s
            )
            if on_udp:
                asyncio.run(serve(device, (settings.host, settings.port), true_time, ready=ready))
            else:
                asyncio.run(_on_air(device, settings.radio, folder, code, true_time))
    except UsedMemoryError as error:
        raise UsageError(ErrorCode.USAGE_SOURCE, given=f"--memory {folder}", reason=str(error)) from error
    except KeyboardInterrupt:
        typer.echo(f"tracker {identity} stopped; all it recorded is in its memory")
    except OSError as error:
        reason = error.strerror or str(error)
        given = f"port {settings.port} or folder {folder}" if on_udp else f"--radio {settings.radio} or folder {folder}"
        raise UsageError(ErrorCode.USAGE_SOURCE, given=given, reason=reason) from error


async def _look_at_port(local: Address) -> None:
    """OSError when the port cannot be had: better before a boot has begun in the memory than after."""
    (await open_port(local, lambda _packet, _sender: None)).close()


async def _on_air(device: Tracker, radio: str, folder: Path, code: str, true_time: TrueTime) -> None:
    """Be a Bluetooth peripheral on a real controller until cancelled. UsageError: there is no such controller."""

    def told(event: Told) -> None:
        typer.echo(f"{event.what} {event.peer}" + (f" (0x{event.reason:02x})" if event.reason else ""))

    try:
        host = await RealHost.open(radio, static_address(device.identity.id), folder / "bonds.json")
        peripheral = Peripheral(device, host, true_time, told, code=code)
        await peripheral.start()
    except RealRadioError as error:
        raise UsageError(ErrorCode.USAGE_SOURCE, given=f"--radio {radio}", reason=str(error)) from error
    typer.echo(f"tracker {device.identity.id} advertises as {device.identity.name}; memory in {folder}; code {code}")

    def pressed() -> None:
        peripheral.open_pairing()
        typer.echo(f"another phone may pair for {PAIRING_OPEN_S:.0f} s")

    if sys.platform != "win32":
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, pressed)
        typer.echo(f"its button, which lets another phone pair: kill -USR1 {os.getpid()}")
    try:
        while True:
            device.advance(true_time())
            await asyncio.sleep(1.0)
    finally:
        await peripheral.stop()
        await host.close()
