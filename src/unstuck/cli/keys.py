"""Keys of releases as PEM files, the form that OpenSSL and every key store speak."""

from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from unstuck.cli.state import write_private
from unstuck.model.errors import ErrorCode, UsageError


def make_pair(private: Path, public: Path) -> Ed25519PrivateKey:
    """A new pair in two files. UsageError when one is there already: a key that is lost cannot be had again."""
    for file in (private, public):
        if file.exists():
            raise UsageError(ErrorCode.USAGE_OUTPUT, path=str(file), reason="it is there already")
    key = Ed25519PrivateKey.generate()
    try:
        text = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        write_private(private, text)
        public.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    except OSError as error:
        raise UsageError(ErrorCode.USAGE_OUTPUT, path=str(private), reason=error.strerror or "unknown") from error
    return key


def read_private(file: Path) -> Ed25519PrivateKey:
    """The key to sign with. UsageError when there is none in the file."""
    try:
        key = load_pem_private_key(_read(file), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise UsageError(ErrorCode.USAGE_SOURCE, given=str(file), reason=f"is {_NOT_PRIVATE}") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise UsageError(ErrorCode.USAGE_SOURCE, given=str(file), reason=f"is {_NOT_PRIVATE}")
    return key


_NOT_PRIVATE = "no Ed25519 private key without a password in PEM; 'unstuck release keygen' makes one"


def read_public(file: Path) -> bytes:
    """The 32 bytes of a public key. UsageError when there is none in the file."""
    try:
        key = load_pem_public_key(_read(file))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise UsageError(ErrorCode.USAGE_SOURCE, given=str(file), reason=_NOT_PUBLIC) from error
    if not isinstance(key, Ed25519PublicKey):
        raise UsageError(ErrorCode.USAGE_SOURCE, given=str(file), reason=_NOT_PUBLIC)
    return key.public_bytes_raw()


_NOT_PUBLIC = "is no Ed25519 public key in PEM; take the .pub file of the pair"


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        reason = error.strerror or "cannot be read"
        raise UsageError(ErrorCode.USAGE_SOURCE, given=str(file), reason=reason) from error
