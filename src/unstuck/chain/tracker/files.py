"""Where a tracker's memory lies: a folder, or memory that a restart of the process forgets.

The contract that :mod:`unstuck.chain.tracker.memory` is built on: when ``create``, ``append`` or
``remove`` returns, it has happened and stays so without power. When it is cut off, what ``create`` and
``append`` wrote may be there in part, from its beginning on, and everything older is untouched.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Protocol

from unstuck.chain.durable import sync_folder

LOCK_FILE = "lock"
"""Beside the memory; nothing of the memory has such a name."""


class Files(Protocol):
    """Flat, durable files by name."""

    def names(self) -> list[str]:
        """Names of all files, in any order."""

    def read(self, name: str) -> bytes:
        """Everything in a file."""

    def create(self, name: str, data: bytes) -> None:
        """A new file. FileExistsError when there is one."""

    def append(self, name: str, data: bytes) -> None:
        """More at the end of a file. FileNotFoundError when there is none."""

    def remove(self, name: str) -> None:
        """Remove a file; nothing happens when there is none."""


class RamFiles:
    """Files in memory, for virtual time and tests."""

    def __init__(self) -> None:
        self.data: dict[str, bytes] = {}

    def names(self) -> list[str]:
        """Names of all files."""
        return list(self.data)

    def read(self, name: str) -> bytes:
        """Everything in a file."""
        return self.data[name]

    def create(self, name: str, data: bytes) -> None:
        """A new file."""
        if name in self.data:
            raise FileExistsError(name)
        self.data[name] = data

    def append(self, name: str, data: bytes) -> None:
        """More at the end of a file."""
        if name not in self.data:
            raise FileNotFoundError(name)
        self.data[name] += data

    def remove(self, name: str) -> None:
        """Remove a file."""
        self.data.pop(name, None)


class Folder:
    """Files in a folder, each write on disk (fsync) before it returns."""

    def __init__(self, path: Path) -> None:
        path.mkdir(parents=True, exist_ok=True)
        self.path = path

    def names(self) -> list[str]:
        """Names of all files in the folder."""
        return [entry.name for entry in os.scandir(self.path) if entry.is_file()]

    def read(self, name: str) -> bytes:
        """Everything in a file."""
        return (self.path / name).read_bytes()

    def create(self, name: str, data: bytes) -> None:
        """A new file; the folder is synced too, or the name could be gone after a power cut."""
        self._write(name, data, os.O_CREAT | os.O_EXCL)
        sync_folder(self.path)

    def append(self, name: str, data: bytes) -> None:
        """More at the end of a file."""
        self._write(name, data, os.O_APPEND)

    def remove(self, name: str) -> None:
        """Remove a file, durably."""
        (self.path / name).unlink(missing_ok=True)
        sync_folder(self.path)

    def _write(self, name: str, data: bytes, flags: int) -> None:
        handle = os.open(self.path / name, os.O_WRONLY | flags, 0o600)
        try:
            left = memoryview(data)
            while left:
                left = left[os.write(handle, left) :]
            os.fsync(handle)
        finally:
            os.close(handle)


class UsedMemoryError(Exception):
    """Another process runs a tracker on this memory."""


@contextmanager
def one_tracker(path: Path) -> Iterator[None]:
    """Hold a folder for one tracker alone: a second one would take the live segment for a dead one's and remove it.

    It is SQLite's own exclusive lock on an empty file, as the phone agent's lease: the same on every system,
    and given back by the system when the holder dies. UsedMemoryError; OSError when there can be no such file.
    """
    path.mkdir(parents=True, exist_ok=True)
    try:
        lock = sqlite3.connect(path / LOCK_FILE, timeout=0.0, isolation_level=None)
    except sqlite3.Error as fault:
        raise OSError(str(fault)) from fault
    with closing(lock):
        try:
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as fault:
            if fault.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
                raise UsedMemoryError("another tracker uses this memory") from fault
            raise OSError(str(fault)) from fault
        except sqlite3.DatabaseError as fault:
            raise OSError(str(fault)) from fault
        yield
