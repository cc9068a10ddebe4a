"""Causes nothing could speak about, each with the easiest way to check it that was not used yet."""

from collections.abc import Iterable, Mapping

from unstuck.doctor.knowledge.schema import EvidenceKind, Knowledge
from unstuck.doctor.reasoning.questions import unchecked_causes, what_would_settle
from unstuck.model.diagnosis import State, Unchecked
from unstuck.model.worded import worded

_TRACES = frozenset({"btsnoop", "btsnooz", "packetlogger", "pcap", "pcapng"})
_OWN_CHAIN = frozenset({"chain", "chain server"})
_NOT_ANDROID = frozenset({"takeout", "answers", "unknown", "bluez", "iphone"})

_OF_VENDORS = frozenset({EvidenceKind.BUGREPORT, EvidenceKind.TAKEOUT})
"""Evidence of a vendor's app and cloud: our own chain has neither."""

_HOW = {
    EvidenceKind.BUGREPORT: worded("an Android bug report shows it (unstuck diagnose bugreport.zip)"),
    EvidenceKind.TAKEOUT: worded("a Takeout export shows it (unstuck diagnose takeout.zip)"),
    EvidenceKind.HCI: worded("a Bluetooth log of the phone shows it (unstuck diagnose btsnoop_hci.log)"),
}
_EASIEST = (EvidenceKind.BUGREPORT, EvidenceKind.TAKEOUT, EvidenceKind.HCI)
"""A bug report takes minutes and shows most; an export takes hours; a log must be switched on before it happens."""


def evidence_given(kinds: Iterable[str]) -> frozenset[EvidenceKind]:
    """Which kinds of evidence the sources (SourceInfo.kind) were."""
    given = set()
    for kind in kinds:
        if kind in _TRACES:
            given.add(EvidenceKind.HCI)
        elif kind == "takeout":
            given.add(EvidenceKind.TAKEOUT)
        elif kind in _OWN_CHAIN:
            given.add(EvidenceKind.CHAIN)
        elif kind not in _NOT_ANDROID:
            given.add(EvidenceKind.BUGREPORT)
    return frozenset(given)


def unchecked(
    knowledge: Knowledge, states: Mapping[str, State], given: frozenset[EvidenceKind], system: str
) -> tuple[Unchecked, ...]:
    """The list for the report. ``system`` is ``iphone`` where bug reports of Android cannot be had."""
    rows = []
    for cause_id in unchecked_causes(knowledge, states):
        cause = knowledge.causes[cause_id]
        usable = [
            kind
            for kind in _EASIEST
            if kind in what_would_settle(knowledge, cause_id)
            and kind not in given
            and not (kind is EvidenceKind.BUGREPORT and system == "iphone")
            and not (kind in _OF_VENDORS and EvidenceKind.CHAIN in given)
        ]
        rows.append(Unchecked(cause_id, cause.title, _HOW[usable[0]] if usable else cause.how_to_check))
    return tuple(rows)
