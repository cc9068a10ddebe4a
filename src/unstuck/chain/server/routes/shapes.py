"""What goes in and out as JSON. Strict where a person types, complete where a program reads."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from unstuck.chain.records import LARGEST
from unstuck.chain.releases import ReleaseKind
from unstuck.chain.server.domain.names import TRACKER_PATTERN
from unstuck.model.records import HoleReason

_MOST_BOOTS = 1000
"""Boots in one ledger: a restart a day for three years."""
_MOST_INTERVALS = 5000
"""Intervals of one boot: a hole every hour for half a year."""

Number = Annotated[int, Field(ge=0, le=LARGEST)]
Interval = Annotated[list[Number], Field(min_length=2, max_length=2)]
Intervals = Annotated[list[Interval], Field(max_length=_MOST_INTERVALS)]
Boot = Annotated[str, Field(pattern=r"^(0|[1-9][0-9]{0,14})$")]
RangesByBoot = Annotated[
    dict[Boot, Intervals], Field(max_length=_MOST_BOOTS, description="[[first, last], ...] by boot")
]
Label = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f]+$")]
Password = Annotated[SecretStr, Field(max_length=1024)]
Code = Annotated[str, Field(max_length=64, pattern=r"^[0-9A-Za-z -]*$")]


class Given(BaseModel):
    """Anything not described is refused: a typing error must not pass unseen."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class Error(BaseModel):
    """Every error."""

    model_config = ConfigDict(extra="allow")
    code: str
    message: str
    what_to_do: str


class Registering(Given):
    """A new account."""

    name: Annotated[str, Field(max_length=200)]
    password: Password


class SigningIn(Registering):
    """``code``: of the authenticator app or a recovery code, when a second factor is on."""

    code: Code | None = None


class NewPassword(Given):
    """The present and the new one."""

    password: Password
    new_password: Password


class PasswordOnly(Given):
    """The present password."""

    password: Password


class CodeOnly(Given):
    """A code of the authenticator app."""

    code: Code


class PasswordAndCode(Given):
    """Both factors."""

    password: Password
    code: Code


class Deleting(Given):
    """The present password, and a code when a second factor is on."""

    password: Password
    code: Code | None = None


class SignedIn(BaseModel):
    """A session."""

    token: str
    expires_at: float


class Me(BaseModel):
    """Whose token it is. ``account`` never changes, and no other account has it, on this server or another."""

    account: str
    name: str


class AccountShape(BaseModel):
    """The account as its owner sees it."""

    name: str
    second_factor: bool
    recovery_codes_left: int


class SecondFactorBegun(BaseModel):
    """To be typed or shown to an authenticator app, and then confirmed."""

    secret: str
    address: str


class RecoveryCodes(BaseModel):
    """Shown once."""

    recovery_codes: list[str]


class NewToken(Given):
    """A name by which a person recognises the device."""

    name: Label


class MadeToken(BaseModel):
    """Shown once."""

    id: str
    token: str


class TokenShape(BaseModel):
    """A token in the list. Times in Unix seconds."""

    id: str
    kind: str
    name: str
    created_at: float
    expires_at: float | None
    last_used_at: float | None
    revoked_at: float | None
    revoked: str | None
    current: bool


class Tokens(BaseModel):
    """The newest first."""

    tokens: list[TokenShape]


class Claim(Given):
    """The code that the tracker shows proves possession."""

    tracker: Annotated[str, Field(pattern=TRACKER_PATTERN)]
    code: Code
    name: Label | None = None


class TrackerShape(BaseModel):
    """A tracker of the account. Times in Unix seconds."""

    tracker: str
    name: str
    claimed_at: float
    released_at: float | None


class Trackers(BaseModel):
    """By id."""

    trackers: list[TrackerShape]


