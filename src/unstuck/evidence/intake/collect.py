"""Everything a person gave, as readings: the files found, told apart, ordered, read once and joined."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from unstuck.evidence.android import reader as android
from unstuck.evidence.hci import HciReader, first_time
from unstuck.evidence.intake import readers
from unstuck.evidence.intake.limits import CHUNK_BYTES, DIGEST_BYTES, HEAD_BYTES, Budget, Limits
from unstuck.evidence.intake.members import Stream
from unstuck.evidence.intake.overlaps import without_repeats
from unstuck.evidence.intake.readers import Reader
from unstuck.evidence.intake.survey import Leaf, Source, Survey
from unstuck.evidence.takeout.reader import TakeoutReader
from unstuck.model.errors import ErrorCode, EvidenceError, render
from unstuck.model.evidence import Attachment, ReaderOptions, Reading, SourceInfo

Progress = Callable[[str, int, int], None]
"""Told what is being done, the bytes done and the bytes there are in all (0 while that is not known)."""

_UNDATED = datetime.max.replace(tzinfo=UTC)
"""Traces without a time are read last: they cannot continue any other."""

_MOST_COPIES_SAID = 3
_MOST_PROBLEMS = 5
"""Sentences of one kind beside a source; more say nothing new."""


def collect(
    sources: Sequence[Path],
    options: ReaderOptions,
    progress: Progress | None = None,
    limits: Limits | None = None,
) -> list[Reading]:
    """Read everything there is to read in files, folders and archives.

    Never raises for bad evidence: what cannot be read comes back as a reading that is not readable, or as a
    sentence in the problems of one that is, and everything else is used. Kinds are told by content.

    Args:
        sources: Files and folders as the person gave them.
        options: Passed on to the readers.
        progress: Called from time to time.
        limits: How much of hostile input is looked at.

    Returns:
        Readings in the order given; those of one source by their place in it.
    """
    run = _Run(options, progress or _silent, Budget(limits or Limits()))
    return run.read(sources)


def collect_as(name: str, path: Path, options: ReaderOptions, progress: Progress) -> list[Reading]:
    """Read what lies at ``path`` only for a moment; in all that is said it is called ``name``."""

    def told(text: str, done_bytes: int, total_bytes: int) -> None:
        progress(text.replace(str(path), name), done_bytes, total_bytes)

    return [renamed(reading, str(path), name) for reading in collect([path], options, told)]


def renamed(reading: Reading, path: str, name: str) -> Reading:
    """The reading as of a source that is called ``name`` wherever its ``path`` stood."""
    facts = tuple(replace(fact, source=fact.source.replace(path, name)) for fact in reading.facts)
    problems = tuple(problem.replace(path, name) for problem in reading.source.problems)
    source = replace(reading.source, path=reading.source.path.replace(path, name), problems=problems)
    return replace(reading, source=source, facts=facts)


def _silent(_text: str, _done_bytes: int, _total_bytes: int) -> None:
    return None


Order = tuple[int, int]
"""Which of the paths given, and which file in it."""


@dataclass(frozen=True, slots=True)
class _Trace:
    """A Bluetooth trace waiting for its turn."""

    starts: datetime
    order: Order
    path: str
    kind: str
    open: Callable[[int], Iterator[bytes]]


class _Run:
    def __init__(self, options: ReaderOptions, progress: Progress, budget: Budget) -> None:
        self._options = options
        self._progress = progress
        self._budget = budget
        self._done_bytes = 0
        self._total_bytes = 0
        self._readings: list[tuple[Order, Reading]] = []
        self._said: dict[str, list[str]] = {}
        self._traces: list[_Trace] = []
        self._export_copies: dict[str, list[str]] = {}

    def read(self, paths: Sequence[Path]) -> list[Reading]:
        survey = Survey(self._budget, lambda path: self._progress(f"looking at {path}", 0, 0))
        surveyed = [survey.of(path) for path in paths]
        self._drop_copies(surveyed)
        self._total_bytes = sum(leaf.size_bytes for source in surveyed for leaf in source.leaves)
        self._read_android(surveyed)
        self._read_takeout(surveyed)
        self._read_hci(surveyed)
        self._add_sources(surveyed)
        self._readings.sort(key=lambda placed: placed[0])
        return [_with_problems(reading, self._said.get(reading.source.path, [])) for _, reading in self._readings]

    def _stream(self, path: str, chunks: Iterator[bytes]) -> Stream:
        def seen(chunk_bytes: int) -> None:
            self._done_bytes += chunk_bytes
            # Claimed sizes may be wrong; never show more done than there is.
            self._progress(f"reading {path}", self._done_bytes, max(self._total_bytes, self._done_bytes))

        return Stream(chunks, seen)

    def _drop_copies(self, surveyed: Sequence[Source]) -> None:
        """Leave out every file whose bytes were already seen, and say so beside the first."""
        first_by_head: dict[bytes, Leaf] = {}
        first_by_whole: dict[bytes, Leaf] = {}
        for source in surveyed:
            kept = []
            for leaf in source.leaves:
                alike = first_by_head.setdefault(leaf.head_digest, leaf)
                first = leaf
                if alike is not leaf:
                    # Only files that begin alike need be read as a whole to be compared.
                    first_by_whole.setdefault(_digest(alike), alike)
                    first = first_by_whole.setdefault(_digest(leaf), leaf)
                if first is leaf:
                    kept.append(leaf)
                    continue
                if leaf.reader is Reader.TAKEOUT:
                    self._export_copies.setdefault(first.path, []).append(leaf.path)
                if leaf.reader is not Reader.TAKEOUT or leaf.place.container.path != first.place.container.path:
                    # Within one export many files are alike, such as empty ones; that is not worth a sentence.
                    self._say_copy(first.path, leaf.path)
            source.leaves = kept

    def _say_copy(self, kept: str, copy: str) -> None:
        said = self._said.setdefault(kept, [])
        if len(said) < _MOST_COPIES_SAID:
            said.append(render(ErrorCode.SOURCE_DUPLICATE, {"path": copy, "other": kept}))

    def _read_android(self, surveyed: Sequence[Source]) -> None:
        seen_attachments: dict[bytes, str] = {}
        for order, leaf in _leaves(surveyed, Reader.ANDROID):
            stream = self._stream(leaf.path, leaf.place.open(CHUNK_BYTES))
            try:
                reading = android.read(stream, leaf.path, self._options)
            except EvidenceError as fault:
                reading = _unreadable(leaf.path, leaf.kind, fault)
            self._readings.append((order, _with_stream_problem(replace(reading, attachments=()), stream)))
            for attachment in reading.attachments:
                self._take(attachment, order, seen_attachments)

    def _take(self, attachment: Attachment, order: Order, seen: dict[bytes, str]) -> None:
        digest = hashlib.blake2b(attachment.data, digest_size=DIGEST_BYTES).digest()
        if digest in seen:
            self._say_copy(seen[digest], attachment.path)
            return
        seen[digest] = attachment.path
        found = readers.recognise(attachment.data[:HEAD_BYTES], attachment.path)
        if found is None or found[0] is not Reader.HCI:
            return
        starts = first_time(attachment.data[:HEAD_BYTES]) or _UNDATED
        self._total_bytes += len(attachment.data)
        self._traces.append(_Trace(starts, order, attachment.path, found[1], lambda _: iter((attachment.data,))))

    def _read_takeout(self, surveyed: Sequence[Source]) -> None:
        """All files of all exports together: an export comes in several archives, and they belong together."""
        wanted = list(_leaves(surveyed, Reader.TAKEOUT))
        if not wanted:
            return
        join = TakeoutReader(self._options)
        problems: list[str] = []
        for path, chunks in _in_passes([leaf for _, leaf in wanted]):
            stream = self._stream(path, chunks)
            join.add(path, stream, self._export_copies.get(path, ()))
            if stream.problem is not None and len(problems) < _MOST_PROBLEMS:
                problems.append(str(stream.problem))
        roots = [source.path for source in surveyed if any(leaf.reader is Reader.TAKEOUT for leaf in source.leaves)]
        path = wanted[0][1].path if len(wanted) == 1 else roots[0]
        if len(roots) > 1:
            path = f"{path} and {len(roots) - 1} more"
        self._readings.append((wanted[0][0], _with_problems(join.reading(path), problems)))

    def _read_hci(self, surveyed: Sequence[Source]) -> None:
        """All traces by the same reader, the oldest first: a connection may begin in one and end in the next."""
        self._traces += [
            _Trace(leaf.starts or _UNDATED, order, leaf.path, leaf.kind, leaf.place.open)
            for order, leaf in _leaves(surveyed, Reader.HCI)
        ]
        if not self._traces:
            return
        join = HciReader(self._options)
        orders: list[Order] = []
        readings: list[Reading] = []
        for trace in sorted(self._traces, key=lambda trace: (trace.starts, trace.order)):
            stream = self._stream(trace.path, trace.open(CHUNK_BYTES))
            try:
                reading = join.read(stream, trace.path)
            except EvidenceError as fault:
                reading = _unreadable(trace.path, trace.kind, fault)
            orders.append(trace.order)
            readings.append(_with_stream_problem(reading, stream))
        self._readings += zip(orders, without_repeats(readings), strict=True)

    def _add_sources(self, surveyed: Sequence[Source]) -> None:
        """What is wrong with a folder or archive itself, beside the files read from it."""
        readable = {order[0] for order, reading in self._readings if reading.source.readable}
        for number, source in enumerate(surveyed):
            problems = tuple(str(fault) for fault in source.faults)
            problems += source.strangers.sentences(source.path, bool(source.leaves) or number in readable)
            if problems:
                info = SourceInfo(source.path, source.kind, problems=problems, readable=number in readable)
                self._readings.append(((number, -1), Reading(info)))


def _leaves(surveyed: Sequence[Source], reader: Reader) -> Iterator[tuple[Order, Leaf]]:
    for number, source in enumerate(surveyed):
        for place, leaf in enumerate(source.leaves):
            if leaf.reader is reader:
                yield (number, place), leaf


def _in_passes(leaves: Sequence[Leaf]) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Path and bytes of each, going through every archive once."""
    by_container: dict[int, list[Leaf]] = {}
    for leaf in leaves:
        by_container.setdefault(id(leaf.place.container), []).append(leaf)
    for together in by_container.values():
        if all(leaf.place.alone is not None for leaf in together):
            for leaf in together:
                yield leaf.path, leaf.place.open(CHUNK_BYTES)
            continue
        wanted = {leaf.place.index: leaf for leaf in together}
        members = together[0].place.container.members()
        while wanted:
            try:
                member = next(members, None)
            except EvidenceError:
                # It was said when the archive was looked at.
                break
            if member is None:
                break
            found = wanted.pop(member.index, None)
            if found is not None:
                yield found.path, member.chunks(CHUNK_BYTES)


def _digest(leaf: Leaf) -> bytes:
    if leaf.is_whole_head:
        return leaf.head_digest
    digest = hashlib.blake2b(digest_size=DIGEST_BYTES)
    for chunk in Stream(leaf.place.open(CHUNK_BYTES)):
        digest.update(chunk)
    return digest.digest()


def _unreadable(path: str, kind: str, fault: EvidenceError) -> Reading:
    return Reading(SourceInfo(path, kind, problems=(str(fault),), readable=False))


def _with_stream_problem(reading: Reading, stream: Stream) -> Reading:
    return reading if stream.problem is None else _with_problems(reading, [str(stream.problem)])


def _with_problems(reading: Reading, problems: Sequence[str]) -> Reading:
    fresh = tuple(problem for problem in problems if problem not in reading.source.problems)
    if not fresh:
        return reading
    return replace(reading, source=replace(reading.source, problems=(*reading.source.problems, *fresh)))
