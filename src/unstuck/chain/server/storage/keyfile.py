"""The key for sealed secrets: a file of its own in the data folder, for nobody else to read, not in the database."""

import logging
import os
from collections.abc import Callable
from pathlib import Path

from unstuck.chain.durable import sync_folder
from unstuck.chain.server.domain.refusals import KEY_FILE
from unstuck.chain.server.domain.sealing import KEY_BYTES, NONCE_BYTES, Sealer, is_sealed
from unstuck.chain.server.storage import accounts
from unstuck.chain.server.storage.database import Database
from unstuck.model.errors import ErrorCode, UsageError

_LOG = logging.getLogger("unstuck.server")


def sealer_in(data: Path, database: Database, random_bytes: Callable[[int], bytes]) -> Sealer:
    """The sealer of a server; secrets of an older layout are sealed now.

    The key is made when nothing is sealed yet. Is it gone later, none takes its place: it would open nothing, and
    the server runs without (second factors are refused, recovery codes work).

    Raises:
        UsageError: The file cannot be read or written, or holds no key.
    """
    file = data / KEY_FILE
    with database.write() as connection:
        stored = accounts.secrets(connection)
        key = _read(file)
        if key is None and any(is_sealed(secret) for one in stored for secret in one.fields.values()):
            _LOG.error("%s is missing: second factors are refused until it is put back", file)
            return Sealer()
        sealer = Sealer(key or _make(file, random_bytes(KEY_BYTES)))
        for one in stored:
            plain = {name: secret for name, secret in one.fields.items() if not is_sealed(secret)}
            sealed = {
                name: sealer.seal(one.public_id, secret, random_bytes(NONCE_BYTES)) for name, secret in plain.items()
            }
            if sealed:
                accounts.change(connection, one.id, **sealed)
    return sealer


def _read(file: Path) -> bytes | None:
    try:
        key = bytes.fromhex(file.read_text(encoding="ascii"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or "holds no key"
        raise UsageError(ErrorCode.USAGE_SOURCE, given=str(file), reason=reason) from error
    if len(key) != KEY_BYTES:
        raise UsageError(ErrorCode.USAGE_SOURCE, given=str(file), reason="holds no key")
    return key


def _make(file: Path, key: bytes) -> bytes:
    """On the disk before anything is sealed with it."""
    draft = file.with_name(file.name + ".new")
    try:
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as stream:
            stream.write(key.hex())
            stream.flush()
            os.fsync(stream.fileno())
        draft.replace(file)
        sync_folder(file.parent)
    except OSError as error:
        raise UsageError(ErrorCode.USAGE_OUTPUT, path=str(file), reason=error.strerror or "unknown") from error
    return key
