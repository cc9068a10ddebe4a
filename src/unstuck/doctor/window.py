"""The bounds the person gave: which facts speak of the time between --since and --at."""

from collections.abc import Iterable
from datetime import datetime

from unstuck.model.evidence import Fact

IDENTITIES = frozenset(
    {
        "device.recognised",
        "device.name",
        "bluetooth.bond",
        "bluetooth.bond_count",
        "tracker.device",
        "app.installed",
        "app.not_installed",
        "phone.build",
        "phone.time_zone",
        "hci.coverage",
    }
)
"""Facts that say who is who: they hold at every moment the person may ask about."""

HAPPENINGS = frozenset(
    {
        "link.refused",
        "link.encryption_failed",
        "pairing.failed",
        "att.timeout",
        "gattlink.unanswered",
        "hci.command_timeout",
        "hci.hardware_error",
        "gatt.status",
        "gatt.slots_exhausted",
        "bluetooth.crashed",
        "bluetooth.scan_denied",
        "app.killed",
        "app.crashed",
        "app.exit",
        "app.http",
        "app.error",
    }
)
"""Facts that --since leaves out when they are older: trouble, as against states and identities. Losses of
links stay, because they say which links are up; LinkHistory leaves them out as trouble."""


def within(facts: Iterable[Fact], at: datetime | None, since: datetime | None) -> list[Fact]:
    """The facts inside the bounds the person gave, and what identifies tracker, phone and app whenever it was seen.

    A state that a report gives at its end says nothing about a moment before it; what happened before
    ``since`` is left out, what merely was so is not.
    """

    def wanted(fact: Fact) -> bool:
        if fact.time is None or fact.name in IDENTITIES:
            return True
        if at is not None and fact.time > at:
            return False
        return not (since is not None and fact.time < since and fact.name in HAPPENINGS)

    return [fact for fact in facts if wanted(fact)]
