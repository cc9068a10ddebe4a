"""Why an attempt ended as it did: a stable code, what it means for the data, what to do. Worded here only."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Side(StrEnum):
    """The two boundaries the agent works at. Trouble at one does not stop the other."""

    DRAIN = "drain"
    UPLOAD = "upload"


class Outcome(StrEnum):
    """How one attempt ended. Stable codes; ``SYNCED`` and ``NOTHING_NEW`` are success, all else is not."""

    SYNCED = "synced"
    NOTHING_NEW = "nothing_new"
    # the way to the tracker
    TRACKER_SILENT = "tracker.silent"
    TRACKER_REFUSED = "tracker.refused"
    TRACKER_UNREADABLE = "tracker.unreadable"
    TRACKER_OTHER = "tracker.other"
    TRACKER_ERASED = "tracker.erased"
    TRIM_HELD_BACK = "tracker.trim_held_back"
    # Bluetooth
    BLUETOOTH_OFF = "bluetooth.off"
    BLUETOOTH_DENIED = "bluetooth.denied"
    BLUETOOTH_ABSENT = "bluetooth.absent"
    BLUETOOTH_FAILED = "bluetooth.failed"
    TRACKER_NOT_HEARD = "bluetooth.not_heard"
    NOT_CONNECTED = "bluetooth.not_connected"
    LINK_LOST = "bluetooth.link_lost"
    NO_SLOT = "bluetooth.no_slot"
    PAIRING_REFUSED = "bluetooth.pairing_refused"
    KEY_MISSING = "bluetooth.key_missing"
    NO_GATTLINK = "bluetooth.no_gattlink"
    # the phone itself
    JOURNAL_FULL = "journal.disk_full"
    JOURNAL_FAILED = "journal.failed"
    HOST_FORBIDS = "host.forbids"
    # the way to the server
    SERVER_SILENT = "server.silent"
    SERVER_UNREADABLE = "server.unreadable"
    SERVER_FAULT = "server.fault"
    SERVER_BUSY = "server.busy"
    SERVER_MAINTENANCE = "server.maintenance"
    TOKEN_MISSING = "token.missing"
    TOKEN_UNKNOWN = "token.unknown"
    TOKEN_EXPIRED = "token.expired"
    TOKEN_SIGNED_OUT = "token.signed_out"
    TOKEN_REVOKED = "token.revoked_by_person"
    TOKEN_PASSWORD_CHANGED = "token.revoked_password_changed"
    TOKEN_SECOND_FACTOR = "token.revoked_second_factor_changed"
    TOKEN_WRONG_KIND = "token.wrong_kind"
    NOT_CLAIMED = "tracker.not_claimed"
    RELEASED = "tracker.released"
    SERVER_REFUSED = "server.refused"
    TOO_LARGE = "request.too_large"
    AGENT_TOO_OLD = "agent.too_old"
    FIRMWARE_TOO_OLD = "firmware.too_old"
    REJECTED = "server.rejected"
    OTHER_ACCOUNT = "journal.other_account"
    # an update of the tracker's firmware
    UPDATED = "firmware.updated"
    UPDATE_NOT_NEEDED = "firmware.current"
    UPDATE_NOT_NOW = "firmware.not_now"
    UPDATE_ROLLED_BACK = "firmware.rolled_back"
    IMAGE_DAMAGED = "firmware.image_damaged"

    @property
    def good(self) -> bool:
        """Whether the attempt did what it was for."""
        return self in _GOOD

    @property
    def moves(self) -> bool:
        """Whether records move, though not all is well."""
        return self.good or self in _MOVES


_GOOD = (Outcome.SYNCED, Outcome.NOTHING_NEW, Outcome.UPDATED, Outcome.UPDATE_NOT_NEEDED)
_MOVES = (Outcome.TRIM_HELD_BACK, Outcome.REJECTED, Outcome.FIRMWARE_TOO_OLD)


class Retry(StrEnum):
    """When to try again."""

    RHYTHM = "rhythm"
    BACK_OFF = "back_off"
    PERSON = "person"
    """Nothing changes before somebody acts: tried again seldom, and at once on "sync now"."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a person is told: the state, what it means for the data, the next step."""

    state: str
    data: str
    step: str
    retry: Retry


_SAFE_AT_TRACKER = "Nothing is lost: the tracker keeps its records until they are safe here."
_SAFE_HERE = "Nothing is lost: the records wait in this journal."

