"""Passwords: what is refused, and argon2id. Hashing takes tens of milliseconds: never on the event loop."""

import unicodedata
from dataclasses import dataclass

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type

SHORTEST = 12
"""Characters. NIST SP 800-63B asks for 8 with a second factor and 15 without; we cannot know at sign-up
which it will be, and hashing is slow on purpose."""
LONGEST = 256
"""Characters: no one types more, and hashing must not become a way to keep the server busy."""
_FEWEST_DIFFERENT = 5
"""Different characters: refuses "aaaaaaaaaaaa" and "121212121212" without a list of bad passwords."""
SALT_BYTES = 16
"""RFC 9106, section 3.1."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one hash costs. The defaults are the second recommendation of RFC 9106, section 4 (64 MiB)."""

    passes: int = 3
    memory_kib: int = 65536
    lanes: int = 4


def normalised(password: str) -> str:
    """One form for what may be typed in several: the same key on two keyboards gives other code points."""
    return unicodedata.normalize("NFKC", password)


def is_weak(password: str, name: str) -> bool:
    """Whether a new password is refused. No rule about kinds of characters: they do not help (SP 800-63B)."""
    plain = normalised(password)
    if not SHORTEST <= len(plain) <= LONGEST or len(set(plain)) < _FEWEST_DIFFERENT:
        return True
    return name in plain.casefold()


class Hasher:
    """argon2id with our cost; hashes carry their own cost, so that raising it later breaks nothing."""

    def __init__(self, cost: Cost) -> None:
        self._argon = PasswordHasher(
            time_cost=cost.passes, memory_cost=cost.memory_kib, parallelism=cost.lanes, type=Type.ID
        )
        # For names nobody has: the answer must take as long as for one that exists.
        self._nobody = self._argon.hash("nobody", salt=bytes(SALT_BYTES))

    def hash(self, password: str, salt: bytes) -> str:
        """The hash to store. ``salt``: 16 unguessable bytes."""
        return self._argon.hash(_typed(password), salt=salt)

    def fits(self, stored: str | None, password: str) -> bool:
        """Whether the password is the stored one. With None (no such account) as slow, and False."""
        try:
            self._argon.verify(stored or self._nobody, _typed(password))
        except (VerificationError, InvalidHashError):
            return False
        return stored is not None

    def is_outdated(self, stored: str) -> bool:
        """Whether it was made at another cost than today's and should be made again."""
        return self._argon.check_needs_rehash(stored)


def _typed(password: str) -> bytes:
    # JSON can carry half a surrogate pair, which plain UTF-8 cannot.
    return normalised(password).encode("utf-8", "surrogatepass")