class TrackerState(Given):
    """What the tracker said of itself. ``now``: its clock. ``keeps_s``: how long its memory lasts.

    ``model`` and ``firmware``: for which releases it takes, and the version that runs.
    """

    now: Number
    held: RangesByBoot = {}
    overwritten: RangesByBoot = {}
    keeps_s: Annotated[int, Field(ge=1, le=10 * 366 * 86400)] | None = None
    model: Label | None = None
    firmware: Label | None = None


class PhoneState(Given):
    """What is in the agent's journal and not confirmed durable."""

    held: RangesByBoot = {}


class HopsTold(Given):
    """Either may be left out when it is not known."""

    tracker: TrackerState | None = None
    phone: PhoneState | None = None


class TrackerHop(BaseModel):
    """``told_at`` None: nobody has told."""

    told_at: float | None
    held: dict[str, list[list[int]]]
    overwritten: dict[str, list[list[int]]]


class PhoneHop(BaseModel):
    """All phones together; ``told_at`` the newest."""

    told_at: float | None
    held: dict[str, list[list[int]]]


class ServerHop(BaseModel):
    """What is durable here."""

    held: dict[str, list[list[int]]]


class Hops(BaseModel):
    """The way of the data."""

    tracker: TrackerHop
    phone: PhoneHop
    server: ServerHop


class HoleShape(BaseModel):
    """[start, end) in Unix seconds, one reason; the records where they are known to exist."""

    start: int
    end: int
    reason: HoleReason
    boot: int | None
    first: int | None
    last: int | None


class AtRiskShape(BaseModel):
    """Records since ``since`` are on the tracker alone and begin to go at ``lost_at``."""

    since: int
    lost_at: int


class LedgerShape(BaseModel):
    """The ledger of one tracker. It speaks from ``since``, the first record or the begin of the span, to ``as_of``,
    the tracker's clock when it was last heard.
    """

    tracker: str
    since: int
    as_of: int
    hops: Hops
    holes: list[HoleShape]
    at_risk: AtRiskShape | None


class WatermarkShape(BaseModel):
    """The newest record of a hop. ``time``: its end, estimated where this server does not hold it."""

    boot: int
    sequence: int
    time: int | None


class Watermarks(BaseModel):
    """None: the hop holds nothing, or nobody told."""

    tracker: WatermarkShape | None
    phone: WatermarkShape | None
    server: WatermarkShape | None


class MinuteColumns(BaseModel):
    """One list for each field, all of one length, ordered by start. ``heart_rate`` None: not measured."""

    boot: list[int]
    sequence: list[int]
    start: list[int]
    duration_s: list[int]
    steps: list[int]
    heart_rate: list[int | None]
    calories_tenths: list[int]
    wear: list[int]


class Minutes(BaseModel):
    """Minutes that begin in the span asked for."""

    minutes: MinuteColumns


class DayShape(BaseModel):
    """Sums of the minutes that begin on this date. Calories in 0.1 kcal."""

    date: str
    steps: int
    calories_tenths: int
    minutes: int
    worn_minutes: int


class Days(BaseModel):
    """Days that have a minute, in order."""

    zone: str
    days: list[DayShape]


class Status(BaseModel):
    """Public. ``state``: ``up`` or ``maintenance``."""

    service: str
    state: str
    message: str | None
    version: str
    minimum_agent: str
    minimum_firmware: dict[str, str]
    registration_open: bool
    time: float


class ReleaseShape(BaseModel):
    """A release that is offered. ``signed``: the manifest with its signature (base64), which alone is to be believed;
    the other fields say what is in it, for people. ``published``: Unix seconds.
    """

    kind: ReleaseKind
    product: str
    version: str
    size: int
    sha256: str
    battery: int
    published: int
    notes: str
    over: str
    signed: str


class Releases(BaseModel):
    """By kind and product, the newest first. ``minimum_firmware``: by product."""

    releases: list[ReleaseShape]
    minimum_agent: str
    minimum_firmware: dict[str, str]


class FirmwareShape(BaseModel):
    """The firmware that a tracker was last told to run. ``newest``: of the releases for its model."""

    model: str | None
    firmware: str | None
    minimum: str | None
    newest: str | None
