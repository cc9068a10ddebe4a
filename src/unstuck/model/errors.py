"""Errors that carry a stable code and data; the sentence a person reads is made in one place.

The text of each code is in :func:`render`, so that a message is worded once and tests,
JSON and translations can rely on the code.
"""

from collections.abc import Mapping
from enum import StrEnum
from string import Formatter
from typing import Any

from unstuck.model.worded import worded


class ErrorCode(StrEnum):
    """Stable machine codes. Never renamed, only added."""

    # evidence that cannot be read
    SOURCE_MISSING = "source.missing"
    SOURCE_UNREADABLE = "source.unreadable"
    SOURCE_EMPTY = "source.empty"
    SOURCE_UNKNOWN = "source.unknown"
    SOURCE_NOT_HCI = "source.not_hci"
    SOURCE_DAMAGED = "source.damaged"
    SOURCE_TOO_LARGE = "source.too_large"
    SOURCE_CLOCK_JUMP = "source.clock_jump"
    SOURCE_THINNED = "source.thinned"
    SOURCE_NOTHING = "source.nothing"
    SOURCE_DUPLICATE = "source.duplicate"
    SOURCE_REPEATS = "source.repeats"
    SOURCE_NOT_FILE = "source.not_file"
    SOURCE_NO_RECORDS = "source.no_records"
    SOURCE_UNUSABLE = "source.unusable"
    SOURCE_UNRECOGNISED = "source.unrecognised"
    SOURCE_LONG_LINES = "source.long_lines"
    SOURCE_NO_JOURNAL = "source.no_journal"
    CLOCK_MOVED = "clock.moved"
    CLOCK_UNKNOWN = "clock.unknown"
    CLOCK_NO_ZONE = "clock.no_zone"
    ARCHIVE_HOSTILE = "archive.hostile"
    ARCHIVE_DAMAGED = "archive.damaged"
    ARCHIVE_ENCRYPTED = "archive.encrypted"
    HISTORY_INVALID = "history.invalid"
    SESSION_INVALID = "session.invalid"
    CASE_NOTHING = "case.nothing"
    CASE_INCOMPLETE = "case.incomplete"
    # wrong usage
    USAGE_SYMPTOM = "usage.symptom"
    USAGE_TIME = "usage.time"
    USAGE_TOPIC = "usage.topic"
    USAGE_OUTPUT = "usage.output"
    USAGE_SOURCE = "usage.source"
    USAGE_LINK = "usage.link"
    # what may not be done
    FIX_NOT_PERMITTED = "fix.not_permitted"
    # a phone, a computer's Bluetooth or an iPhone as it is now
    LIVE_NO_PROGRAM = "live.no_program"
    LIVE_NO_PHONE = "live.no_phone"
    LIVE_SEVERAL = "live.several"
    LIVE_UNKNOWN = "live.unknown"
    LIVE_NOT_ALLOWED = "live.not_allowed"
    LIVE_OFFLINE = "live.offline"
    LIVE_GONE = "live.gone"
    LIVE_SLOW = "live.slow"
    LIVE_FAILED = "live.failed"
    # the phone agent
    AGENT_JOURNAL = "agent.journal"
    AGENT_USAGE = "agent.usage"
    # the server, as a person meets it
    SERVER_REFUSED = "server.refused"
    SERVER_SILENT = "server.silent"
    SERVER_STRANGE = "server.strange"
    # a fault of ours
    KNOWLEDGE_INVALID = "knowledge.invalid"


