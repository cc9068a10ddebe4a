"""What a person is shown: all its words, no layout. A view adds nothing but numbers, keys and colours."""

from dataclasses import dataclass

from unstuck.doctor.guide.state import Kind


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing that can be chosen; the id goes back into the machine."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Screen:
    """One step of the session.

    ``text``: paragraphs before the choices. ``how_to_look``: where the answer is found on this phone. ``steps``: what
    to do, in order, with ``worked_when`` to see that it did and ``credit`` to whose work it rests on. ``likely``: what
    it looks like so far. ``not_now``: what must not be done, with the reason. ``notes``: what was read, and what was
    wrong with it. ``unsure``: whether "I don't know" may be chosen. ``back``: whether there is anything to take back.
    ``ends``: whether the session may rest here.
    """

    kind: Kind
    id: str
    title: str
    choices: tuple[Choice, ...]
    text: tuple[str, ...] = ()
    how_to_look: str = ""
    steps: tuple[str, ...] = ()
    worked_when: str = ""
    credit: str = ""
    likely: tuple[str, ...] = ()
    not_now: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    unsure: bool = False
    back: bool = False
    ends: bool = False
