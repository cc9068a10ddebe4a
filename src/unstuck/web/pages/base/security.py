"""What keeps strangers out of the pages: headers, the session's cookie, proof that a form is ours. Pure."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import urlsplit

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "manifest-src 'self'; worker-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
"""Content-Security-Policy: nothing inline, nothing from anywhere else."""

_FEATURES_OFF = (
    "accelerometer", "bluetooth", "camera", "display-capture", "geolocation", "gyroscope", "hid", "magnetometer",
    "microphone", "midi", "payment", "serial", "usb", "xr-spatial-tracking",
)  # fmt: skip


def headers(*, bluetooth: bool = False) -> Mapping[str, str]:
    """Of every page; ``bluetooth``: the one page that may ask for it."""
    features = [f"{name}=()" for name in _FEATURES_OFF if not (bluetooth and name == "bluetooth")]
    if bluetooth:
        features.append("bluetooth=(self)")
    return {
        "Cache-Control": "no-store, private",
        "Content-Security-Policy": POLICY,
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": ", ".join(features),
        "Referrer-Policy": "same-origin",
        "Vary": "Cookie, Accept-Language",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }


def cookie_name(purpose: str, port: int | None, *, secure: bool) -> str:
    """``__Host-`` binds a cookie to this very host, which browsers allow over TLS only. Without TLS the port is in the
    name: cookies do not know ports, and two servers on one machine would take each other's.
    """
    return f"__Host-{purpose}" if secure else f"{purpose}-{port or 80}"


_PAD_BYTES = 32


def form_token(key: str, random_bytes: bytes) -> str:
    """Proof to be sent with a form: derived from what only this browser has in its cookie.

    It looks different each time, so that compressing pages tells nothing about it (BREACH).

    Args:
        key: The text of the cookie.
        random_bytes: 32 unguessable bytes.
    """
    proof = _proof(key)
    mixed = bytes(one ^ other for one, other in zip(proof, random_bytes, strict=True))
    return base64.urlsafe_b64encode(random_bytes + mixed).decode().rstrip("=")


def form_token_fits(key: str, given: str) -> bool:
    """Whether the proof is of this cookie; takes as long whatever is wrong."""
    try:
        raw = base64.urlsafe_b64decode(given.encode() + b"=" * (-len(given) % 4))
    except ValueError:
        raw = b""
    raw = raw if len(raw) == 2 * _PAD_BYTES else bytes(2 * _PAD_BYTES)
    proof = bytes(one ^ other for one, other in zip(raw[:_PAD_BYTES], raw[_PAD_BYTES:], strict=True))
    return hmac.compare_digest(proof, _proof(key)) and bool(key)


def _proof(key: str) -> bytes:
    return hmac.digest(key.encode(), b"unstuck form 1", hashlib.sha256)


def is_own(site: str | None, origin: str | None, host: str) -> bool:
    """Whether the browser says that a request comes from a page of ours. Every browser of today sends one of both.

    Args:
        site: The header Sec-Fetch-Site.
        origin: The header Origin.
        host: The header Host.
    """
    if site is not None and site != "same-origin":
        return False
    if origin is not None:
        return origin != "null" and urlsplit(origin).netloc.lower() == host.lower()
    return site is not None


def local_path(given: str) -> str:
    """Where to go on after signing in: the path, if it is one of ours, else the first page.

    Browsers read ``//host`` and ``/\\host`` as another site, and drop tabs and line ends before they read.
    """
    if not given.startswith("/") or given.startswith(("//", "/\\")) or any(ord(c) < 33 or c == "\\" for c in given):
        return "/"
    return given
