"""Time-based codes (RFC 6238) that work once, and recovery codes that work once."""

import base64
import hashlib
import hmac

import pyotp

SECRET_BYTES = 20
"""RFC 4226, section 4: 160 bits."""
STEP_S = 30
"""Seconds of one code: what authenticator apps assume."""
_STEPS_EITHER_SIDE = 1
"""Steps a clock may be off (RFC 6238, section 5.2 recommends one)."""
RECOVERY_CODES = 10
RECOVERY_BYTES = 10
"""80 bits: cannot be guessed, so no limit on tries is needed and no one can be locked out."""
_RECOVERY_LETTERS = 16
_ISSUER = "Unstuck"


def new_secret(random_bytes: bytes) -> str:
    """The secret in base32, as authenticator apps take it."""
    return base64.b32encode(random_bytes).decode()


def address(secret: str, name: str) -> str:
    """The otpauth:// address that a QR code shows."""
    return str(pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=_ISSUER))


def accepted_step(secret: str, code: str, now: float, last_step: int) -> int | None:
    """The time step the code belongs to, or None. Steps up to ``last_step`` were used: a code works once."""
    given = code.strip().replace(" ", "").encode()
    codes, current = pyotp.TOTP(secret), int(now) // STEP_S
    accepted = None
    for step in range(max(0, current - _STEPS_EITHER_SIDE), current + _STEPS_EITHER_SIDE + 1):
        # Every step is compared, found or not: the time taken tells nothing.
        fits = hmac.compare_digest(codes.at(step * STEP_S).encode(), given)
        if fits and step > last_step:
            accepted = step
    return accepted


def looks_like_recovery(code: str) -> bool:
    """Whether it has the length of a recovery code, not of a time-based one."""
    return len(_plain(code)) == _RECOVERY_LETTERS


def new_recovery_codes(random_bytes: bytes) -> tuple[str, ...]:
    """Codes out of RECOVERY_CODES * RECOVERY_BYTES unguessable bytes, in groups of four letters."""
    codes = []
    for place in range(0, len(random_bytes), RECOVERY_BYTES):
        letters = base64.b32encode(random_bytes[place : place + RECOVERY_BYTES]).decode().lower()
        codes.append("-".join(letters[at : at + 4] for at in range(0, len(letters), 4)))
    return tuple(codes)


def recovery_digest(code: str) -> bytes:
    """What is stored of a recovery code."""
    return hashlib.sha256(_plain(code).encode()).digest()


def _plain(code: str) -> str:
    return "".join(letter for letter in code.lower() if letter.isalnum())
