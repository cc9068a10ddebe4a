"""Two slots for firmware: what they hold and what happens enter, what they hold then and which one runs leaves.

Pure. One slot is *active*; an update is written into the other, is verified whole, is *tried* at the
next start and becomes the active one once it has answered a phone. Until then the way back is open:
a start that ends before is taken as a failure. A slot without an image runs the factory's firmware,
which every device has and nothing can overwrite. How it lies on disk: ``slots.py``.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import IntEnum, StrEnum
from typing import Any

import cbor2

from unstuck.chain.releases import Manifest, needed_percent


class Slot(StrEnum):
    """The two slots."""

    A = "a"
    B = "b"

    @property
    def other(self) -> "Slot":
        """The one that it is not."""
        return Slot.B if self is Slot.A else Slot.A


class Trial(IntEnum):
    """How far the image in the slot that is not active has got."""

    NONE = 0
    READY = 1
    """Whole; the next start tries it."""
    STARTED = 2
    """It was started and has not answered a phone yet."""


@dataclass(frozen=True, slots=True)
class Image:
    """A whole image. ``file``: number of its file. ``battery_percent``: least charge at which it is first started."""

    version: str
    size_bytes: int
    sha256: bytes
    battery_percent: int
    file: int


@dataclass(frozen=True, slots=True)
class Update:
    """An image that is being written. ``release``: its signed manifest. ``file``: number of its file."""

    release: bytes
    file: int


@dataclass(frozen=True, slots=True)
class Slots:
    """Both slots. ``update`` and ``trial`` are about the one that is not active, and are never both there."""

    active: Slot = Slot.A
    a: Image | None = None
    b: Image | None = None
    update: Update | None = None
    trial: Trial = Trial.NONE

    def image(self, slot: Slot) -> Image | None:
        """What is in a slot; None: nothing, and the factory's firmware when it is the active one."""
        return self.a if slot is Slot.A else self.b

    @property
    def running(self) -> Slot:
        """Which one runs between two starts."""
        return self.active.other if self.trial is Trial.STARTED else self.active

    @property
    def files(self) -> set[int]:
        """Numbers of the files that are needed."""
        images = {image.file for image in (self.a, self.b) if image}
        return images | ({self.update.file} if self.update else set())


@dataclass(frozen=True, slots=True)
class Start:
    """What a start does: the slots as they are then, and the slot that was given up, if one was."""

    slots: Slots
    given_up: Slot | None = None


def begun(slots: Slots, release: bytes, file: int) -> Slots:
    """An update begins: what the other slot held is gone. ValueError while that one runs on trial."""
    if slots.trial is Trial.STARTED:
        raise ValueError("the slot to write runs on trial")
    return replace(_filled(slots, slots.active.other, None), update=Update(release, file), trial=Trial.NONE)


def completed(slots: Slots, manifest: Manifest) -> Slots:
    """The update is whole and has the digest of its manifest. ValueError when none is under way."""
    if slots.update is None:
        raise ValueError("no update is under way")
    image = Image(manifest.version, manifest.size_bytes, manifest.sha256, needed_percent(manifest), slots.update.file)
    return replace(_filled(slots, slots.active.other, image), update=None, trial=Trial.READY)


def abandoned(slots: Slots) -> Slots:
    """The update under way, or the one that is ready, is given up; an image that was active once stays."""
    if slots.update is None and slots.trial is not Trial.READY:
        return slots
    return _without_other(slots)


def kept(slots: Slots) -> Slots:
    """The firmware that is tried has answered a phone: it is the active one from now on."""
    if slots.trial is not Trial.STARTED:
        return slots
    return replace(slots, active=slots.active.other, trial=Trial.NONE)


def started(slots: Slots, battery_percent: int, starts: Callable[[Image], bool]) -> Start:
    """A start. ``starts``: whether an image is as its digest says and can be run.

    With too little charge an image that is ready waits for another start.
    """
    tried = slots.image(slots.active.other)
    if slots.trial is Trial.READY and tried is not None:
        if battery_percent < tried.battery_percent:
            return _on_active(slots, starts)
        if starts(tried):
            return Start(replace(slots, trial=Trial.STARTED))
    if slots.trial is not Trial.NONE:
        back = _on_active(_without_other(slots), starts)
        return replace(back, given_up=slots.active.other)
    return _on_active(slots, starts)


def _on_active(slots: Slots, starts: Callable[[Image], bool]) -> Start:
    """The active image; the other one, or the factory's, when it has been damaged since."""
    image, spare = slots.image(slots.active), slots.image(slots.active.other)
    if image is None or starts(image):
        return Start(slots)
    left = _filled(slots, slots.active, None)
    if spare is not None and slots.trial is Trial.NONE and starts(spare):
        left = replace(left, active=slots.active.other)
    return Start(left, slots.active)


def _without_other(slots: Slots) -> Slots:
    return replace(_filled(slots, slots.active.other, None), update=None, trial=Trial.NONE)


def _filled(slots: Slots, slot: Slot, image: Image | None) -> Slots:
    return replace(slots, a=image) if slot is Slot.A else replace(slots, b=image)


def to_bytes(slots: Slots) -> bytes:
    """The slots as CBOR."""
    images = [
        image and [image.version, image.size_bytes, image.sha256, image.battery_percent, image.file]
        for image in (slots.a, slots.b)
    ]
    update = slots.update and [slots.update.release, slots.update.file]
    return cbor2.dumps([_VERSION, str(slots.active), *images, update, int(slots.trial)])


def from_bytes(data: bytes) -> Slots | None:
    """The slots in CBOR; None when another program wrote it."""
    try:
        match cbor2.loads(data):
            case [1, str(active), a, b, update, int(trial)]:
                return Slots(
                    Slot(active), _image(a), _image(b), None if update is None else Update(*update), Trial(trial)
                )
    except (cbor2.CBORDecodeError, ValueError, TypeError):
        return None
    return None


_VERSION = 1
"""Version of the layout."""


def _image(fields: Any) -> Image | None:
    return None if fields is None else Image(*fields)