_SENTENCES: Mapping[ErrorCode, str] = {
    ErrorCode.SOURCE_MISSING: "{path}: there is no such file or folder; check the spelling.",
    ErrorCode.SOURCE_UNREADABLE: "{path}: cannot be opened ({reason}); check its permissions or copy it again.",
    ErrorCode.SOURCE_EMPTY: "{path}: is empty; record or copy it again.",
    ErrorCode.SOURCE_UNKNOWN: (
        "{path}: is none of the kinds Unstuck can read{hint}; run 'unstuck diagnose' without a source for the list."
    ),
    ErrorCode.SOURCE_NOT_HCI: (
        "{path}: {what}, not what the phone itself saw; record a Bluetooth HCI log on the phone instead."
    ),
    ErrorCode.SOURCE_DAMAGED: "{path}: is damaged at {where} ({reason}); everything before that was read.",
    ErrorCode.SOURCE_TOO_LARGE: "{path}: {reason}; only the part within the limit was read.",
    ErrorCode.SOURCE_NOTHING: (
        "{path}: nothing in it is of a kind Unstuck can read ({count} looked at); "
        "run 'unstuck diagnose' without a source for the list."
    ),
    ErrorCode.SOURCE_DUPLICATE: "{path}: holds the same bytes as {other} and was read once.",
    ErrorCode.SOURCE_REPEATS: "{path}: shows the same events as {other}; they were used once.",
    ErrorCode.SOURCE_NOT_FILE: "{path}: is no ordinary file ({reason}); give a file, a folder or an archive.",
    ErrorCode.SOURCE_NO_RECORDS: "{path}: holds no whole record ({size}); record or copy it again.",
    ErrorCode.SOURCE_UNUSABLE: (
        "{path}: is damaged at {where} ({reason}); nothing of it could be read, record or copy it again."
    ),
    ErrorCode.SOURCE_UNRECOGNISED: "{path}: {count} not recognised: {names}.",
    ErrorCode.SOURCE_LONG_LINES: (
        "{path}: lines longer than {limit}: {count}; only the beginning of each was looked at, the rest passed over."
    ),
    ErrorCode.SOURCE_NO_JOURNAL: (
        "{path}: there is no journal; run 'unstuck up' or 'unstuck agent', or name its folder with --folder."
    ),
    ErrorCode.CLOCK_MOVED: "{path}: its clock is {amount} {side} {other}'s; its times were moved ({how}).",
    ErrorCode.CLOCK_UNKNOWN: (
        "shows no event that another source shows too, and no common time (sources compared: {count}); "
        "its clock was taken as right."
    ),
    ErrorCode.CLOCK_NO_ZONE: (
        "{path}: {what} times without saying their zone; they were read as UTC and may be hours off."
    ),
    ErrorCode.SOURCE_CLOCK_JUMP: (
        "{path}: its clock jumps {step} at {where} (jumps in all: {count}); times before and after do not fit together."
    ),
    ErrorCode.SOURCE_THINNED: "{path}: holds too much to list one by one; {count} of its records are only counted.",
    ErrorCode.ARCHIVE_HOSTILE: (
        "{path}: was not unpacked further ({reason}); unpack it yourself and give the folder if you trust it."
    ),
    ErrorCode.ARCHIVE_DAMAGED: "{path}: the archive is damaged ({reason}); copy it again.",
    ErrorCode.ARCHIVE_ENCRYPTED: "{path}: is locked with a password; unpack it yourself and give the folder.",
    ErrorCode.HISTORY_INVALID: (
        "what was tried cannot be read ({reason}); it was not written by Unstuck, or is damaged."
    ),
    ErrorCode.SESSION_INVALID: (
        "the session that was kept cannot be read ({reason}); begin anew with 'unstuck session --new'."
    ),
    ErrorCode.CASE_NOTHING: "{path}: is no case file, or nothing of it is left ({reason}); ask for it once more.",
    ErrorCode.CASE_INCOMPLETE: "{path}: is incomplete ({reason}); what is left is shown.",
    ErrorCode.USAGE_SYMPTOM: "'{given}' is not a symptom; use one of: {known}.",
    ErrorCode.USAGE_TIME: "'{given}' is not a time; write it like 2026-03-19T20:04 or 2026-03-19T20:04:00Z.",
    ErrorCode.USAGE_TOPIC: (
        "'{given}' is not a cause, fix, finding, question or symptom{hint}; "
        "'unstuck diagnose --list-checks' lists them."
    ),
    ErrorCode.USAGE_OUTPUT: "{path}: cannot be written ({reason}); choose another place.",
    ErrorCode.USAGE_SOURCE: "{given}: {reason}.",
    ErrorCode.USAGE_LINK: "{given}: {reason}.",
    ErrorCode.FIX_NOT_PERMITTED: "{fix}: was not done: {reason}.",
    ErrorCode.LIVE_NO_PROGRAM: "{source}: the program {program} is not here; {what_to_do}.",
    ErrorCode.LIVE_NO_PHONE: "{source}: no phone is connected; {what_to_do}.",
    ErrorCode.LIVE_SEVERAL: "{source}: several phones are connected; say which with --phone, one of: {known}.",
    ErrorCode.LIVE_UNKNOWN: "{source}: no phone with serial {serial} is connected; connected: {known}.",
    ErrorCode.LIVE_NOT_ALLOWED: (
        "{serial}: the phone has not allowed this computer to look; "
        "unlock it, tap {button} on its screen, and try again."
    ),
    ErrorCode.LIVE_OFFLINE: "{serial}: the phone is connected and does not answer; {what_to_do}.",
    ErrorCode.LIVE_GONE: "{serial}: the phone went away while {doing}; what came before was read.",
    ErrorCode.LIVE_SLOW: "{serial}: did not answer '{doing}' within {limit}; the rest was read.",
    ErrorCode.LIVE_FAILED: "{source}: {reason}.",
    ErrorCode.AGENT_JOURNAL: "the agent's journal: {reason}.",
    ErrorCode.AGENT_USAGE: "{given}: {reason}.",
    ErrorCode.SERVER_REFUSED: "{address}: {message}; {what_to_do}.",
    ErrorCode.SERVER_SILENT: "{address}: does not answer ({reason}); check the address, the network and the server.",
    ErrorCode.SERVER_STRANGE: "{address}: is no Unstuck server, or another version ({reason}); check the address.",
    ErrorCode.KNOWLEDGE_INVALID: (
        "the knowledge is inconsistent: {reason}; this is a fault of Unstuck, please report it."
    ),
}


