"""The reader of HCI traces: chunks of one trace after the other enter, facts leave."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import TYPE_CHECKING

from unstuck.evidence.hci.book import when
from unstuck.model.errors import ErrorCode, EvidenceError, render
from unstuck.model.evidence import ReaderOptions, Reading, SourceInfo

if TYPE_CHECKING:
    from unstuck.evidence.hci.links import Link
    from unstuck.evidence.hci.peers import Known
    from unstuck.evidence.hci.records import Batch, Framer
    from unstuck.evidence.hci.session import Session

BLOCK_BYTES = 4 << 20
"""Bytes read at once: large enough that the arrays pay, small enough that they stay under 60 MB."""

JOIN_GAP_US = 30_000_000
"""Two traces belong together when the second begins at most 30 s after the first ends; Android's own
rotation leaves about a second (1.2 s on a Pixel 8)."""


class HciReader:
    """Reads HCI traces in any container. Give it the traces of one phone in the order of time.

    What is open at the end of one trace and what was learned about devices is used in the next.
    """

    def __init__(self, options: ReaderOptions) -> None:
        self._options = options
        self._open: dict[int, Link] = {}
        self._ended_us: int | None = None
        self._known: dict[str, Known] = {}
        self._names: dict[str, str] = {}

    def read(self, chunks: Iterable[bytes], path: str) -> Reading:
        """One trace. Raises EvidenceError when nothing in it can be read."""
        from unstuck.evidence.hci.containers import no_records, open_container

        read_bytes = 0

        def counted() -> Iterator[bytes]:
            nonlocal read_bytes
            for chunk in chunks:
                read_bytes += len(chunk)
                yield chunk

        blocks = _blocks(counted(), BLOCK_BYTES)
        head = next(blocks, b"")
        if not head:
            raise EvidenceError(ErrorCode.SOURCE_EMPTY, path=path)
        framer, rest = open_container(head, path)
        session: Session | None = None
        taken = 0
        for batch in self._wanted_batches(_batches(framer, chain((rest,), blocks))):
            session = session or self._session(batch)
            session.take(batch)
            taken += len(batch)
        if session is None:
            if self._options.until is not None and framer.records:
                return Reading(SourceInfo(path, framer.kind))  # all of it is later than wanted
            if framer.problem is None:
                raise no_records(path, read_bytes)
            where, reason = framer.problem
            raise EvidenceError(ErrorCode.SOURCE_UNUSABLE, path=path, where=where, reason=reason)
        return self._reading(session, framer, path, taken)

    def _wanted_batches(self, batches: Iterable[Batch]) -> Iterator[Batch]:
        """All of them, or those up to ``until``; nothing after the first later record is read."""
        until = self._options.until
        if until is None:
            yield from batches
            return
        until_us = round(until.timestamp() * 1e6)
        for batch in batches:
            later = (batch.time_us > until_us).nonzero()[0]
            if not len(later):
                yield batch
                continue
            if later[0]:
                yield batch.head(int(later[0]))
            return

    def _session(self, first: Batch) -> Session:
        from unstuck.evidence.hci.session import Session

        begins_us = int(first.time_us[0])
        joined = self._ended_us is not None and 0 <= begins_us - self._ended_us <= JOIN_GAP_US
        return Session(dict(self._open) if joined else {}, self._known, self._names)

    def _reading(self, session: Session, framer: Framer, path: str, taken: int) -> Reading:
        self._open = session.finish(self._wanted(session))
        self._ended_us = session.last_us
        span = (when(session.oldest_us), when(session.newest_us))
        thinned = session.adverts.thinned + session.adverts.unlisted + sum(session.book.dropped.values())
        source = SourceInfo(
            path=path,
            kind=framer.kind,
            records=taken,
            span=None if span[0] is None or span[1] is None else (span[0], span[1]),
            skipped=framer.passed_over + thinned,
            problems=tuple(_problems(session, framer, path, thinned)),
        )
        return Reading(source, session.book.facts(path))

    def _wanted(self, session: Session) -> frozenset[str]:
        from unstuck.evidence.hci.wanted import wanted

        peers = session.peers
        seen = chain(session.adverts.addresses(), peers.connected, peers.listed)
        return wanted(self._options.tracker, seen, self._names)


def _problems(session: Session, framer: Framer, path: str, thinned: int) -> Iterator[str]:
    if framer.problem is not None:
        where, reason = framer.problem
        yield render(ErrorCode.SOURCE_DAMAGED, {"path": path, "where": where, "reason": reason})
    for number, step_us in session.jumps:
        step = (
            f"{abs(step_us) / 86_400_000_000:.1f} days"
            if abs(step_us) > 86_400_000_000
            else f"{abs(step_us) / 1e6:.0f} s"
        )
        way = "back" if step_us < 0 else "ahead"
        yield render(
            ErrorCode.SOURCE_CLOCK_JUMP,
            {"path": path, "where": f"packet {number}", "step": f"{step} {way}", "count": str(session.jump_count)},
        )
    if thinned:
        yield render(ErrorCode.SOURCE_THINNED, {"path": path, "count": f"{thinned:,}"})


def _batches(framer: Framer, blocks: Iterable[bytes]) -> Iterator[Batch]:
    for block in blocks:
        yield from framer.feed(block)
        if framer.problem is not None:
            return
    yield from framer.finish()


def _blocks(chunks: Iterable[bytes], size: int) -> Iterator[bytes]:
    """The same bytes in blocks of one size, so that facts do not depend on how they arrive."""
    held: list[bytes] = []
    length = 0
    for chunk in chunks:
        held.append(chunk)
        length += len(chunk)
        if length >= size:
            whole = b"".join(held)
            whole_blocks = length // size * size
            for at in range(0, whole_blocks, size):
                yield whole[at : at + size]
            held, length = [whole[whole_blocks:]], length - whole_blocks
    if length:
        yield b"".join(held)
