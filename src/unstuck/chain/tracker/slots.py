"""Where the firmware slots lie: in the tracker's files, so that no cut of the power leaves it without a firmware.

Two kinds of files beside the segments of the memory: ``firmware-N.slots``, one frame with all that
``firmware.py`` knows (the highest whole one counts), and ``firmware-N.image``, bytes as they came.
Numbers only go up, so nothing is ever written over: a change is a new file that is there whole or does
not count, and only then do older files go. How far an update has got is the length of its image.
"""

import hashlib
import re
from collections.abc import Callable
from typing import ParamSpec

from unstuck.chain.releases import Manifest, ManifestError, SignatureError, decode_release
from unstuck.chain.tracker import firmware
from unstuck.chain.tracker.files import Files
from unstuck.chain.tracker.firmware import Image, Slots, Trial
from unstuck.chain.tracker.log import sealed, unsealed
from unstuck.chain.tracker.memory import BrokenMemoryError

_NAME = re.compile(r"firmware-(\d{8})\.(slots|image)")

P = ParamSpec("P")


def always(image: bytes) -> bool:
    """Every image can be started."""
    return True


class Firmware:
    """The firmware as one boot of the tracker sees it; making it is the start.

    ``manifest``, ``offset``: of the update under way, and its bytes that are on disk. ``given_up``: the
    slot that this start went back from. ``starts``: whether an image, given whole, can be run at all; a
    virtual tracker runs none, so faults are made here. OSError when the files cannot be read or written.
    """

    def __init__(
        self,
        files: Files,
        factory: str,
        battery_percent: int,
        starts: Callable[[bytes], bool] = always,
    ) -> None:
        self._files = files
        self._factory = factory
        self._starts = starts
        self._broken = False
        self.offset = 0
        self.manifest: Manifest | None = None
        self.slots, self._number = self._load()
        self._resume()
        start = firmware.started(self.slots, battery_percent, self._can_start)
        self.given_up = start.given_up
        if start.slots != self.slots:
            self._save(start.slots)

    @property
    def version(self) -> str:
        """Of what runs."""
        image = self.slots.image(self.slots.running)
        return image.version if image else self._factory

    @property
    def on_trial(self) -> bool:
        """Whether what runs has not answered a phone yet."""
        return self.slots.trial is Trial.STARTED

    def begin(self, release: bytes) -> None:
        """Begin an update; it was checked against every reason before."""
        manifest = decode_release(release).manifest
        self._save(firmware.begun(self.slots, release, self._number + 1))
        self.manifest, self.offset = manifest, 0

    def write(self, chunk: bytes) -> bool:
        """More of the image, durably. With the last byte it is verified: False when it is not what was promised,
        and then the update is over. ValueError when none is under way.
        """
        update = self.slots.update
        if update is None or self.manifest is None:
            raise ValueError("no update is under way")
        name = _name(update.file, "image")
        # A cut may have left the file without a byte in it.
        put = self._files.append if name in self._files.names() else self._files.create
        self._durably(put, name, chunk)
        self.offset += len(chunk)
        return self.offset < self.manifest.size_bytes or self._complete()

    def abandon(self) -> None:
        """Give up the update under way or ready; nothing happens without one."""
        changed = firmware.abandoned(self.slots)
        if changed != self.slots:
            self._save(changed)
        self.manifest, self.offset = None, 0

    def keep(self) -> None:
        """What runs has answered a phone."""
        self._save(firmware.kept(self.slots))

    # inside

    def _load(self) -> tuple[Slots, int]:
        """The newest whole state, and the highest number used."""
        numbers = [0]
        found: dict[int, Slots] = {}
        for name in self._files.names():
            match = _NAME.fullmatch(name)
            if match:
                numbers.append(int(match[1]))
                if match[2] == "slots":
                    content = unsealed(self._files.read(name))
                    slots = None if content is None else firmware.from_bytes(content)
                    if slots is not None:
                        found[int(match[1])] = slots
        return found[max(found)] if found else Slots(), max(numbers)

    def _resume(self) -> None:
        """Take up an update where its image ends; finish it when only that was left."""
        if self.slots.update is None:
            return
        try:
            self.manifest = decode_release(self.slots.update.release).manifest
        except (ManifestError, SignatureError):  # written by another version of this program
            self.abandon()
            return
        self.offset = len(self._read(self.slots.update.file))
        if self.offset >= self.manifest.size_bytes:
            self._complete()

    def _complete(self) -> bool:
        update, manifest = self.slots.update, self.manifest
        if update is None or manifest is None:
            raise ValueError("no update is under way")
        if not manifest.fits(self._read(update.file)):
            self.abandon()
            return False
        self._save(firmware.completed(self.slots, manifest))
        self.manifest, self.offset = None, 0
        return True

    def _can_start(self, image: Image) -> bool:
        data = self._read(image.file)
        return hashlib.sha256(data).digest() == image.sha256 and self._starts(data)

    def _read(self, number: int) -> bytes:
        name = _name(number, "image")
        return self._files.read(name) if name in self._files.names() else b""

    def _save(self, slots: Slots) -> None:
        """First the new state, then away with what it does not need."""
        number = self._number + 1
        self._durably(self._files.create, _name(number, "slots"), sealed(firmware.to_bytes(slots)))
        self._number, self.slots = number, slots
        needed = {_name(file, "image") for file in slots.files} | {_name(number, "slots")}
        for name in sorted(self._files.names()):
            if _NAME.fullmatch(name) and name not in needed:
                self._durably(self._files.remove, name)

    def _durably(self, write: Callable[P, None], *arguments: P.args, **named: P.kwargs) -> None:
        if self._broken:
            raise BrokenMemoryError("an earlier write of the firmware failed; restart the tracker")
        self._broken = True
        write(*arguments, **named)
        self._broken = False


def _name(number: int, kind: str) -> str:
    return f"firmware-{number:08d}.{kind}"
