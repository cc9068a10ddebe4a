"""Releases of agents and firmware: a manifest and a key enter, signed bytes leave; and the other way round, checked.

Pure, and used by whoever handles releases: the maker who signs, the server that lists, the phone that
brings them and the tracker that takes them. Described in docs/reference/releases.md.
"""

from unstuck.chain.releases.manifest import (
    IMAGE_MOST_BYTES,
    Manifest,
    ManifestError,
    ManifestFault,
    ReleaseKind,
    decode_manifest,
    encode_manifest,
)
from unstuck.chain.releases.rules import SAFE_BATTERY_PERCENT, Against, Installed, install_reasons_not, needed_percent
from unstuck.chain.releases.signing import (
    RELEASE_MOST_BYTES,
    Release,
    SignatureError,
    decode_release,
    key_id,
    public_key,
    sign,
    verified,
)

__all__ = [
    "IMAGE_MOST_BYTES",
    "RELEASE_MOST_BYTES",
    "SAFE_BATTERY_PERCENT",
    "Against",
    "Installed",
    "Manifest",
    "ManifestError",
    "ManifestFault",
    "Release",
    "ReleaseKind",
    "SignatureError",
    "decode_manifest",
    "decode_release",
    "encode_manifest",
    "install_reasons_not",
    "key_id",
    "needed_percent",
    "public_key",
    "sign",
    "verified",
]
