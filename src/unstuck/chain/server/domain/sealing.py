"""Secrets that the server must be able to read again, sealed for the database with a key that is kept beside it.

AES-256-GCM. The account's id is authenticated with each secret, so that a sealed one is good in its own row only.
A copy of the database without the key gives no second factor away.
"""

import base64
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from unstuck.chain.server.domain.refusals import Code, Refusal

KEY_BYTES = 32
NONCE_BYTES = 12
"""What GCM is made for (NIST SP 800-38D, section 8.2); random, for a few secrets of each account."""
_FORM = "sealed1."
"""Before what is sealed. A plain secret is base32, which has no full stop."""
_RETRY_S = 60.0
"""Seconds until it is worth trying again: somebody has to put the key back."""


@dataclass(frozen=True, slots=True)
class Sealer:
    """Seals and opens with one key; None: it is missing, and every secret is refused."""

    key: bytes | None = field(default=None, repr=False)

    def seal(self, account: str, secret: str, nonce: bytes) -> str:
        """The secret of an account as the database may have it. Refusal: there is no key."""
        cipher = self._cipher()
        return _FORM + base64.b64encode(nonce + cipher.encrypt(nonce, secret.encode(), account.encode())).decode()

    def open(self, account: str, sealed: str) -> str:
        """The secret again. Refusal: there is no key, it is another one, or the row is another's."""
        cipher = self._cipher()
        try:
            data = base64.b64decode(sealed.removeprefix(_FORM), validate=True)
            return cipher.decrypt(data[:NONCE_BYTES], data[NONCE_BYTES:], account.encode()).decode()
        except (InvalidTag, ValueError) as error:
            raise _refused() from error

    def _cipher(self) -> AESGCM:
        if self.key is None:
            raise _refused()
        return AESGCM(self.key)


def is_sealed(stored: str) -> bool:
    """Whether it is not a plain secret of an older layout."""
    return stored.startswith(_FORM)


def _refused() -> Refusal:
    return Refusal(Code.SERVER_SECOND_FACTOR_KEY, retry_after_s=_RETRY_S)
