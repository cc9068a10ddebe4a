"""What ``unstuck release`` does, apart from its options so that help stays quick."""

import hashlib
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import typer

from unstuck.chain.releases import (
    IMAGE_MOST_BYTES,
    RELEASE_MOST_BYTES,
    Manifest,
    ManifestError,
    ReleaseKind,
    SignatureError,
    decode_release,
    key_id,
    public_key,
    verified,
)
from unstuck.chain.releases import sign as signed_with
from unstuck.chain.server.serve import default_data, open_database
from unstuck.chain.server.storage import releases
from unstuck.chain.server.storage.database import Database
from unstuck.cli.keys import make_pair, read_private, read_public
from unstuck.model.errors import ErrorCode, UsageError


@dataclass(frozen=True, slots=True)
class SignRequest:
    """The command line as given."""

    image: Path
    key: Path
    kind: str
    product: str
    version: str
    battery_percent: int
    over: str
    notes: str
    output: Path | None


def keygen(name: Path) -> None:
    """Make a pair of keys. UsageError when a file is there already or cannot be written."""
    private, public = name.with_name(name.name + ".key"), name.with_name(name.name + ".pub")
    key = make_pair(private, public)
    typer.echo(f"Key {key_id(public_key(key)).hex()}: keep {private} secret, give {public} to trackers and servers.")


def sign(request: SignRequest) -> None:
    """Write the signed manifest. UsageError when the image, the key or a value cannot be used."""
    image = _read(request.image, IMAGE_MOST_BYTES)
    key = read_private(request.key)
    try:
        manifest = Manifest(
            kind=_kind(request.kind),
            product=request.product,
            version=request.version,
            size_bytes=len(image),
            sha256=hashlib.sha256(image).digest(),
            battery_percent=request.battery_percent,
            published_s=int(time.time()),
            notes=request.notes,
            over=request.over,
        )
    except ManifestError as error:
        given = f"{request.product} {request.version}"
        raise UsageError(ErrorCode.USAGE_SOURCE, given=given, reason=f"{error.detail}; {_HOW_TO_NAME}") from error
    output = request.output or request.image.with_name(request.image.name + ".release")
    try:
        output.write_bytes(signed_with(manifest, key))
    except OSError as error:
        raise UsageError(ErrorCode.USAGE_OUTPUT, path=str(output), reason=error.strerror or "unknown") from error
    typer.echo(f"{output}: {_line(manifest)}, signed with key {key_id(public_key(key)).hex()}.")


_HOW_TO_NAME = "a model is of a-z, 0-9 and . _ -, a version like 1.4.0"


def publish(signed: Path, image: Path, key: Path, data: Path | None, database: str) -> None:
    """Put a release into the registry. UsageError when it is not signed with this key, or not of this image."""
    raw, content = _read(signed, RELEASE_MOST_BYTES), _read(image, IMAGE_MOST_BYTES)
    try:
        manifest = verified(raw, (read_public(key),))
    except (SignatureError, ManifestError) as error:
        raise UsageError(ErrorCode.USAGE_SOURCE, given=str(signed), reason=error.detail) from error
    if not manifest.fits(content):
        reason = f"is not the image that {signed.name} was signed for"
        raise UsageError(ErrorCode.USAGE_SOURCE, given=str(image), reason=reason)
    try:
        with _registry(data, database) as registry, registry.write() as connection:
            new = releases.add(connection, decode_release(raw), content, time.time())
    except ValueError as error:
        raise UsageError(ErrorCode.USAGE_SOURCE, given=_line(manifest), reason=f"{error}; raise the version") from error
    typer.echo(f"{_line(manifest)} is offered{'' if new else ' already'}.")


def show(data: Path | None, database: str, as_json: bool) -> None:
    """Print the registry."""
    with _registry(data, database) as registry, registry.read() as connection:
        found = releases.list_all(connection, withdrawn=True)
    for one in found:
        manifest = one.manifest
        if as_json:
            line = {
                "kind": manifest.kind,
                "product": manifest.product,
                "version": manifest.version,
                "size": manifest.size_bytes,
                "sha256": manifest.sha256.hex(),
                "battery": manifest.battery_percent,
                "over": manifest.over,
                "notes": manifest.notes,
                "key": one.release.key_id.hex(),
                "published_at": one.published_at,
                "withdrawn_at": one.withdrawn_at,
            }
            typer.echo(json.dumps(line))
        else:
            state = "offered since" if one.withdrawn_at is None else "withdrawn on"
            when = datetime.fromtimestamp(one.withdrawn_at or one.published_at, UTC)
            typer.echo(f"{_line(manifest)}, {manifest.size_bytes:,} bytes, {state} {when:%Y-%m-%d}")
    if not found and not as_json:
        typer.echo("No release is in the registry.")


def withdraw(kind: str, product: str, version: str, data: Path | None, database: str) -> None:
    """Offer a release no more. UsageError when it is not offered."""
    with _registry(data, database) as registry, registry.write() as connection:
        done = releases.withdraw(connection, _kind(kind), product, version, time.time())
    if not done:
        reason = "is not offered; 'unstuck release list' shows what is"
        raise UsageError(ErrorCode.USAGE_SOURCE, given=f"{kind} {product} {version}", reason=reason)
    typer.echo(f"{kind} {product} {version} is offered no more.")


@contextmanager
def _registry(data: Path | None, address: str) -> Iterator[Database]:
    database = open_database(data or default_data(), address)
    try:
        yield database
    finally:
        database.close()


def _kind(given: str) -> ReleaseKind:
    try:
        return ReleaseKind(given)
    except ValueError as error:
        raise UsageError(ErrorCode.USAGE_SOURCE, given=given, reason="is neither firmware nor agent") from error


def _read(file: Path, most_bytes: int) -> bytes:
    try:
        with file.open("rb") as stream:
            data = stream.read(most_bytes + 1)
    except OSError as error:
        reason = error.strerror or "cannot be read"
        raise UsageError(ErrorCode.USAGE_SOURCE, given=str(file), reason=reason) from error
    if not 1 <= len(data) <= most_bytes:
        reason = f"has not 1 to {most_bytes} bytes"
        raise UsageError(ErrorCode.USAGE_SOURCE, given=str(file), reason=reason)
    return data


def _line(manifest: Manifest) -> str:
    return f"{manifest.kind} {manifest.product} {manifest.version}"
