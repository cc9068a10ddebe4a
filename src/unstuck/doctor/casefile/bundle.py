"""The bundle: a zip of a few files whose names say nothing about anybody, and what is left of a damaged one."""

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass

from unstuck.doctor.casefile.partial import whole_part
from unstuck.evidence.intake.limits import Budget, Limits
from unstuck.evidence.intake.zips import MAGIC, ZipContainer
from unstuck.model.errors import ErrorCode, EvidenceError

CASE = "case.json"
REPORT = "report.html"
README = "README.txt"

LIMITS = Limits(
    member_bytes=64 * 2**20,
    total_inflated_bytes=256 * 2**20,
    members=2_000,
    directory_bytes=2**20,
    depth=1,
)
"""A case with the most facts that are kept has about 10 MB; whoever sends more than this sends something else."""

MOST_BYTES = 64 * 2**20
"""Largest file that is taken for a bundle: packed, the largest case has about 2 MB."""

_UNPACKED = b"{"
"""A document that somebody took out of its bundle begins so."""

_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The first time a zip can carry: when and where a bundle was made stands in the document alone."""


@dataclass(frozen=True, slots=True)
class Opened:
    """What could be read: the document as far as it goes, the names and sizes in the bundle, and what is wrong."""

    document: Mapping[str, object]
    sizes: Mapping[str, int]
    problems: tuple[str, ...] = ()


def pack(members: Mapping[str, str]) -> bytes:
    """The bundle of these files (name to text). The same files give the same bytes."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as bundle:
        for name, text in members.items():
            info = zipfile.ZipInfo(name, _EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = 3  # Unix, whatever this machine is
            info.external_attr = 0o600 << 16
            bundle.writestr(info, text.encode("utf-8", "replace"))
    return target.getvalue()


def members_of(data: bytes, path: str) -> tuple[dict[str, bytes], tuple[str, ...]]:
    """The files of a bundle as far as they can be read, and a sentence for what cannot. Bounded, whatever it claims."""
    found: dict[str, bytes] = {}
    problems: list[str] = []
    members = ZipContainer(lambda: io.BytesIO(data), path, Budget(LIMITS)).members()
    while True:
        try:
            member = next(members, None)
        except EvidenceError as fault:
            problems.append(str(fault))
            break
        if member is None:
            break
        body = bytearray()
        try:
            for chunk in member.chunks(2**20):
                body += chunk
        except EvidenceError as fault:
            problems.append(str(fault))
        found.setdefault(member.name, bytes(body))
    return found, tuple(dict.fromkeys(problems))


def open_bundle(data: bytes, path: str) -> Opened:
    """Read a bundle, or a bare document. EvidenceError (CASE_NOTHING) when no part of a case is left."""
    if len(data) > MOST_BYTES:
        raise EvidenceError(ErrorCode.CASE_NOTHING, path=path, reason="it is far larger than a case file")
    if data.lstrip()[:1] == _UNPACKED:
        document, reason = _document(data)
        return _opened(path, document, {CASE: len(data)}, (reason,) if reason else ())
    if not data.startswith(MAGIC):
        raise EvidenceError(ErrorCode.CASE_NOTHING, path=path, reason="it is no zip" if data else "it is empty")
    members, problems = members_of(data, path)
    document, reason = _document(members.get(CASE, b""))
    if CASE not in members:
        reason = f"{CASE} is missing"
    return _opened(
        path, document, {name: len(body) for name, body in members.items()}, (*problems, *([reason] if reason else []))
    )


def _opened(path: str, document: dict[str, object], sizes: Mapping[str, int], reasons: tuple[str, ...]) -> Opened:
    schema = document.get("schema")
    if not document or not isinstance(schema, str) or not schema.startswith("unstuck.case/"):
        reason = _plain(reasons[0]) if reasons else "it is not one of ours"
        raise EvidenceError(ErrorCode.CASE_NOTHING, path=path, reason=reason)
    problems = [str(EvidenceError(ErrorCode.CASE_INCOMPLETE, path=path, reason=_plain(one))) for one in reasons]
    if schema != "unstuck.case/1":
        problems.append(f"{path}: is of a later version ({schema[:40]}); what this version knows is shown.")
    return Opened(document, sizes, tuple(problems))


def _plain(reason: str) -> str:
    return reason.rstrip(".")


def _document(body: bytes) -> tuple[dict[str, object], str]:
    """The document, or its beginning where the rest is lost; and what is wrong with it."""
    text = body.decode("utf-8", "replace")
    try:
        found = json.loads(text)
        return (found, "") if isinstance(found, dict) else ({}, f"{CASE} is no object")
    except RecursionError:
        return {}, f"{CASE} is nested without end"
    except ValueError:
        left = whole_part(text)
        return (left, f"{CASE} breaks off; what came before is used") if left else ({}, f"{CASE} is no JSON")
