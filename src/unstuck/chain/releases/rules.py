"""Whether a release may be installed on a device: one list of every reason why not, for the phone and the tracker.

The tracker decides by it; the phone asks it first, so that a person hears the reason before megabytes travel.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from unstuck.chain.releases.manifest import Manifest, ManifestError, ReleaseKind
from unstuck.chain.releases.signing import SignatureError, verified
from unstuck.chain.releases.versions import read

SAFE_BATTERY_PERCENT = 20
"""Charge below which no firmware is written or started, whatever a manifest allows: from here down apps warn,
and a device that goes dark between two firmwares is the one that people carry back to the shop."""


class Against(StrEnum):
    """What speaks against installing. The order is the order in which reasons are told."""

    SIGNATURE = "signature"
    KIND = "kind"
    PRODUCT = "product"
    DOWNGRADE = "downgrade"
    TOO_FAR = "too_far"
    BATTERY_LOW = "battery_low"


@dataclass(frozen=True, slots=True)
class Installed:
    """The device at one moment. ``product``: its model. ``version``: of the running firmware; ``keys``: it trusts."""

    product: str
    version: str
    battery_percent: int | None
    keys: Sequence[bytes]


def install_reasons_not(release: bytes, installed: Installed) -> tuple[tuple[Against, str], ...]:
    """Every reason, with a sentence, why this signed manifest may not be installed now; empty when it may.

    A manifest whose signature is not good is not looked into: nothing that it says can be believed.
    """
    try:
        manifest = verified(release, installed.keys)
    except SignatureError as error:
        return ((Against.SIGNATURE, error.detail),)
    except ManifestError as error:
        return ((Against.SIGNATURE, f"it was signed, but cannot be read: {error.detail}"),)
    reasons: list[tuple[Against, str]] = []
    if manifest.kind is not ReleaseKind.FIRMWARE:
        reasons.append((Against.KIND, f"it is for the {manifest.kind}, not for a tracker"))
    if manifest.product != installed.product:
        text = f"it is for the model {manifest.product}, this is {installed.product or 'unknown'}"
        reasons.append((Against.PRODUCT, text))
    reasons += _about_versions(manifest, installed.version)
    battery, least = installed.battery_percent, needed_percent(manifest)
    if battery is None:
        reasons.append((Against.BATTERY_LOW, f"its charge is not known; at least {least} % is needed"))
    elif battery < least:
        reasons.append((Against.BATTERY_LOW, f"the battery is at {battery} %; at least {least} % is needed"))
    return tuple(reasons)


def needed_percent(manifest: Manifest) -> int:
    """Least charge at which it is installed."""
    return max(SAFE_BATTERY_PERCENT, manifest.battery_percent)


def _about_versions(manifest: Manifest, running: str) -> list[tuple[Against, str]]:
    now, new, over = read(running), read(manifest.version), read(manifest.over)
    if now is None or new is None:
        return [(Against.DOWNGRADE, f"whether {manifest.version} is newer than {running or 'nothing'} is not known")]
    if new <= now:
        return [(Against.DOWNGRADE, f"{manifest.version} is not newer than the running {running}")]
    if over is not None and now < over:
        return [(Against.TOO_FAR, f"{manifest.version} goes over {manifest.over} and later; {running} runs")]
    return []
