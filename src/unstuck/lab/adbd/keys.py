"""The computers a phone has allowed: adb's public keys and signatures, read and checked.

A key is 524 bytes, base64, then a space and a name: words of the modulus, -1/n mod 2^32, the modulus and R^2 mod n in
little-endian order, the exponent (AOSP ``libcrypto_utils/android_pubkey.cpp``). The computer signs the phone's 20-byte
token as if it were a SHA-1 digest (``adb_auth_host.cpp``).
"""

import base64
import binascii
import struct
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA1

TOKEN_BYTES = 20
"""Length of the token (``TOKEN_SIZE``): that of a SHA-1 digest."""

_MODULUS_BYTES = 256
_KEY = struct.Struct(f"<II{_MODULUS_BYTES}s{_MODULUS_BYTES}sI")


@dataclass(frozen=True)
class ComputerKey:
    """The key of a computer, and the name it gives itself (``user@host``)."""

    key: RSAPublicKey
    name: str

    def signed(self, token: bytes, signature: bytes) -> bool:
        """Whether this computer signed the token."""
        try:
            self.key.verify(signature, token, padding.PKCS1v15(), Prehashed(SHA1()))
        except InvalidSignature:
            return False
        return True


def parse_key(payload: bytes) -> ComputerKey | None:
    """A key as adb sends it; None where it is none."""
    packed, _, name = payload.rstrip(b"\0").partition(b" ")
    try:
        data = base64.b64decode(packed, validate=True)
    except binascii.Error:
        return None
    if len(data) != _KEY.size:
        return None
    words, _, modulus, _, exponent = _KEY.unpack(data)
    if words * 4 != _MODULUS_BYTES or exponent not in (3, 65537):
        return None
    try:
        key = RSAPublicNumbers(exponent, int.from_bytes(modulus, "little")).public_key()
    except ValueError:
        return None
    return ComputerKey(key, name.decode("utf-8", "replace"))
