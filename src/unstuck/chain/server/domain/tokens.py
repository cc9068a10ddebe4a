"""Bearer tokens: how they are made, read, kept as a digest, and when one is good no more.

A token is ``unstuck_KIND_ID_SECRET``. The id finds the row, the secret proves it. The secret has 256
random bits, so one fast hash keeps it safe at rest; a slow one would only slow us down.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass
from enum import StrEnum

from unstuck.chain.server.domain.refusals import Code

ID_BYTES = 8
SECRET_BYTES = 32
_FORM = re.compile(r"unstuck_(session|device)_([0-9a-f]{16})_([0-9a-f]{64})")

MOST_DEVICES = 200
"""Live device tokens of one account: far more than a person has devices; bounds what a runaway script makes."""
MOST_SESSIONS = 20
"""Open sessions of one account: more than a person has screens; one more ends the oldest."""


class TokenKind(StrEnum):
    """A person at a screen, or an agent that uploads."""

    SESSION = "session"
    DEVICE = "device"


class Revoked(StrEnum):
    """Why a token was revoked; kept, so that the agent can say exactly that."""

    SIGNED_OUT = "signed_out"
    BY_PERSON = "by_person"
    PASSWORD_CHANGED = "password_changed"
    SECOND_FACTOR_CHANGED = "second_factor_changed"


_CODES = {
    Revoked.SIGNED_OUT: Code.TOKEN_SIGNED_OUT,
    Revoked.BY_PERSON: Code.TOKEN_REVOKED,
    Revoked.PASSWORD_CHANGED: Code.TOKEN_REVOKED_PASSWORD,
    Revoked.SECOND_FACTOR_CHANGED: Code.TOKEN_REVOKED_SECOND_FACTOR,
}


@dataclass(frozen=True, slots=True)
class Fresh:
    """A new token. ``text`` is shown once and never stored."""

    id: str
    text: str
    digest: bytes

    def __repr__(self) -> str:
        return f"Fresh(id={self.id!r})"


@dataclass(frozen=True, slots=True)
class Presented:
    """A token as it came in a request."""

    kind: TokenKind
    id: str
    digest: bytes


@dataclass(frozen=True, slots=True)
class Stored:
    """What is kept of a token. Times in Unix seconds; ``expires_at`` None: until revoked."""

    account: int
    id: str
    kind: TokenKind
    digest: bytes
    expires_at: float | None
    revoked: Revoked | None
    last_used_at: float | None


def make(kind: TokenKind, random_bytes: bytes) -> Fresh:
    """A token out of ID_BYTES + SECRET_BYTES unguessable bytes."""
    id_, secret = random_bytes[:ID_BYTES].hex(), random_bytes[ID_BYTES:].hex()
    return Fresh(id_, f"unstuck_{kind}_{id_}_{secret}", _digest(secret))


def read(authorization: str | None) -> Presented | None:
    """The token in an Authorization header, or None when there is none of our form."""
    scheme, _, text = (authorization or "").partition(" ")
    return read_text(text.strip()) if scheme.lower() == "bearer" else None


def read_text(text: str) -> Presented | None:
    """The token that this text is, or None when it has not our form."""
    found = _FORM.fullmatch(text)
    if found is None:
        return None
    return Presented(TokenKind(found[1]), found[2], _digest(found[3]))


def judge(presented: Presented, stored: Stored | None, now: float) -> Code | None:
    """Why the token is refused, or None. Reasons are told only to who has the right secret."""
    proven = hmac.compare_digest(presented.digest, stored.digest if stored else bytes(32))
    if stored is None or not proven or presented.kind is not stored.kind:
        return Code.TOKEN_UNKNOWN
    if stored.revoked is not None:
        return _CODES[stored.revoked]
    if stored.expires_at is not None and now >= stored.expires_at:
        return Code.TOKEN_EXPIRED
    return None


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
