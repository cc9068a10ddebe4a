"""An update of a tracker's firmware: from the server's registry into the tracker's other slot and to its first start.

It does what ``firmware.py`` says. Nothing is shortened: the size of the image and the rate of the link
decide how long it takes, and a link that is lost goes on at the tracker's own offset.
"""

import errno
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from unstuck import __version__
from unstuck.chain.phone import firmware, held
from unstuck.chain.phone.agent import Agent, Ways
from unstuck.chain.phone.answers import ServerError
from unstuck.chain.phone.faults import JournalError
from unstuck.chain.phone.firmware import (
    Abandon,
    Act,
    AskOffers,
    AskTold,
    Begin,
    Done,
    Drain,
    DropImage,
    FetchImage,
    Push,
    Restart,
    View,
    next_update_act,
    read_offers,
    read_told,
)
from unstuck.chain.phone.host import Forbidden, HostAct
from unstuck.chain.phone.image import ImageFile, forget_images
from unstuck.chain.phone.reasons import Outcome
from unstuck.chain.phone.server import Server
from unstuck.chain.phone.tracker import TrackerApi, TrackerError
from unstuck.chain.releases import Release


@dataclass(frozen=True, slots=True)
class Progress:
    """How far it has got. ``left_s``: seconds left at the rate of this transfer so far; None: not known yet."""

    stage: str
    version: str
    done_bytes: int
    total_bytes: int
    left_s: float | None = None


class Update:
    """One update of one tracker. ``folder``: where the image is kept. ``on_progress`` hears how far it has got."""

    def __init__(
        self,
        agent: Agent,
        api: TrackerApi,
        server: Server,
        folder: Path,
        ways: Ways,
        on_progress: Callable[[Progress], None] = lambda progress: None,
        version: str = __version__,
    ) -> None:
        self._agent = agent
        self._api = api
        self._server = server
        self._folder = folder
        self._ways = ways
        self._on_progress = on_progress
        self._view = View(agent.tracker, version)
        self._images: dict[bytes, ImageFile] = {}
        self._began: tuple[str, int, float] | None = None

    async def run(self) -> Done:
        """Until it is done or cannot go on now. Never raises for what can go wrong: the outcome says it."""
        try:
            return await self._until_done()
        except (TrackerError, ServerError) as fault:
            return Done(fault.outcome, fault.detail)
        except JournalError as fault:
            return Done(Outcome.JOURNAL_FAILED, str(fault))
        except OSError as fault:
            full = fault.errno == errno.ENOSPC
            return Done(Outcome.JOURNAL_FULL if full else Outcome.JOURNAL_FAILED, fault.strerror or str(fault))

    async def _until_done(self) -> Done:
        while True:
            self._look()
            act = next_update_act(self._view)
            if isinstance(act, Done):
                if act.outcome in (Outcome.UPDATED, Outcome.UPDATE_NOT_NEEDED):
                    forget_images(self._folder)
                return act
            try:
                await self._do(act)
            except TrackerError as fault:
                if fault.outcome is not Outcome.TRACKER_SILENT:
                    raise
                # How far it got is not known now; the tracker tells when it is back.
                self._view = replace(self._view, told=None, silent=self._view.silent + 1)

    def _look(self) -> None:
        """The image and the host as they are now."""
        release = firmware.wanted(self._view)
        image = None if release is None else self._image(release)
        self._view = replace(
            self._view,
            image_bytes=0 if image is None else image.size_bytes,
            image_whole=image is not None and image.whole,
            forbidden=_words(self._ways.host.forbids(HostAct.USE_RADIO)),
        )

    async def _do(self, act: Act) -> None:
        match act:
            case AskOffers():
                self._may_use_network()
                self._view = replace(self._view, offers=read_offers(await self._server.releases()))
            case AskTold(pause_s):
                if pause_s:
                    await self._ways.sleep(pause_s)
                self._view = replace(self._view, told=read_told(await self._api.firmware()))
            case FetchImage(release):
                await self._fetch(release)
            case DropImage(release):
                self._image(release).remove()
                self._view = replace(self._view, damaged=self._view.damaged + 1)
            case Drain():
                await self._drain()
            case Abandon():
                await self._api.abandon_update()
                self._view = replace(self._view, told=None, tries=self._view.tries + 1)
            case Begin(release):
                await self._api.begin_update(release.raw)
                self._view = replace(self._view, told=None, tries=self._view.tries + 1)
            case Push():
                await self._push(act)
            case Restart(release):
                aim = release.manifest.version
                self._say("restart", release, release.manifest.size_bytes)
                # Before it is sent: also when its answer is lost, the next look is at what came of it.
                self._view = replace(self._view, restarts=self._view.restarts + 1, aim=aim, drained=False)
                await self._api.restart()
                self._view = replace(self._view, told=None)

    async def _fetch(self, release: Release) -> None:
        self._may_use_network()
        image = self._image(release)
        offset = image.size_bytes
        async for piece in self._server.image(release.manifest, offset):
            image.append(piece)
            offset += len(piece)
            self._say("fetch", release, offset)
        if offset < release.manifest.size_bytes:
            raise ServerError(Outcome.SERVER_SILENT, "the image broke off; start again to go on")

    async def _drain(self) -> None:
        attempt = await self._agent.drain_once()
        if not attempt.outcome.good and attempt.outcome is not Outcome.TRIM_HELD_BACK:
            raise TrackerError(attempt.outcome, attempt.detail)
        snapshot = self._agent.snapshot()
        status = snapshot.status
        if status is not None:
            undrained = held.total(held.without(status.held, snapshot.ledger.committed))
            self._view = replace(
                self._view,
                answering=status.id,
                battery_percent=status.battery_percent,
                undrained=undrained,
            )
        self._view = replace(self._view, drained=True, silent=0)

    async def _push(self, act: Push) -> None:
        chunk = self._image(act.release).part(act.offset, act.count)
        await self._api.put_firmware(act.offset, chunk)
        told, end = self._view.told, act.offset + len(chunk)
        self._say("push", act.release, end)
        if told is None or end >= act.release.manifest.size_bytes:
            # Whole: what the tracker makes of it only it can say, and minutes have passed at the wrist.
            self._view = replace(self._view, told=None, drained=False)
        else:
            self._view = replace(self._view, told=replace(told, offset=end), silent=0)

    def _image(self, release: Release) -> ImageFile:
        """The same object each time: it remembers that it was found whole."""
        manifest = release.manifest
        return self._images.setdefault(manifest.sha256, ImageFile(self._folder, manifest))

    def _may_use_network(self) -> None:
        forbidden = self._ways.host.forbids(HostAct.UPLOAD)
        if forbidden:
            raise ServerError(Outcome.HOST_FORBIDS, _words(forbidden))

    def _say(self, stage: str, release: Release, done: int) -> None:
        now_s, total = self._ways.clock(), release.manifest.size_bytes
        if self._began is None or self._began[0] != stage:
            self._began = (stage, done, now_s)
        _, first, began_s = self._began
        moved, took_s = done - first, now_s - began_s
        left_s = (total - done) * took_s / moved if moved > 0 and took_s > 0 else None
        self._on_progress(Progress(stage, release.manifest.version, done, total, left_s))


def _words(forbidden: tuple[Forbidden, ...]) -> str:
    """The first reason; empty when there is none."""
    return forbidden[0].text if forbidden else ""
