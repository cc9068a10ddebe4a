"""Proof that the person has the tracker in hand: its id is the digest of a code that only it can show.

The tracker keeps a random code and shows it on its screen when asked. Its id, which it advertises, is
derived from the code, so the server can check a claim without having known the tracker before, and
nobody can claim what they have only seen on the air.
"""

import base64
import hashlib
import hmac

CODE_BYTES = 10
"""80 bits: cannot be searched for by who knows the id."""
_ID_BYTES = 10
_PURPOSE = b"unstuck tracker id 1\0"
"""Keeps these digests apart from any other use of the code."""


def code_of(random_bytes: bytes) -> str:
    """The code to show, out of CODE_BYTES unguessable bytes: four groups of four letters and digits."""
    letters = base64.b32encode(random_bytes).decode()
    return "-".join(letters[at : at + 4] for at in range(0, len(letters), 4))


def tracker_id(code: str) -> str:
    """The id of the tracker that shows this code; lower or upper case, with or without dashes."""
    plain = "".join(letter for letter in code.upper() if letter.isalnum())
    digest = hashlib.sha256(_PURPOSE + plain.encode()).digest()
    return base64.b32encode(digest[:_ID_BYTES]).decode().lower()


def is_proven(tracker: str, code: str) -> bool:
    """Whether the code is the one that this tracker shows."""
    return hmac.compare_digest(tracker_id(code).encode(), tracker.lower().encode())
