"""How much of hostile or huge input is looked at, and the count of it."""

from dataclasses import dataclass

from unstuck.model.errors import ErrorCode, EvidenceError

CHUNK_BYTES = 4 * 2**20
"""Most bytes handed to a reader at once: large enough to be quick, small beside the memory allowed."""

HEAD_BYTES = 64 * 2**10
"""Bytes looked at to tell the kind of a file; every kind shows itself within its first lines or packets; text
kinds look at as much."""

DIGEST_BYTES = 16
"""Of the digest by which equal files are known; chance collisions need 2**64 files."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on what intake looks at. All are far above real evidence; each keeps one attack harmless."""

    member_bytes: int = 8 * 2**30
    """Most bytes read of one file. The largest real single file is a trace or heart-rate series of about 1 GB."""

    total_inflated_bytes: int = 32 * 2**30
    """Most bytes inflated from archives in one run. Health data of ten years is about 10 GB; other files in a zip
    are passed over unopened."""

    ratio: int = 250
    """Most times an archive member may be larger than its packed form. Minute series of zeros reach about 100,
    a bug report 15; deflate can reach 1,032 only on one repeated byte."""

    ratio_free_bytes: int = 32 * 2**20
    """Inflated bytes before the ratio is judged: small members may be as regular as they like."""

    members: int = 100_000
    """Most files looked at in one archive or folder. A whole Takeout has about 20,000."""

    directory_bytes: int = 64 * 2**20
    """Most bytes of an archive's own table of contents looked at."""

    depth: int = 3
    """Archives within archives. Someone may zip a bug report and a Takeout together: that is 2."""

    folder_depth: int = 32
    """Folders within folders. Takeout has 4, a bug report's copy of the phone's files about 8."""

    nested_bytes: int = 64 * 2**20
    """Largest archive inside an archive, since it must be held in memory; bug reports have up to 30 MB."""


class Budget:
    """What was inflated so far in this run, over all archives."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._inflated_bytes = 0

    def spend(self, path: str, inflated: int) -> None:
        """Count inflated bytes.

        Raises:
            EvidenceError: ARCHIVE_HOSTILE when the total allowed is used up.
        """
        self._inflated_bytes += inflated
        if self._inflated_bytes > self.limits.total_inflated_bytes:
            raise EvidenceError(
                ErrorCode.ARCHIVE_HOSTILE,
                path=path,
                reason=f"more than {amount(self.limits.total_inflated_bytes)} came out of the archives",
            )


class MemberCount:
    """Counts one archive member while it inflates, so that the size it claims need not be believed."""

    def __init__(self, budget: Budget, path: str) -> None:
        self._budget = budget
        self._path = path
        self.inflated_bytes = 0

    def add(self, inflated: int, packed_so_far: int) -> None:
        """Count ``inflated`` more bytes, got from ``packed_so_far`` packed bytes in all.

        Raises:
            EvidenceError: ARCHIVE_HOSTILE when it grows out of all proportion, SOURCE_TOO_LARGE when it never ends.
        """
        limits = self._budget.limits
        self.inflated_bytes += inflated
        if self.inflated_bytes > limits.ratio_free_bytes and self.inflated_bytes > limits.ratio * max(packed_so_far, 1):
            raise EvidenceError(
                ErrorCode.ARCHIVE_HOSTILE,
                path=self._path,
                reason=f"it grows to more than {limits.ratio} times its packed size",
            )
        if self.inflated_bytes > limits.member_bytes:
            raise too_large(self._path, limits)
        self._budget.spend(self._path, inflated)


def too_large(path: str, limits: Limits) -> EvidenceError:
    """The error for a file longer than is read."""
    return EvidenceError(ErrorCode.SOURCE_TOO_LARGE, path=path, reason=f"is larger than {amount(limits.member_bytes)}")


def amount(size_bytes: int) -> str:
    """A size for a person: ``3 GB``, ``12 MB``, ``700 bytes``."""
    for unit, name in ((2**30, "GB"), (2**20, "MB"), (2**10, "kB")):
        if size_bytes >= unit:
            return f"{size_bytes / unit:.3g} {name}"
    return f"{size_bytes} bytes"
