"""What an outcome of the agent says about the hops: one row for each, and nothing about outcomes anywhere else.

A row gives the hop and the way that stands still, and the words of the vocabulary by which rules already know such
trouble, so that the agent's 503 counts like any app's. An outcome that has no row closes its side and explains nothing.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from unstuck.chain.phone.reasons import Outcome, Side
from unstuck.model.evidence import Value
from unstuck.model.hop import Hop
from unstuck.model.vocabulary import AGENT

Stated = tuple[str, Value, str]
"""Name, value and subject of a fact."""

OF_TRACKER = "the tracker"
"""Stands for the tracker's id as a subject; whoever knows the id puts it there."""

Word = Callable[[str], tuple[Stated, ...]]
"""What the other side said enters, facts leave."""


@dataclass(frozen=True, slots=True)
class Row:
    """``way``: the way that is closed, as the catalogue's causes name it (link, drain, upload), or any.

    ``sign``: for rules of our own agent where no other word fits: silent, wrong, failed, or empty.
    """

    hop: Hop
    way: str
    word: Word
    sign: str = ""


def _nothing(_: str) -> tuple[Stated, ...]:
    return ()


def _error(kind: str) -> Word:
    """An error of the app, as if its own log had it."""
    return lambda detail: (("app.error", {"kind": kind, "text": detail[:_TEXT_MOST]}, AGENT),)


_TEXT_MOST = 200


def _http(usual: int) -> Word:
    """An HTTP status; ``usual`` where the detail does not begin with the one that came."""

    def word(detail: str) -> tuple[Stated, ...]:
        given = re.match(r"[1-5]\d\d\b", detail)
        return (("app.http", {"status": int(given[0]) if given else usual}, AGENT),)

    return word


def _unreachable(detail: str) -> tuple[Stated, ...]:
    kind = next((kind for kind, signs in _NETWORK_SIGNS.items() if signs.search(detail)), "timeout")
    return _error(kind)(detail)


_NETWORK_SIGNS = {
    "dns": re.compile("(?i)name resolution|name or service|getaddrinfo|nodename"),
    "tls": re.compile("(?i)certificate|tls|ssl"),
}
"""How resolvers and TLS libraries word their failures (glibc, macOS, OpenSSL)."""


def _host(detail: str) -> tuple[Stated, ...]:
    """What the host forbids, where it names a cause of the catalogue."""
    named = re.search(r"\b(?:phone|bluetooth)\.[a-z_]+", detail)
    return _BY_CAUSE.get(named[0], ()) if named else ()


_MAY_NOT_SCAN: Stated = ("app.permission", {"permission": "BLUETOOTH_CONNECT", "granted": False}, AGENT)

_BY_CAUSE: Mapping[str, tuple[Stated, ...]] = {
    "bluetooth.off": (("bluetooth.adapter", "off", ""),),
    "phone.battery_saver": (("power.battery_saver", True, ""),),
    "phone.background_restricted": (
        ("app.op", {"op": "RUN_ANY_IN_BACKGROUND", "mode": "ignore", "level": "package"}, AGENT),
    ),
    "phone.permission_missing": (_MAY_NOT_SCAN,),
    "phone.background_data_off": (("network.app_rejected_metered", True, AGENT),),
    "phone.storage_full": (
        ("phone.storage_low", True, ""),
        ("app.error", {"kind": "storage_full", "text": "no room for what would be fetched"}, AGENT),
    ),
    "phone.app_stopped": (("app.stopped", True, AGENT),),
    "phone.offline": (("network.default", {"present": False, "validated": None, "transport": ""}, ""),),
}
"""Words that state a cause which the host itself names."""

_TOKEN = Row(Hop.SERVER, "upload", _error("auth"))
_ACCOUNT = Row(Hop.SERVER, "upload", _error("account"))
_BAD_ANSWER = Row(Hop.TRACKER, "drain", _nothing, "wrong")
_THROUGH = Row(Hop.SERVER, "any", _nothing)

_OFF: tuple[Stated, ...] = (("bluetooth.adapter", "off", ""),)
_ABSENT: tuple[Stated, ...] = (("bluetooth.adapter", "absent", ""),)
_DENIED: tuple[Stated, ...] = (("bluetooth.scan_denied", True, AGENT), _MAY_NOT_SCAN)
_NO_CLIENT: tuple[Stated, ...] = (("gatt.slots_exhausted", True, AGENT),)
_NO_ROOM: tuple[Stated, ...] = (("link.refused", {"transport": "le", "status": 0x09}, OF_TRACKER),)
_NO_KEY: tuple[Stated, ...] = (("link.encryption_failed", {"handle": None, "status": 0x06}, OF_TRACKER),)
_NO_PAIRING: tuple[Stated, ...] = (("pairing.failed", {"reason": None, "kind": "smp"}, OF_TRACKER),)
_OLD_FIRMWARE: tuple[Stated, ...] = (
    ("app.error", {"kind": "version_refused", "text": "the tracker's firmware"}, AGENT),
)


def _always(stated: tuple[Stated, ...]) -> Word:
    return lambda detail: stated


def _no_slot(detail: str) -> tuple[Stated, ...]:
    """The phone's connections are all taken (0x09), or its places for apps that want one."""
    return _NO_ROOM if "0x09" in detail else _NO_CLIENT


