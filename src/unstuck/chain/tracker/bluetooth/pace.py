"""How fast the link runs: what the phone wishes and when data moved enter, connection parameters leave. Pure."""

from dataclasses import dataclass, field

from unstuck.chain.link.gatt.values import FAST, SLOW, Mode, Pace, PreferredConfiguration, PreferredMode
from unstuck.chain.tracker.radio import FAST_AFTER_REQUEST_S


@dataclass(slots=True)
class LinkPace:
    """``wishes``: what Link Configuration said; None: the phone hosts none. Times in seconds of a steady clock.

    While requests come the link is fast. After that a phone that hosts Link Configuration says which mode it wants; for
    others the tracker goes slow. What no controller could do is not wished.
    """

    wishes: PreferredConfiguration | None = None
    wanted: PreferredMode | None = None
    mode: Mode = Mode.DEFAULT
    asked_s: float = field(default=0.0)

    def due(self, now_s: float) -> tuple[Mode, Pace] | None:
        """The mode to change to now and its parameters; None: leave the link as it is."""
        recent = now_s - self.asked_s < FAST_AFTER_REQUEST_S
        mode = Mode.FAST if recent or self.wanted is PreferredMode.FAST else Mode.SLOW
        if mode is self.mode:
            return None
        wishes = self.wishes or PreferredConfiguration()
        wish, own = (wishes.fast, FAST) if mode is Mode.FAST else (wishes.slow, SLOW)
        return mode, wish if wish is not None and wish.possible else own

    def due_s(self) -> float:
        """When it may be due to go slow, if nothing happens."""
        return self.asked_s + FAST_AFTER_REQUEST_S
