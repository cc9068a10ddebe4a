"""What a remedy is: data, and small pure functions that turn a target and what was read there into acts."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from unstuck.doctor.remedies.acts import Act, Channel, Look, Target
from unstuck.model.history import Change
from unstuck.model.worded import worded


class Risk(StrEnum):
    """What it may cost beside the time."""

    NONE = "none"
    LOW = "low"
    INTERRUPTS = "interrupts others"
    LASTING = "cannot be taken back"


class Need(StrEnum):
    """What must be known of a target before a remedy can be offered there."""

    PACKAGE = "package"
    UID = "uid"
    ADDRESS = "address"
    PAIRS_WITHOUT_LOSS = "pairs without loss"


Raw = Mapping[Look, str | None]
"""What each look gave: the text as it came, None where it failed."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One thing that has a value, can be read and can be set to any value it was found with.

    ``what``: its name in the words of the device. ``value_of``: the value in what the look gave; None where it is not
    there or cannot be told. ``write``: the act that sets a value; None for a value that cannot be set.
    ``settles_s``: how long the device takes to show a new value.
    """

    what: str
    look: Look
    value_of: Callable[[str], str | None]
    write: Callable[[str], Act | None]
    settles_s: float = 2.0

    def value(self, raw: Raw) -> str | None:
        """The value among what was read."""
        text = raw.get(self.look)
        return None if text is None else self.value_of(text)


@dataclass(frozen=True, slots=True)
class Set:
    """Give a setting the value ``to`` unless it has one of ``well``. ``optional``: passed over where it is missing."""

    setting: Setting
    to: str
    well: frozenset[str]
    says: str
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Back:
    """Give a setting that an earlier step changed its former value again."""

    setting: Setting
    says: str


@dataclass(frozen=True, slots=True)
class Do:
    """Something that is no setting: it has no value to go back to."""

    act: Act
    says: str


@dataclass(frozen=True, slots=True)
class Made:
    """The same, where the act follows from a look; None: not possible here, for the reason ``otherwise``."""

    look: Look
    make: Callable[[str], Act | None]
    says: str
    otherwise: str


@dataclass(frozen=True, slots=True)
class Wait:
    """Let so many seconds pass."""

    seconds: float
    says: str


Step = Set | Back | Do | Made | Wait


@dataclass(frozen=True, slots=True)
class Remedy:
    """How one fix of the catalogue is carried out over one channel.

    ``changes``: what will be different afterwards, told beforehand. ``undo``: how it is taken back, or that it need not
    or cannot be. ``minutes``: within which data should move. ``first``: what a person does before. ``sdk``: first and
    last Android API level where the commands exist, for adb. ``in_part``: the fix's own steps go further than it
    reaches, so they are shown when it did not help. ``source``: where the commands are described.
    """

    id: str
    fix: str
    channel: Channel
    changes: str
    undo: str
    risk: Risk
    minutes: float
    steps: Callable[[Target], tuple[Step, ...]]
    source: str
    needs: frozenset[Need] = frozenset()
    first: tuple[str, ...] = ()
    sdk: tuple[int, int] = (0, 10_000)
    in_part: bool = False

    def not_here(self, target: Target) -> str | None:
        """Why it is not offered on this target; None where it is."""
        if target.channel is not self.channel:
            return worded("needs {channel}", channel=self.channel.value)
        first, last = self.sdk
        if first and not target.sdk:
            return worded("the Android version is not known")
        if not first <= target.sdk <= last:
            return worded("the command does not exist on this Android version (API level {level})", level=target.sdk)
        if self.needs & {Need.PACKAGE, Need.UID} and not target.package:
            return worded("the tracker's app was not found")
        if Need.UID in self.needs and target.uid is None:
            return worded("the app's number (uid) is not known")
        if Need.ADDRESS in self.needs and not target.address:
            return worded("the tracker's Bluetooth address is not known")
        if Need.PAIRS_WITHOUT_LOSS in self.needs and not target.pairs_without_loss:
            return "whether this tracker keeps its records when it is paired anew is not known"
        return None

    def looks(self, target: Target) -> tuple[Look, ...]:
        """What is read before anything is asked or done, each once."""
        found = (
            step.look if isinstance(step, Made) else step.setting.look
            for step in self.steps(target)
            if isinstance(step, Set | Made)
        )
        return tuple(dict.fromkeys(found))

    def step_of(self, target: Target, what: str) -> Set | None:
        """The step that changes the setting of this name, to undo a change by."""
        return next((step for step in self.steps(target) if isinstance(step, Set) and step.setting.what == what), None)

    def gives_back(self, target: Target, what: str) -> bool:
        """Whether it changes this setting for a moment only, so that a half of it must never stay."""
        return any(isinstance(step, Back) and step.setting.what == what for step in self.steps(target))


@dataclass(frozen=True, slots=True)
class Ready:
    """An act with nothing left open. ``change``: what it changes, None where it changes no setting.

    ``restores``: it gives back what an earlier act of the same remedy changed.
    """

    act: Act
    says: str
    change: Change | None = None
    restores: bool = False


class NotPossibleError(Exception):
    """A remedy that cannot be carried out on this target as it stands; the text says why."""


def ready(remedy: Remedy, target: Target, raw: Raw) -> tuple[Ready | Wait, ...]:
    """The acts that follow from what was read; empty when all is already as it should be.

    Raises NotPossibleError where something that is needed could not be read. The same input gives the same acts.
    """
    found = list(_ready(remedy.steps(target), raw))
    return tuple(found) if any(isinstance(one, Ready) for one in found) else ()


def _ready(steps: Sequence[Step], raw: Raw) -> Iterator[Ready | Wait]:
    changed: dict[str, Change] = {}
    missing: list[str] = []
    seen = False
    for step in steps:
        match step:
            case Set(setting, to, well, says, optional):
                before = setting.value(raw)
                if before is None:
                    if optional:
                        missing.append(setting.what)
                        continue
                    raise NotPossibleError(worded("{what} cannot be read", what=setting.what))
                seen = True
                if before in well:
                    continue
                act = setting.write(to)
                if act is None or setting.write(before) is None:
                    raise NotPossibleError(
                        worded(
                            "{what} is {before}, which could not be restored", what=setting.what, before=repr(before)
                        )
                    )
                changed[setting.what] = Change(setting.what, before, to)
                yield Ready(act, says, changed[setting.what])
            case Back(setting, says):
                change = changed.get(setting.what)
                back = None if change is None else setting.write(change.before)
                if change is not None and back is not None:
                    yield Ready(back, says, change, restores=True)
            case Do(act, says):
                seen = True
                yield Ready(act, says)
            case Made(look, make, says, otherwise):
                text = raw.get(look)
                made = None if text is None else make(text)
                if made is None:
                    raise NotPossibleError(otherwise)
                seen = True
                yield Ready(made, says)
            case Wait():
                yield step
    if not seen and missing:
        raise NotPossibleError(worded("{what} cannot be read", what=missing[0]))
