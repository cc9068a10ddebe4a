"""Reading traces in tests: every fact is checked against the vocabulary on the way."""

from collections.abc import Iterable, Iterator

from tests.evidence.hci.builders import Packet, btsnoop
from unstuck.evidence.hci import HciReader
from unstuck.model.evidence import Fact, FactSet, ReaderOptions, Reading
from unstuck.model.vocabulary import violations


def read(data: bytes, path: str = "trace.log", chunk: int = 1 << 20, reader: HciReader | None = None) -> Reading:
    """One trace."""
    reader = reader or HciReader(ReaderOptions())
    reading = reader.read(_chunks(data, chunk), path)
    assert not [one for fact in reading.facts for one in violations(fact)]
    assert all(fact.source == path for fact in reading.facts)
    return reading


def facts(packets: Iterable[Packet]) -> FactSet:
    """Facts of a btsnoop file with these packets."""
    return FactSet(read(btsnoop(packets)).facts)


def only(found: FactSet, name: str) -> Fact:
    """The one fact of this name."""
    matching = found.all(name)
    assert len(matching) == 1, [one.name for one in found]
    return matching[0]


def _chunks(data: bytes, size: int) -> Iterator[bytes]:
    for at in range(0, len(data), size):
        yield data[at : at + size]
