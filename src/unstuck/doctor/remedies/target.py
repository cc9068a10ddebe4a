"""What is connected, as the evidence describes it: facts enter, targets leave.

Evidence can be hostile: what is no package name, number or address is left out, so that nothing of it gets into a
command.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from unstuck.doctor.remedies.acts import Channel, Target
from unstuck.doctor.remedies.adb import PACKAGE
from unstuck.model.evidence import FactSet

FIRST_APP_UID, LAST_APP_UID = 10_000, 19_999
"""Numbers that Android gives to apps (``Process.FIRST_APPLICATION_UID``)."""

LAST_SDK = 999
"""Above this an API level is none: there is one a year."""

_ADDRESS = re.compile(r"[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}")


@dataclass(frozen=True, slots=True)
class Connection:
    """A channel that is open, and what is at its other end: a serial number, an adapter's path, the agent's folder.

    ``source``: how the sources begin whose facts speak of what is there; empty: all. A bug report given beside a phone
    on the cable may be another phone's, whose apps have other numbers.
    """

    channel: Channel
    device: str
    source: str = ""


def targets_of(
    connections: Iterable[Connection],
    facts: FactSet,
    packages: frozenset[str],
    addresses: Iterable[str],
    *,
    pairs_without_loss: bool = False,
) -> tuple[Target, ...]:
    """A target for each connection. ``packages``: those of the tracker's app; ``addresses``: names of the tracker;
    ``pairs_without_loss``: what is known of its kind."""
    address = next((one.upper() for one in sorted(addresses) if _ADDRESS.fullmatch(one)), "")
    return tuple(
        _phone(one, FactSet([fact for fact in facts if fact.source.startswith(one.source)]), packages, address)
        if one.channel is Channel.ADB
        else Target(one.channel, one.device, address=address, pairs_without_loss=pairs_without_loss)
        for one in connections
    )


def _phone(connection: Connection, facts: FactSet, packages: frozenset[str], address: str) -> Target:
    build = facts.latest("phone.build")
    sdk = (build.number("sdk") if build is not None else None) or 0
    package, uid = _app(facts, packages)
    known = int(sdk) if 0 < sdk <= LAST_SDK else 0
    return Target(connection.channel, connection.device, known, package, uid, address)


def _app(facts: FactSet, packages: frozenset[str]) -> tuple[str, int | None]:
    """The tracker's app that is on the phone, with its number."""
    for fact in reversed(facts.all("app.installed")):
        if fact.subject in packages and PACKAGE.fullmatch(fact.subject):
            uid = fact.number("uid")
            if uid is not None and FIRST_APP_UID <= uid <= LAST_APP_UID and uid == int(uid):
                return fact.subject, int(uid)
            return fact.subject, None
    return "", None
