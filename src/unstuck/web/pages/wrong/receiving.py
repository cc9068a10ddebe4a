"""An upload piece by piece: what comes over the wire enters, files in a private folder leave. Bounded throughout."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import BinaryIO

from anyio import to_thread
from fastapi import Request
from starlette.requests import ClientDisconnect

from unstuck.chain.server.domain.refusals import Code, Refusal
from unstuck.web.pages.base import security
from unstuck.web.pages.base.visit import ForeignFormError, Visit
from unstuck.web.pages.bench import Bench, Room
from unstuck.web.pages.wrong.multipart import (
    FIELD_MOST_BYTES,
    Data,
    Multipart,
    MultipartError,
    Part,
    boundary_of,
    safe_name,
)

_WRITE_BYTES = 2**20
"""Pieces in which an upload is written: a thread is asked once for each."""
_FORM_ROOM_BYTES = 64 * 2**10
"""What a form with files may have beside them."""


def check_length(request: Request, bench: Bench) -> None:
    """Refusal: it says itself that it is too large. What it does not say is counted as it comes."""
    length = request.headers.get("Content-Length", "")
    if length.isdecimal() and int(length) > bench.limits.account_bytes + _FORM_ROOM_BYTES:
        raise Refusal(Code.REQUEST_TOO_LARGE)


async def receive(visit: Visit, request: Request, bench: Bench, folder: Path, room: Room) -> tuple[str, ...]:
    """Names of the files, which are in the folder then. Refusal, ForeignFormError: they are not."""
    limits = bench.limits
    try:
        form = Multipart(boundary_of(request.headers.get("Content-Type", "")))
    except MultipartError as error:  # nothing in it could prove that it is ours
        raise ForeignFormError from error
    try:
        writer = _Writer(visit, folder, room, limits.file_bytes, limits.files)
        try:
            async for piece in _pieces(request, limits.silence_s):
                for event in form.feed(piece):
                    await writer.take(event)
        finally:
            await writer.close()
    except MultipartError as error:
        raise Refusal(Code.REQUEST_INVALID) from error
    except TimeoutError as error:
        raise Refusal(Code.REQUEST_TOO_SLOW) from error
    except ClientDisconnect as error:
        raise Refusal(Code.REQUEST_INVALID) from error
    if not form.ended:
        raise Refusal(Code.REQUEST_INVALID)
    writer.check_proof()
    return tuple(writer.names)


async def _pieces(request: Request, silence_s: float) -> AsyncIterator[bytes]:
    stream = aiter(request.stream())
    while True:
        async with asyncio.timeout(silence_s):
            piece = await anext(stream, None)
        if piece is None:
            return
        yield piece


class _Writer:
    """Puts the parts of a form where they belong; no file is begun before the form is proven to be ours."""

    def __init__(self, visit: Visit, folder: Path, room: Room, file_bytes: int, files: int) -> None:
        self.names: list[str] = []
        self._visit = visit
        self._folder = folder
        self._room = room
        self._file_bytes = file_bytes
        self._files = files
        self._fields: dict[str, bytes] = {}
        self._field: str | None = None
        self._file: BinaryIO | None = None
        self._size = 0
        self._buffer = bytearray()

    def check_proof(self) -> None:
        """ForeignFormError: the field that proves it is missing or wrong."""
        given = self._fields.get("form", b"").decode("ascii", "replace")
        if self._visit.fresh_form_key or not security.form_token_fits(self._visit.form_key, given):
            raise ForeignFormError

    async def take(self, event: Part | Data) -> None:
        if isinstance(event, Part):
            await self.close()
            if event.file is None:
                self._field = event.name
                self._fields[event.name] = b""
                return
            self.check_proof()
            self._field = None
            if not event.file:  # an input without a choice is sent as an empty file without a name
                return
            if len(self.names) >= self._files:
                raise Refusal(Code.REQUEST_TOO_LARGE)
            name = safe_name(event.file, set(self.names))
            self.names.append(name)
            self._size = 0
            self._file = (self._folder / name).open("xb")
            return
        if self._field is not None:
            self._fields[self._field] += event.data
            if len(self._fields[self._field]) > FIELD_MOST_BYTES or len(self._fields) > 10:
                raise Refusal(Code.REQUEST_INVALID)
        elif self._file is not None:
            self._size += len(event.data)
            if self._size > self._file_bytes:
                raise Refusal(Code.REQUEST_TOO_LARGE)
            self._room.take(len(event.data))
            self._buffer += event.data
            if len(self._buffer) >= _WRITE_BYTES:
                await self._flush()

    async def close(self) -> None:
        """End the file that is being written, if any."""
        if self._file is not None:
            await self._flush()
            self._file.close()
            self._file = None

    async def _flush(self) -> None:
        file, data = self._file, bytes(self._buffer)
        self._buffer.clear()
        if file is not None and data:
            try:
                await to_thread.run_sync(file.write, data)
            except OSError as error:
                raise Refusal(Code.SERVER_STORAGE, retry_after_s=60.0) from error
