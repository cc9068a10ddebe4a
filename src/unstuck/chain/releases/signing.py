"""Signed manifests: Ed25519 (RFC 8032) over the manifest's own bytes. Described in docs/reference/releases.md."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import cbor2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from unstuck.chain.releases.manifest import Manifest, decode_manifest, encode_manifest

KEY_BYTES = 32
"""Of an Ed25519 public key (RFC 8032, 5.1.5)."""

SIGNATURE_BYTES = 64
"""Of an Ed25519 signature (RFC 8032, 5.1.6)."""

KEY_ID_BYTES = 8
"""Of a key's name: enough to tell apart the few keys that a device trusts; it proves nothing."""

RELEASE_MOST_BYTES = 10_240
"""Most bytes of a signed manifest."""

_PURPOSE = b"unstuck release 1\x00"
"""Before the manifest's bytes in what is signed: a signature made for another purpose is none here."""


class SignatureError(ValueError):
    """The bytes are no signed release, or no key that is trusted has signed them. ``detail`` says which."""

    def __init__(self, detail: str) -> None:
        self.detail = detail
        super().__init__(detail)


@dataclass(frozen=True, slots=True)
class Release:
    """A signed manifest, not checked against any key. ``raw``: its bytes as they came."""

    raw: bytes
    manifest: Manifest
    key_id: bytes


def public_key(key: Ed25519PrivateKey) -> bytes:
    """The public half of a key."""
    return key.public_key().public_bytes_raw()


def key_id(public: bytes) -> bytes:
    """The name of a public key: the beginning of its SHA-256."""
    return hashlib.sha256(public).digest()[:KEY_ID_BYTES]


def sign(manifest: Manifest, key: Ed25519PrivateKey) -> bytes:
    """The manifest, signed."""
    data = encode_manifest(manifest)
    return cbor2.dumps([data, key_id(public_key(key)), key.sign(_PURPOSE + data)])


def decode_release(data: bytes) -> Release:
    """The signed manifest in these bytes, its signature not yet checked. ManifestError, SignatureError for others."""
    manifest, key, _ = _parts(data)
    return Release(data, decode_manifest(manifest), key)


def verified(data: bytes, keys: Iterable[bytes]) -> Manifest:
    """The manifest, signed with one of these public keys. SignatureError when it is not; ManifestError."""
    manifest, named, signature = _parts(data)
    for key in keys:
        if len(key) == KEY_BYTES and key_id(key) == named:
            try:
                Ed25519PublicKey.from_public_bytes(key).verify(signature, _PURPOSE + manifest)
            except InvalidSignature as error:
                raise SignatureError("its signature is wrong") from error
            return decode_manifest(manifest)
    raise SignatureError(f"it is signed with key {named.hex()}, which is not trusted")


def _parts(data: bytes) -> tuple[bytes, bytes, bytes]:
    if len(data) > RELEASE_MOST_BYTES:
        raise SignatureError(f"{len(data)} bytes are no release; {RELEASE_MOST_BYTES} are possible")
    try:
        outer = cbor2.loads(data, max_depth=2, allow_indefinite=False)
    except cbor2.CBORDecodeError as error:
        raise SignatureError("it is no release") from error
    match outer:
        case [bytes(manifest), bytes(key), bytes(signature)] if cbor2.dumps(outer) == data:
            if len(key) == KEY_ID_BYTES and len(signature) == SIGNATURE_BYTES:
                return manifest, key, signature
    raise SignatureError("it is no release")
