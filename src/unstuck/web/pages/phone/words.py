"""What the page's scripts say, in this person's words: outcomes of attempts, headlines, counts."""

from collections.abc import Mapping

from unstuck.chain.phone.reasons import MEANINGS, Outcome
from unstuck.web.pages.base.i18n import Words, noop

_SAFE_AT_TRACKER = noop("Nothing is lost: the tracker keeps its records until they are safe here.")
_SAFE_HERE = noop("Nothing is lost: the records wait in this browser.")
_SIGN_IN_ANEW = noop("Sign in, then let this browser upload again.")

_HERE: Mapping[str, tuple[str, str, str]] = {
    "bluetooth.not_chosen": (
        noop("No tracker was chosen"),
        _SAFE_AT_TRACKER,
        noop("Bring it near, see that it is charged and that no other phone holds it, then choose it in the list."),
    ),
    Outcome.BLUETOOTH_DENIED: (
        noop("This page may not use Bluetooth"),
        _SAFE_AT_TRACKER,
        noop("Allow it in the browser's settings for this site, and in the system's for the browser."),
    ),
    Outcome.TRACKER_OTHER: (
        noop("Another tracker answered"),
        _SAFE_AT_TRACKER,
        noop('Choose the right one in the list, or "a new one" above it.'),
    ),
    Outcome.TRACKER_ERASED: (
        noop("The tracker's memory was erased and it counts from the beginning again"),
        noop("What was drained before is safe; new records cannot be told from old ones and stay on the tracker."),
        noop("Upload what waits, remove everything from this browser, then start again."),
    ),
    Outcome.TRACKER_UNREADABLE: (
        noop("The tracker's answer could not be read"),
        _SAFE_AT_TRACKER,
        noop("Try again; if it stays so, tell whoever runs this site."),
    ),
    Outcome.TRIM_HELD_BACK: (
        noop("The tracker was not told to free memory"),
        noop("Nothing is lost, but its memory fills."),
        noop("The reason is in the log below."),
    ),
    Outcome.NO_GATTLINK: (
        noop("This device is no tracker that speaks Gattlink"),
        _SAFE_AT_TRACKER,
        noop("Choose another one in the list."),
    ),
    Outcome.PAIRING_REFUSED: (
        noop("The tracker refused to pair"),
        _SAFE_AT_TRACKER,
        noop(
            "Hold its button until it opens for pairing; if the system still lists it, remove it in the Bluetooth "
            "settings."
        ),
    ),
    Outcome.JOURNAL_FULL: (
        noop("This browser has no room left"),
        _SAFE_AT_TRACKER,
        noop("Free some space on this device, then start again."),
    ),
    Outcome.JOURNAL_FAILED: (
        noop("This browser could not keep the records"),
        _SAFE_AT_TRACKER,
        noop("Leave private browsing, close other tabs of this page, reload, then start again."),
    ),
    Outcome.SERVER_SILENT: (
        noop("The server cannot be reached"),
        _SAFE_HERE,
        noop("It is tried again when this device is online."),
    ),
    Outcome.SERVER_UNREADABLE: (
        noop("The server's answer could not be read"),
        _SAFE_HERE,
        noop("Sign in to the network first if it asks for that, then try again."),
    ),
    Outcome.TOKEN_MISSING: (noop("This browser may not upload"), _SAFE_HERE, _SIGN_IN_ANEW),
    Outcome.TOKEN_UNKNOWN: (noop("The server does not know this browser's token"), _SAFE_HERE, _SIGN_IN_ANEW),
    Outcome.TOKEN_EXPIRED: (noop("This browser's token has expired"), _SAFE_HERE, _SIGN_IN_ANEW),
    Outcome.TOKEN_SIGNED_OUT: (noop("This browser's token was signed out"), _SAFE_HERE, _SIGN_IN_ANEW),
    Outcome.TOKEN_REVOKED: (noop("This browser's token was revoked in the settings"), _SAFE_HERE, _SIGN_IN_ANEW),
    Outcome.TOKEN_WRONG_KIND: (noop("This is no token of a device"), _SAFE_HERE, _SIGN_IN_ANEW),
    Outcome.TOKEN_PASSWORD_CHANGED: (
        noop("This browser's token was revoked because the password was changed"),
        _SAFE_HERE,
        _SIGN_IN_ANEW,
    ),
    Outcome.TOKEN_SECOND_FACTOR: (
        noop("This browser's token was revoked because a second factor was set up"),
        _SAFE_HERE,
        _SIGN_IN_ANEW,
    ),
    Outcome.NOT_CLAIMED: (
        noop("The account has not claimed this tracker"),
        _SAFE_HERE,
        noop("Claim it in the settings with the code that it shows."),
    ),
    Outcome.SERVER_REFUSED: (
        noop("The server refused the request"),
        _SAFE_HERE,
        noop("Reload this page; if it stays so, tell whoever runs this site."),
    ),
    Outcome.AGENT_TOO_OLD: (
        noop("The server no longer takes this version of the page"),
        _SAFE_HERE,
        noop("Reload this page while online."),
    ),
    Outcome.FIRMWARE_TOO_OLD: (
        noop("The server calls the tracker's firmware too old"),
        noop("Nothing is lost: its records are taken all the same."),
        noop("Update it with the agent on a computer; a page cannot do that."),
    ),
    Outcome.REJECTED: (
        noop("The server rejected some records"),
        noop("They are kept in this browser and sent again once a day."),
        noop("The reason is in the log below."),
    ),
    Outcome.OTHER_ACCOUNT: (
        noop("Records in this browser are of another account"),
        noop("Nothing is lost: they wait here and are not sent to the account that is signed in."),
        noop("Sign in to theirs and let this browser upload to it."),
    ),
}
"""Where the agent's words name commands or a journal, or there is no such case with the agent."""

