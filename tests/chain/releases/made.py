"""Keys and releases for tests; the keys come from fixed bytes and are worth nothing."""

import hashlib
import random
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from unstuck.chain.releases import Manifest, ReleaseKind, public_key, sign

MAKER = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
STRANGER = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
KEYS = (public_key(MAKER),)
MODEL = "unstuck-virtual"
PUBLISHED_S = 1_760_000_000


def image(size_bytes: int = 10_000, seed: int = 1) -> bytes:
    """Bytes that no other image has."""
    return random.Random(seed).randbytes(size_bytes)


def manifest(data: bytes, version: str = "2.0.0", **fields: Any) -> Manifest:
    known: dict[str, Any] = {
        "kind": ReleaseKind.FIRMWARE,
        "product": MODEL,
        "version": version,
        "size_bytes": len(data),
        "sha256": hashlib.sha256(data).digest(),
        "battery_percent": 50,
        "published_s": PUBLISHED_S,
    }
    return Manifest(**known | fields)


def release(data: bytes, version: str = "2.0.0", key: Ed25519PrivateKey = MAKER, **fields: Any) -> bytes:
    """A signed manifest of this image."""
    return sign(manifest(data, version, **fields), key)
