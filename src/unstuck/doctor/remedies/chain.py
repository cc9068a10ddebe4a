"""The remedies in our own chain: what our agent can be told to do. The command carries them out, not the doctor."""

from collections.abc import Callable

from unstuck.doctor.remedies.acts import ChainAct, ChainDeed, Channel, Target
from unstuck.doctor.remedies.remedy import Do, Remedy, Risk, Step


def _deed(deed: ChainDeed, says: str) -> Callable[[Target], tuple[Step, ...]]:
    return lambda target: (Do(ChainAct(deed), says),)


_SOURCE = "docs/reference/agent.md, docs/reference/tracker-resources.md"

REMEDIES = (
    Remedy(
        id="chain.drain_now",
        fix="sync_now",
        channel=Channel.CHAIN,
        changes="The agent syncs now: a running one is asked to, else one sync is made here.",
        undo="Nothing to undo.",
        risk=Risk.NONE,
        minutes=2,
        steps=_deed(ChainDeed.DRAIN_NOW, "syncs now"),
        source=_SOURCE,
        first=("Bring the tracker near.",),
    ),
    Remedy(
        id="chain.restart_tracker",
        fix="restart_tracker",
        channel=Channel.CHAIN,
        changes="The tracker restarts. It keeps its memory and begins a new boot.",
        undo="Nothing to undo.",
        risk=Risk.LOW,
        minutes=3,
        steps=_deed(ChainDeed.RESTART_TRACKER, "restarts the tracker, then syncs"),
        source=_SOURCE,
    ),
    Remedy(
        id="chain.pair_again",
        fix="pair_again",
        channel=Channel.CHAIN,
        changes="This machine forgets its key of the tracker and pairs anew. Nothing is erased on either side.",
        undo="Cannot be undone; pair again the same way.",
        risk=Risk.LASTING,
        minutes=3,
        steps=_deed(ChainDeed.PAIR_AGAIN, "pairs anew, then syncs"),
        source=_SOURCE,
        first=("Bring the tracker near, and set it to pairing if it has such a mode.",),
    ),
    Remedy(
        id="chain.update_firmware",
        fix="update_firmware",
        channel=Channel.CHAIN,
        changes="The tracker gets the newest firmware of its server. It goes back to the old one by itself if the new"
        " one does not start.",
        undo="An update cannot be taken back.",
        risk=Risk.LASTING,
        minutes=5,
        steps=_deed(ChainDeed.UPDATE_FIRMWARE, "updates the tracker's firmware"),
        source="docs/reference/releases.md",
        first=("Keep the tracker near until it ends, 20 minutes or more over Bluetooth.",),
    ),
    Remedy(
        id="chain.sign_in",
        fix="sign_in_again",
        channel=Channel.CHAIN,
        changes="The agent gets a new login at its server. The old one and all data stay until the new one works.",
        undo="Nothing to undo.",
        risk=Risk.LOW,
        minutes=3,
        steps=_deed(ChainDeed.SIGN_IN, "asks for name and password, then syncs"),
        source="docs/reference/server-api.md",
    ),
)