class UnstuckError(Exception):
    """Root of every error of ours.

    ``code`` is stable; ``data`` holds what the sentence needs, as text. Path and excerpts in
    ``data`` may be personal: render through the redactor before they leave the machine.
    """

    def __init__(self, code: ErrorCode, **data: str) -> None:
        self.code = code
        self.data: Mapping[str, str] = data
        super().__init__(render(code, data))

    def __reduce__(self) -> tuple[Any, ...]:
        """So that it comes over whole from another process."""
        return _raised, (type(self), dict(self.__dict__), self.args)


class EvidenceError(UnstuckError):
    """A source could not be read, in whole or from some point on."""


class LiveError(UnstuckError):
    """A phone or a radio could not be asked; ``code`` says why."""


class UsageError(UnstuckError):
    """The person asked for something that does not exist."""


class NotPermittedError(UnstuckError):
    """An act that the plan, the harm gate or the person does not allow."""


class KnowledgeError(UnstuckError):
    """The knowledge shipped with the project contradicts itself."""


def _raised(kind: type[UnstuckError], state: dict[str, Any], args: tuple[Any, ...]) -> UnstuckError:
    error = kind.__new__(kind)
    error.__dict__.update(state)
    error.args = args
    return error


def render(code: ErrorCode, data: Mapping[str, str]) -> str:
    """The one sentence for a person: what is wrong, with what, what to do."""
    sentence = _SENTENCES[code]
    blank = dict.fromkeys((name for _, name, _, _ in Formatter().parse(sentence) if name), "")
    return worded(sentence, **{**blank, **data})