MEANINGS: Mapping[Outcome, Meaning] = {
    Outcome.SYNCED: Meaning("Synced", "New records moved on.", "", Retry.RHYTHM),
    Outcome.NOTHING_NEW: Meaning("Nothing new", "Everything there was had moved on already.", "", Retry.RHYTHM),
    Outcome.TRACKER_SILENT: Meaning(
        "The tracker does not answer", _SAFE_AT_TRACKER, "Bring it near, and see that it is charged.", Retry.BACK_OFF
    ),
    Outcome.TRACKER_REFUSED: Meaning(
        "The tracker refused a request", _SAFE_AT_TRACKER, "Restart the tracker; its records stay.", Retry.BACK_OFF
    ),
    Outcome.TRACKER_UNREADABLE: Meaning(
        "The tracker's answer could not be read", _SAFE_AT_TRACKER, "Report it with the journal.", Retry.BACK_OFF
    ),
    Outcome.TRACKER_OTHER: Meaning(
        "Another tracker answered", _SAFE_AT_TRACKER, "Check the address of the tracker.", Retry.PERSON
    ),
    Outcome.TRACKER_ERASED: Meaning(
        "The tracker's memory was erased and it counts from the beginning again",
        "What was drained before is safe; new records cannot be told from old ones and stay on the tracker.",
        "Start a new journal for it, and keep the old one until all of it is at the server.",
        Retry.PERSON,
    ),
    Outcome.TRIM_HELD_BACK: Meaning(
        "The tracker was not told to free memory",
        "Nothing is lost, but its memory fills.",
        "Look at the reasons in 'unstuck ledger'.",
        Retry.RHYTHM,
    ),
    Outcome.BLUETOOTH_OFF: Meaning(
        "Bluetooth is off", _SAFE_AT_TRACKER, "Turn Bluetooth on; syncing goes on by itself.", Retry.BACK_OFF
    ),
    Outcome.BLUETOOTH_DENIED: Meaning(
        "This program may not use Bluetooth",
        _SAFE_AT_TRACKER,
        "Allow it in the system's privacy settings.",
        Retry.BACK_OFF,
    ),
    Outcome.BLUETOOTH_ABSENT: Meaning(
        "This device has no Bluetooth that can be used",
        _SAFE_AT_TRACKER,
        "Plug in an adapter, or try with 'unstuck up --virtual'.",
        Retry.BACK_OFF,
    ),
    Outcome.BLUETOOTH_FAILED: Meaning(
        "Bluetooth of this device failed", _SAFE_AT_TRACKER, "Turn Bluetooth off and on.", Retry.BACK_OFF
    ),
    Outcome.TRACKER_NOT_HEARD: Meaning(
        "The tracker was not heard",
        _SAFE_AT_TRACKER,
        "Bring it near, see that it is charged, and that no other phone holds it.",
        Retry.BACK_OFF,
    ),
    Outcome.NOT_CONNECTED: Meaning(
        "The tracker was heard, but no connection came about",
        _SAFE_AT_TRACKER,
        "Bring both close together, away from walls and Wi-Fi routers.",
        Retry.BACK_OFF,
    ),
    Outcome.LINK_LOST: Meaning(
        "The connection to the tracker was lost",
        _SAFE_AT_TRACKER,
        "Bring it back near; the sync goes on where it ended.",
        Retry.BACK_OFF,
    ),
    Outcome.NO_SLOT: Meaning(
        "This device has no room for one more Bluetooth connection",
        _SAFE_AT_TRACKER,
        "Disconnect headphones, car or watch for the time of a sync.",
        Retry.BACK_OFF,
    ),
    Outcome.PAIRING_REFUSED: Meaning(
        "The tracker refused to pair",
        _SAFE_AT_TRACKER,
        "Hold the tracker's button until it opens for pairing, then sync again: it is bonded to another phone.",
        Retry.PERSON,
    ),
    Outcome.KEY_MISSING: Meaning(
        "The tracker has forgotten this device",
        _SAFE_AT_TRACKER,
        "Pair anew ('unstuck agent --pair-again'); its records stay on it.",
        Retry.PERSON,
    ),
    Outcome.NO_GATTLINK: Meaning(
        "What answers at this address is no tracker of ours",
        _SAFE_AT_TRACKER,
        "Check the address.",
        Retry.PERSON,
    ),
    Outcome.JOURNAL_FULL: Meaning(
        "The disk is full", _SAFE_AT_TRACKER, "Free some space; syncing goes on by itself.", Retry.BACK_OFF
    ),
    Outcome.JOURNAL_FAILED: Meaning(
        "The journal cannot be written", _SAFE_AT_TRACKER, "Check the disk and the folder's permissions.", Retry.PERSON
    ),
    Outcome.HOST_FORBIDS: Meaning(
        "This device does not let the agent do it now",
        "Nothing is lost: records stay where they are.",
        "Lift the limit that is named.",
        Retry.BACK_OFF,
    ),
    Outcome.SERVER_SILENT: Meaning(
        "The server cannot be reached", _SAFE_HERE, "Check the network; it is tried again by itself.", Retry.BACK_OFF
    ),
    Outcome.SERVER_UNREADABLE: Meaning(
        "The server's answer could not be read", _SAFE_HERE, "Check that the address is the server's.", Retry.BACK_OFF
    ),
    Outcome.SERVER_FAULT: Meaning(
        "The server failed", _SAFE_HERE, "Nothing to do here; it is tried again.", Retry.BACK_OFF
    ),
    Outcome.SERVER_BUSY: Meaning(
        "The server asks for patience", _SAFE_HERE, "Nothing to do; it is tried again when it said.", Retry.BACK_OFF
    ),
    Outcome.SERVER_MAINTENANCE: Meaning(
        "The server is in maintenance", _SAFE_HERE, "Nothing to do; it is tried again.", Retry.BACK_OFF
    ),
    Outcome.TOKEN_MISSING: Meaning(
        "This agent is not signed in", _SAFE_HERE, "Run 'unstuck account login NAME'.", Retry.PERSON
    ),
    Outcome.TOKEN_UNKNOWN: Meaning(
        "The server does not know this login",
        _SAFE_HERE,
        "Check the server's address, then run 'unstuck account login NAME'.",
        Retry.PERSON,
    ),
    Outcome.TOKEN_EXPIRED: Meaning(
        "The login has expired", _SAFE_HERE, "Run 'unstuck account login NAME'.", Retry.PERSON
    ),
    Outcome.TOKEN_SIGNED_OUT: Meaning(
        "This login was signed out", _SAFE_HERE, "Run 'unstuck account login NAME'.", Retry.PERSON
    ),
    Outcome.TOKEN_REVOKED: Meaning(
        "The login was revoked by the account's owner", _SAFE_HERE, "Run 'unstuck account login NAME'.", Retry.PERSON
    ),
    Outcome.TOKEN_WRONG_KIND: Meaning(
        "This is no device token", _SAFE_HERE, "Run 'unstuck account login NAME'.", Retry.PERSON
    ),
    Outcome.TOKEN_PASSWORD_CHANGED: Meaning(
        "The login was revoked because the password was changed",
        _SAFE_HERE,
        "Run 'unstuck account login NAME' with the new password.",
        Retry.PERSON,
    ),
    Outcome.TOKEN_SECOND_FACTOR: Meaning(
        "The login was revoked because a second factor was set up",
        _SAFE_HERE,
        "Run 'unstuck account login NAME' with the password and a code.",
        Retry.PERSON,
    ),
    Outcome.NOT_CLAIMED: Meaning(
        "The account has not claimed this tracker",
        _SAFE_HERE,
        "Run 'unstuck account claim TRACKER CODE' with the code it shows.",
        Retry.PERSON,
    ),
    Outcome.RELEASED: Meaning(
        "The account has released this tracker", _SAFE_HERE, "Claim it again with the code it shows.", Retry.PERSON
    ),
    Outcome.SERVER_REFUSED: Meaning(
        "The server refused the request", _SAFE_HERE, "Update Unstuck, or report what it said.", Retry.PERSON
    ),
    Outcome.TOO_LARGE: Meaning(
        "The server takes only smaller uploads", _SAFE_HERE, "Nothing to do; smaller ones follow.", Retry.BACK_OFF
    ),
    Outcome.AGENT_TOO_OLD: Meaning(
        "The server no longer takes this version of the agent", _SAFE_HERE, "Update Unstuck.", Retry.PERSON
    ),
    Outcome.FIRMWARE_TOO_OLD: Meaning(
        "The server calls the tracker's firmware too old",
        "Nothing is lost: its records are taken all the same.",
        "Charge the tracker and run 'unstuck agent --update-firmware'.",
        Retry.RHYTHM,
    ),
    Outcome.UPDATED: Meaning("The tracker runs the new firmware", "All its records are safe.", "", Retry.RHYTHM),
    Outcome.UPDATE_NOT_NEEDED: Meaning(
        "No newer firmware is offered for this tracker", "Nothing was changed.", "", Retry.RHYTHM
    ),
    Outcome.UPDATE_NOT_NOW: Meaning(
        "The firmware is not updated now",
        "Nothing is lost, and what was sent of the update stays on the tracker.",
        "Lift what is named, then start the update again.",
        Retry.PERSON,
    ),
    Outcome.UPDATE_ROLLED_BACK: Meaning(
        "The tracker went back to the firmware it had",
        "Nothing is lost: its records stay through the change and back.",
        "Tell the maker of the firmware; the tracker works as before.",
        Retry.PERSON,
    ),
    Outcome.IMAGE_DAMAGED: Meaning(
        "The server's image is not the one that was signed",
        "Nothing was sent to the tracker.",
        "Tell whoever runs the server.",
        Retry.PERSON,
    ),
    Outcome.REJECTED: Meaning(
        "The server rejected some records",
        "They are kept in the journal and sent again once a day.",
        "See which and why in 'unstuck ledger'.",
        Retry.RHYTHM,
    ),
    Outcome.OTHER_ACCOUNT: Meaning(
        "Records in this journal are of another account",
        "Nothing is lost: they wait in this journal and are not sent to the account that is signed in.",
        "Sign in to theirs to send them there, or start the agent with --adopt-journal to send them here.",
        Retry.RHYTHM,
    ),
}


def sentence(outcome: Outcome, detail: str = "") -> str:
    """State, meaning and step in one line; ``detail`` is what the other side said."""
    meaning = MEANINGS[outcome]
    state = f"{meaning.state} ({detail})" if detail else meaning.state
    return " ".join(part for part in (f"{state}.", meaning.data, meaning.step) if part)