_AS_THE_AGENT = (
    Outcome.SYNCED, Outcome.NOTHING_NEW, Outcome.TRACKER_SILENT, Outcome.TRACKER_REFUSED, Outcome.BLUETOOTH_FAILED,
    Outcome.NOT_CONNECTED, Outcome.LINK_LOST, Outcome.SERVER_FAULT, Outcome.SERVER_BUSY, Outcome.SERVER_MAINTENANCE,
    Outcome.RELEASED, Outcome.TOO_LARGE,
)  # fmt: skip

_SAID = {
    "choosing": noop("Choose the tracker in the browser's list."),
    "connecting": noop("Connecting ..."),
    "draining": noop("The records come over. Keep this page open and the tracker near."),
    "waiting": noop("The link was lost; it is tried again in a moment."),
    "uploading": noop("What waits goes to the server ..."),
    "progress": noop("%(done)s of %(all)s records"),
    "moved": noop("%(kilobytes)s kB over Bluetooth"),
    "ready": noop("Ready."),
    "all_safe": noop("Everything this browser took over is at the server."),
    "waits": noop("%(records)s wait here for the server."),
    "not_persistent": noop(
        "This browser has not promised to keep what pages store. So the tracker frees only what the server has."
    ),
    "not_alone": noop(
        "This page is open in another tab. This one drains too, but the tracker is not told to free memory."
    ),
    "not_sound": noop(
        "What is kept here is damaged. It is uploaded as far as it can be read; the tracker frees nothing."
    ),
    "missing": noop("This browser has no Web Bluetooth."),
    "missing_step": noop(
        "It exists in Chrome, Edge and Opera on Android, Windows, macOS and ChromeOS; on Linux behind a switch. "
        "No browser on an iPhone has it, nor has Firefox or Safari."
    ),
    "insecure": noop("This address is not secure, so the browser gives no Bluetooth."),
    "insecure_step": noop("Open the page by https, or on the server's own machine by localhost."),
    "off": noop("Bluetooth is off, or this device has none."),
    "off_step": noop("Turn it on; this page notices."),
    "uploads_to": noop('This browser uploads to the account %(name)s, as the device "%(device)s".'),
    "uploads_to_other": noop("But you are signed in as %(name)s."),
    "elsewhere": noop("%(records)s of the account %(name)s wait; they go to that account only."),
    "unnamed": noop("another account"),
    "sure": noop("Remove everything that this page keeps in this browser?"),
    "sure_waiting": noop("%(records)s are only here and would be lost. Remove everything all the same?"),
    "drain": noop("Tracker to browser"),
    "upload": noop("Browser to server"),
    "on_tracker": noop("on the tracker only"),
    "here": noop("wait in this browser"),
    "server": noop("at the server"),
    "any": noop("a new one, or whichever answers"),
    "started": noop("Make it so"),
    "made_not": noop("The token was not made."),
}


def outcome_words(words: Words) -> dict[str, tuple[str, str, str]]:
    """State, meaning for the data, next step; by the code of the outcome."""
    agent = {
        str(one): (MEANINGS[one].state, MEANINGS[one].data.replace("this journal", "this browser"), MEANINGS[one].step)
        for one in _AS_THE_AGENT
    }
    found = {**agent, **{str(code): texts for code, texts in _HERE.items()}}
    return {
        code: (_told(words, one), _told(words, two), _told(words, three)) for code, (one, two, three) in found.items()
    }


def said(words: Words) -> dict[str, str]:
    """All other texts; ``%(name)s`` is filled in by the scripts."""
    return {key: _told(words, text) for key, text in _SAID.items()}


def counted(words: Words) -> tuple[str, str]:
    """ "1 record" and "2 records" with ``%(n)s`` for the number."""
    forms = [words.catalogue.ngettext("%(n)s record", "%(n)s records", number) for number in (1, 2)]
    return forms[0], forms[1]


def _told(words: Words, text: str) -> str:
    return words.catalogue.gettext(text) if text else ""
