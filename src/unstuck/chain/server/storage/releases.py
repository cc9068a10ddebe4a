"""The registry of releases, in SQL. Every function works inside the caller's transaction."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, and_, func, insert, select, update

from unstuck.chain.releases import Manifest, Release, ReleaseKind, decode_release
from unstuck.chain.releases.versions import read
from unstuck.chain.server.storage.schema import releases


@dataclass(frozen=True, slots=True)
class Published:
    """A release in the registry. Times in Unix seconds."""

    release: Release
    published_at: float
    withdrawn_at: float | None

    @property
    def manifest(self) -> Manifest:
        """What it says of itself."""
        return self.release.manifest


def add(connection: Connection, release: Release, image: bytes, now: float) -> bool:
    """Register it; False when just this one is there already. ValueError: another of this version is or was there."""
    manifest = release.manifest
    one = _is(manifest.kind, manifest.product, manifest.version)
    known = connection.execute(select(releases.c.signed, releases.c.withdrawn_at).where(one)).first()
    if known is None:
        connection.execute(
            insert(releases).values(
                kind=str(manifest.kind),
                product=manifest.product,
                version=manifest.version,
                published_at=now,
                signed=release.raw,
                image=image,
            )
        )
        return True
    if bytes(known.signed) != release.raw or known.withdrawn_at is not None:
        raise ValueError("another release of this version, or this one withdrawn, is in the registry")
    return False


def withdraw(connection: Connection, kind: ReleaseKind, product: str, version: str, now: float) -> bool:
    """Offer it no more; False when it is not offered."""
    offered = and_(_is(kind, product, version), releases.c.withdrawn_at.is_(None))
    return connection.execute(update(releases).where(offered).values(withdrawn_at=now)).rowcount > 0


def list_all(connection: Connection, *, withdrawn: bool = False) -> list[Published]:
    """Those that are offered (``withdrawn``: and those that were), by kind and product, the newest first."""
    query = select(releases.c.signed, releases.c.published_at, releases.c.withdrawn_at)
    if not withdrawn:
        query = query.where(releases.c.withdrawn_at.is_(None))
    found = [Published(decode_release(bytes(signed)), *times) for signed, *times in connection.execute(query)]
    found.sort(key=lambda one: read(one.manifest.version) or (0, 0, 0), reverse=True)
    return sorted(found, key=lambda one: (one.manifest.kind, one.manifest.product))


def offered(connection: Connection, kind: ReleaseKind, product: str, version: str) -> Manifest | None:
    """The manifest of a release that is offered."""
    query = select(releases.c.signed).where(_is(kind, product, version), releases.c.withdrawn_at.is_(None))
    signed = connection.execute(query).scalar_one_or_none()
    return None if signed is None else decode_release(bytes(signed)).manifest


def part(connection: Connection, manifest: Manifest, offset: int, size: int) -> bytes:
    """Bytes of an image; the database reads no more than these."""
    column = func.substr(releases.c.image, offset + 1, size)
    one = _is(manifest.kind, manifest.product, manifest.version)
    return bytes(connection.execute(select(column).where(one)).scalar_one())


def _is(kind: ReleaseKind, product: str, version: str) -> ColumnElement[bool]:
    return and_(releases.c.kind == str(kind), releases.c.product == product, releases.c.version == version)
