"""Releases and what trackers tell of their firmware: any bytes are read, or refused in the one way that is promised."""

from contextlib import suppress

from unstuck.chain.phone.firmware import read_told
from unstuck.chain.phone.tracker import TrackerError
from unstuck.chain.releases import (
    Installed,
    ManifestError,
    SignatureError,
    decode_manifest,
    decode_release,
    encode_manifest,
    install_reasons_not,
)

TRACKER = Installed("unstuck-virtual", "1.0.0", 100, (bytes(32),))


def one_input(data: bytes) -> None:
    """One input."""
    with suppress(ManifestError):
        if encode_manifest(decode_manifest(data)) != data:
            raise AssertionError("a manifest has two forms")
    with suppress(ManifestError, SignatureError):
        if decode_release(data).raw != data:
            raise AssertionError("a release is not kept as it came")
    if not install_reasons_not(data, TRACKER):
        raise AssertionError("bytes that nobody signed may be installed")
    with suppress(TrackerError):
        told = read_told(data)
        if not (told.model + told.version).isprintable():
            raise AssertionError("what is told would move a terminal")
