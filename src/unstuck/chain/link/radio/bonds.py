"""The file of a device's bonds: Bumble's, but on the disk before it counts, and never in the way of a start."""

import json
import os
from pathlib import Path
from typing import Any

from bumble.keys import JsonKeyStore, PairingKeys

from unstuck.chain.durable import sync_folder

_Keys = dict[str, dict[str, Any]]


class Bonds(JsonKeyStore):
    """Bumble's store writes without fsync and raises on what it cannot read. A bond that is gone costs a pairing; a
    device that cannot start costs everything.
    """

    def __init__(self, file: Path) -> None:
        super().__init__(None, str(file))

    async def load(self) -> tuple[dict[str, _Keys], _Keys]:
        """All keys, and those of this device. A damaged file is kept as NAME.damaged and counts as none."""
        try:
            return await self._checked()
        except (ValueError, TypeError, AttributeError, KeyError, RecursionError):
            self.filename.replace(self.filename.with_name(self.filename.name + ".damaged"))
            return await self._checked()

    async def save(self, db: dict[str, _Keys]) -> None:
        """Whole or not at all, for nobody else to read, and so that a power cut does not undo it."""
        self.directory_name.mkdir(parents=True, exist_ok=True)
        draft = self.filename.with_name(self.filename.name + ".tmp")
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as stream:
            json.dump(db, stream, sort_keys=True, indent=4)
            stream.flush()
            os.fsync(stream.fileno())
        draft.replace(self.filename)
        sync_folder(self.directory_name)

    async def _checked(self) -> tuple[dict[str, _Keys], _Keys]:
        """Also what is JSON may be no keys: better found here than by whoever asks for one."""
        db, keys = await super().load()
        for one in keys.values():
            PairingKeys.from_dict(one)
        return db, keys
