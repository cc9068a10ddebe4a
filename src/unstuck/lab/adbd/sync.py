"""The file service (``sync:``): requests enter, files leave. Reading only; a file that is sent is refused.

A request is four letters and a length, little-endian, then that many bytes (a path). Answers: AOSP ``SYNC.TXT`` and
``file_sync_protocol.h``.
"""

import struct
from collections.abc import Callable

_REQUEST = struct.Struct("<4sI")
_STAT_V1 = struct.Struct("<4sIII")
_STAT_V2 = struct.Struct("<4sIQQIIIIQqqq")
_CHUNK_BYTES = 64 * 1024
"""The longest piece of a file (``SYNC_DATA_MAX``)."""
_PATH_MOST_BYTES = 1024
_REGULAR_FILE = 0o100644
_NO_SUCH_FILE = 2
"""ENOENT, which the second form of STAT carries."""


class SyncService:
    """One ``sync:`` stream. ``file`` gives a file's contents or raises FileNotFoundError."""

    def __init__(self, file: Callable[[str], bytes], modified_s: int = 0) -> None:
        self._file = file
        self._modified_s = modified_s
        self._buffer = bytearray()
        self.over = False
        """The client said QUIT, or something that nobody can answer."""

    def feed(self, data: bytes) -> bytes:
        """What is answered to these bytes."""
        self._buffer += data
        answers = bytearray()
        while len(self._buffer) >= _REQUEST.size and not self.over:
            name, length = _REQUEST.unpack_from(self._buffer)
            if name == b"QUIT":
                self.over = True
            elif length > _PATH_MOST_BYTES:
                answers += _fail("path too long")
                self.over = True
            elif len(self._buffer) < _REQUEST.size + length:
                break
            else:
                path = bytes(self._buffer[_REQUEST.size : _REQUEST.size + length])
                del self._buffer[: _REQUEST.size + length]
                answers += self._answer(name, path.decode("utf-8", "replace"))
        return bytes(answers)

    def _answer(self, name: bytes, path: str) -> bytes:
        try:
            data = self._file(path)
        except FileNotFoundError:
            return self._missing(name)
        if name == b"STAT":
            return _STAT_V1.pack(name, _REGULAR_FILE, len(data), self._modified_s)
        if name in (b"STA2", b"LST2"):
            times = (self._modified_s,) * 3
            return _STAT_V2.pack(name, 0, 1, 1, _REGULAR_FILE, 1, 0, 0, len(data), *times)
        if name == b"RECV":
            pieces = (data[at : at + _CHUNK_BYTES] for at in range(0, len(data), _CHUNK_BYTES))
            sent = b"".join(_REQUEST.pack(b"DATA", len(piece)) + piece for piece in pieces)
            return sent + _REQUEST.pack(b"DONE", 0)
        return self._refuse(name)

    def _missing(self, name: bytes) -> bytes:
        if name == b"STAT":
            return _STAT_V1.pack(name, 0, 0, 0)
        if name in (b"STA2", b"LST2"):
            return _STAT_V2.pack(name, _NO_SUCH_FILE, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
        return _fail("No such file or directory") if name == b"RECV" else self._refuse(name)

    def _refuse(self, name: bytes) -> bytes:
        self.over = True
        return _fail(f"{name.decode('ascii', 'replace')}: not served here")


def _fail(reason: str) -> bytes:
    return _REQUEST.pack(b"FAIL", len(reason)) + reason.encode()
