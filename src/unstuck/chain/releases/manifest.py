"""What a release says of itself, and how that is written: deterministic CBOR, described in docs/reference/releases.md.

``decode_manifest`` takes any bytes and gives a manifest or :class:`ManifestError`. Only the one form
that ``encode_manifest`` writes is read, so that no two readers of one signature see two manifests.
"""

import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import cbor2

from unstuck.chain.releases.versions import is_exact

VERSION = 1
"""Version of the layout; another one is refused as such."""

IMAGE_MOST_BYTES = 16 * 2**20
"""Most bytes of an image: a band's firmware has about 1 MB, a watch's ten."""

NOTES_MOST_CHARACTERS = 2_000
"""Most characters of the notes: a page that a person reads before an update."""

TIME_MOST_S = 253_370_764_800
"""Latest time of publishing (Unix s): the year 9999, the last that a date can name."""

DIGEST_BYTES = 32
"""Of SHA-256."""

_MANIFEST_MOST_BYTES = 10_000
"""Most bytes of a manifest: notes of four bytes a character, and the rest."""

PRODUCT_PATTERN = r"^[a-z0-9][a-z0-9._-]{0,31}$"
"""A product's name goes into addresses, file names and terminals."""

_PRODUCT = re.compile(PRODUCT_PATTERN)
_CONTROLS = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
"""What must not get onto a person's terminal: all control characters but the line feed."""


class ReleaseKind(StrEnum):
    """What a release is for."""

    AGENT = "agent"
    FIRMWARE = "firmware"


class ManifestFault(StrEnum):
    """What is wrong with a manifest. Stable codes."""

    TOO_LARGE = "manifest.too_large"
    NOT_CBOR = "manifest.not_cbor"
    NOT_A_MANIFEST = "manifest.not_a_manifest"
    VERSION = "manifest.version"
    FIELD = "manifest.field"


class ManifestError(ValueError):
    """The bytes or the values are no manifest; ``fault`` says why."""

    def __init__(self, fault: ManifestFault, detail: str) -> None:
        self.fault = fault
        self.detail = detail
        super().__init__(f"{fault}: {detail}")


@dataclass(frozen=True, slots=True)
class Manifest:
    """One release. ManifestError when a value is not possible.

    ``product``: the model of tracker, or the agent's name. ``version``: major.minor.patch. ``size_bytes``
    and ``sha256``: of the image. ``battery_percent``: least charge to install it. ``published_s``: Unix
    seconds. ``over``: the least installed version it may be installed over; empty: any.
    """

    kind: ReleaseKind
    product: str
    version: str
    size_bytes: int
    sha256: bytes
    battery_percent: int
    published_s: int
    notes: str = ""
    over: str = ""

    def __post_init__(self) -> None:
        for name, fits in (
            ("kind", isinstance(self.kind, ReleaseKind)),
            ("product", isinstance(self.product, str) and bool(_PRODUCT.fullmatch(self.product))),
            ("version", isinstance(self.version, str) and is_exact(self.version)),
            ("size", _is_number(self.size_bytes, 1, IMAGE_MOST_BYTES)),
            ("sha256", isinstance(self.sha256, bytes) and len(self.sha256) == DIGEST_BYTES),
            ("battery", _is_number(self.battery_percent, 0, 100)),
            ("published", _is_number(self.published_s, 0, TIME_MOST_S)),
            ("notes", _is_text(self.notes)),
            ("over", isinstance(self.over, str) and (not self.over or is_exact(self.over))),
        ):
            if not fits:
                raise ManifestError(ManifestFault.FIELD, f"its {name} is not possible")

    def fits(self, image: bytes) -> bool:
        """Whether these bytes are the image, whole."""
        return len(image) == self.size_bytes and hashlib.sha256(image).digest() == self.sha256


def encode_manifest(manifest: Manifest) -> bytes:
    """A manifest as bytes; the same manifest always as the same bytes."""
    return cbor2.dumps(
        {
            "format": VERSION,
            "kind": str(manifest.kind),
            "product": manifest.product,
            "version": manifest.version,
            "size": manifest.size_bytes,
            "sha256": manifest.sha256,
            "battery": manifest.battery_percent,
            "published": manifest.published_s,
            "notes": manifest.notes,
            "over": manifest.over,
        },
        canonical=True,
    )


def decode_manifest(data: bytes) -> Manifest:
    """The manifest in these bytes. ManifestError for anything else."""
    if len(data) > _MANIFEST_MOST_BYTES:
        raise ManifestError(ManifestFault.TOO_LARGE, f"{len(data)} bytes, at most {_MANIFEST_MOST_BYTES}")
    try:
        fields = cbor2.loads(data, max_depth=2, allow_indefinite=False, allow_duplicate_keys=False)
    except cbor2.CBORDecodeError as error:
        raise ManifestError(ManifestFault.NOT_CBOR, str(error)) from error
    if not isinstance(fields, dict):
        raise ManifestError(ManifestFault.NOT_A_MANIFEST, "no map")
    if _is_number(fields.get("format"), 0, 2**32) and fields["format"] != VERSION:
        raise ManifestError(ManifestFault.VERSION, f"format {fields['format']}, this reader knows {VERSION}")
    manifest = _manifest(fields)
    if encode_manifest(manifest) != data:
        raise ManifestError(ManifestFault.NOT_A_MANIFEST, "not in the one form of a manifest")
    return manifest


def _manifest(fields: dict[Any, Any]) -> Manifest:
    try:
        kind = ReleaseKind(fields["kind"])
        return Manifest(
            kind=kind,
            product=fields["product"],
            version=fields["version"],
            size_bytes=fields["size"],
            sha256=fields["sha256"],
            battery_percent=fields["battery"],
            published_s=fields["published"],
            notes=fields["notes"],
            over=fields["over"],
        )
    except KeyError as error:
        raise ManifestError(ManifestFault.NOT_A_MANIFEST, "a field is missing") from error
    except ManifestError:
        raise
    except ValueError as error:
        raise ManifestError(ManifestFault.FIELD, "its kind is not known") from error


def _is_number(given: object, least: int, most: int) -> bool:
    return isinstance(given, int) and not isinstance(given, bool) and least <= given <= most


def _is_text(given: object) -> bool:
    return isinstance(given, str) and len(given) <= NOTES_MOST_CHARACTERS and not _CONTROLS.search(given)
