"""Everything the server refuses, with one stable code, one status and what to do; worded only here."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

KEY_FILE = "second-factor.key"
"""In the data folder; without it no second factor can be read."""


class Code(StrEnum):
    """Stable codes of the API. Never renamed, only added."""

    REQUEST_INVALID = "request.invalid"
    REQUEST_NOT_FOUND = "request.not_found"
    REQUEST_METHOD = "request.method"
    REQUEST_TOO_LARGE = "request.too_large"
    REQUEST_TOO_SLOW = "request.too_slow"
    REQUEST_NOT_CBOR = "request.not_cbor"
    REQUEST_TOO_OFTEN = "request.too_often"
    WINDOW_TOO_LARGE = "window.too_large"
    SERVER_BUSY = "server.busy"
    SERVER_STORAGE = "server.storage"
    SERVER_MAINTENANCE = "server.maintenance"
    SERVER_SECOND_FACTOR_KEY = "server.second_factor_key"
    SERVER_FAULT = "server.fault"
    AGENT_TOO_OLD = "agent.too_old"
    FIRMWARE_TOO_OLD = "firmware.too_old"
    RELEASE_NOT_FOUND = "release.not_found"
    RANGE_NOT_POSSIBLE = "range.not_possible"
    LOGIN_WRONG = "login.wrong"
    LOGIN_SECOND_FACTOR_NEEDED = "login.second_factor_needed"
    LOGIN_SECOND_FACTOR_WRONG = "login.second_factor_wrong"
    LOGIN_CHANGED_MEANWHILE = "login.changed_meanwhile"
    REGISTRATION_CLOSED = "registration.closed"
    ACCOUNT_NAME_TAKEN = "account.name_taken"
    ACCOUNT_NAME_INVALID = "account.name_invalid"
    PASSWORD_WEAK = "password.weak"
    PASSWORD_WRONG = "password.wrong"
    SECOND_FACTOR_ON = "second_factor.on"
    SECOND_FACTOR_NOT_BEGUN = "second_factor.not_begun"
    SECOND_FACTOR_WRONG = "second_factor.wrong"
    TOKEN_MISSING = "token.missing"
    TOKEN_UNKNOWN = "token.unknown"
    TOKEN_EXPIRED = "token.expired"
    TOKEN_SIGNED_OUT = "token.signed_out"
    TOKEN_REVOKED = "token.revoked_by_person"
    TOKEN_REVOKED_PASSWORD = "token.revoked_password_changed"
    TOKEN_REVOKED_SECOND_FACTOR = "token.revoked_second_factor_changed"
    TOKEN_WRONG_KIND = "token.wrong_kind"
    TOKEN_NOT_FOUND = "token.not_found"
    TOKEN_TOO_MANY = "token.too_many"
    CLAIM_REFUSED = "claim.refused"
    CLAIM_TAKEN = "claim.taken"
    TRACKER_NOT_CLAIMED = "tracker.not_claimed"
    TRACKER_RELEASED = "tracker.released"


@dataclass(frozen=True, slots=True)
class Wording:
    """HTTP status and the two sentences a person reads."""

    status: int
    message: str
    what_to_do: str


WORDINGS: Mapping[Code, Wording] = {
    Code.REQUEST_INVALID: Wording(422, "The request is not as the API describes it.", "Compare it with the API page."),
    Code.REQUEST_NOT_FOUND: Wording(404, "There is nothing at this address.", "Check the address."),
    Code.REQUEST_METHOD: Wording(405, "This address does not take this method.", "Use a method the API page names."),
    Code.REQUEST_TOO_LARGE: Wording(413, "The request is too large.", "Send it in smaller parts."),
    Code.REQUEST_TOO_SLOW: Wording(408, "The request did not arrive in time.", "Send it in smaller parts."),
    Code.REQUEST_NOT_CBOR: Wording(422, "The body is not the CBOR this address takes.", "Update the agent."),
    Code.REQUEST_TOO_OFTEN: Wording(429, "Too many requests.", "Wait as long as Retry-After says, then go on."),
    Code.WINDOW_TOO_LARGE: Wording(422, "The span holds too many records for one answer.", "Ask for a shorter span."),
    Code.SERVER_BUSY: Wording(503, "The server is busy.", "Nothing is lost; try again after Retry-After."),
    Code.SERVER_STORAGE: Wording(
        503, "The server cannot write now.", "Nothing is lost; keep the records and try again after Retry-After."
    ),
    Code.SERVER_MAINTENANCE: Wording(
        503, "The server is being maintained.", "Nothing is lost; try again after Retry-After."
    ),
    Code.SERVER_SECOND_FACTOR_KEY: Wording(
        503,
        f"The server cannot read second factors: the file {KEY_FILE} is missing from its data folder, or is another.",
        "Use a recovery code; whoever runs the server must put the file back.",
    ),
    Code.SERVER_FAULT: Wording(500, "A fault of the server.", "Nothing is lost; try again later and report it."),
    Code.AGENT_TOO_OLD: Wording(
        426, "This agent is older than the server accepts.", "Update the agent to the version named in 'minimum'."
    ),
    Code.FIRMWARE_TOO_OLD: Wording(
        426,
        "The tracker's firmware is older than the server supports; its records are taken all the same.",
        "Update the tracker's firmware to the version named in 'minimum': 'unstuck agent --update-firmware'.",
    ),
    Code.RELEASE_NOT_FOUND: Wording(404, "No such release is offered.", "Take one from the list of releases."),
    Code.RANGE_NOT_POSSIBLE: Wording(416, "The image has no such bytes.", "Ask from an offset below its size."),
    Code.LOGIN_WRONG: Wording(401, "Name or password is wrong.", "Check both and try again."),
    Code.LOGIN_SECOND_FACTOR_NEEDED: Wording(
        401, "A second factor is needed.", "Send the code of the authenticator app, or a recovery code."
    ),
    Code.LOGIN_SECOND_FACTOR_WRONG: Wording(
        401, "The second factor is wrong or was used already.", "Wait for the next code, or use a recovery code."
    ),
    Code.LOGIN_CHANGED_MEANWHILE: Wording(
        409, "The password or second factor changed in the same moment.", "Sign in again."
    ),
    Code.REGISTRATION_CLOSED: Wording(
        403, "This server takes no new accounts.", "Ask the person who runs it to open registration."
    ),
    Code.ACCOUNT_NAME_TAKEN: Wording(409, "This name cannot be had.", "Choose another name."),
    Code.ACCOUNT_NAME_INVALID: Wording(
        422, "The name is not possible.", "Use 3 to 64 of a-z, 0-9 and @ . _ + -, beginning with a letter or digit."
    ),
    Code.PASSWORD_WEAK: Wording(
        422, "The password is too easy to guess.", "Use 12 to 256 characters, five different ones, without your name."
    ),
    Code.PASSWORD_WRONG: Wording(403, "The password is wrong.", "Type the present password of this account."),
    Code.SECOND_FACTOR_ON: Wording(409, "A second factor is on already.", "Turn it off before setting up another."),
    Code.SECOND_FACTOR_NOT_BEGUN: Wording(409, "No second factor is being set up.", "Begin the set-up first."),
    Code.SECOND_FACTOR_WRONG: Wording(
        403, "The code is wrong or was used already.", "Check the clock of the phone and take the next code."
    ),
    Code.TOKEN_MISSING: Wording(401, "A token is needed.", "Sign in, and send 'Authorization: Bearer TOKEN'."),
    Code.TOKEN_UNKNOWN: Wording(401, "The token is not known.", "Sign in again."),
    Code.TOKEN_EXPIRED: Wording(401, "The login has expired.", "Sign in again."),
    Code.TOKEN_SIGNED_OUT: Wording(401, "This login was signed out.", "Sign in again."),
    Code.TOKEN_REVOKED: Wording(
        401, "The login was revoked by the account's owner.", "Sign in again if this device is yours."
    ),
    Code.TOKEN_REVOKED_PASSWORD: Wording(
        401, "The login was revoked because the password was changed.", "Sign in again with the new password."
    ),
    Code.TOKEN_REVOKED_SECOND_FACTOR: Wording(
        401,
        "The login was revoked because a second factor was set up.",
        "Sign in again with the password and a code.",
    ),
    Code.TOKEN_WRONG_KIND: Wording(
        403, "This token may not do that.", "People sign in for account matters; agents use a device token to upload."
    ),
    Code.TOKEN_NOT_FOUND: Wording(404, "This account has no such token.", "List the tokens and take an id from there."),
    Code.TOKEN_TOO_MANY: Wording(409, "This account has too many tokens.", "Revoke those that are not used any more."),
    Code.CLAIM_REFUSED: Wording(
        403, "The code does not fit this tracker.", "Type the code exactly as the tracker shows it."
    ),
    Code.CLAIM_TAKEN: Wording(
        409, "The tracker belongs to another account.", "Release it in that account first, then claim it again."
    ),
    Code.TRACKER_NOT_CLAIMED: Wording(
        403, "No tracker of this id is claimed by this account.", "Claim it with the code that the tracker shows."
    ),
    Code.TRACKER_RELEASED: Wording(
        403, "This account has released the tracker; it takes no more records.", "Claim it again to go on."
    ),
}


class Refusal(Exception):  # noqa: N818 - a refusal is an answer, not a fault
    """A request is refused; ``retry_after_s`` in seconds where waiting helps, ``extra`` joins the body."""

    def __init__(self, code: Code, *, retry_after_s: float | None = None, extra: Mapping[str, object] | None = None):
        self.code = code
        self.wording = WORDINGS[code]
        self.retry_after_s = retry_after_s
        self.extra = dict(extra or {})
        super().__init__(str(code))

    def body(self) -> dict[str, object]:
        """The one JSON shape of every error."""
        return {
            "code": str(self.code),
            "message": self.wording.message,
            "what_to_do": self.wording.what_to_do,
            **self.extra,
        }