_NOT_HEARD = Row(Hop.BLUETOOTH, "link", _nothing, "silent")

BLUETOOTH_ROWS: Mapping[str, Row] = {
    "bluetooth.off": Row(Hop.BLUETOOTH, "link", _always(_OFF)),
    "bluetooth.denied": Row(Hop.PHONE, "link", _always(_DENIED)),
    "bluetooth.absent": Row(Hop.BLUETOOTH, "any", _always(_ABSENT)),
    "bluetooth.failed": Row(Hop.BLUETOOTH, "link", _nothing, "failed"),
    "bluetooth.not_heard": _NOT_HEARD,
    "bluetooth.not_connected": _NOT_HEARD,
    "bluetooth.link_lost": _NOT_HEARD,
    "bluetooth.no_slot": Row(Hop.BLUETOOTH, "link", _no_slot),
    "bluetooth.pairing_refused": Row(Hop.BLUETOOTH, "link", _always(_NO_PAIRING)),
    "bluetooth.key_missing": Row(Hop.BLUETOOTH, "link", _always(_NO_KEY)),
    "bluetooth.no_gattlink": _BAD_ANSWER,
    "firmware.too_old": Row(Hop.SERVER, "upload", _always(_OLD_FIRMWARE)),
}
"""Outcomes over Bluetooth and of firmware by their codes, which agents with a radio of their own write."""

ROWS: Mapping[Outcome, Row] = {
    Outcome.SYNCED: _THROUGH,
    Outcome.NOTHING_NEW: _THROUGH,
    Outcome.TRIM_HELD_BACK: _THROUGH,
    Outcome.REJECTED: _THROUGH,
    Outcome.TRACKER_SILENT: Row(Hop.BLUETOOTH, "link", _nothing, "silent"),
    Outcome.TRACKER_REFUSED: _BAD_ANSWER,
    Outcome.TRACKER_UNREADABLE: _BAD_ANSWER,
    Outcome.TRACKER_OTHER: Row(Hop.BLUETOOTH, "any", _nothing),
    Outcome.TRACKER_ERASED: Row(Hop.TRACKER, "any", _nothing),
    Outcome.JOURNAL_FULL: Row(Hop.PHONE, "drain", _error("storage_full")),
    Outcome.JOURNAL_FAILED: Row(Hop.PHONE, "drain", _error("database")),
    Outcome.HOST_FORBIDS: Row(Hop.PHONE, "any", _host),
    Outcome.SERVER_SILENT: Row(Hop.SERVER, "upload", _unreachable),
    Outcome.SERVER_UNREADABLE: Row(Hop.SERVER, "upload", _error("unreadable")),
    Outcome.SERVER_FAULT: Row(Hop.SERVER, "upload", _http(500)),
    Outcome.SERVER_BUSY: Row(Hop.SERVER, "upload", _http(503)),
    Outcome.SERVER_MAINTENANCE: Row(Hop.SERVER, "upload", _http(503)),
    Outcome.TOKEN_MISSING: _TOKEN,
    Outcome.TOKEN_UNKNOWN: _TOKEN,
    Outcome.TOKEN_EXPIRED: _TOKEN,
    Outcome.TOKEN_SIGNED_OUT: _TOKEN,
    Outcome.TOKEN_REVOKED: _TOKEN,
    Outcome.TOKEN_PASSWORD_CHANGED: _TOKEN,
    Outcome.TOKEN_SECOND_FACTOR: _TOKEN,
    Outcome.TOKEN_WRONG_KIND: _TOKEN,
    Outcome.NOT_CLAIMED: _ACCOUNT,
    Outcome.RELEASED: _ACCOUNT,
    Outcome.SERVER_REFUSED: Row(Hop.SERVER, "upload", _nothing),
    Outcome.TOO_LARGE: Row(Hop.SERVER, "upload", _nothing),
    Outcome.OTHER_ACCOUNT: Row(Hop.PHONE, "upload", _error("account")),
    Outcome.UPDATED: _THROUGH,
    Outcome.UPDATE_NOT_NEEDED: _THROUGH,
    Outcome.UPDATE_NOT_NOW: Row(Hop.TRACKER, "any", _nothing),
    Outcome.UPDATE_ROLLED_BACK: Row(Hop.TRACKER, "any", _nothing),
    Outcome.IMAGE_DAMAGED: Row(Hop.SERVER, "any", _nothing),
    Outcome.AGENT_TOO_OLD: Row(Hop.SERVER, "upload", _http(426)),
}
"""Every other outcome (tested). A new one needs a line here, and words of the vocabulary where a cause can be named."""

_OTHERS = {Side.DRAIN: Row(Hop.BLUETOOTH, "any", _nothing), Side.UPLOAD: Row(Hop.SERVER, "any", _nothing)}


def row_of(side: Side, outcome: Outcome) -> Row:
    """The row of an attempt that ended so."""
    row = BLUETOOTH_ROWS.get(outcome.value) or ROWS.get(outcome, _OTHERS[side])
    if row.hop is Hop.PHONE and row.way == "drain" and side is Side.UPLOAD:
        return replace(row, way="upload")
    return row
