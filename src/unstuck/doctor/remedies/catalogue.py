"""Every remedy there is, and which of them can be offered on what is connected."""

from collections.abc import Iterable, Mapping

from unstuck.doctor.remedies import adb, bluez, chain
from unstuck.doctor.remedies.acts import Target
from unstuck.doctor.remedies.remedy import Remedy

REMEDIES: Mapping[str, Remedy] = {one.id: one for one in (*chain.REMEDIES, *adb.REMEDIES, *bluez.REMEDIES)}
"""All of them by id; those of one fix in the order to try them."""


def remedies_for(fix: str, targets: Iterable[Target]) -> tuple[tuple[Remedy, Target], ...]:
    """The remedies that can carry out a fix on these targets, in the order to try them."""
    known = tuple(targets)
    return tuple(
        (remedy, target)
        for remedy in REMEDIES.values()
        if remedy.fix == fix
        for target in known
        if remedy.not_here(target) is None
    )


def automatic(targets: Iterable[Target]) -> frozenset[str]:
    """Fixes that can be carried out on these targets without a person's hands."""
    known = tuple(targets)
    return frozenset(
        remedy.fix for remedy in REMEDIES.values() if any(remedy.not_here(target) is None for target in known)
    )
